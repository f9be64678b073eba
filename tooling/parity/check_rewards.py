"""Checks that transformers and PEFT open our reward models, and give texts the same scores.

    python tooling/parity/check_rewards.py

Needs torch, transformers, peft and the packages built (`npm run build`). For every model of fixtures/models/, save_rewards.mjs
saves a classifier and a LoRA adapter with its score head into a temporary folder. The texts are scored one by one and, padded, in one
batch. Exit code 1 when scores differ, or weights are missing or left over.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from models import fresh
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

SCORES = 1e-4


def problems(model, cases):
    pad = model.config.pad_token_id
    longest = max(len(case["ids"]) for case in cases)
    rows = torch.tensor([case["ids"] + [pad] * (longest - len(case["ids"])) for case in cases])
    expected = torch.tensor([case["reward"] for case in cases])
    alone = torch.cat([fresh(model)(torch.tensor([case["ids"]])).logits[:, 0] for case in cases])
    together = fresh(model)(rows, attention_mask=(rows != pad).long()).logits[:, 0]
    # Rotary settings that depend on the length use the longest text of a batch.
    dynamic = model.config.to_dict().get("rope_parameters", {}).get("rope_type") == "dynamic"
    for name, scores in [("alone", alone), *([] if dynamic else [("in a batch", together)])]:
        difference = float((scores - expected).abs().max() / expected.abs().max())
        if difference > SCORES:
            yield f"scores {name} differ by {difference:.1e}"


def check(folder):
    model, loading = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    yield from problems(model.eval(), json.loads((folder / "rewards.json").read_text()))
    yield from (f"{key}: {value}" for key, value in loading.items() if value)
    base = AutoModelForSequenceClassification.from_pretrained(
        folder / "base", dtype=torch.float32, attn_implementation="eager", num_labels=1, pad_token_id=model.config.pad_token_id
    )
    adapted = PeftModel.from_pretrained(base, folder / "adapter").eval()
    yield from (f"adapter: {each}" for each in problems(adapted, json.loads((folder / "adapter" / "rewards.json").read_text())))


has_failures = False
with tempfile.TemporaryDirectory() as saved, torch.no_grad():
    subprocess.run(["node", Path(__file__).parent / "save_rewards.mjs", saved], check=True)
    for folder in sorted(Path(saved).iterdir()):
        differences = list(check(folder))
        has_failures = has_failures or bool(differences)
        print(f"{folder.name:22} {'; '.join(differences) or 'the same'}")
sys.exit(1 if has_failures else 0)
