"""Checks `dpo score` against Python transformers: the same model folder, the same pairs, the same log-probabilities.

usage: python check_score.py --model FOLDER --data PAIRS.jsonl --scores SCORES.jsonl [--ref FOLDER] [--adapter FOLDER]

Encodes prompt and answer apart, with the end-of-sequence token once after the answer. Prints the largest absolute difference of a
log-probability. Exit code 1 when the difference is above 1e-3.
"""

import argparse
import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TOLERANCE = 1e-3

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--ref")
parser.add_argument("--adapter", help="a PEFT folder on top of --model")
parser.add_argument("--data", required=True)
parser.add_argument("--scores", required=True)
args = parser.parse_args()


def load(folder, adapter=None):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter)
    return model.eval()


tokenizer = AutoTokenizer.from_pretrained(args.model)
models = {"policy": load(args.model, args.adapter)}
if args.ref:
    models["reference"] = load(args.ref)


def answer_ids(prompt, answer):
    if isinstance(prompt, list):
        head = tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True)
        whole = tokenizer.apply_chat_template(prompt + answer, tokenize=False)
        assert whole.startswith(head)
        # Up to and with the end-of-turn token, after which a template may write a newline.
        text = whole[len(head) :].rstrip("\n")
        return (
            tokenizer(head, add_special_tokens=False).input_ids,
            tokenizer(text, add_special_tokens=False).input_ids,
        )
    ids = tokenizer(answer, add_special_tokens=False).input_ids
    if not ids or ids[-1] != tokenizer.eos_token_id:
        ids = ids + [tokenizer.eos_token_id]
    return tokenizer(prompt).input_ids, ids


@torch.no_grad()
def logp(model, prompt, answer):
    head, tail = answer_ids(prompt, answer)
    logits = model(torch.tensor([head + tail])).logits[0, len(head) - 1 : -1]
    chosen = torch.log_softmax(logits.float(), -1).gather(1, torch.tensor(tail)[:, None])
    return chosen.double().sum().item(), len(tail)


worst = 0.0
rows = [json.loads(line) for line in open(args.data) if line.strip()]
scores = [json.loads(line) for line in open(args.scores)]
if len(rows) != len(scores):
    sys.exit(f"{len(rows)} pairs but {len(scores)} scores")
for row, score in zip(rows, scores):
    for side in ("chosen", "rejected"):
        for name, model in models.items():
            expected, tokens = logp(model, row["prompt"], row[side])
            key = f"{name}{side.capitalize()}Logp"
            worst = max(worst, abs(expected - score[key]))
            if tokens != score[f"{side}Tokens"]:
                sys.exit(f"row {score['index']}: {tokens} {side} tokens here, {score[f'{side}Tokens']} there")
print(f"{len(rows)} pairs, largest difference {worst:.2e} (tolerance {TOLERANCE:.0e})")
sys.exit(0 if worst <= TOLERANCE else 1)
