"""Whether confidences mean what they say: reliability, AUROC, Brier score, calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.scoring.intervals import SURE, Floats, clustered

_LEVELS: Final = 2048
"""Confidences are told apart this finely when resampling; the figures themselves are exact."""

_DRAWS: Final = 40_000_000
"""Values drawn in all when resampling: fewer resamples of larger tables."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Calibration:
    """Confidences of given values against how often they were right.

    A value is right when its outcome is ``correct``; ``wrong`` and ``invented`` are not.  Cells
    without a value or without a confidence do not count.

    Parameters
    ----------
    reliability
        One row per band of confidence: `n` values between `least` and `most`, `confidence` (their
        mean), `right` (share) with `low` and `high` (Wilson, 95 %).
    figures
        Rows ``auroc`` (chance that a right value has more confidence than a wrong one), ``brier``
        (mean square of confidence minus right), ``ece`` (mean distance of `confidence` and
        `right` over the bands), ``bias`` (mean confidence minus share right); columns `value`,
        `low` and `high` (95 %, bootstrap over cards).
    n, wrong, unknown
        Values judged, those of them not right, and values given without a confidence.
    ece_by_luck
        What `ece` would be on average here if every confidence were exactly true.
    """

    reliability: pd.DataFrame
    figures: pd.DataFrame
    n: int
    wrong: int
    unknown: int
    ece_by_luck: float

    def headline(self) -> str:
        """Say in one line how far the confidences can be trusted."""
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

    def __repr__(self) -> str:
        shown = "{:.3f}".format
        return (
            f"Calibration: {self.headline()}\n{self.figures.to_string(float_format=shown)}\n"
            f"{self.reliability.to_string(float_format=shown)}"
        )

    def _repr_html_(self) -> str:
        shown = "{:.3f}".format
        return (
            f"<div><p><b>Calibration</b>: {escape(self.headline())}</p>"
            f"{self.figures.to_html(float_format=shown)}"
            f"{self.reliability.to_html(float_format=shown)}</div>"
        )


