"""Writes PyTorch's results for @dpo/core's methods on other rows than plain pairs into fixtures/core/rows.json: KTO on
labelled answers, Plackett-Luce on rankings of uneven length, DPO with margins and weights.

    python tooling/parity/core_rows.py

Needs torch and transformers, and core.py's folder fixtures/core/gpt2.
KTO is TRL 1.13's definition (trl/trainer/kto_trainer.py, `_compute_loss`); Plackett-Luce is Eq. 20 of the DPO paper.
"""

import copy
import json

import torch
import torch.nn.functional as F
from core import OUT, rate, sequence_logp, write
from transformers import GPT2LMHeadModel

BETA, STEPS, SIZE, RATE, WARMUP = 0.3, 12, 5, 2e-3, 3
DESIRABLE, UNDESIRABLE = 1.0, 1.5


def ratios(policy, reference, prompt, answers):
    logps = torch.stack([sequence_logp(policy, prompt, answer) for answer in answers])
    with torch.no_grad():
        before = torch.stack([sequence_logp(reference, prompt, answer) for answer in answers])
    return logps - before


def kto(policy, reference, batch):
    with torch.no_grad():
        mismatched = [ratios(policy, reference, row["prompt"], [row["mismatched"]])[0] for row in batch]
    kl = torch.stack(mismatched).mean().clamp(min=0)
    losses, rewards = [], []
    for row in batch:
        ratio = ratios(policy, reference, row["prompt"], [row["completion"]])[0]
        if row["desirable"]:
            losses.append(DESIRABLE * (1 - F.sigmoid(BETA * (ratio - kl))))
        else:
            losses.append(UNDESIRABLE * (1 - F.sigmoid(BETA * (kl - ratio))))
        rewards.append((row["desirable"], BETA * ratio.item()))
    sides = {"chosen": [r for good, r in rewards if good], "rejected": [r for good, r in rewards if not good]}
    record = {f"rewards/{side}": sum(values) / len(values) for side, values in sides.items() if values}
    return torch.stack(losses).mean(), {"kl": kl.item(), **record}


def plackett_luce(policy, reference, batch):
    losses, best, last = [], [], []
    for row in batch:
        s = BETA * ratios(policy, reference, row["prompt"], row["answers"])
        losses.append(-sum(s[k] - s[k:].logsumexp(0) for k in range(len(s))))
        best.append(s[0].item())
        last.append(s[-1].item())
    return torch.stack(losses).mean(), {"rewards/chosen": sum(best) / len(best), "rewards/rejected": sum(last) / len(last)}


def offset_dpo(policy, reference, batch):
    losses = []
    for row in batch:
        s = BETA * ratios(policy, reference, row["prompt"], [row["chosen"], row["rejected"]])
        losses.append(row["weight"] * -F.logsigmoid(s[0] - s[1] - row["margin"]))
    return torch.stack(losses).mean(), {}


def rows():
    pairs = json.loads((OUT / "trajectories.json").read_text())["pairs"]
    n = len(pairs)
    answers = [pair["chosen"] if i % 3 else pair["rejected"] for i, pair in enumerate(pairs)]
    yield "kto", kto, [
        {"prompt": pair["prompt"], "completion": answers[i], "mismatched": answers[(i + 1) % n], "desirable": i % 3 > 0}
        for i, pair in enumerate(pairs)
    ]
    yield "plackett-luce", plackett_luce, [
        {
            "prompt": pair["prompt"],
            "answers": [pair["chosen"], pair["rejected"], pairs[(i + 1) % n]["chosen"], pairs[(i + 2) % n]["rejected"]][: 2 + i % 3],
        }
        for i, pair in enumerate(pairs)
    ]
    yield "dpo", offset_dpo, [
        {**pair, "margin": (i % 4) * 0.25, "weight": 0.5 + (i % 3) * 0.5} for i, pair in enumerate(pairs)
    ]


def follow(start, data, loss_of, after=None):
    """STEPS steps of AdamW over SIZE rows each: each step's records, and how far each weight moved."""
    policy = copy.deepcopy(start)
    optimizer = torch.optim.AdamW(policy.parameters(), lr=0.0, weight_decay=0.0)
    records = []
    for k in range(1, STEPS + 1):
        loss, record = loss_of(policy, [data[((k - 1) * SIZE + i) % len(data)] for i in range(SIZE)])
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), 10.0)
        for group in optimizer.param_groups:
            group["lr"] = rate(k, RATE, WARMUP)
        optimizer.step()
        if after is not None:
            after(k, policy)
        records.append({"loss": loss.item(), "grad_norm": norm.item(), **record})
    old = dict(start.named_parameters())
    moved = {key: (value - old[key]).detach().norm().item() for key, value in policy.named_parameters()}
    return records, moved


def main():
    start = GPT2LMHeadModel.from_pretrained(OUT / "gpt2", dtype=torch.float32).eval()
    out = {"beta": BETA, "steps": STEPS, "batch": SIZE, "learningRate": RATE, "warmupSteps": WARMUP,
           "desirableWeight": DESIRABLE, "undesirableWeight": UNDESIRABLE, "runs": []}
    for name, loss_of, data in rows():
        records, moved = follow(start, data, lambda policy, batch: loss_of(policy, start, batch))
        out["runs"].append({"method": name, "rows": data, "records": records, "moved": moved})
        print(name, [round(record["loss"], 4) for record in records], [round(record.get("kl", 0), 3) for record in records])
    write("rows.json", out)


if __name__ == "__main__":
    main()
