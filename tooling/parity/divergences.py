"""Writes the divergence of two models along answers, by PyTorch, into fixtures/divergences/divergences.json.

    python tooling/parity/divergences.py

Needs torch, transformers and peft, and fixtures/models/ and fixtures/lora/ (models.py, lora.py).
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from peft import PeftModel
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent / "fixtures"
OUT = HERE / "divergences"


def model(name):
    # Only the eager implementation has Gemma's cap on attention scores.
    folder = HERE / "models" / name
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def tokens(count, seed, vocabulary):
    return [(seed * 31 + i * i * 7 + i * 13) % vocabulary for i in range(count)]


def along(policy, reference, prompt, answer):
    """The KL over the whole vocabulary before each token of the answer, and the tokens' log-ratios."""
    ids = torch.tensor([prompt + answer])
    rows = slice(len(prompt) - 1, len(prompt) + len(answer) - 1)
    with torch.no_grad():
        p = policy(ids).logits[0, rows].double().log_softmax(-1)
        q = reference(ids).logits[0, rows].double().log_softmax(-1)
    exact = F.kl_div(q, p, log_target=True, reduction="none").sum(-1)
    targets = torch.tensor(answer)[:, None]
    return {
        "exact": exact.tolist(),
        "sampled": (p.gather(1, targets) - q.gather(1, targets))[:, 0].tolist(),
    }


def groups(vocabulary):
    return [
        {"prompt": tokens(5, 1, vocabulary), "answers": [tokens(6, 2, vocabulary), tokens(3, 5, vocabulary)]},
        {"prompt": tokens(2, 3, vocabulary), "answers": [tokens(4, 7, vocabulary), tokens(7, 9, vocabulary)]},
    ]


def case(names, policy, reference):
    cases = groups(policy.config.vocab_size)
    expected = [[along(policy, reference, group["prompt"], answer) for answer in group["answers"]] for group in cases]
    return {**names, "groups": cases, "expected": expected}


cases = [
    case({"policy": "llama", "reference": "gpt2"}, model("llama"), model("gpt2")),
    case({"policy": "gemma2", "reference": "mistral"}, model("gemma2"), model("mistral")),
    case(
        {"policy": "llama", "adapter": "llama"},
        PeftModel.from_pretrained(model("llama"), HERE / "lora" / "llama").eval(),
        model("llama"),
    ),
]
OUT.mkdir(exist_ok=True)
(OUT / "divergences.json").write_text(json.dumps(cases, indent=1) + "\n")