def with_confidence(cells: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Cells that have a value and a confidence, and how many have a value only.

    Raises
    ------
    ArgumentError
        No value has a confidence.
    """
    given = cells[cells["outcome"].isin(["correct", "wrong", "invented"])]
    known = given["confidence"].notna() if "confidence" in given else pd.Series(False, given.index)
    if not known.any():
        raise ArgumentError(
            "no value has a confidence: the frame needs columns <field>_confidence that are filled"
        )
    return given[known], int((~known).sum())


def calibrate(cells: pd.DataFrame, *, bins: int = 10, seed: int = 0) -> Calibration:
    """Judge the confidences of cells.

    Parameters
    ----------
    cells
        Of a `Score`.
    bins
        Bands of about equal count; equal confidences stay in one band, so there may be fewer.

    Raises
    ------
    ArgumentError
        No value has a confidence, or `bins` is below 1.
    """
    if bins < 1:
        raise ArgumentError(f"at least one band is needed, not {bins}")
    known, unknown = with_confidence(cells)
    sure = known["confidence"].to_numpy(np.float64)
    right = known["outcome"].eq("correct").to_numpy()
    band = _bands(sure, bins)
    level, levels = _leveled(sure)
    histograms = _Histograms(levels, _band_of_level(level, band, len(levels)))
    exact = {
        "auroc": _auroc(sure, right),
        "brier": float(np.mean((sure - right) ** 2)),
        "ece": _ece(band, sure, right),
        "bias": float(np.mean(sure) - np.mean(right)),
    }
    drawn = _resampled(histograms, level, right, known["row"].to_numpy(), seed)
    edges = [(1 - SURE) / 2, (1 + SURE) / 2]
    table = pd.DataFrame(
        [[exact[k], *_quantiles(drawn[k], edges)] for k in exact],
        index=pd.Index(list(exact), name="figure"),
        columns=pd.Index(["value", "low", "high"]),
    )
    luck = np.random.default_rng(seed)
    by_luck = np.mean([_ece(band, sure, luck.random(len(sure)) < sure) for _ in range(100)])
    return Calibration(
        _reliability(band, sure, right, known["row"].to_numpy(np.int64)), table, len(sure),
        int((~right).sum()), unknown,
        float(by_luck),
    )  # fmt: skip


def _bands(sure: Floats, bins: int) -> npt.NDArray[np.int64]:
    """Band of each value: about equal counts, equal confidences together."""
    edges = np.unique(np.quantile(sure, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    found = np.searchsorted(edges, sure, side="left")
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _reliability(
    band: npt.NDArray[np.int64],
    sure: Floats,
    right: npt.NDArray[np.bool_],
    rows: npt.NDArray[np.int64],
) -> pd.DataFrame:
    values = pd.DataFrame({"sure": sure, "right": right}).groupby(band)
    table = pd.DataFrame(
        {
            "least": values["sure"].min(),
            "most": values["sure"].max(),
            "n": values.size(),
            "confidence": values["sure"].mean(),
            "right": values["right"].mean(),
        }
    )
    of_cards = pd.DataFrame({"right": right, "n": 1}).groupby([band, rows]).sum()
    table["low"], table["high"] = clustered(
        of_cards["right"], of_cards["n"], of_cards.index.get_level_values(0), len(table)
    )
    table.index.name = "band"
    return table


def _ece(band: npt.NDArray[np.int64], sure: Floats, right: npt.NDArray[np.bool_]) -> float:
    gaps = np.bincount(band, sure) - np.bincount(band, right)
    return float(np.abs(gaps).sum() / len(sure))


def _auroc(sure: Floats, right: npt.NDArray[np.bool_]) -> float:
    level = np.unique(sure, return_inverse=True)[1]
    return float(_chance_of_order(_counts(level, right), _counts(level, ~right))[0])


def _counts(level: npt.NDArray[np.int64], which: npt.NDArray[np.bool_]) -> Floats:
    return np.bincount(level, which).astype(np.float64)[None]


def _chance_of_order(right: Floats, wrong: Floats) -> Floats:
    """Chance that a right value stands above a wrong one (ties half), from counts per level."""
    below = np.cumsum(wrong, axis=1) - wrong
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs: Floats = right.sum(axis=1) * wrong.sum(axis=1)
        return np.asarray((right * (below + wrong / 2)).sum(axis=1) / pairs, np.float64)


def _leveled(sure: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """Level of each value and the confidence of each level, ascending."""
    levels, level = np.unique(sure, return_inverse=True)
    if len(levels) <= _LEVELS:
        return level.astype(np.int64), levels
    cut = np.unique(np.quantile(sure, np.linspace(0, 1, _LEVELS + 1)[1:-1]))
    level = np.unique(np.searchsorted(cut, sure, side="left"), return_inverse=True)[1]
    return level.astype(np.int64), np.bincount(level, sure) / np.bincount(level)


def _band_of_level(
    level: npt.NDArray[np.int64], band: npt.NDArray[np.int64], levels: int
) -> npt.NDArray[np.int64]:
    found = np.zeros(levels, np.int64)
    found[level] = band
    return found


@dataclass(frozen=True, slots=True)
class _Histograms:
    """Figures from counts of right and wrong values per level, a row per resample."""

    levels: Floats
    band: npt.NDArray[np.int64]

    def figures(self, right: Floats, wrong: Floats) -> dict[str, Floats]:
        both = right + wrong
        n = both.sum(axis=1)
        gaps = both * self.levels - right
        starts = np.flatnonzero(np.r_[True, np.diff(self.band) > 0])
        return {
            "auroc": _chance_of_order(right, wrong),
            "brier": (right * (1 - self.levels) ** 2 + wrong * self.levels**2).sum(axis=1) / n,
            "ece": np.abs(np.add.reduceat(gaps, starts, axis=1)).sum(axis=1) / n,
            "bias": gaps.sum(axis=1) / n,
        }


def _resampled(
    histograms: _Histograms,
    level: npt.NDArray[np.int64],
    right: npt.NDArray[np.bool_],
    rows: npt.NDArray[np.int64],
    seed: int,
) -> dict[str, Floats]:
    cards, card = np.unique(rows, return_inverse=True)
    draws = np.random.default_rng(seed)
    size = len(histograms.levels)
    place = level + size * right
    found = []
    for _ in range(int(np.clip(_DRAWS // len(level), 200, 1000))):
        times = np.bincount(draws.integers(0, len(cards), len(cards)), minlength=len(cards))
        counts = np.bincount(place, times[card], 2 * size).astype(np.float64)
        if counts.any():
            found.append(histograms.figures(counts[None, size:], counts[None, :size]))
    return {key: np.concatenate([f[key] for f in found]) for key in found[0]}


def _quantiles(values: Floats, edges: list[float]) -> list[float]:
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return [float("nan")] * len(edges)
    return [float(q) for q in np.quantile(values, edges)]
