"""Trains tiny models by TRL's DPOTrainer, from the text of rows to the weights, and writes the results into fixtures/trl/.

    python tooling/parity/trl_runs.py

Needs torch, transformers, trl, peft and datasets. Three steps of two pairs each: conversations with tools for a byte-level
tokenizer (all weights, a new LoRA adapter, an adapter that is trained further, with its first state as the reference), and
plain text and conversations for a tokenizer that puts `▁` before every text.
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
from peft import LoraConfig, PeftModel, get_peft_model  # noqa: E402
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)
from trl import DPOConfig, DPOTrainer  # noqa: E402

os.environ["TOKENIZERS_PARALLELISM"] = "false"
OUT = Path(__file__).parent / "fixtures" / "trl"
STEPS, BATCH, RATE, CLIP, BETA = 3, 2, 1e-3, 0.5, 0.2

TOOL = {
    "type": "function",
    "function": {
        "name": "opening_hours",
        "description": "When a place is open",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}


def turn(role, content, **others):
    return {"role": role, "content": content, **others}


def call(place):
    return {"type": "function", "function": {"name": "opening_hours", "arguments": {"place": place}}}


CHAT = [
    {"prompt": [turn("user", "When does the library open?")],
     "chosen": [turn("assistant", "", tool_calls=[call("library")])],
     "rejected": [turn("assistant", "In the morning, I think.")], "tools": [TOOL]},
    {"prompt": [turn("system", "Be brief."), turn("user", "Name a colour.")],
     "chosen": [turn("assistant", "Blue.")], "rejected": [turn("assistant", "I would rather not say.")]},
    {"prompt": [turn("user", "And the bath?"), turn("assistant", "", tool_calls=[call("bath")]), turn("tool", "9 to 17")],
     "chosen": [turn("assistant", "From nine to five.")], "rejected": [turn("assistant", " I do not know.\n")], "tools": [TOOL]},
    {"prompt": [turn("user", "Say four."), turn("assistant", "Four."), turn("user", "Once more.")],
     "chosen": [turn("assistant", "Four.")], "rejected": [turn("assistant", "Five.")]},
    {"prompt": [turn("user", "Write a loop.")],
     "chosen": [turn("assistant", "for i in x:\n    print(i)")], "rejected": [turn("assistant", "for i in x:\nprint(i)")]},
    {"prompt": [turn("user", "Was ist ein Fluß?")],
     "chosen": [turn("assistant", "Die Aare 🙂")], "rejected": [turn("assistant", "Blau.")]},
]  # fmt: skip

PLAIN = [
    {"prompt": "Name a colour:", "chosen": " Blue.", "rejected": " I would rather not say."},
    {"prompt": "Q: Say four.\nA:", "chosen": " Four.", "rejected": " Five, or six."},
    {"prompt": "The sky is", "chosen": " blue", "rejected": " a colour\n"},
    {"prompt": "Wo liegt Bern?", "chosen": " In der Schweiz.", "rejected": " Ich weiß nicht."},
    {"prompt": "Count:", "chosen": " 1 2 3", "rejected": " 1  3"},
    {"prompt": "Smile:", "chosen": " 🙂", "rejected": " no"},
]

# The template writes nothing after the token that ends a turn, since TRL would train on that text.
TURNS = (
    "{% if tools %}<|tools|>{% for tool in tools %}{{ tool | tojson }}{% endfor %}<|end|>{% endif %}"
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}"
    "{% for c in m.tool_calls or [] %}<|call|>{{ c.function.name }} {{ c.function.arguments | tojson }}{% endfor %}"
    "<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
INST = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
)
INST_ROWS = [
    {key: [m for m in row[key] if m["role"] != "system"] for key in ("prompt", "chosen", "rejected")}
    for row in CHAT if "tools" not in row
]  # fmt: skip


def words():
    rows = [json.dumps(row, ensure_ascii=False) for row in [*CHAT, *PLAIN]]
    return [text for row in rows for text in (row, row.replace('"', " "))]


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<|end|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|tools|>", "<|call|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=specials, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(words(), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>", chat_template=TURNS)


def pieces():
    """A tokenizer like SentencePiece's BPE: a blank becomes ▁, a ▁ is put before every text, unknown characters are bytes."""
    letters = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    # Pieces are learnt from words, so that a blank begins a piece, as in SentencePiece.
    letters.pre_tokenizer = pre_tokenizers.Metaspace()
    specials = ["<unk>", "<s>", "</s>", "<pad>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=specials, limit_alphabet=60, show_progress=False)
    letters.train_from_iterator(words(), trainer)
    letters.pre_tokenizer = None
    letters.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    letters.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    letters.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    # Bytes are plain pieces of the vocabulary. The first four pieces are special.
    parts = json.loads(letters.to_str())
    parts["added_tokens"] = parts["added_tokens"][:4]
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(parts)), bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        pad_token="<pad>", chat_template=INST,
    )  # fmt: skip


