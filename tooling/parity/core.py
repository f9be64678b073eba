"""Writes PyTorch's results for @dpo/core's parity tests into tooling/parity/fixtures/core/.

    python tooling/parity/core.py                 all groups
    python tooling/parity/core.py losses          the named groups: losses, optimizers, schedules, trajectories

Needs torch and transformers (README.md beside this file says which versions made the committed files).
The losses are TRL 1.13's definitions (trl/trainer/dpo_trainer.py, `_compute_loss`), written out in float64.
"""

import copy
import json
import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

OUT = Path(__file__).parent / "fixtures" / "core"


def write(name, value):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps(rounded(value), separators=(",", ":")) + "\n")


def rounded(value):
    """Rounds to nine digits, which are enough for a float32; more would only make the files larger."""
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


def dpo_norm(cs, rs, beta, eps, cl, rl):
    return -F.logsigmoid(beta * (cs / cl - rs / rl))


def exo(cs, rs, beta, eps, cl, rl):
    z = beta * (cs - rs)
    up = torch.sigmoid(z) * (F.logsigmoid(z) - math.log1p(-eps))
    return up + torch.sigmoid(-z) * (F.logsigmoid(-z) - math.log(eps))


def nca(cs, rs, beta, eps, cl, rl):
    c, r = beta * cs, beta * rs
    return -F.logsigmoid(c) - 0.5 * F.logsigmoid(-c) - 0.5 * F.logsigmoid(-r)


def bco(cs, rs, beta, eps, cl, rl):
    return -F.logsigmoid(beta * cs) - F.logsigmoid(-beta * rs)


def sppo(cs, rs, beta, eps, cl, rl):
    return (cs - 0.5 / beta) ** 2 + (rs + 0.5 / beta) ** 2


def apo_zero(cs, rs, beta, eps, cl, rl):
    return 1 - torch.sigmoid(beta * cs) + torch.sigmoid(beta * rs)


def apo_down(cs, rs, beta, eps, cl, rl):
    return torch.sigmoid(beta * cs) + 1 - torch.sigmoid(beta * (cs - rs))


def discopop(cs, rs, beta, eps, cl, rl):
    z = beta * (cs - rs)
    mix = torch.sigmoid(z / 0.05)
    return -F.logsigmoid(z) * (1 - mix) + torch.exp(-z) * mix


# TRL 1.13's DPO trainer has none of these losses; the equations are the papers'.


def dpop(cs, rs, beta, eps, cl, rl):
    return -F.logsigmoid(beta * (cs - rs - 50 * torch.relu(-cs)))


def rpo(cs, rs, beta, eps, cl, rl, c, r):
    return -F.logsigmoid(beta * (cs - rs)) - 1.0 * c / cl


def simpo(cs, rs, beta, eps, cl, rl, c, r):
    return -F.logsigmoid(beta * c / cl - beta * r / rl - 1.0)


def cpo(cs, rs, beta, eps, cl, rl, c, r):
    return -F.logsigmoid(beta * (c - r)) - 1.0 * c / cl


def orpo(cs, rs, beta, eps, cl, rl, c, r):
    c, r = c / cl, r / rl
    log_odds = (c - r) - (torch.log1p(-torch.exp(c)) - torch.log1p(-torch.exp(r)))
    return -c - 0.1 * F.logsigmoid(log_odds)


# f-DPO: TRL's `f_divergence_type`, with all exponents bounded by 80; TRL bounds the alpha divergence alone.


def bounded_exp(x):
    return torch.exp(torch.clamp(x, max=80.0))


def forward_kl_score(r):
    return 1 - bounded_exp(-r)


def js_score(r):
    return math.log(2) + F.logsigmoid(r)


def alpha_score(r):
    return (bounded_exp((0.5 - 1) * r) - 1) / (0.5 - 1)


def f_dpo(score):
    return lambda cs, rs, beta, eps, cl, rl: -F.logsigmoid(beta * (score(cs) - score(rs)))


def f_reward(score):
    return lambda p, ref, n, beta: beta * score(p - ref)


