"""Test whether a new score is significantly worse than a frozen one."""

from __future__ import annotations

import hashlib
import warnings
from math import ceil
from os import PathLike
from pathlib import Path
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError, DriftError, caller_stacklevel
from cvocr_lab.frames.sources import column_or_level
from cvocr_lab.scoring.intervals import Floats

Bools = npt.NDArray[np.bool_]

_COLUMNS: Final = ("card", "field", "correct", "edits", "chars")
_FALSE_ALARMS: Final = 0.05
"""Probability of a false alarm over all fields together, for a reader that is equally good."""

_LOST: Final = 0.1
_FOUND: Final = 0.95
"""Required probability of detecting a loss of `_LOST` in the share exact of a field."""

_TOGETHER: Final = "all fields"
_DRAWS: Final = 1999
_AT_ONCE: Final = 2_000_000
"""Number of permutations, and of labels in memory at a time."""

_SAME: Final = 0.9
"""Minimum share of values from the same cards for a paired comparison."""


class DriftWarning(UserWarning):
    """The baseline has other cards, and there are too few of them to detect the required loss."""


def figures(cells: pd.DataFrame, rows: pd.DataFrame, on: str | None) -> pd.DataFrame:
    """Return for each printed value whether it was read, and its edits, but not the value.

    Cards are represented by a hash of their name, type and side.
    """
    printed = cells[cells["chars"] > 0]
    return pd.DataFrame(
        {
            "card": _cards(rows, on).take(printed["row"].to_numpy()).array,
            "field": printed["field"].astype(str).array,
            "correct": printed["outcome"].eq("correct").array,
            "edits": printed["edits"].array,
            "chars": printed["chars"].array,
        }
    )


