"""`compare`: two flat frames judged by one truth, and against each other."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cvocr_lab.scoring.comparison import Comparison
from cvocr_lab.scoring.score import score


def compare(
    a: pd.DataFrame,
    b: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    on: str | None = None,
    fields: Sequence[str] | None = None,
    names: tuple[str, str] = ("a", "b"),
    detect: float = 0.02,
) -> Comparison:
    """Compare two readings of the same pictures, field by field.

    Every difference is paired: both readers saw the same cards, so only cells on which they
    differ say anything, and far fewer cards are needed than by comparing two rates.

    Parameters
    ----------
    a, b
        Flat frames; what b does better counts as ``fixed``, what it does worse as ``broke``.
    truth, on, fields
        As for `score`.
    names
        What to call a and b.
    detect
        Smallest difference in the share exact that matters to you, 0 to 1.

    Raises
    ------
    ArgumentError
        As for `score`; or `detect` is no share, or both names are one.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> def read(*names):
    ...     papers = [Document("tcc_chip", "front", {"name": FieldValue(n)}) for n in names]
    ...     sources = pd.DataFrame({"image": [f"{n}.jpg" for n in range(len(names))]})
    ...     return to_frame([Reading(Extraction((p,))) for p in papers], sources)
    >>> truth = pd.DataFrame({"name": ["TRẦN ÂN"] * 9})
    >>> both = compare(read(*["TRẦN AN"] * 9), read(*["TRẦN ÂN"] * 9), truth)
    >>> both.fields.loc["name", "verdict"], len(both.fixed), len(both.broke)
    ('better', 9, 0)
    """
    judged = [score(frame, truth, on=on, fields=fields) for frame in (a, b)]
    return judged[0].compare(judged[1], names=names, detect=detect)
