"""Checks that transformers opens what @dpo/models saves, and computes with it what it computed with the original.

    python tooling/parity/check_saved.py

Needs torch, transformers and the packages built (`npm run build`). Saves every model of fixtures/models/ by
save_models.mjs into a temporary folder and compares the logits with expected.json. Exits with 1 where they differ by
more than 1e-6 of the largest, or where weights are missing, left over, or tied otherwise.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from models import OUT as FIXTURES
from models import fresh
from transformers import AutoModelForCausalLM

TOLERANCE = 1e-6

failed = False
with tempfile.TemporaryDirectory() as saved:
    subprocess.run(["node", Path(__file__).parent / "save_models.mjs", saved], check=True)
    for folder in sorted(Path(saved).iterdir()):
        model, loading = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
        )
        original = AutoModelForCausalLM.from_pretrained(FIXTURES / folder.name, dtype=torch.float32)
        expected = json.loads((FIXTURES / folder.name / "expected.json").read_text())
        wanted = torch.tensor(expected["logits"])
        with torch.no_grad():
            logits = fresh(model)(torch.tensor([expected["ids"]])).logits[0]
        difference = float((logits - wanted).abs().max() / wanted.abs().max())
        weights = dict(original.named_parameters())
        equal = all(torch.equal(weight, weights[name]) for name, weight in model.named_parameters())
        problems = {key: value for key, value in loading.items() if value}
        wrong = difference > TOLERANCE or not equal or len(weights) != len(dict(model.named_parameters())) or problems
        failed = failed or bool(wrong)
        print(f"{folder.name:22} logits differ by {difference:.1e}, weights {'equal' if equal else 'DIFFER'} {problems or ''}")
sys.exit(1 if failed else 0)
