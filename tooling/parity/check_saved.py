"""Checks that transformers and PEFT open what @dpo/models saves, and compute the same numbers with it.

    python tooling/parity/check_saved.py

Needs torch, transformers, peft and the packages built (`npm run build`). For every model of fixtures/models/,
save_models.mjs saves the model and a LoRA adapter of it into a temporary folder. The model must have the weights of the
original and the logits in expected.json, the adapter our greedy continuations and log-probabilities. Exit code 1
when they differ, or weights are missing, left over, or tied in another way.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from models import OUT as FIXTURES
from models import fresh, greedy
from peft import PeftModel
from transformers import AutoModelForCausalLM

LOGITS = 1e-6
LOGPS = 1e-5


def load(folder):
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )


def model_problems(folder, model, loading):
    weights = dict(load(FIXTURES / folder.name)[0].named_parameters())
    expected = json.loads((FIXTURES / folder.name / "expected.json").read_text())
    expected_logits = torch.tensor(expected["logits"])
    difference = float((fresh(model)(torch.tensor([expected["ids"]])).logits[0] - expected_logits).abs().max() / expected_logits.abs().max())
    parameters = dict(model.named_parameters())
    if difference > LOGITS:
        yield f"logits differ by {difference:.1e}"
    if parameters.keys() != weights.keys() or not all(torch.equal(weights[name], parameters[name]) for name in parameters):
        yield "weights differ"
    yield from (f"{key}: {value}" for key, value in loading.items() if value)


def adapter_problems(folder, model):
    adapted = PeftModel.from_pretrained(model, folder / "adapter")
    for case in json.loads((folder / "adapter" / "greedy.json").read_text()):
        prompt, tokens = case["prompt"], case["tokens"]
        if greedy(adapted, prompt, len(tokens)) != tokens:
            yield f"the adapter continues {prompt} otherwise"
        # Cached keys keep the rotation for the text's length when they were computed, which one pass cannot show.
        if model.config.to_dict().get("rope_parameters", {}).get("rope_type") == "dynamic":
            continue
        logps = fresh(adapted)(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        of_tokens = logps.gather(1, torch.tensor(tokens)[:, None])[:, 0]
        difference = float((of_tokens - torch.tensor(case["logps"])).abs().max())
        if difference > LOGPS:
            yield f"the adapter's log-probabilities differ by {difference:.1e}"


failed = False
with tempfile.TemporaryDirectory() as saved, torch.no_grad():
    subprocess.run(["node", Path(__file__).parent / "save_models.mjs", saved], check=True)
    for folder in sorted(Path(saved).iterdir()):
        model, loading = load(folder)
        problems = [*model_problems(folder, model, loading), *adapter_problems(folder, model)]
        failed = failed or bool(problems)
        print(f"{folder.name:22} {'; '.join(problems) or 'the same'}")
sys.exit(1 if failed else 0)
