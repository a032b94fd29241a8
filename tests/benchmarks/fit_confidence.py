"""Fits the weights of ``cvocr_lab/data/confidence.json``.

Run: ``python tests/benchmarks/fit_confidence.py --count 600``.  Seeds 700000 to 799999 belong to
this fit: the first two thirds of the pictures fit the weights, the last third prints how well
the chances hold (mean chance against share right, by tenth).
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from documents import TIERS, _engine, _match
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cvocr_lab.synth.generate import Tier

FIRST_SEED = 700_000


def _one(job: tuple[str, Tier, int]) -> list[tuple[tuple[float, ...], bool]]:
    from cvocr_lab import images
    from cvocr_lab.engines import Request
    from cvocr_lab.engines.local import confidence
    from cvocr_lab.errors import RowError
    from cvocr_lab.synth import generate
    from cvocr_lab.text import comparison_key

    type_, tier, seed = job
    sample = generate(type_, seed=seed, tier=tier, pool="valid")
    seen: list[tuple[str, str, tuple[float, ...]]] = []
    plain = confidence.chance

    def recording(field: Any, reading: Any, *, proven: bool, agrees: Any, zone: Any) -> float:
        if not proven and field.source == "print" and field.name != "mrz":
            looked_at = confidence.features(field, reading, agrees=agrees)
            seen.append((field.name, reading.text, looked_at))
        return plain(field, reading, proven=proven, agrees=agrees, zone=zone)

    confidence.chance = recording
    try:
        image = images.load(np.ascontiguousarray(sample.image))
        found = list(_engine("own").extract(Request((image,), "id_any")).documents)
    except RowError:
        found = []
    finally:
        confidence.chance = plain
    if len(sample.truths) != 1 or len(found) != 1 or _match(sample.truths[0], found) is None:
        return []
    truth = sample.truths[0].fields
    return [
        (looked_at, comparison_key(truth.get(name, "")) == comparison_key(text))
        for name, text, looked_at in seen
    ]


def fit(
    x: NDArray[np.float64], y: NDArray[np.float64], *, ridge: float = 1.0
) -> NDArray[np.float64]:
    """Weights of a logistic model by Newton's method."""
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (y - p) - ridge * w
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge * np.eye(len(w))
        step = np.linalg.solve(hessian, gradient)
        w += step
        if np.abs(step).max() < 1e-6:
            break
    return w


def main() -> None:
    """Fit, print the reliability, write the weights."""
    from cvocr_lab.engines.local import confidence
    from cvocr_lab.kinds import TYPES

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("cvocr_lab/data/confidence.json"))
    args = parser.parse_args()
    names = tuple(TYPES)
    jobs = [
        (names[i % len(names)], TIERS[i // len(names) % len(TIERS)], FIRST_SEED + i)
        for i in range(args.count)
    ]
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        groups = list(pool.map(_one, jobs, chunksize=4))
    cut = len(groups) * 2 // 3
    parts = [[pair for g in half for pair in g] for half in (groups[:cut], groups[cut:])]
    (x, y), (xv, yv) = (
        (np.array([f for f, _ in part]), np.array([float(ok) for _, ok in part])) for part in parts
    )
    w = fit(x, y)
    p = 1 / (1 + np.exp(-xv @ w))
    print(f"fitted on {len(y)} values, {100 * y.mean():.1f} % right; held out {len(yv)}")
    for low in np.arange(0, 1, 0.1):
        inside = (p >= low) & (p < low + 0.1 + (low > 0.85))
        if inside.any():
            shown = f"mean chance {p[inside].mean():.3f}  right {yv[inside].mean():.3f}"
            print(f"{low:.1f}-{low + 0.1:.1f}: n {inside.sum():5d}  {shown}")
    print(f"Brier {np.mean((p - yv) ** 2):.4f}, base {np.mean((yv.mean() - yv) ** 2):.4f}")
    weights = dict(zip(confidence.FEATURES, np.round(w, 4).tolist(), strict=True))
    args.out.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
