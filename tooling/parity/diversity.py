"""Writes NLTK's self-BLEU into tooling/parity/fixtures/diversity/self-bleu.json.

    python -m pip install nltk
    python tooling/parity/diversity.py
"""

import json
import random
from pathlib import Path

from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

OUT = Path(__file__).parent / "fixtures" / "diversity"
smoothing = SmoothingFunction().method1


def self_bleu(texts):
    """Texygen's self-BLEU: each text against all others, with 4-grams and smoothing method 1."""
    scores = [
        sentence_bleu(texts[:i] + texts[i + 1 :], text, weights=(0.25,) * 4, smoothing_function=smoothing)
        for i, text in enumerate(texts)
    ]
    return sum(scores) / len(scores)


rng = random.Random(9)


def random_texts(count, vocabulary, shortest, longest):
    return [[rng.randrange(vocabulary) for _ in range(rng.randint(shortest, longest))] for _ in range(count)]


def copied(count):
    """Random texts that begin alike and end differently."""
    common = [rng.randrange(50) for _ in range(8)]
    return [common + [rng.randrange(50) for _ in range(rng.randint(1, 9))] for _ in range(count)]


sets = [
    random_texts(2, 3, 5, 9),
    random_texts(7, 4, 2, 12),
    random_texts(12, 40, 1, 20),
    copied(6),
    [[1, 2, 3, 4, 5]] * 3,
    [[1, 2], [3, 4], [5, 6, 7]],
]
OUT.mkdir(exist_ok=True)
cases = [{"texts": texts, "selfBleu": self_bleu(texts)} for texts in sets]
(OUT / "self-bleu.json").write_text(json.dumps(cases) + "\n")