def guard(now: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Raise an error if a field is significantly worse than in the frozen score.

    The share exact and the CER are tested in each field and in all fields together.  If the cards
    are the same, each card is compared with itself by signs and signed ranks, as in the tests of
    McNemar and Wilcoxon; otherwise, two samples of cards are compared by shares and ranks.  The
    distribution under chance is obtained by permuting the labels of whole cards, and the largest
    of all differences counts (the max-T method of Westfall and Young).  At most 5 % of all runs
    give a false alarm, independent of the number of fields and of the correlation within a card.

    There is a `DriftWarning` if the cards differ from those of the frozen score, and are too few to
    detect a loss of 10 points in a single field; the message contains the number that is needed.
    """
    path = Path(path)
    frozen = _read(path)
    both = frozen.merge(now, on=["card", "field"])
    same = len(both) >= _SAME * max(len(frozen), len(now))
    fell = fallen(frozen, now, same=same)
    if len(fell):
        said = "; ".join(f"{field}: {_said(row)}" for field, row in fell.iterrows())
        raise DriftError(f"worse than {path.name}: {said}", fell)
    if not same and (few := _too_few(frozen, now)):
        warnings.warn(
            f"the cards are not those of {path.name}: {few}",
            DriftWarning,
            stacklevel=caller_stacklevel(),
        )


def fallen(frozen: pd.DataFrame, now: pd.DataFrame, *, same: bool) -> pd.DataFrame:
    """Test all fields, and return those that are worse; see `guard`."""
    then, later = (set(side["field"].unique()) for side in (frozen, now))
    gone, shared = sorted(then - later), sorted(then & later)
    found = pd.DataFrame({"what": "", "was": 1.0, "now": np.nan, "p": 0.0}, index=gone)
    if shared:
        sides = [_by_card(side[side["field"].isin(shared)]) for side in (frozen, now)]
        scores = _scores(*sides, same=same)
        tests = pd.Series(_chances(*scores), scores[0].columns).unstack("what")
        for name, row in tests[tests.min(axis=1) < _FALSE_ALARMS].iterrows():
            field = str(name)
            what = "exact" if row["exact"] <= row["CER"] else "CER"
            was, is_now = (_share(side, what, field) for side in sides)
            found.loc[field] = [what, was, is_now, row[what]]
    return found.rename_axis("field")


Sums = dict[str, pd.DataFrame]
"""Tables of `wrong`, `values`, `edits`, `chars`, with a row per card and a column per field."""


def _by_card(cells: pd.DataFrame) -> Sums:
    """Sum the figures by card and field, and by card over all fields if there are several."""
    figures = cells.assign(wrong=~cells["correct"], values=1)
    sums = figures.groupby(["card", "field"])[["wrong", "values", "edits", "chars"]].sum()
    found = {}
    for name, column in sums.items():
        table = column.unstack(fill_value=0)
        if len(table.columns) > 1:
            table[_TOGETHER] = table.sum(axis=1)
        found[str(name)] = table
    return found


def _share(by_card: Sums, what: str, field: str) -> float:
    sums = {name: float(table[field].sum()) for name, table in by_card.items()}
    return 1 - sums["wrong"] / sums["values"] if what == "exact" else sums["edits"] / sums["chars"]


def _scores(then: Sums, now: Sums, *, same: bool) -> tuple[pd.DataFrame, Bools | None]:
    """Return a table with a row per card and a column per test, and which cards are new.

    The larger the sum of a column over the new cards, the worse the new score.  If the cards are
    the `same`, they are compared one by one, and None are new.
    """
    if same:
        there = then["values"] * now["values"] > 0
        wrong, edits = ((now[what] - then[what]).where(there) for what in ("wrong", "edits"))
        ranks = edits.abs().where(edits != 0).rank() * np.sign(edits)
        new = None
    else:
        both = {what: pd.concat([then[what], now[what]]) for what in then}
        wrong = both["wrong"] - both["values"] * (both["wrong"].sum() / both["values"].sum())
        ranks = (both["edits"] / both["chars"]).rank()
        ranks -= ranks.mean()
        new = np.arange(len(ranks)) >= len(then["values"])
    table = pd.concat({"exact": wrong, "CER": ranks}, axis=1, names=["what", "field"])
    return table.fillna(0.0), new


def _chances(scores: pd.DataFrame, new: Bools | None) -> Floats:
    """Return the p value of each test, corrected for all tests (max-T)."""
    weights = scores.to_numpy()
    weights = weights if new is not None else weights[weights.any(axis=1)]
    draw = np.random.default_rng(0)
    label = np.ones(len(weights)) if new is None else new - new.mean()
    sums = [label @ weights]
    step = max(1, _AT_ONCE // max(len(weights), 1))
    for start in range(0, _DRAWS, step):
        shape = (min(step, _DRAWS - start), len(weights))
        labels = (
            draw.integers(0, 2, shape) * 2.0 - 1
            if new is None
            else draw.permuted(np.broadcast_to(label, shape), axis=1)
        )
        sums.extend(labels @ weights)
    drawn = np.array(sums)
    spread = np.sqrt((drawn**2).mean(axis=0))
    drawn = np.divide(drawn, spread, out=np.zeros_like(drawn), where=spread > 0)
    largest = drawn.max(axis=1, keepdims=True)
    # Equal values may differ by rounding.
    return np.asarray((largest >= drawn[0] - 1e-9).mean(axis=0))


def _too_few(frozen: pd.DataFrame, now: pd.DataFrame) -> str:
    """Return a message if there are too few values to detect a loss in one field, else "".

    It uses the usual sample size for comparing two shares, at the significance level divided by
    the number of fields.
    """
    fields = frozen.groupby("field")["correct"]
    was, before, after = fields.mean(), fields.size(), now.groupby("field").size()
    luck, power = map(NormalDist().inv_cdf, (1 - _FALSE_ALARMS / len(was), _FOUND))
    less = (was - _LOST).clip(lower=0)
    middle = (was + less) / 2
    apart = was * (1 - was) + less * (1 - less)
    needed = ((luck * (2 * middle * (1 - middle)) ** 0.5 + power * apart**0.5) / _LOST) ** 2
    lacking = needed * (1 / before + 1 / after) / 2
    field = str(lacking.idxmax())
    if not lacking[field] > 1:
        return ""
    return (
        f"to detect a loss of {_LOST * 100:.0f} points in {field} alone with a probability of "
        f"{_FOUND:.0%}, each score needs about {ceil(needed[field]):,} values, but they have "
        f"{before[field]:,} and {after[field]:,}; scoring the same cards again needs fewer"
    )


def _said(row: pd.Series) -> str:
    if not row["what"]:
        return "no longer scored"
    digits = 2 if row["what"] == "CER" else 1
    chance = "p < 0.001" if row["p"] < 0.001 else f"p = {row['p']:.3f}"
    return f"{row['what']} {row['now']:.{digits}%}, was {row['was']:.{digits}%} ({chance})"


def _read(path: Path) -> pd.DataFrame:
    try:
        frozen = pd.read_parquet(path)
    except FileNotFoundError:
        raise ArgumentError(
            f"there is no frozen score {path}: create one with Score.freeze"
        ) from None
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{path} is not a frozen score ({type(error).__name__})") from None
    if not set(_COLUMNS) <= set(frozen.columns):
        raise ArgumentError(f"{path} is not a frozen score of this version: freeze it again")
    return frozen


def _cards(rows: pd.DataFrame, on: str | None) -> pd.Series:
    """Return a hash of each row of the truth, independent of their order."""
    names = list(rows.index) if on is None else column_or_level(rows, on)
    told = [names, *(rows[c].tolist() for c in ("type", "side", "page") if c in rows)]
    each = pd.Series(
        ["\n".join(map(str, parts)) for parts in zip(*told, strict=True)], dtype=object
    )
    each += "\n" + each.groupby(each).cumcount().map(str).astype(object)
    return each.map(lambda text: hashlib.blake2b(text.encode(), digest_size=12).hexdigest())
