"""Writes greedy answers by transformers' `generate` into fixtures/generation/, when several tokens may end an answer.

    python tooling/parity/generation.py

Needs torch and transformers, and fixtures/trl/ (trl_runs.py). The end tokens stand in generation_config.json, or in
config.json without that file, as one id or as a list. The tiny model draws these ids at different places.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).parent / "fixtures"
MODEL = HERE / "trl" / "bytes"
OUT = HERE / "generation"
PROMPTS = ["Name a colour.", "9 to 17", "Die Aare", "for i in x:", " ", "Once more, please", "?", "Five.", "When does it open?"]
NEW = 24


def greedy_answers(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    rows = []
    for prompt in PROMPTS:
        inputs = tokenizer(prompt, return_tensors="pt")
        ids = model.generate(**inputs, max_new_tokens=NEW, do_sample=False)[0, inputs["input_ids"].shape[1] :]
        rows.append(ids.tolist())
    return rows


def with_ends(generation, config):
    """A copy of the model whose files name these ends; None leaves the file's entry out."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        shutil.copytree(MODEL, folder)
        for name, ends in (("generation_config.json", generation), ("config.json", config)):
            path = folder / name
            values = json.loads(path.read_text()) if path.exists() else {}
            values.pop("eos_token_id", None)
            if ends is not None:
                values["eos_token_id"] = ends
            path.write_text(json.dumps(values))
            if name == "generation_config.json" and ends is None:
                path.unlink()
        return {"generation": generation, "config": config, "tokens": greedy_answers(folder)}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    free = with_ends([299], None)["tokens"]
    # Ids that come early, late and in the middle, each in another answer.
    ends = sorted({row[at] for row, at in zip(free, (0, 3, 8, 15, 20), strict=False)})
    cases = [with_ends(ends, 0), with_ends(ends[:2], None), with_ends(ends[-1], ends), with_ends(None, ends), with_ends(None, ends[0])]
    for case in cases:
        print(case["generation"], case["config"], [len(row) for row in case["tokens"]])
    (OUT / "ends.json").write_text(json.dumps({"prompts": PROMPTS, "new": NEW, "cases": cases}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