def save_model(name, tokenizer):
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    for parameter in model.parameters():
        parameter.data = (parameter.data.mean() + torch.randn_like(parameter) * 0.2).bfloat16()
    model.tie_weights()
    model.to(torch.bfloat16).save_pretrained(OUT / name)
    tokenizer.save_pretrained(OUT / name)


def opened(name):
    return AutoModelForCausalLM.from_pretrained(OUT / name, dtype=torch.float32)


def lora(model, scale, folder):
    """An adapter of all linear layers: new when scale is 0, else like a trained one."""
    torch.manual_seed(5)
    config = LoraConfig(r=2, lora_alpha=6, target_modules="all-linear", lora_dropout=0.0, task_type="CAUSAL_LM")
    model = get_peft_model(model, config)
    for key, value in model.named_parameters():
        if "lora_B" in key:
            value.data = torch.randn_like(value) * scale
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["target_modules"].sort()  # a set, in any order
    settings["base_model_name_or_path"] = f"../{folder.name.split('-')[0]}"
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def rounded(value):
    return float(f"{value:.9g}")


def run(name, folder, rows, adapter=None):
    model = opened(folder)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, OUT / adapter, is_trainable=True)
    tokenizer = AutoTokenizer.from_pretrained(OUT / folder)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = DPOConfig(
            output_dir=scratch, per_device_train_batch_size=BATCH, max_steps=STEPS, learning_rate=RATE, beta=BETA,
            max_grad_norm=CLIP, lr_scheduler_type="constant", optim="adamw_torch", weight_decay=0.0, max_length=None,
            logging_steps=1, report_to=[], save_strategy="no", use_cpu=True, bf16=False, gradient_checkpointing=False,
            train_sampling_strategy="sequential", disable_tqdm=True, seed=1,
        )  # fmt: skip
        rows_of_run = [{**row, "tools": json.dumps(row["tools"])} if "tools" in row else {**row, "tools": None} for row in rows]
        if not any(row["tools"] for row in rows_of_run):
            rows_of_run = [{key: row[key] for key in ("prompt", "chosen", "rejected")} for row in rows_of_run]
        trainer = DPOTrainer(model=model, args=arguments, train_dataset=Dataset.from_list(rows_of_run, on_mixed_types="use_json"), processing_class=tokenizer)
        trained = {key: value for key, value in trainer.model.named_parameters() if value.requires_grad}
        before = {key: value.detach().clone() for key, value in trained.items()}
        trainer.train()
    tokens = [[len(row[key]) for key in ("prompt_ids", "chosen_ids", "rejected_ids")] for row in trainer.train_dataset]
    names = ("loss", "grad_norm", "rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen", "logps/rejected")
    records = [{key: rounded(log[key]) for key in names} for log in trainer.state.log_history if "loss" in log]
    weights = {}
    for key, value in trained.items():
        moved = (value - before[key]).detach().flatten().double()
        weights[key.replace(".default.", ".")] = [rounded(moved.norm().item()), rounded((moved * torch.arange(moved.numel()).cos()).sum().item())]
    print(name, tokens, *records, sep="\n  ")
    return {"model": folder, "adapter": adapter, "rows": rows, "records": records, "weights": weights}


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    save_model("bytes", byte_level())
    save_model("pieces", pieces())
    lora(opened("bytes"), 0.0, OUT / "bytes-new")
    lora(opened("bytes"), 0.1, OUT / "bytes-sft")
    lora(opened("pieces"), 0.1, OUT / "pieces-sft")
    runs = {
        "all weights, conversations with tools": run("chat", "bytes", CHAT),
        "a new LoRA adapter": run("lora", "bytes", CHAT, "bytes-new"),
        "an adapter that was trained before": run("sft", "bytes", CHAT, "bytes-sft"),
        "SentencePiece, plain text": run("pieces", "pieces", PLAIN),
        "SentencePiece, conversations, an adapter that was trained before": run("inst", "pieces", INST_ROWS, "pieces-sft"),
    }
    settings = {"steps": STEPS, "batch": BATCH, "learningRate": RATE, "maxGradNorm": CLIP, "beta": BETA}
    (OUT / "expected.json").write_text(json.dumps({**settings, "runs": runs}, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
