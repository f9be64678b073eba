"""Checks that PEFT opens the adapter that the page of apps/web gives away, and computes the same log-probabilities with it.

    python tooling/parity/check_web.py

Needs torch, transformers, peft, a Chromium and the packages built (`npm run build`). save_web.mjs trains the page's built-in
model for its 40 steps in Chromium, downloads the adapter, and computes log-probabilities of 32 pairs by our own loader. Exit code 1
when a log-probability differs by more than 1e-3, or the adapter changes nothing.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

LOGPS = 1e-3
HERE = Path(__file__).parent
BASE = HERE.parent.parent / "apps" / "web" / "demo"


def logp(model, prompt, answer):
    """log π of an answer, summed over its tokens."""
    with torch.no_grad():
        logits = model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1]
    return float(logits.log_softmax(-1).gather(1, torch.tensor(answer)[:, None]).sum())


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["node", HERE / "save_web.mjs", folder], check=True)
        base = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32, attn_implementation="eager").eval()
        cases = json.loads((Path(folder) / "logps.json").read_text())
        answers = [(case["prompt"], answer, ours) for case in cases for answer, ours in zip(case["answers"], case["logps"])]
        without = [logp(base, prompt, answer) for prompt, answer, _ in answers]
        adapted = PeftModel.from_pretrained(base, Path(folder) / "tiny-gpt2-dpo-adapter").eval()
        difference = max(abs(logp(adapted, prompt, answer) - ours) for prompt, answer, ours in answers)
        change = max(abs(ours - before) for (_, _, ours), before in zip(answers, without))
    print(f"{len(answers)} answers: log-probabilities differ by at most {difference:.1e}; the adapter changes them by up to {change:.2f}")
    return 1 if difference > LOGPS or change < LOGPS else 0


if __name__ == "__main__":
    sys.exit(main())
