"""Writes verdicts of AlpacaEval 2's judge on three models into tooling/parity/fixtures/alpaca_eval/, for @dpo/eval's tests.

    python tooling/parity/alpaca_eval.py verdicts.jsonl.gz

The input has a model on each line: `name`, `published` (the leaderboard's figures in percent) and `rows` of `p` (the judge's
probability that the model's answer is the better one), `model` and `baseline` (lengths in characters), `prompt`. Of AlpacaEval's
published annotations (Apache-2.0) only these numbers are kept: no text. The three models are one model with the instruction to be brief,
with the instruction to be verbose, and without an instruction. `check_alpaca_eval.mjs` checks all models of the input.
"""

import gzip
import json
import sys
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures" / "alpaca_eval"
MODELS = ["gpt-3.5-turbo-1106", "gpt-3.5-turbo-1106_verbose", "gpt-3.5-turbo-1106_concise"]

FIXTURES.mkdir(parents=True, exist_ok=True)
with gzip.open(sys.argv[1], "rt") as lines:
    models = {model["name"]: model for model in map(json.loads, lines)}
fixture = [
    {"name": name, "published": models[name]["published"]}
    | {key: [row[key] for row in models[name]["rows"]] for key in ["p", "model", "baseline"]}
    for name in MODELS
]
(FIXTURES / "turbo.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
