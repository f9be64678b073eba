"""Writes what PyTorch computes for @dpo/core's parity tests into tooling/parity/fixtures/core/.

    python tooling/parity/core.py

Needs torch and transformers (README.md beside this file says which versions made the committed files).
The losses are TRL 1.13's definitions (trl/trainer/dpo_trainer.py, `_compute_loss`), written out in float64.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

OUT = Path(__file__).parent / "fixtures" / "core"


def write(name, value):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps(rounded(value), separators=(",", ":")) + "\n")


def rounded(value):
    """Nine digits say a float32 exactly; more would only make the files larger."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value


# --- losses ---------------------------------------------------------------------------------------------------------


def sigmoid(cs, rs, beta, eps, cl, rl):
    z = beta * (cs - rs)
    return -(1 - eps) * F.logsigmoid(z) - eps * F.logsigmoid(-z)


def robust(cs, rs, beta, eps, cl, rl):
    z = beta * (cs - rs)
    return (-(1 - eps) * F.logsigmoid(z) + eps * F.logsigmoid(-z)) / (1 - 2 * eps)


def ipo(cs, rs, beta, eps, cl, rl):
    return (cs / cl - rs / rl - 1 / (2 * beta)) ** 2


def ipo_sum(cs, rs, beta, eps, cl, rl):
    return (cs - rs - 1 / (2 * beta)) ** 2


def hinge(cs, rs, beta, eps, cl, rl):
    return torch.relu(1 - beta * (cs - rs))


LOSSES = {
    "dpo": (sigmoid, 0.1, 0.0),
    "cdpo": (sigmoid, 0.3, 0.2),
    "robust": (robust, 0.5, 0.15),
    "ipo": (ipo, 0.2, 0.0),
    "ipo-sum": (ipo_sum, 0.2, 0.0),
    "hinge": (hinge, 0.1, 0.0),
}


def losses():
    torch.manual_seed(1)
    pairs = 24
    # Some pairs near the reference, some far from it: margins from about 0 to about 400.
    spread = torch.logspace(-2, 2.3, pairs, dtype=torch.float64)
    reference = -torch.rand(2, pairs, dtype=torch.float64) * 300 - 5
    policy = reference + torch.randn(2, pairs, dtype=torch.float64) * spread
    # What the test reads is float32, so that is where the values are taken.
    policy, reference = policy.float().double(), reference.float().double()
    lengths = torch.randint(1, 60, (2, pairs)).double()
    out = {
        "policy": policy.tolist(),
        "reference": reference.tolist(),
        "lengths": lengths.tolist(),
        "cases": [],
    }
    for name, (loss, beta, eps) in LOSSES.items():
        p = policy.clone().requires_grad_()
        logratios = p - reference
        values = loss(logratios[0], logratios[1], beta, eps, lengths[0], lengths[1])
        (gradient,) = torch.autograd.grad(values.sum(), p)
        out["cases"].append(
            {
                "name": name,
                "beta": beta,
                "labelSmoothing": eps,
                "losses": values.tolist(),
                "rewards": (beta * (policy - reference)).tolist(),
                "gradient": gradient.tolist(),
            }
        )
    write("losses.json", out)


# --- optimizers and schedules ---------------------------------------------------------------------------------------


def optimizers():
    """Eight steps on a matrix and a vector with given gradients; the learning rate and the gradient's size vary."""
    torch.manual_seed(2)
    steps, lr = 8, 0.01
    start = [torch.randn(3, 4), torch.randn(4)]
    sizes = [1.0, 0.1, 5.0, 20.0, 1e-3, 1.0, 3.0, 0.5]
    gradients = [[torch.randn_like(w) * size for w in start] for size in sizes]
    gradients[5][0][1] = 0.0  # a row without gradient
    makers = [
        ("adamw", {}, lambda g: torch.optim.AdamW(g, lr=lr, weight_decay=0.0), 0.0),
        ("adamw", {"weightDecay": 0.3}, lambda g: torch.optim.AdamW(g, lr=lr), 0.3),
        (
            "adamw",
            {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
            lambda g: torch.optim.AdamW(g, lr=lr, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.0),
            0.0,
        ),
        ("rmsprop", {}, lambda g: torch.optim.RMSprop(g, lr=lr), 0.0),
        (
            "rmsprop",
            {"smoothing": 0.9, "momentum": 0.7, "weightDecay": 0.2, "epsilon": 1e-2},
            lambda g: torch.optim.RMSprop(g, lr=lr, alpha=0.9, momentum=0.7, eps=1e-2),
            0.2,
        ),
        ("sgd", {}, lambda g: torch.optim.SGD(g, lr=lr), 0.0),
        ("sgd", {"momentum": 0.9, "weightDecay": 0.1}, lambda g: torch.optim.SGD(g, lr=lr, momentum=0.9), 0.1),
    ]
    cases = []
    for name, settings, make, decay in makers:
        for clip in (None, 2.0):
            weights = [w.clone().requires_grad_() for w in start]
            # Weight decay on the matrix alone.
            groups = [{"params": [weights[0]], "weight_decay": decay}, {"params": [weights[1]], "weight_decay": 0.0}]
            optimizer = make(groups)
            norms, after = [], []
            for k in range(steps):
                for w, g in zip(weights, gradients[k]):
                    w.grad = g.clone()
                norm = torch.nn.utils.clip_grad_norm_(weights, clip or float("inf"))
                for group in optimizer.param_groups:
                    group["lr"] = lr * (k + 1)
                optimizer.step()
                norms.append(norm.item())
                after.append([w.detach().flatten().tolist() for w in weights])
            cases.append({"name": name, "settings": settings, "clip": clip, "norms": norms, "weights": after})
    write(
        "optimizers.json",
        {
            "learningRate": lr,
            "start": [w.flatten().tolist() for w in start],
            "gradients": [[g.flatten().tolist() for g in step] for step in gradients],
            "cases": cases,
        },
    )


def schedules():
    """transformers' schedules with this toolkit's warm-up (k / warm-up for step k from 1, theirs is (k - 1) / warm-up)."""
    from transformers import get_scheduler

    cases = []
    for name in ("constant_with_warmup", "linear", "cosine"):
        for warmup, steps in ((0, 7), (3, 10), (5, 5)):
            weight = torch.zeros(1, requires_grad=True)
            optimizer = torch.optim.SGD([weight], lr=0.5)
            scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=steps)
            rates = []
            for k in range(1, steps + 1):
                rates.append(0.5 * k / warmup if k <= warmup else scheduler.get_last_lr()[0])
                optimizer.step()
                scheduler.step()
            cases.append({"schedule": name.split("_")[0], "warmupSteps": warmup, "steps": steps, "rates": rates})
    write("schedules.json", {"learningRate": 0.5, "cases": cases})


if __name__ == "__main__":
    losses()
    optimizers()
    schedules()
