"""Writes greedy continuations by transformers in bfloat16 into fixtures/bfloat16/greedy.json.

    python tooling/parity/bfloat16.py            # of the tiny models of fixtures/models/
    python tooling/parity/bfloat16.py FOLDER     # of another model, to standard output

Each continuation has, for every token, by how much the best logit exceeds the second best (`margins`), and how far the logits are from
those of float32 after the same tokens (`errors`: the largest distance). Another program rounds elsewhere, and is as far from
float32 on another side: where a margin is more than twice the error, both must choose the same token.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).parent / "fixtures"
MODELS = ["gpt2", "llama", "llama-untied", "gpt-neox", "phi3"]
NEW = 24
TEXTS = [
    "The capital of France is",
    "Once upon a time, there was a little girl who lived in",
    "1, 2, 3, 4, 5, 6,",
    "def add(a, b):\n    return",
    "The film was so boring that I",
    "Monday, Tuesday, Wednesday,",
]


def continuation(model, exact, prompt):
    output = model.generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        max_new_tokens=NEW,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
        pad_token_id=0,
    )
    logits = torch.cat(output.logits).float()
    with torch.no_grad():
        reference = exact(output.sequences[:, :-1]).logits[0, len(prompt) - 1 :]
    best, places = logits.topk(10)
    distances = (logits - reference).abs().gather(1, places)
    return {
        "prompt": prompt,
        "tokens": output.sequences[0, len(prompt) :].tolist(),
        "margins": [round(value, 5) for value in (best[:, 0] - best[:, 1]).tolist()],
        "errors": [round(value, 5) for value in distances.amax(1).tolist()],
    }


def continuations(folder, prompts):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    exact = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    # Continuations of one length, as if no token ended them.
    model.generation_config.eos_token_id = None
    vocabulary = model.config.vocab_size
    return [continuation(model, exact, [token % vocabulary for token in prompt]) for prompt in prompts]


def main():
    if len(sys.argv) > 1:
        tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
        prompts = [tokenizer(text).input_ids for text in TEXTS]
        print(json.dumps(continuations(sys.argv[1], prompts)))
        return
    prompts = [[6], [2, 27, 45, 77], [9, 33, 73, 48, 79, 20, 3, 37, 20], [1, 5, 9], [80, 81, 82, 83, 84]]
    out = {name: continuations(HERE / "models" / name, prompts) for name in MODELS}
    (HERE / "bfloat16").mkdir(exist_ok=True)
    (HERE / "bfloat16" / "greedy.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