def unlikelihood(cs, rs, beta, eps, cl, rl, c, r):
    return -c + 0.1 * r


# Name: loss, beta, label smoothing, and each answer's reward: its log-ratio (None), per token, or another.
LOSSES = {
    "dpo": (sigmoid, 0.1, 0.0, None),
    "cdpo": (sigmoid, 0.3, 0.2, None),
    "robust": (robust, 0.5, 0.15, None),
    "ipo": (ipo, 0.2, 0.0, None),
    "ipo-sum": (ipo_sum, 0.2, 0.0, None),
    "hinge": (hinge, 0.1, 0.0, None),
    "dpo-norm": (dpo_norm, 2.0, 0.0, lambda p, ref, n, beta: beta * (p - ref) / n),
    "exo": (exo, 0.1, 0.01, None),
    "nca": (nca, 0.1, 0.0, None),
    "bco": (bco, 0.1, 0.0, None),
    "sppo": (sppo, 0.1, 0.0, None),
    "apo-zero": (apo_zero, 0.1, 0.0, None),
    "apo-down": (apo_down, 0.1, 0.0, None),
    "discopop": (discopop, 0.1, 0.0, None),
    "dpop": (dpop, 0.1, 0.0, None),
    "rpo": (rpo, 0.1, 0.0, None),
    "simpo": (simpo, 2.0, 0.0, lambda p, ref, n, beta: beta * p / n),
    "cpo": (cpo, 0.1, 0.0, lambda p, ref, n, beta: beta * p),
    "orpo": (orpo, 0.1, 0.0, lambda p, ref, n, beta: 0.1 * p / n),
    "dpo-forward-kl": (f_dpo(forward_kl_score), 0.1, 0.0, f_reward(forward_kl_score)),
    "dpo-js": (f_dpo(js_score), 0.3, 0.0, f_reward(js_score)),
    "dpo-alpha": (f_dpo(alpha_score), 0.1, 0.0, f_reward(alpha_score)),
    "unlikelihood": (unlikelihood, 0.1, 0.0, lambda p, ref, n, beta: p),
}


def losses():
    torch.manual_seed(1)
    pairs = 24
    # Some pairs lie near the reference, some far: margins from about 0 to about 400.
    spread = torch.logspace(-2, 2.3, pairs, dtype=torch.float64)
    reference = -torch.rand(2, pairs, dtype=torch.float64) * 300 - 5
    policy = (reference + torch.randn(2, pairs, dtype=torch.float64) * spread).clamp(max=-0.5)
    # The test reads float32 numbers, so the losses are computed at float32 numbers.
    policy, reference = policy.float().double(), reference.float().double()
    lengths = torch.randint(1, 60, (2, pairs)).double()
    out = {
        "policy": policy.tolist(),
        "reference": reference.tolist(),
        "lengths": lengths.tolist(),
        "cases": [],
    }
    for name, (loss, beta, eps, reward) in LOSSES.items():
        p = policy.clone().requires_grad_()
        logratios = p - reference
        extra = (p[0], p[1]) if loss.__code__.co_argcount == 8 else ()
        values = loss(logratios[0], logratios[1], beta, eps, lengths[0], lengths[1], *extra)
        rewards = beta * (policy - reference) if reward is None else reward(policy, reference, lengths, beta)
        (gradient,) = torch.autograd.grad(values.sum(), p)
        out["cases"].append(
            {
                "name": name,
                "beta": beta,
                "labelSmoothing": eps,
                "losses": values.tolist(),
                "rewards": rewards.tolist(),
                "gradient": gradient.tolist(),
            }
        )
    write("losses.json", out)


# --- optimizers and schedules ---------------------------------------------------------------------------------------


