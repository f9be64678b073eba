"""Writes PEFT adapters of the tiny models and what PEFT computes with them into fixtures/lora/.

    python tooling/parity/lora.py [FOLDER]

Needs torch, transformers and peft, and fixtures/models/ (models.py). With FOLDER, an adapter that @dpo/models saved for
the tiny GPT-2 or Llama (its adapter_config.json names which), prints log-probabilities instead, to compare by hand.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent / "fixtures"
OUT = HERE / "lora"
ADAPTERS = {
    "gpt2": dict(r=3, lora_alpha=12, target_modules=["c_attn", "mlp.c_fc", "c_proj"], fan_in_fan_out=True),
    "llama": dict(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj", "down_proj"], use_rslora=True),
}
IDS = [3, 14, 15, 92, 65, 35, 89, 79, 32]


def base(name):
    return AutoModelForCausalLM.from_pretrained(HERE / "models" / name, dtype=torch.float32)


def logits(model):
    with torch.no_grad():
        return model(torch.tensor([IDS])).logits[0].tolist()


def rounded(rows):
    return [[float(f"{value:.8g}") for value in row] for row in rows]


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    torch.manual_seed(11)
    for name, settings in ADAPTERS.items():
        model = get_peft_model(base(name), LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **settings))
        with torch.no_grad():
            for key, weight in model.named_parameters():
                if "lora_B" in key:
                    weight.normal_(0, 0.1)
        model.peft_config["default"].base_model_name_or_path = f"../models/{name}"
        model.save_pretrained(OUT / name)
        (OUT / name / "README.md").unlink(missing_ok=True)
        expected = {"ids": IDS, "logits": rounded(logits(model))}
        (OUT / name / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


def check(folder):
    name = Path(json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"]).name
    model = PeftModel.from_pretrained(base(name), folder)
    print(json.dumps({"ids": IDS, "logits": rounded(logits(model))}))


if __name__ == "__main__":
    check(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
