"""Writes results of scipy, statsmodels and krippendorff for @dpo/eval's tests into tooling/parity/fixtures/inference/.

    python -m pip install scipy statsmodels krippendorff
    python tooling/parity/inference.py
"""

import json
from pathlib import Path

import krippendorff
import numpy as np
import scipy.stats as st
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from statsmodels.stats.inter_rater import cohens_kappa, to_table
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_confint

FIXTURES = Path(__file__).parent / "fixtures" / "inference"
rng = np.random.default_rng(18)
LABELS = ["model", "baseline", "tie"]


def sign_tests():
    cases = [(0, 0), (1, 0), (3, 3), (9, 2), (40, 61), (260, 220), (200, 1), (900, 1100), (5200, 5000)]
    return [
        {"wins": w, "losses": l, "p": st.binomtest(w, w + l, 0.5).pvalue if w + l else 1.0} for w, l in cases
    ]


def holms():
    lists = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.9], [0.02, 0.02, 0.02], [0.2], list(rng.uniform(0, 0.2, 7))]
    return [{"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in lists]


def wilsons():
    return [
        {"successes": k, "n": n, "interval": list(proportion_confint(k, n, method="wilson"))}
        for k, n in [(0, 10), (1, 10), (81, 263), (128, 256), (990, 1000), (12.5, 40)]
    ]


def agreements():
    cases = []
    for n, chance in [(12, 0.3), (60, 0.2), (300, 0.6)]:
        a = rng.integers(0, 3, n)
        b = np.where(rng.random(n) < chance, rng.integers(0, 3, n), a)
        kappa = cohens_kappa(to_table(np.stack([a, b], 1))[0]).kappa
        cases.append({"a": [LABELS[i] for i in a], "b": [LABELS[i] for i in b], "kappa": float(kappa)})
    return cases


def alphas():
    cases = []
    for raters, items, missing in [(2, 10, 0.0), (3, 40, 0.3), (5, 80, 0.5)]:
        truth = rng.integers(0, 3, items)
        rated = np.where(rng.random((raters, items)) < 0.35, rng.integers(0, 3, (raters, items)), truth).astype(float)
        rated[rng.random((raters, items)) < missing] = np.nan
        alpha = krippendorff.alpha(reliability_data=rated, level_of_measurement="nominal")
        ratings = [[None if np.isnan(x) else LABELS[int(x)] for x in rater] for rater in rated]
        cases.append({"ratings": ratings, "alpha": float(alpha)})
    return cases


def powered():
    """Prediction-powered means from numpy's moments and scipy's normal intervals."""
    cases = []
    for n, N, noise in [(40, 400, 0.1), (60, 90, 0.5), (25, 500, 1.0)]:
        truth = rng.choice([0, 0.5, 1], n + N, p=[0.3, 0.1, 0.6])
        judge = np.where(rng.random(n + N) < noise, rng.choice([0, 0.5, 1], n + N), truth)
        y, f, rest = truth[:n], judge[:n], judge[n:]
        tuned = np.clip(np.cov(y, f)[0, 1] / ((1 + n / N) * judge.var(ddof=1)), 0, 1)
        for lam in [1.0, float(tuned)]:
            mean = lam * rest.mean() + (y - lam * f).mean()
            error = np.hypot(lam * st.sem(rest), st.sem(y - lam * f))
            low, high = st.norm.interval(0.95, mean, error)
            cases.append({"people": y.tolist(), "judge": f.tolist(), "judgeAlone": rest.tolist(), "lambda": lam,
                         "tuned": bool(lam != 1.0), "mean": float(mean), "error": float(error), "low": float(low), "high": float(high)})
    return cases


def bootstraps():
    """Percentile intervals of the mean over clusters of scores, with so many draws that chance hardly matters."""
    cases = []
    for clusters, size in [(60, 4), (80, 3)]:
        centre = rng.uniform(0, 1, (clusters, 1))
        scores = (rng.random((clusters, size)) < centre).astype(float)
        interval = st.bootstrap((scores.mean(1),), np.mean, method="percentile", n_resamples=100_000, rng=rng)
        low, high = interval.confidence_interval
        cases.append({"scores": scores.tolist(), "low": float(low), "high": float(high)})
    return cases


def powers():
    """The distance from one half that n prompts show. The error of a share between equals is 0.5 / sqrt(n)."""
    solve = NormalIndPower(ddof=0).solve_power
    return [
        {"n": n, "difference": 0.5 * float(solve(nobs1=n, alpha=0.05, power=0.8, ratio=0))} for n in [30, 256, 1000, 5000]
    ]


def length_controls():
    """Soft-target logits with a ridge of 1 on the length's coefficient, minimised by scipy."""
    cases = []
    for n, a, b, shift in [(80, 0.4, 1.2, 300), (200, -1.5, 0.7, -200), (50, 0.0, -2.0, 0)]:
        baseline = rng.integers(200, 3000, n)
        model = np.maximum(1, baseline + rng.normal(shift, 600, n).round())
        gap = model - baseline
        x = np.tanh(gap / gap.std(ddof=1))
        p = np.clip(expit(a + b * x + rng.normal(0, 0.8, n)).round(4), 0, 1)

        def loss(w):
            z = w[0] + w[1] * x
            return -np.sum(p * log_expit(z) + (1 - p) * log_expit(-z)) + 0.5 * w[1] ** 2

        w = minimize(loss, [0, 0], method="BFGS", options={"gtol": 1e-9}).x
        cases.append({"scores": p.tolist(), "model": model.tolist(), "baseline": baseline.tolist(),
                     "intercept": float(w[0]), "slope": float(w[1]), "rate": float(expit(w[0]))})
    return cases


FIXTURES.mkdir(parents=True, exist_ok=True)
fixture = {
    "signTests": sign_tests(), "holms": holms(), "wilsons": wilsons(), "agreements": agreements(), "alphas": alphas(),
    "powered": powered(), "bootstraps": bootstraps(), "powers": powers(), "lengthControls": length_controls(),
}
(FIXTURES / "inference.json").write_text(json.dumps(fixture) + "\n")
