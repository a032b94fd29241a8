"""A frozen score, and whether a new one has fallen behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError, DriftError
from cvocr_lab.files import replacing
from cvocr_lab.scoring.significance import holm

_COLUMNS: Final = ("card", "field", "correct", "edits", "chars")
_FALSE_ALARMS: Final = 0.05
"""Share of scores, all fields together, that may be called worse though the reader is as good."""

_SAME: Final = 0.9
"""Share of values that must be of the same cards for a paired comparison."""


def freeze(figures: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Write what `figures` gives to Parquet, mode 0600.

    Raises
    ------
    ArgumentError
        The name does not end in ``.parquet``.
    """
    path = Path(path)
    if path.suffix.lower() != ".parquet":
        raise ArgumentError(f"a frozen score is a .parquet file, not {path.name!r}")
    with replacing(path) as temporary:
        figures.to_parquet(temporary, index=False)


def figures(cells: pd.DataFrame, rows: pd.DataFrame, on: str | None) -> pd.DataFrame:
    """Say of each printed value whether it was read, and how far off; no value itself.

    Parameters
    ----------
    cells, rows
        Of a `Score`.
    on
        Column, or level of the index, that names the cards; None for the index.

    Returns
    -------
    pandas.DataFrame
        `card` (a hash of its name, type and side), `field`, `correct`, `edits`, `chars`.
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
    """Raise when a field is worse than in the frozen score by more than chance explains.

    Where the cards are the same, the exact test of McNemar compares what is right, and Wilcoxon's
    test the edits; otherwise Fisher's exact test and that of Mann and Whitney compare two samples.
    Holm's correction keeps false alarms to 5 % of all runs, however many fields there are.

    Parameters
    ----------
    now
        What `figures` says of the new score.

    Raises
    ------
    DriftError
        Fewer values of a field are exact, or they have more edits; or a field is no longer there.
    ArgumentError
        The file is no frozen score.
    """
    fell = fallen(_read(Path(path)), now)
    if len(fell):
        said = "; ".join(f"{field}: {_said(row)}" for field, row in fell.iterrows())
        raise DriftError(f"worse than {Path(path).name}: {said}", fell)


def fallen(frozen: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Test all fields, and give those that fell; see `guard`."""
    tests = pd.DataFrame(
        [test for field, then in frozen.groupby("field") for test in _tests(str(field), then, now)],
        columns=["field", "what", "was", "now", "p"],
    )
    tests["p"] = holm(tests["p"].tolist())
    return tests[tests["p"] < _FALSE_ALARMS].set_index("field")


def _tests(field: str, then: pd.DataFrame, now: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Test one field: its share exact, and its CER."""
    from scipy import stats

    now = now[now["field"] == field]
    if now.empty:
        yield {"field": field, "what": "", "was": 1.0, "now": np.nan, "p": 0.0}
        return
    both = then.merge(now, on="card", suffixes=("_then", "_now"))
    exact = {
        "field": field,
        "what": "exact",
        "was": then["correct"].mean(),
        "now": now["correct"].mean(),
    }
    cer = {"field": field, "what": "CER", "was": _cer(then), "now": _cer(now)}
    if len(both) >= _SAME * max(len(then), len(now)):
        broke = int((both["correct_then"] & ~both["correct_now"]).sum())
        fixed = int((~both["correct_then"] & both["correct_now"]).sum())
        gaps = (both["edits_now"] - both["edits_then"]).to_numpy(np.float64)
        p = stats.binomtest(broke, broke + fixed, alternative="greater").pvalue if broke else 1.0
        p_cer = stats.wilcoxon(gaps, alternative="greater").pvalue if (gaps > 0).any() else 1.0
    else:
        table = [[int((~x["correct"]).sum()), int(x["correct"].sum())] for x in (now, then)]
        p = stats.fisher_exact(table, alternative="greater").pvalue
        rates = [(x["edits"] / x["chars"]).to_numpy(np.float64) for x in (now, then)]
        p_cer = stats.mannwhitneyu(*rates, alternative="greater").pvalue
    yield exact | {"p": float(p)}
    yield cer | {"p": float(p_cer)}


def _cer(cells: pd.DataFrame) -> float:
    return float(cells["edits"].sum() / cells["chars"].sum())


def _said(row: pd.Series) -> str:
    if not row["what"]:
        return "not scored any more"
    digits = 2 if row["what"] == "CER" else 1
    chance = "p < 0.001" if row["p"] < 0.001 else f"p = {row['p']:.3f}"
    return f"{row['what']} {row['now']:.{digits}%}, was {row['was']:.{digits}%} ({chance})"


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
        raise ArgumentError(f"{path} is no frozen score of this version: freeze it anew")
    return frozen


def _cards(rows: pd.DataFrame, on: str | None) -> pd.Series:
    """Fingerprint of each row of the truth, whatever their order."""
    known = on is not None and on in rows
    names = rows[on].map(str) if known else pd.Series(map(str, rows.index), dtype=object)
    if on is not None and not known:
        names = pd.Series(map(str, rows.index.get_level_values(on)), dtype=object)
    parts = [names.reset_index(drop=True).astype(object)]
    parts += [
        rows[c].map(str).reset_index(drop=True) for c in ("type", "side", "page") if c in rows
    ]
    told = parts[0].str.cat(parts[1:], sep="\n") if len(parts) > 1 else parts[0]
    told = told + "\n" + told.groupby(told).cumcount().map(str)
    return told.map(lambda text: hashlib.blake2b(text.encode(), digest_size=12).hexdigest())
