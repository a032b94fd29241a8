"""`calibrate`: reliability of confidences, AUROC, Brier score, calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.scoring.intervals import SURE, Floats, clustered
from cvocr_lab.scoring.page import Displayed

_DRAWS: Final = 40_000_000
"""Values drawn in all resamples together: larger tables get fewer resamples."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Calibration(Displayed):
    """How well confidences agree with the share of right values.

    A value is right if its outcome is ``correct``, and not if it is ``wrong`` or ``invented``.
    Cells without a value or without a confidence are left out.

    Parameters
    ----------
    reliability
        One row per band of confidence: `n` values between `least` and `most`, `confidence` (their
        mean), `right` (share) with `low` and `high` (95 %, by cards).
    figures
        Rows ``auroc`` (probability that a right value has a higher confidence than another one),
        ``brier`` (mean square of confidence minus right), ``ece`` (mean difference of `confidence`
        and `right` over the bands), ``bias`` (mean confidence minus share right); columns `value`,
        `low` and `high` (95 %, bootstrap over cards).
    n, wrong, unknown
        Numbers of values, of those that are not right, and of values without a confidence.
    ece_by_luck
        Expected `ece` if all confidences were exactly true.
    """

    reliability: pd.DataFrame
    figures: pd.DataFrame
    n: int
    wrong: int
    unknown: int
    ece_by_luck: float

    def headline(self) -> str:
        """Return the figures in one line."""
        value = self.figures["value"]
        parts = [
            f"{self.n:,} values, {self.wrong:,} not right",
            *(
                f"{name} {value[key]:.3f}"
                for name, key in (("AUROC", "auroc"), ("Brier", "brier"), ("ECE", "ece"))
                if value[key] == value[key]
            ),
            f"ECE by luck alone {self.ece_by_luck:.3f}",
        ]
        if self.unknown:
            parts.append(f"{self.unknown:,} values without a confidence")
        return "; ".join(parts)

    def _shown(self) -> tuple[list[pd.DataFrame], str]:
        return [self.figures.round(3), self.reliability.round(3)], ""


def with_value(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with a value.

    An `ArgumentError` is raised if none of them has a confidence.
    """
    given = cells[cells["outcome"].isin(["correct", "wrong", "invented"])]
    if not given["confidence"].notna().any():
        raise ArgumentError(
            "no value has a confidence: the frame needs columns <field>_confidence that are filled"
        )
    return given


def calibrate(cells: pd.DataFrame, *, bins: int = 10, seed: int = 0) -> Calibration:
    """Compute how reliable the confidences of cells are; see `Score.calibration`."""
    if bins < 1:
        raise ArgumentError(f"bins must be at least 1, not {bins}")
    given = with_value(cells)
    known = given.dropna(subset="confidence")
    sure = known["confidence"].to_numpy(np.float64)
    right = known["outcome"].eq("correct").to_numpy()
    rows = known["row"].to_numpy(np.int64)
    edges = np.unique(np.quantile(sure, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    band = np.unique(np.searchsorted(edges, sure, side="left"), return_inverse=True)[1]
    level = np.unique(sure, return_inverse=True)[1]

    def figures(times: npt.NDArray[np.number]) -> dict[str, float]:
        """Compute the figures when each value counts this many times."""
        hits, misses = (np.bincount(level, times * which) for which in (right, ~right))
        above_misses = hits * (np.cumsum(misses) - misses / 2)  # ties count half
        pairs = hits.sum() * misses.sum()
        gaps = times * (sure - right)
        return {
            "auroc": above_misses.sum() / pairs if pairs else np.nan,
            "brier": (gaps * (sure - right)).sum() / times.sum(),
            "ece": _ece(band, gaps) / times.sum(),
            "bias": gaps.sum() / times.sum(),
        }

    exact = figures(np.ones(len(sure)))
    cards, card = np.unique(rows, return_inverse=True)
    draws = np.random.default_rng(seed)
    drawn = []
    for _ in range(int(np.clip(_DRAWS // len(sure), 200, 1000))):
        times = np.bincount(draws.integers(0, len(cards), len(cards)), minlength=len(cards))
        drawn.append(figures(times[card]))
    tails = pd.DataFrame(drawn).quantile([(1 - SURE) / 2, (1 + SURE) / 2])
    table = pd.DataFrame({"value": exact, "low": tails.iloc[0], "high": tails.iloc[1]})
    luck = np.random.default_rng(seed)
    by_luck = np.mean(
        [_ece(band, sure - (luck.random(len(sure)) < sure)) for _ in range(100)]
    ) / len(sure)
    values = pd.DataFrame({"sure": sure, "right": right, "n": 1, "band": band, "row": rows})
    reliability = values.groupby("band").agg(
        least=("sure", "min"), most=("sure", "max"), n=("n", "sum"),
        confidence=("sure", "mean"), right=("right", "mean"),
    )  # fmt: skip
    of_cards = values.groupby(["band", "row"])[["right", "n"]].sum()
    reliability["low"], reliability["high"] = clustered(
        of_cards["right"], of_cards["n"], of_cards.index.get_level_values(0), len(reliability)
    )
    return Calibration(
        reliability, table.rename_axis("figure"), len(sure), int((~right).sum()),
        len(given) - len(known), float(by_luck),
    )  # fmt: skip


def _ece(band: npt.NDArray[np.int64], gaps: Floats) -> float:
    """Sum the distances of confidence and correctness over the bands."""
    return float(np.abs(np.bincount(band, gaps)).sum())
