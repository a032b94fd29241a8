"""A frozen score, and whether a new one has fallen behind it."""

from __future__ import annotations

import hashlib
from os import PathLike
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError, DriftError
from cvocr_lab.files import replacing
from cvocr_lab.scoring.intervals import bootstrap, wilson

_COLUMNS: Final = ("n", "correct", "exact", "exact_low", "cer", "cer_high", "cards")


def freeze(cells: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Write what a score says of each field to Parquet, mode 0600: counts, no value of any card.

    Raises
    ------
    ArgumentError
        The name does not end in ``.parquet``.
    """
    path = Path(path)
    if path.suffix.lower() != ".parquet":
        raise ArgumentError(f"a frozen score is a .parquet file, not {path.name!r}")
    with replacing(path) as temporary:
        figures(cells).to_parquet(temporary)


def figures(cells: pd.DataFrame) -> pd.DataFrame:
    """Figures per field over the cells whose truth is present, with edges of their intervals."""
    rows = {}
    for field, of_field in cells[cells["chars"] > 0].groupby("field", observed=True):
        n, correct = len(of_field), int(of_field["outcome"].eq("correct").sum())
        sums = of_field[["edits", "chars"]].to_numpy(np.float64)
        rows[str(field)] = {
            "n": n,
            "correct": correct,
            "exact": correct / n,
            "exact_low": float(wilson(correct, n)[0]),
            "cer": float(sums[:, 0].sum() / sums[:, 1].sum()),
            "cer_high": bootstrap(sums, lambda t: t[:, 0] / t[:, 1])[1],
            "cards": _digest(of_field),
        }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(_COLUMNS)).infer_objects()
    table.index.name = "field"
    return table


def guard(cells: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Raise when a field fell below the frozen score by more than that score's interval.

    Raises
    ------
    DriftError
        A field's share exact lies below the lower end of its frozen 95 % interval, its CER above
        the upper end, or the field is no longer there.
    ArgumentError
        The file is no frozen score, or it was made of other cards.
    """
    frozen, now = _read(Path(path)), figures(cells)
    cards = frozen["cards"].to_dict()
    changed = [
        str(f) for f, these in now["cards"].to_dict().items() if cards.get(f, these) != these
    ]
    if changed:
        raise ArgumentError(
            f"the cards with {', '.join(changed)} are not those of {Path(path).name}: "
            "score the frozen cards, or freeze anew"
        )
    both = frozen.drop(columns="cards").join(now[["exact", "cer"]].add_suffix("_now"))
    said = {str(field): _said(row) for field, row in both.iterrows()}
    fallen = both[[bool(words) for words in said.values()]]
    if len(fallen):
        complaints = "; ".join(f"{field}: {words}" for field, words in said.items() if words)
        raise DriftError(f"worse than {Path(path).name}: {complaints}", fallen)


def _said(row: pd.Series) -> str:
    """What is worse in a field now; nothing where nothing is."""
    if not row["exact_now"] >= 0:
        return "not scored any more"
    if row["exact_now"] < row["exact_low"]:
        return (
            f"exact {row['exact_now']:.1%}, was {row['exact']:.1%} "
            f"(may not be under {row['exact_low']:.1%})"
        )
    if row["cer_now"] > max(row["cer"], row["cer_high"]):
        return (
            f"CER {row['cer_now']:.2%}, was {row['cer']:.2%} "
            f"(may not be over {row['cer_high']:.2%})"
        )
    return ""


def _read(path: Path) -> pd.DataFrame:
    try:
        frozen = pd.read_parquet(path)
    except FileNotFoundError:
        raise ArgumentError(
            f"there is no frozen score {path}; make one with Score.freeze"
        ) from None
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{path} is no frozen score ({type(error).__name__})") from None
    if not set(_COLUMNS) <= set(frozen.columns):
        raise ArgumentError(f"{path} is no frozen score: other columns")
    return frozen


def _digest(cells: pd.DataFrame) -> str:
    """Fingerprint of the cards that carry a field, whatever their order."""
    return hashlib.blake2b(
        "\n".join(sorted(map(str, cells.index))).encode(), digest_size=16
    ).hexdigest()
