"""Writes the records of ten steps of TRL's SFTTrainer, of two accumulated micro-batches of two rows each, into
fixtures/core/supervised.json: the loss and the gradient's norm are means over the answer tokens of all four rows.

    python tooling/parity/core_supervised.py

Needs torch, transformers and trl (README.md beside this file says which versions), and core.py's fixtures.
"""

import json
import sys
import tempfile

sys.path.append(sys.path.pop(0))  # this folder has a datasets.py and a tokenizer.py of its own, which come last

import torch  # noqa: E402
from core import OUT, VOCABULARY, write  # noqa: E402
from datasets import Dataset  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from tokenizers.models import WordLevel  # noqa: E402
from transformers import GPT2LMHeadModel, LlamaForCausalLM, PreTrainedTokenizerFast  # noqa: E402
from trl import SFTConfig, SFTTrainer  # noqa: E402

STEPS, MICRO_BATCH, ACCUMULATION, RATE, CLIP = 10, 2, 2, 5e-3, 1.0


def tokenizer():
    """A tokenizer of which only the end and padding tokens are used, since the rows are tokens."""
    words = Tokenizer(WordLevel({str(i): i for i in range(VOCABULARY)}, unk_token="1"))
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token="0", pad_token="0")


class InOrder(SFTTrainer):
    def _get_train_sampler(self, dataset=None):
        return torch.utils.data.SequentialSampler(dataset or self.train_dataset)


def trained(model, pairs):
    rows = [
        {
            "input_ids": pair["prompt"] + pair["chosen"],
            "completion_mask": [0] * len(pair["prompt"]) + [1] * len(pair["chosen"]),
        }
        for pair in pairs
    ]
    with tempfile.TemporaryDirectory() as folder:
        trainer = InOrder(
            model=model,
            args=SFTConfig(
                output_dir=folder, max_steps=STEPS, per_device_train_batch_size=MICRO_BATCH,
                gradient_accumulation_steps=ACCUMULATION, learning_rate=RATE, lr_scheduler_type="constant",
                optim="adamw_torch", weight_decay=0.0, max_grad_norm=CLIP, logging_steps=1, report_to=[], bf16=False,
                use_cpu=True, completion_only_loss=True, max_length=None, save_strategy="no", disable_tqdm=True,
                gradient_checkpointing=False, loss_type="nll",
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer(),
        )
        trainer.train()
        return [{"loss": log["loss"], "grad_norm": log["grad_norm"]} for log in trainer.state.log_history if "loss" in log]


def main():
    trajectories = json.loads((OUT / "trajectories.json").read_text())
    # The rows fill whole steps, since SFTTrainer begins each epoch with a new batch.
    pairs = trajectories["pairs"][: 3 * MICRO_BATCH * ACCUMULATION]
    out = {
        "rows": len(pairs), "steps": STEPS, "batch": MICRO_BATCH * ACCUMULATION, "accumulation": ACCUMULATION,
        "learningRate": RATE, "maxGradNorm": CLIP, "runs": [],
    }
    for family, kind in (("gpt2", GPT2LMHeadModel), ("llama", LlamaForCausalLM)):
        model = kind.from_pretrained(OUT / family, dtype=torch.float32)
        records = trained(model, pairs)
        print(family, records[:2], records[-1])
        out["runs"].append({"family": family, "records": records})
    write("supervised.json", out)


if __name__ == "__main__":
    main()
