"""Generation by transformers with random weights. Prints one line of JSON: seconds of each timed round, peak memory."""

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
    return parser.parse_args()


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
    model = LlamaForCausalLM(config).eval()
    seconds = []
    for _ in range(WARM_UP + options.steps):
        prompts = torch.randint(1, VOCABULARY, (options.rows, options.prompt))
        begin = time.perf_counter()
        output = model.generate(
            prompts,
            attention_mask=torch.ones_like(prompts),
            max_new_tokens=options.answer,
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
        )
        seconds.append(time.perf_counter() - begin)
        assert output.shape == (options.rows, options.prompt + options.answer), output.shape
    print_result(seconds[WARM_UP:])


main()
