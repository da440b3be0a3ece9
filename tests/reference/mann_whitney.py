#!/usr/bin/env python3
"""Writes mann-whitney.json: p-values of SciPy that the program's own are compared with.

    python3 -m venv venv && venv/bin/pip install scipy
    venv/bin/python tests/reference/mann_whitney.py > tests/reference/mann-whitney.json

Without ties the p-value is that of mannwhitneyu(method="exact"). With ties SciPy's exact method
is not valid, and the p-value is that of permutation_test over all choices, of the distance of the
sum of midranks from its mean.
"""

import json
import platform
import random

import numpy
import scipy
from scipy.stats import mannwhitneyu, permutation_test, rankdata


def with_ties(a, b):
    ranks = rankdata(a + b)
    mean = len(a) * (len(ranks) + 1) / 2
    result = permutation_test(
        (ranks[: len(a)], ranks[len(a) :]),
        lambda x, y: abs(numpy.sum(x) - mean),
        permutation_type="independent",
        n_resamples=numpy.inf,
        alternative="greater",
        vectorized=False,
    )
    return result.pvalue


def main():
    rng = random.Random(1947)
    cases = []
    for m, n in [(3, 3), (4, 6), (5, 5), (6, 6), (7, 9), (8, 8), (10, 10), (12, 20), (20, 20), (30, 30)]:
        for shift in [0.0, 0.3, 1.0]:
            a = [round(rng.gauss(5, 1), 6) for _ in range(m)]
            b = [round(rng.gauss(5 + shift, 1), 6) for _ in range(n)]
            p = mannwhitneyu(a, b, alternative="two-sided", method="exact").pvalue
            cases.append({"a": a, "b": b, "p": float(p)})
    for m, n in [(3, 4), (5, 5), (6, 6), (5, 8), (7, 7)]:
        for levels in [2, 4, 8]:
            a = [rng.randrange(levels) + 1 for _ in range(m)]
            b = [rng.randrange(levels) + 1 for _ in range(n)]
            cases.append({"a": a, "b": b, "p": float(with_ties(a, b))})
    made_with = {"python": platform.python_version(), "scipy": scipy.__version__, "numpy": numpy.__version__}
    lines = ",\n".join("    " + json.dumps(case) for case in cases)
    print('{\n  "made_with": %s,\n  "cases": [\n%s\n  ]\n}' % (json.dumps(made_with), lines))


main()
