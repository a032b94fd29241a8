"""`compare`: compare several readings of the same pictures with one truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import overload

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Table
from cvocr_lab.scoring.comparison import Comparison
from cvocr_lab.scoring.readers import Readers
from cvocr_lab.scoring.score import score


@overload
def compare(
    a: pd.DataFrame,
    b: pd.DataFrame,
    truth: Table,
    *,
    on: str | None = ...,
    fields: str | Sequence[str] | None = ...,
    names: tuple[str, str] = ...,
    detect: float = ...,
) -> Comparison: ...
@overload
def compare(
    a: Mapping[str, pd.DataFrame],
    b: Table,
    *,
    on: str | None = ...,
    fields: str | Sequence[str] | None = ...,
    baseline: str | None = ...,
    detect: float = ...,
) -> Readers: ...
def compare(
    a: pd.DataFrame | Mapping[str, pd.DataFrame],
    b: Table,
    truth: Table | None = None,
    *,
    on: str | None = None,
    fields: str | Sequence[str] | None = None,
    names: tuple[str, str] = ("a", "b"),
    baseline: str | None = None,
    detect: float = 0.02,
) -> Comparison | Readers:
    """Compare readings of the same pictures, field by field.

    All comparisons are paired: the readers have read the same cards, so only the cells on which
    they differ count, and far fewer cards are needed than for comparing two rates.

    Parameters
    ----------
    a, b
        Two tables of readings; values that only b has right are ``fixed``, those that only a has
        right ``broke``.  For any number of readers, pass a dict of their tables by name, and the
        truth.
    truth, on, fields
        As for `score`.
    names
        Names of a and b.
    baseline
        With a dict: the reader that the others are compared with; None for the first.
    detect
        Smallest difference in the share of exact values that matters, 0 to 1.

    Returns
    -------
    Comparison or Readers
        For two tables, or for a dict.

    Raises
    ------
    ArgumentError
        As for `score`, or `detect` is not between 0 and 1, or names are equal or missing.

    Examples
    --------
    >>> truth = pd.DataFrame({"name": ["TRẦN ÂN"] * 9})
    >>> local, cloud = pd.DataFrame({"name": ["TRẦN AN"] * 9}), truth.copy()
    >>> both = compare(local, cloud, truth)
    >>> both.fields.loc["name", "verdict"], len(both.fixed), len(both.broke)
    ('better', 9, 0)
    >>> len(compare({"local": local, "cloud": cloud}, truth).only("cloud"))
    9
    """
    if not 0 < detect < 1:
        raise ArgumentError(f"detect must be between 0 and 1, not {detect}")
    if not isinstance(a, pd.DataFrame):
        if not isinstance(a, Mapping):
            raise ArgumentError("pass two tables, or a dict of the readers' tables by name")
        labels = b if truth is None else truth
        scores = {
            str(name): score(frame, labels, on=on, fields=fields) for name, frame in a.items()
        }
        base = None if baseline is None else str(baseline)
        return Readers.of(scores, baseline=base, detect=detect)
    if truth is None:
        raise ArgumentError("pass the truth: compare(a, b, truth), or a dict of readers by name")
    judged = [score(frame, truth, on=on, fields=fields) for frame in (a, b)]
    return judged[0].compare(judged[1], names=names, detect=detect)
