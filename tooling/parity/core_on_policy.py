"""Trains tiny GPT-2 models on fixed rollouts, eight updates each, and writes what came into fixtures/core/on-policy.json.

    python tooling/parity/core_on_policy.py

Needs torch, transformers, trl and datasets, and what core.py wrote. `rloo` and `ppo` are plain loops, one sequence at a time
without padding, four passes in two minibatches over one batch; `trl-…` are TRL 1.13's own RLOOTrainer and GRPOTrainer, whose
generation gives the fixed answers, with eight passes over the whole batch. The policy is the reference with its weights
shifted, so that ratios to the reference are not 1.
"""

import json
import logging
import math
import random
import sys
import tempfile
from pathlib import Path

# The script's own folder must not shadow the package `datasets`.
HERE = Path(__file__).resolve().parent
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402
from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast  # noqa: E402
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer  # noqa: E402

FOLDER = HERE / "fixtures" / "core"
GROUPS, SAMPLES, LONGEST, VOCABULARY = 4, 2, 7, 39
EPOCHS, MINIBATCHES, RATE, CLIP, BETA, SHIFT = 4, 2, 2e-3, 1.0, 0.1, 0.05
# Which groups each minibatch of each epoch takes.
ORDERS = [[0, 1, 2, 3], [2, 0, 3, 1], [3, 1, 0, 2], [1, 2, 3, 0]]


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, (list, tuple)) else value


def reference_model():
    return GPT2LMHeadModel.from_pretrained(FOLDER / "gpt2", dtype=torch.float32).eval()


def shifted(model):
    """Every element i of every weight gets SHIFT · sin i."""
    with torch.no_grad():
        for weight in model.parameters():
            moves = torch.sin(torch.arange(weight.numel(), dtype=torch.float64)).view_as(weight)
            weight.copy_((weight.double() + SHIFT * moves).float())
    return model


def token_logps(model, prompt, answer):
    hidden = model.transformer(torch.tensor([prompt + answer])).last_hidden_state[0, :-1][-len(answer) :]
    logps = model.lm_head(hidden).log_softmax(-1).gather(1, torch.tensor(answer)[:, None])[:, 0]
    return logps, hidden


def rollouts(prompt_length):
    draw = random.Random(5)
    policy, reference = shifted(reference_model()), reference_model()
    out = []
    for g in range(GROUPS):
        prompt = [draw.randrange(VOCABULARY) for _ in range(prompt_length(g))]
        answers = []
        for _ in range(SAMPLES):
            tokens = [draw.randrange(VOCABULARY) for _ in range(draw.randrange(2, LONGEST + 1))]
            with torch.no_grad():
                answers.append({
                    "tokens": tokens, "reward": draw.uniform(-1, 1),
                    "logps": token_logps(policy, prompt, tokens)[0].tolist(),
                    "reference": token_logps(reference, prompt, tokens)[0].tolist(),
                    "values": [draw.uniform(-0.4, 0.4) for _ in tokens],
                })  # fmt: skip
        out.append({"prompt": prompt, "answers": answers})
    return out


def clipped(ratio, advantage):
    return -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)


def rloo(batch):
    for group in batch:
        scores = [
            a["reward"] - BETA * sum(p - r for p, r in zip(a["logps"], a["reference"])) for a in group["answers"]
        ]
        for a, score in zip(group["answers"], scores):
            a["advantage"] = score - (sum(scores) - score) / (len(scores) - 1)

    def loss(model, head, groups):
        losses, ratios = [], []
        for group in groups:
            for a in group["answers"]:
                logps, _ = token_logps(model, group["prompt"], a["tokens"])
                ratio = (logps.sum() - torch.tensor(a["logps"]).sum()).exp()
                losses.append(clipped(ratio, a["advantage"]))
                ratios.append(ratio.item())
        return torch.stack(losses).mean(), {"ratio": sum(ratios) / len(ratios)}

    return loss


