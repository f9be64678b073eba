"""TRL's RLOOTrainer on a model with random weights. Prints one line of JSON: seconds of each timed update and of its phases,
peak memory.

Each answer has exactly `--answer` tokens: the end token is not drawn. The phases are sampling, the passes without a gradient
(of the policy as it was and of the reference; we need the latter alone), and the rest.
"""

import argparse
import os
import random
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("WANDB_DISABLED", "true")

import torch
import trl
from datasets import Dataset
from peft import LoraConfig
from transformers import TrainerCallback
from trl import RLOOConfig, RLOOTrainer

from result import print_result
from words import MODELS, word_tokenizer

WARM_UP = 2  # updates that are not timed


def arguments():
    parser = argparse.ArgumentParser()
    for name in ["--prompt", "--answer", "--batch", "--samples", "--steps", "--lora-rank"]:
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], required=True)
    parser.add_argument("--model", choices=list(MODELS), default="smollm2")
    return parser.parse_args()


def random_prompts(count, length, vocabulary):
    random.seed(0)
    return Dataset.from_dict(
        {"prompt": [" ".join(f"w{random.randrange(vocabulary - 2)}" for _ in range(length)) for _ in range(count)]}
    )


def reward(completion_ids, **_):
    """The share of tokens with an even id: any reward that costs nothing."""
    return [sum(1 - token % 2 for token in ids) / len(ids) for ids in completion_ids]


class TimedTrainer(RLOOTrainer):
    """Notes the seconds of sampling and of the passes without a gradient."""

    def __init__(self, *arguments, answer, **options):
        self.answer = answer
        self.spent = {"sampling": 0.0, "reference": 0.0}
        super().__init__(*arguments, **options)

    def _generate(self, prompts):
        begin = time.perf_counter()
        generated = super()._generate(prompts)
        self.spent["sampling"] += time.perf_counter() - begin
        lengths = {len(ids) for ids in generated[1]}
        assert lengths == {self.answer}, lengths
        return generated

    def _get_per_token_logps_and_entropies(self, *arguments, **options):
        begin = time.perf_counter()
        logps = super()._get_per_token_logps_and_entropies(*arguments, **options)
        if not torch.is_grad_enabled():
            self.spent["reference"] += time.perf_counter() - begin
        return logps


class Clock(TrainerCallback):
    def __init__(self):
        self.trainer = None
        self.ends = []

    def on_step_end(self, args, state, control, **kwargs):
        self.ends.append((time.perf_counter(), dict(self.trainer.spent)))


def main():
    options = arguments()
    steps = options.steps + WARM_UP
    torch.manual_seed(0)
    model = MODELS[options.model]()
    vocabulary = model.config.vocab_size
    rank = options.lora_rank
    completions = options.batch * options.samples
    clock = Clock()
    trainer = TimedTrainer(
        model=model,
        answer=options.answer,
        reward_funcs=reward,
        peft_config=LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM"),
        args=RLOOConfig(
            output_dir=tempfile.mkdtemp(),
            # TRL counts completions.
            per_device_train_batch_size=completions,
            num_generations=options.samples,
            max_completion_length=options.answer,
            generation_kwargs={"min_new_tokens": options.answer},
            temperature=1.0,
            beta=0.05,
            max_steps=steps,
            learning_rate=1e-6,
            max_grad_norm=1.0,
            bf16=options.precision == "bfloat16",
            gradient_checkpointing=False,
            use_cpu=True,
            logging_steps=1000,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=random_prompts(options.batch * steps, options.prompt, vocabulary),
        processing_class=word_tokenizer(vocabulary),
        callbacks=[clock],
    )
    clock.trainer = trainer
    trainer.train()
    pairs = list(zip(clock.ends, clock.ends[1:]))[WARM_UP - 1 :]
    seconds = [end - begin for (begin, _), (end, _) in pairs]
    phases = {name: [after[name] - before[name] for (_, before), (_, after) in pairs] for name in trainer.spent}
    phases["training"] = [
        whole - sampling - scoring for whole, sampling, scoring in zip(seconds, phases["sampling"], phases["reference"])
    ]
    print_result(seconds, phases=phases, trl=trl.__version__)


main()
