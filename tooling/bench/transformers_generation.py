"""Generation by transformers with random weights. Prints one line of JSON: seconds of each timed round, peak memory.

All rows are generated together, or, with `--batches`, in batches of the size among these that is fastest before the timed rounds.
"""

import argparse
import os
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from result import print_result

WARM_UP = 1  # rounds that are not timed
VOCABULARY = 49152


def arguments():
    parser = argparse.ArgumentParser()
    for name in ["--prompt", "--answer", "--rows", "--steps"]:
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--batches", type=lambda text: [int(size) for size in text.split(",")])
    return parser.parse_args()


def generate(model, prompts, answer):
    output = model.generate(
        prompts,
        attention_mask=torch.ones_like(prompts),
        max_new_tokens=answer,
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
    )
    assert output.shape == (prompts.shape[0], prompts.shape[1] + answer), output.shape


def timed(model, options, batch):
    """Seconds of a round, and the processor's seconds of all threads."""
    prompts = torch.randint(1, VOCABULARY, (options.rows, options.prompt))
    begin, cpu = time.perf_counter(), time.process_time()
    for part in prompts.split(batch):
        generate(model, part, options.answer)
    return time.perf_counter() - begin, time.process_time() - cpu


def main():
    options = arguments()
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        vocab_size=VOCABULARY,
        max_position_embeddings=8192,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config).eval().to(getattr(torch, options.precision))
    sizes = options.batches or [options.rows]
    for _ in range(WARM_UP):
        timed(model, options, sizes[0])
    batch = sizes[0] if len(sizes) == 1 else min(sizes, key=lambda size: timed(model, options, size)[0])
    rounds = [timed(model, options, batch) for _ in range(options.steps)]
    seconds, cpu = zip(*rounds)
    print_result(list(seconds), step_cpu_seconds=list(cpu), facts={"batch": batch})


main()
