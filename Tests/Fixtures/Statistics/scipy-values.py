"""Writes `scipy-values.json`, which the tests of Sources/Suites/Statistics compare with.

    python -m venv v && v/bin/pip install scipy==1.17.1 && v/bin/python scipy-values.py > scipy-values.json

Tango's interval is not in scipy: here it is found by maximizing the likelihood and solving for the bound with numeric
methods, without the closed form that drover uses.
"""

import json
import random

import numpy as np
import scipy
from scipy import optimize, stats

random.seed(13)


def wilson(passed, n, confidence):
    interval = stats.binomtest(passed, n).proportion_ci(confidence, method="wilson")
    return {"passed": passed, "n": n, "confidence": confidence, "low": interval.low, "high": interval.high}


def mcnemar(better, worse):
    return {"better": better, "worse": worse, "p": stats.binomtest(better, better + worse, 0.5).pvalue}


def wilcoxon(name, differences):
    nonzero = [d for d in differences if d != 0]
    ties = len({abs(d) for d in nonzero}) < len(nonzero)
    if len(nonzero) > 50:
        p = stats.wilcoxon(nonzero, method="asymptotic", correction=True).pvalue
    elif not ties:
        p = stats.wilcoxon(nonzero, method="exact").pvalue
    else:
        assert len(nonzero) <= 13
        p = stats.wilcoxon(nonzero, method=stats.PermutationMethod(n_resamples=np.inf)).pvalue
    return {"name": name, "differences": differences, "p": p}


def tango(better, worse, n, confidence):
    z = stats.norm.ppf(confidence)

    def score(delta):
        def loss(q):
            logs = [(better, q + delta), (worse, q), (n - better - worse, 1 - 2 * q - delta)]
            return -sum(count * np.log(max(share, 1e-300)) for count, share in logs if count)

        low, high = max(0, -delta), (1 - delta) / 2
        q = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-14}).x
        ends = [low, high, q]
        q = min(ends, key=loss)
        return (better - worse - n * delta) / np.sqrt(n * (2 * q + delta * (1 - delta)))

    difference = (better - worse) / n
    low = optimize.brentq(lambda d: score(d) - z, -1 + 1e-9, difference - 1e-9, xtol=1e-13)
    high = optimize.brentq(lambda d: score(d) + z, difference + 1e-9, 1 - 1e-9, xtol=1e-13)
    return {"better": better, "worse": worse, "n": n, "confidence": confidence, "low": low, "high": high}


def holm(p):
    """The definition: the i-th smallest p is significant at α as long as all before it are, each at α/(m − i + 1)."""
    adjusted = []
    for value in p:
        smaller = sorted(p)[: sorted(p).index(value) + 1]
        adjusted.append(min(1, max(q * (len(p) - i) for i, q in enumerate(smaller))))
    return {"p": p, "adjusted": adjusted}


def many(n, ties):
    values = [random.gauss(0.2, 1) for _ in range(n)]
    return [float(round(v * 4)) for v in values] if ties else values


print(
    json.dumps(
        {
            "scipy": scipy.__version__,
            "normal": [{"p": p, "z": stats.norm.ppf(p)} for p in (1e-10, 0.001, 0.02, 0.1, 0.5, 0.8, 0.95, 0.975, 0.9999)],
            "binomial": [
                {"n": n, "p": p, "k": k, "pmf": stats.binom.pmf(k, n, p), "cdf": stats.binom.cdf(k, n, p),
                 "sf": stats.binom.sf(k - 1, n, p)}
                for n, p, k in [(1, 0.3, 0), (10, 0.95, 9), (60, 0.7, 45), (1000, 0.5, 480), (5000, 0.01, 61)]
            ],
            "wilson": [
                wilson(*row) for row in [(0, 1, 0.95), (3, 3, 0.95), (2, 3, 0.95), (57, 60, 0.99), (480, 1000, 0.9)]
            ],
            "mcnemar": [mcnemar(*pair) for pair in [(0, 5), (0, 6), (3, 9), (12, 11), (40, 75), (700, 800)]],
            "wilcoxon": [
                wilcoxon("few", [0.3, -0.1, 0.7, 0.4, -0.2, 1.1]),
                wilcoxon("all better", [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0]),
                wilcoxon("zeros", [0.0, 0.5, -1.5, 2.5, 0.0, 3.5, -0.25]),
                wilcoxon("ties", [1.0, 1.0, -1.0, 2.0, 3.0, 3.0, -2.0, 0.0, 5.0]),
                wilcoxon("fifty", many(50, False)),
                wilcoxon("many", many(80, False)),
                wilcoxon("many ties", many(120, True)),
            ],
            "holm": [holm(p) for p in ([0.01, 0.04, 0.03, 0.005], [0.5, 0.6], [0.02], [0.001, 0.2, 0.2, 0.9, 0.011])],
            "tango": [
                tango(*row)
                for row in [(0, 1, 20, 0.95), (5, 5, 100, 0.95), (12, 13, 250, 0.95), (1, 9, 44, 0.975), (9, 1, 44, 0.975),
                            (30, 2, 60, 0.9)]
            ],
        },
        indent=1,
    )
)
