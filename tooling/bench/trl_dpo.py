"""TRL's DPOTrainer on a GPT-2 with random weights. Prints one line of JSON: seconds of each timed step, peak memory.

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
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, TrainerCallback
from trl import DPOConfig, DPOTrainer

from result import print_result

WARM_UP = 2  # steps that are not timed
VOCABULARY = 50257


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", type=int, required=True)
    parser.add_argument("--answer", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], required=True)
    parser.add_argument("--precompute-reference", action="store_true")
    return parser.parse_args()


def word_tokenizer():
    """One token a word: w0, w1, …"""
    words = {f"w{i}": i for i in range(VOCABULARY - 2)} | {"<unk>": VOCABULARY - 2, "<eos>": VOCABULARY - 1}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<eos>", pad_token="<eos>"
    )


def random_pairs(count, prompt, answer):
    random.seed(0)
    text = lambda length: " ".join(f"w{random.randrange(VOCABULARY - 2)}" for _ in range(length))
    answers = lambda: [" " + text(answer - 1) for _ in range(count)]
    return Dataset.from_dict({"prompt": [text(prompt) for _ in range(count)], "chosen": answers(), "rejected": answers()})


class Clock(TrainerCallback):
    def __init__(self):
        self.ends = []

    def on_step_end(self, args, state, control, **kwargs):
        self.ends.append(time.perf_counter())


def main():
    options = arguments()
    steps = options.steps + WARM_UP
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=VOCABULARY)
    clock = Clock()
    trainer = DPOTrainer(
        model=GPT2LMHeadModel(config),
        ref_model=None if options.precompute_reference else GPT2LMHeadModel(config),
        args=DPOConfig(
            output_dir=tempfile.mkdtemp(),
            per_device_train_batch_size=options.batch,
            max_steps=steps,
            learning_rate=1e-6,
            max_grad_norm=1.0,
            bf16=options.precision == "bfloat16",
            max_length=config.n_positions,
            gradient_checkpointing=False,
            precompute_ref_log_probs=options.precompute_reference,
            use_cpu=True,
            logging_steps=1000,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=random_pairs(options.batch * steps, options.prompt, options.answer),
        processing_class=word_tokenizer(),
        callbacks=[clock],
    )
    trainer.train()
    times = [end - begin for begin, end in zip(clock.ends, clock.ends[1:])]
    print_result(times[WARM_UP - 1 :], trl=trl.__version__)


main()