class Lion(torch.optim.Optimizer):
    """Lion, algorithm 2 of arXiv 2302.06675, which torch lacks."""

    def __init__(self, groups, lr, betas=(0.9, 0.99)):
        super().__init__(groups, {"lr": lr, "betas": betas, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for w in group["params"]:
                m = self.state[w].setdefault("exp_avg", torch.zeros_like(w))
                w.mul_(1 - group["lr"] * group["weight_decay"])
                w.sub_(group["lr"] * torch.sign(beta1 * m + (1 - beta1) * w.grad))
                m.mul_(beta2).add_((1 - beta2) * w.grad)


def adafactor(scale_parameter=False, **settings):
    from transformers.optimization import Adafactor

    return lambda g: Adafactor(g, lr=0.01, relative_step=False, scale_parameter=scale_parameter, **settings)


def optimizers():
    """Eight steps on a matrix and a vector with fixed gradients, of different learning rates and sizes."""
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
        ("adafactor", {}, adafactor(), 0.0),
        (
            "adafactor",
            {"scaleParameter": True, "clipThreshold": 0.5, "decayRate": 0.6, "weightDecay": 0.2},
            adafactor(scale_parameter=True, clip_threshold=0.5, decay_rate=-0.6),
            0.2,
        ),
        ("lion", {}, lambda g: Lion(g, lr=lr), 0.0),
        ("lion", {"beta1": 0.8, "beta2": 0.95, "weightDecay": 0.2}, lambda g: Lion(g, lr=lr, betas=(0.8, 0.95)), 0.2),
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
    """transformers' schedules with our warm-up: k / warm-up for step k from 1, while transformers' is (k - 1) / warm-up."""
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


# --- training runs --------------------------------------------------------------------------------------------------

VOCABULARY = 40


def tiny_models():
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    yield "gpt2", GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY, n_positions=32, n_embd=16, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        )
    )
    yield "llama", LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=32, bos_token_id=0, eos_token_id=0, tie_word_embeddings=False,
        )
    )


def token_pairs(count):
    def tokens(low, high):
        length = int(torch.randint(low, high + 1, ()))
        return torch.randint(1, VOCABULARY, (length,)).tolist()

    return [
        {"prompt": tokens(1, 6), "chosen": tokens(1, 7) + [0], "rejected": tokens(1, 7) + [0]} for _ in range(count)
    ]


def sequence_logp(model, prompt, answer):
    """log pi(answer | prompt), one sequence at a time, without padding and packing."""
    ids = torch.tensor([prompt + answer])
    logp = model(ids).logits[0, :-1].float().log_softmax(-1)
    return logp.gather(1, ids[0, 1:, None])[-len(answer) :, 0].sum()


def rate(k, lr, warmup):
    return lr * min(1, k / warmup)


def dpo_step(policy, reference, batch, beta):
    terms = []
    for pair in batch:
        row = []
        for side in ("chosen", "rejected"):
            with torch.no_grad():
                ref = sequence_logp(reference, pair["prompt"], pair[side])
            row.append((sequence_logp(policy, pair["prompt"], pair[side]), ref))
        terms.append(row)
    chosen = torch.stack([beta * (row[0][0] - row[0][1]) for row in terms])
    rejected = torch.stack([beta * (row[1][0] - row[1][1]) for row in terms])
    return -F.logsigmoid(chosen - rejected).mean(), chosen, rejected, terms


def sft_step(policy, _reference, batch, _beta):
    logps = [sequence_logp(policy, pair["prompt"], pair["chosen"]) for pair in batch]
    return -torch.stack(logps).mean(), None, None, None


RUNS = {
    "dpo-adamw": (dpo_step, lambda p: torch.optim.AdamW(p, lr=0.0, weight_decay=0.0), 2e-3, 10.0),
    "dpo-rmsprop": (dpo_step, lambda p: torch.optim.RMSprop(p, lr=0.0), 2e-4, 1.0),
    "lora-adamw": (dpo_step, lambda p: torch.optim.AdamW(p, lr=0.0, weight_decay=0.0), 1e-2, 10.0),
    "sft-sgd": (sft_step, lambda p: torch.optim.SGD(p, lr=0.0, momentum=0.9), 2e-3, 5.0),
}


