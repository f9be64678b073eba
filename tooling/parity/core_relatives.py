"""Writes PyTorch's results for DPO's relatives that are more than a loss of a pair's log-probabilities, into
fixtures/core/relatives.json: LD-DPO's desensitised tails, WPO's weights, AOT's sorted steps, TR-DPO's moving reference.

    python tooling/parity/core_relatives.py

Needs torch and transformers, and core.py's fixtures. LD-DPO, WPO and AOT are TRL 1.13's definitions
(trl/trainer/dpo_trainer.py, `_compute_loss`), TR-DPO is trl/trainer/callbacks.py's `SyncRefModelCallback`; the script
computes one sequence at a time, without padding.
"""

import copy
import json

import torch
import torch.nn.functional as F
from core import OUT, write
from core_rows import BETA, RATE, SIZE, STEPS, WARMUP, follow
from transformers import GPT2LMHeadModel

SMOOTHING, LD_ALPHA, SYNC_STEPS, MIXUP = 0.1, 0.4, 4, 0.6


def token_logits(model, prompt, answer):
    ids = torch.tensor([prompt + answer])
    logits = model(ids).logits[0, :-1].float()[-len(answer) :]
    return logits, torch.tensor(answer)


def token_logps(model, prompt, answer):
    logits, targets = token_logits(model, prompt, answer)
    return logits.log_softmax(-1).gather(1, targets[:, None])[:, 0]


def logps(policy, reference, batch, reduce=lambda tokens, pair: tokens.sum()):
    """Log-probabilities [pairs] of policy and reference, by side."""
    sums = {}
    for name, model in (("policy", policy), ("reference", reference)):
        with torch.set_grad_enabled(name == "policy"):
            for side in ("chosen", "rejected"):
                sums[name, side] = torch.stack(
                    [reduce(token_logps(model, pair["prompt"], pair[side]), pair) for pair in batch]
                )
    return sums


def ratios(sums):
    return [sums["policy", side] - sums["reference", side] for side in ("chosen", "rejected")]


def record_of(chosen, rejected):
    return {"rewards/chosen": BETA * chosen.mean().item(), "rewards/rejected": BETA * rejected.mean().item()}


def smoothed(delta):
    return -F.logsigmoid(BETA * delta) * (1 - SMOOTHING) - F.logsigmoid(-BETA * delta) * SMOOTHING


def dpo(policy, reference, batch):
    chosen, rejected = ratios(logps(policy, reference, batch))
    return -F.logsigmoid(BETA * (chosen - rejected)).mean(), record_of(chosen, rejected)


def ld_dpo(policy, reference, batch):
    def reduce(tokens, pair):
        shared = min(len(pair["chosen"]), len(pair["rejected"]))
        return tokens[:shared].sum() + LD_ALPHA * tokens[shared:].sum()

    chosen, rejected = ratios(logps(policy, reference, batch, reduce))
    return -F.logsigmoid(BETA * (chosen - rejected)).mean(), record_of(chosen, rejected)


def wpo(policy, reference, batch):
    chosen, rejected = ratios(logps(policy, reference, batch))
    weights = []
    with torch.no_grad():
        for pair in batch:
            weight = 1.0
            for side in ("chosen", "rejected"):
                logits, targets = token_logits(policy, pair["prompt"], pair[side])
                logp = logits.log_softmax(-1)
                of_targets = logp.gather(1, targets[:, None])[:, 0]
                weight = weight * (of_targets - (2 * logp).logsumexp(-1)).mean().exp()
            weights.append(weight)
    losses = torch.stack(weights) * -F.logsigmoid(BETA * (chosen - rejected))
    return losses.mean(), record_of(chosen, rejected)


def aot(policy, reference, batch):
    sums = logps(policy, reference, batch)
    now = (sums["policy", "chosen"] - sums["policy", "rejected"]).sort().values
    before = (sums["reference", "chosen"] - sums["reference", "rejected"]).sort().values
    return smoothed(now - before).mean(), record_of(*ratios(sums))


def aot_unpaired(policy, reference, batch):
    chosen, rejected = ratios(logps(policy, reference, batch))
    return smoothed(chosen.sort().values - rejected.sort().values).mean(), record_of(chosen, rejected)


def main():
    pairs = json.loads((OUT / "trajectories.json").read_text())["pairs"]
    start = GPT2LMHeadModel.from_pretrained(OUT / "gpt2", dtype=torch.float32).eval()
    out = {
        "beta": BETA, "steps": STEPS, "batch": SIZE, "learningRate": RATE, "warmupSteps": WARMUP,
        "labelSmoothing": SMOOTHING, "ldAlpha": LD_ALPHA, "syncSteps": SYNC_STEPS, "mixupAlpha": MIXUP, "runs": [],
    }  # fmt: skip
    runs = {"ld-dpo": ld_dpo, "wpo": wpo, "aot": aot, "aot-unpaired": aot_unpaired, "tr-dpo": dpo}
    for name, loss_of in runs.items():
        reference = copy.deepcopy(start)

        def sync(k, policy, reference=reference):
            if k % SYNC_STEPS == 0:
                with torch.no_grad():
                    for old, new in zip(reference.parameters(), policy.parameters()):
                        old.mul_(1 - MIXUP).add_(new, alpha=MIXUP)

        records, moved = follow(
            start,
            pairs,
            lambda policy, batch, loss_of=loss_of, reference=reference: loss_of(policy, reference, batch),
            after=sync if name == "tr-dpo" else None,
        )
        out["runs"].append({"name": name, "records": records, "moved": moved})
        print(name, [round(record["loss"], 4) for record in records])
    write("relatives.json", out)


if __name__ == "__main__":
    main()
