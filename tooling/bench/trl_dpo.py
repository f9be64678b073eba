"""TRL's DPOTrainer on a model with random weights. Prints one line of JSON: seconds of each timed step, peak memory.

Each answer has exactly `--answer` tokens, the last of them EOS, which TRL appends by itself.
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
from trl import DPOConfig, DPOTrainer

from result import print_result
from words import MODELS, word_tokenizer

WARM_UP = 2  # steps that are not timed


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", type=int, required=True)
    parser.add_argument("--answer", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], required=True)
    parser.add_argument("--precompute-reference", action="store_true")
    parser.add_argument("--activation-checkpointing", action="store_true")
    parser.add_argument("--model", choices=list(MODELS), default="gpt2")
    parser.add_argument("--lora-rank", type=int)
    parser.add_argument("--base-dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--accumulation", type=int, default=1)
    return parser.parse_args()


def random_pairs(count, prompt, answer, vocabulary):
    random.seed(0)
    text = lambda length: " ".join(f"w{random.randrange(vocabulary - 2)}" for _ in range(length))
    answers = lambda: [" " + text(answer - 1) for _ in range(count)]
    return Dataset.from_dict({"prompt": [text(prompt) for _ in range(count)], "chosen": answers(), "rejected": answers()})


class Clock(TrainerCallback):
    def __init__(self):
        self.ends = []

    def on_step_end(self, args, state, control, **kwargs):
        self.ends.append((time.perf_counter(), time.process_time()))

    def steps(self, first):
        """The seconds of the steps from `first` on, and the processor's seconds of all threads."""
        pairs = list(zip(self.ends, self.ends[1:]))[first - 1 :]
        return [[end[i] - begin[i] for begin, end in pairs] for i in (0, 1)]


def main():
    options = arguments()
    steps = options.steps + WARM_UP
    # Under torchrun each process has its share of a step.
    workers = int(os.environ.get("WORLD_SIZE", "1"))
    torch.manual_seed(0)
    frozen = getattr(torch, options.base_dtype)
    model = MODELS[options.model]().to(frozen if options.lora_rank else torch.float32)
    vocabulary = model.config.vocab_size
    rank = options.lora_rank
    clock = Clock()
    trainer = DPOTrainer(
        model=model,
        # With an adapter the reference is the model without the adapter.
        ref_model=None if options.precompute_reference or rank else MODELS[options.model]().to(frozen),
        peft_config=LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM") if rank else None,
        args=DPOConfig(
            output_dir=tempfile.mkdtemp(),
            per_device_train_batch_size=options.batch,
            gradient_accumulation_steps=options.accumulation,
            ddp_backend="gloo" if workers > 1 else None,
            max_steps=steps,
            learning_rate=1e-6,
            max_grad_norm=1.0,
            bf16=options.precision == "bfloat16",
            max_length=1024,
            gradient_checkpointing=options.activation_checkpointing,
            precompute_ref_log_probs=options.precompute_reference,
            use_cpu=True,
            logging_steps=1000,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=random_pairs(options.batch * options.accumulation * workers * steps, options.prompt, options.answer, vocabulary),
        processing_class=word_tokenizer(vocabulary),
        callbacks=[clock],
    )
    trainer.train()
    seconds, cpu = clock.steps(WARM_UP)
    if os.environ.get("RANK", "0") == "0":
        print_result(seconds, step_cpu_seconds=cpu, trl=trl.__version__)


main()
