"""Trains tiny reward models by TRL's RewardTrainer, from the text of rows to the weights, and writes the results into
fixtures/rewards/.

    python tooling/parity/rewards.py

Needs torch, transformers, trl, peft and datasets, and fixtures/classifiers/. Twelve steps of two pairs: all weights, all weights
with margins, and LoRA with the score head in full. The last one's adapter is saved with its scores.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

# The script's folder must not shadow the package `datasets`.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from peft import LoraConfig, get_peft_model  # noqa: E402
from transformers import AutoModelForSequenceClassification, AutoTokenizer  # noqa: E402
from trl import RewardConfig, RewardTrainer  # noqa: E402

os.environ["TOKENIZERS_PARALLELISM"] = "false"
FIXTURES = Path(__file__).parent / "fixtures"
OUT = FIXTURES / "rewards"
STEPS, BATCH, RATE, CLIP, CENTRE = 12, 2, 3e-3, 0.5, 0.01

ROWS = [
    {"prompt": "Name a colour:", "chosen": " Blue.", "rejected": " I would rather not say.", "margin": 0.5},
    {"prompt": "Say four.", "chosen": " Four.", "rejected": " Five, or six, or any other number.", "margin": 0.0},
    {"prompt": "The film was", "chosen": " a joy from start to finish", "rejected": " dull", "margin": 1.25},
    {"prompt": "Wo liegt Bern?", "chosen": " In der Schweiz.", "rejected": " Ich weiß nicht.", "margin": 0.25},
    {"prompt": "Count:", "chosen": " 1 2 3", "rejected": " 1  3", "margin": 2.0},
    {"prompt": "Smile:", "chosen": " 🙂", "rejected": " no", "margin": -0.5},
]
NAMES = ("loss", "grad_norm", "accuracy", "margin", "min_reward", "mean_reward", "max_reward")


def rounded(value):
    return float(f"{value:.9g}")


def opened(folder):
    return AutoModelForSequenceClassification.from_pretrained(
        FIXTURES / "classifiers" / folder, dtype=torch.float32, num_labels=1
    )


def with_lora(model):
    torch.manual_seed(5)
    config = LoraConfig(
        r=2, lora_alpha=6, target_modules=["q_proj", "v_proj"], lora_dropout=0.0, task_type="SEQ_CLS", modules_to_save=["score"]
    )
    model = get_peft_model(model, config)
    for key, value in model.named_parameters():
        if "lora_B" in key:
            value.data = torch.randn_like(value) * 0.1
    return model


def save_adapter(model, folder):
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["target_modules"].sort()  # a set, in any order
    settings["base_model_name_or_path"] = "../../classifiers/llama"
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def scores(model, ids):
    with torch.no_grad():
        return [[rounded(model(torch.tensor([row])).logits.item()) for row in rows] for rows in ids]


def run(name, folder, rows, adapter=False):
    model = with_lora(opened(folder)) if adapter else opened(folder)
    if adapter:
        save_adapter(model, OUT / f"{name}-start")
    tokenizer = AutoTokenizer.from_pretrained(FIXTURES / "classifiers" / folder)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = RewardConfig(
            output_dir=scratch, per_device_train_batch_size=BATCH, max_steps=STEPS, learning_rate=RATE,
            center_rewards_coefficient=CENTRE, max_grad_norm=CLIP, lr_scheduler_type="constant", optim="adamw_torch",
            weight_decay=0.0, max_length=None, logging_steps=1, report_to=[], save_strategy="no", use_cpu=True, bf16=False,
            gradient_checkpointing=False, train_sampling_strategy="sequential", disable_tqdm=True, seed=1,
        )  # fmt: skip
        trainer = RewardTrainer(
            model=model, args=arguments, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
        )
        trained = {key: value for key, value in trainer.model.named_parameters() if value.requires_grad}
        before = {key: value.detach().clone() for key, value in trained.items()}
        trainer.train()
    records = [{key: rounded(log[key]) for key in NAMES} for log in trainer.state.log_history if "loss" in log]
    weights = {}
    for key, value in trained.items():
        moved = (value - before[key]).detach().flatten().double()
        plain = key.replace(".modules_to_save.default.", ".").replace(".default.", ".")
        weights[plain] = [rounded(moved.norm().item()), rounded((moved * torch.arange(moved.numel()).cos()).sum().item())]
    tokens = [[row["chosen_ids"], row["rejected_ids"]] for row in trainer.train_dataset]
    trainer.model.eval()
    if adapter:
        save_adapter(trainer.model, OUT / name)
    print(name, *records, sep="\n  ")
    return {
        "model": folder, "adapter": adapter, "rows": rows, "tokens": tokens, "records": records, "weights": weights,
        "scores": scores(trainer.model, tokens),
    }  # fmt: skip


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    plain = [{key: row[key] for key in ("prompt", "chosen", "rejected")} for row in ROWS]
    runs = {
        "all": run("all", "qwen2", plain),
        "margins": run("margins", "llama", ROWS),
        "lora": run("lora", "llama", plain, adapter=True),
    }
    settings = {"steps": STEPS, "batch": BATCH, "learningRate": RATE, "maxGradNorm": CLIP, "centre": CENTRE}
    (OUT / "expected.json").write_text(json.dumps({**settings, "runs": runs}, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