def ppo(batch):
    answers = [a for group in batch for a in group["answers"]]
    for a in answers:
        rewards = [-BETA * (p - r) for p, r in zip(a["logps"], a["reference"])]
        rewards[-1] += a["reward"]
        after, value_after, a["advantages"] = 0.0, 0.0, []
        for reward, value in zip(reversed(rewards), reversed(a["values"])):
            after = reward + value_after - value + 0.95 * after
            value_after = value
            a["advantages"].insert(0, after)
        a["returns"] = [x + v for x, v in zip(a["advantages"], a["values"])]
    every = [x for a in answers for x in a["advantages"]]
    mean = sum(every) / len(every)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in every) / len(every) + 1e-8)
    per_step = len(every) / MINIBATCHES

    def loss(model, head, groups):
        policy, value = [], []
        for group in groups:
            for a in group["answers"]:
                logps, hidden = token_logps(model, group["prompt"], a["tokens"])
                advantage = (torch.tensor(a["advantages"]) - mean) / deviation
                policy.append(clipped((logps - torch.tensor(a["logps"])).exp(), advantage).sum())
                values, old, returns = head(hidden)[:, 0], torch.tensor(a["values"]), torch.tensor(a["returns"])
                near = torch.max(torch.min(values, old + 0.2), old - 0.2)
                value.append(0.5 * torch.max((values - returns) ** 2, (near - returns) ** 2).sum())
        policy, value = sum(policy) / per_step, sum(value) / per_step
        return policy + 0.1 * value, {"loss/policy_avg": policy.item(), "loss/value_avg": value.item()}

    return loss


class TensorFlowAdam:
    """m ← β₁ m + (1−β₁) g, v ← β₂ v + (1−β₂) g², w ← w − η √(1−β₂ᵗ)/(1−β₁ᵗ) m / (√v + ε)"""

    def __init__(self, weights, epsilon=1e-5):
        self.weights, self.epsilon, self.t = list(weights), epsilon, 0
        self.moments = [(torch.zeros_like(w), torch.zeros_like(w)) for w in self.weights]

    @torch.no_grad()
    def step(self):
        self.t += 1
        rate = RATE * math.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        for w, (m, v) in zip(self.weights, self.moments):
            m.mul_(0.9).add_(w.grad, alpha=0.1)
            v.mul_(0.999).addcmul_(w.grad, w.grad, value=0.001)
            w.sub_(rate * m / (v.sqrt() + self.epsilon))


def moves(before, model):
    """How far each weight moved, and the sum of its moves with the weights cos 0, cos 1, …."""
    out = {}
    for name, weight in model.named_parameters():
        if name == "lm_head.weight":
            continue
        move = (weight.detach() - before[name]).double().flatten()
        out[name] = [move.norm().item(), (move * torch.cos(torch.arange(move.numel(), dtype=torch.float64))).sum().item()]
    return out


def copies(model):
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def loop(make, batch):
    """Eight updates by a plain loop."""
    batch = json.loads(json.dumps(batch))
    model = shifted(reference_model())
    before = copies(model)
    head = torch.nn.Linear(model.config.n_embd, 1)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    loss_of = make(batch)
    trained = [*model.parameters(), *(head.parameters() if make is ppo else [])]
    optimizer = TensorFlowAdam(trained)
    records = []
    for order in ORDERS:
        for m in range(MINIBATCHES):
            size = GROUPS // MINIBATCHES
            loss, record = loss_of(model, head, [batch[g] for g in order[m * size : (m + 1) * size]])
            for weight in trained:
                weight.grad = None
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(trained, CLIP).item()
            optimizer.step()
            records.append({"loss": loss.item(), "grad_norm": norm, **record})
    run = {"records": records, "weights": moves(before, model)}
    if make is ppo:
        run["head"] = [*head.weight.detach()[0].tolist(), head.bias.item()]
    return run