def with_adapter(model, folder):
    """Saves a LoRA adapter on all linear layers, made and saved by PEFT."""
    from peft import LoraConfig, get_peft_model

    gpt2 = hasattr(model, "transformer")
    targets = ["c_attn", "c_proj", "c_fc"] if gpt2 else "all-linear"
    config = LoraConfig(r=2, lora_alpha=6, target_modules=targets, fan_in_fan_out=gpt2, lora_dropout=0.0, task_type="CAUSAL_LM")
    model = get_peft_model(model, config)
    for key, value in model.named_parameters():
        if "lora_" in key:
            # Neither matrix starts at zero, so that the adapter's effect at the start is tested too.
            value.data = torch.randn_like(value) * (0.3 if "lora_A" in key else 0.05)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings["target_modules"].sort()  # a set, in any order
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    return model.eval()


def trajectories():
    torch.manual_seed(3)
    pairs = token_pairs(14)
    steps, size, beta, warmup = 20, 4, 0.3, 3
    out = {"pairs": pairs, "steps": steps, "batch": size, "beta": beta, "warmupSteps": warmup, "runs": []}
    for family, start in tiny_models():
        for parameter in start.parameters():
            # Larger than transformers' start, so that gradients differ; bfloat16, so that the folder is small and exact.
            noise = torch.randn_like(parameter) * 0.25
            parameter.data = (parameter.data.mean() + noise if parameter.dim() > 1 else parameter.data + noise).bfloat16().float()
        start.tie_weights()
        # A copy is cast, since casting back would leave rotary frequencies rounded to bfloat16.
        copy.deepcopy(start).to(torch.bfloat16).save_pretrained(OUT / family)
        start.eval()
        (OUT / family / "generation_config.json").unlink(missing_ok=True)
        for name, (step, make, lr, clip) in RUNS.items():
            policy = copy.deepcopy(start)
            if name.startswith("lora"):
                policy = with_adapter(policy, OUT / f"{family}-lora")
            trained = {key: value for key, value in policy.named_parameters() if value.requires_grad}
            before = {key: value.detach().clone() for key, value in trained.items()}
            optimizer = make(trained.values())
            records = []
            for k in range(1, steps + 1):
                batch = [pairs[((k - 1) * size + i) % len(pairs)] for i in range(size)]
                loss, chosen, rejected, terms = step(policy, start, batch, beta)
                optimizer.zero_grad()
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(trained.values(), clip)
                for group in optimizer.param_groups:
                    group["lr"] = rate(k, lr, warmup)
                optimizer.step()
                record = {"loss": loss.item(), "grad_norm": norm.item(), "learning_rate": rate(k, lr, warmup)}
                if chosen is not None:
                    record["rewards/chosen"] = chosen.mean().item()
                    record["rewards/rejected"] = rejected.mean().item()
                    record["logps/chosen"] = sum(row[0][0].item() for row in terms) / size
                    record["logps/rejected"] = sum(row[1][0].item() for row in terms) / size
                records.append(record)
            # How far each weight moved, and a sum with the weights cos(0), cos(1), ….
            weights = {}
            for key, value in trained.items():
                moved = (value - before[key]).detach().flatten().double()
                weights[key.replace(".default.", ".")] = [moved.norm().item(), (moved * torch.arange(moved.numel()).cos()).sum().item()]
            with torch.no_grad():
                logps = [
                    [sequence_logp(policy, pair["prompt"], pair[side]).item() for side in ("chosen", "rejected")]
                    for pair in pairs
                ]
            out["runs"].append(
                {"family": family, "run": name, "learningRate": lr, "maxGradNorm": clip, "records": records,
                 "weights": weights, "logps": logps}
            )
            print(family, name, [round(r["loss"], 4) for r in records], [round(r["grad_norm"], 2) for r in records])
    write("trajectories.json", out)


PARTS = {"losses": losses, "optimizers": optimizers, "schedules": schedules, "trajectories": trajectories}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        if part not in PARTS:
            sys.exit(f"There is no {part}: there are {', '.join(PARTS)}.")
        PARTS[part]()