def tokenizer():
    """Words w0, w1, … are the tokens 0, 1, …, so that texts say ids."""
    words = {f"w{i}": i for i in range(VOCABULARY + 1)}
    inner = Tokenizer(models.WordLevel(words, unk_token="w0"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    # TRL takes an end token away from where texts are read; no answer has this one.
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="w39", pad_token="w39")


def by_trl(trainer_class, config_class, batch, **options):
    """Eight updates by TRL on the whole batch."""
    model = GPT2LMHeadModel.from_pretrained(FOLDER / "gpt2", dtype=torch.float32)
    shifted(model)
    before = copies(model)
    texts = [" ".join(f"w{i}" for i in group["prompt"]) for group in batch]
    answers = {text: group["answers"] for text, group in zip(texts, batch)}
    uses = {}

    def reward(prompts, completions, **_):
        rewards = {}
        for text, group in zip(texts, batch):
            for a in group["answers"]:
                rewards[text, " ".join(f"w{i}" for i in a["tokens"])] = a["reward"]
        return [rewards[prompt, completion] for prompt, completion in zip(prompts, completions)]

    class Trainer(trainer_class):
        def _generate_single_turn(self, prompt_ids, *_, **__):
            out = []
            for ids in prompt_ids:
                text = " ".join(f"w{i}" for i in ids)
                uses[text] = uses.get(text, -1) + 1
                out.append(answers[text][uses[text] % SAMPLES]["tokens"])
            return out if trainer_class is RLOOTrainer else (out, None)

    with tempfile.TemporaryDirectory() as folder:
        args = config_class(
            output_dir=folder, per_device_train_batch_size=GROUPS * SAMPLES, num_generations=SAMPLES,
            num_iterations=8, steps_per_generation=1, max_steps=8, learning_rate=RATE, lr_scheduler_type="constant",
            max_grad_norm=CLIP, beta=BETA, max_completion_length=LONGEST, logging_steps=1, report_to=[], save_strategy="no",
            use_cpu=True, disable_tqdm=True, bf16=False, disable_dropout=True, gradient_checkpointing=False, seed=1, **options,
        )  # fmt: skip
        trainer = Trainer(
            model=model, reward_funcs=reward, args=args, train_dataset=Dataset.from_dict({"prompt": texts}),
            processing_class=tokenizer(),
        )  # fmt: skip
        trainer.train()
    keys = ("loss", "grad_norm", "clip_ratio/low_mean", "clip_ratio/high_mean", "reward", "reward_std", "kl")
    records = [{k: entry[k] for k in keys if k in entry} for entry in trainer.state.log_history if "loss" in entry]
    return {"records": records, "weights": moves(before, trainer.model)}


def main():
    logging.disable(logging.WARNING)
    torch.manual_seed(0)
    batch = rollouts(lambda g: 2 + g)
    # GPT-2 counts positions from the padding on where transformers gets no others, so that TRL's prompts are of one length.
    even = rollouts(lambda _: 3)
    out = {
        "beta": BETA, "rate": RATE, "clip": CLIP, "shift": SHIFT, "minibatches": MINIBATCHES, "orders": ORDERS,
        "longest": LONGEST, "rollouts": batch, "evenRollouts": even,
        "runs": {
            "rloo": loop(rloo, batch),
            "ppo": loop(ppo, batch),
            "trl-rloo": by_trl(RLOOTrainer, RLOOConfig, even),
            **{
                f"trl-grpo-{loss_type}": by_trl(
                    GRPOTrainer, GRPOConfig, even, loss_type=loss_type, scale_rewards=scale, epsilon_high=high
                )
                for loss_type, scale, high in (("grpo", "group", 0.2), ("dr_grpo", "none", 0.2), ("dapo", "batch", 0.28))
            },
        },
    }  # fmt: skip
    (FOLDER / "on-policy.json").write_text(json.dumps(rounded(out), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
