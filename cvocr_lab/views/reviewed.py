"""What a review says of the reader: its values judged, each with its chance of being reviewed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import TEXT
from cvocr_lab.journal import Decisions, Standing, fold, frame_items, read_decisions
from cvocr_lab.journal.decision import REVIEWED
from cvocr_lab.journal.fold import digests, namer, place_of
from cvocr_lab.text import comparison_key


def reviewed_values(
    frame: pd.DataFrame,
    queue: pd.DataFrame,
    decisions: Decisions,
) -> pd.DataFrame:
    """Judge the values of `frame` that persons have reviewed, for `accuracy_from_review`.

    Values reviewed for their rank stand for themselves.  Those drawn at random stand for all that
    nobody came to, but for the ones that the review has reached by rank meanwhile: they are
    themselves, too.  So the estimate is right wherever the review stopped.

    Parameters
    ----------
    frame
        The flat frame as the engine read it, without the decisions.
    queue
        Its `review_queue`, made with the arguments that the review had.
    decisions
        A journal, several, or decisions.

    Returns
    -------
    pandas.DataFrame
        One row per value that somebody confirmed or corrected: `row`, `field`, `right` (the
        engine's value was), `chance` (1 for those that stand for themselves) and `seconds`.

    Raises
    ------
    ArgumentError
        There is no such journal, or `queue` is none.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.journal import Decision, Item
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> from cvocr_lab.views.queue import review_queue
    >>> paper = Document("tcc_chip", "front", {"name": FieldValue("TRẦN AN", 0.6)})
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> said = Decision(Item("a.jpg", side="front", field="name"), "corrected", "TRẦN ÂN")
    >>> reviewed_values(frame, review_queue(frame), [said])[["field", "right", "chance"]]
      field  right  chance
    0  name  False     1.0
    """
    for name in ("row", "field", "value", "audit", "rank"):
        if name not in queue:
            raise ArgumentError(f"no queue such as review_queue gives: no column {name!r}")
    found = read_decisions(decisions)
    standings, name_of = fold(found), namer(digests(found))
    items = frame_items(frame)
    cells = zip(queue["row"].tolist(), queue["field"].tolist(), strict=True)
    there = [standings.get(place_of(items[row], name_of, field)) for row, field in cells]
    decided = np.array([s is not None and s.state not in ("untouched", "prefilled") for s in there])
    judged = [at for at, s in enumerate(there) if s is not None and s.state in REVIEWED]
    judged = [at for at in judged if _standing(there[at]).state != "unreadable"]
    values = queue["value"].fillna("").tolist()
    right = [_says(_standing(there[at]), values[at]) for at in judged]

    drawn, rank = queue["audit"].to_numpy(bool), queue["rank"].to_numpy()
    waiting = rank[~drawn & ~decided]
    reached = waiting.min() if len(waiting) else len(queue)
    drawn = drawn & (rank >= reached)
    others = int((~decided | drawn).sum())
    chance = np.where(drawn, (drawn & decided).sum() / max(others, 1), 1.0)
    return pd.DataFrame(
        {
            "row": queue["row"].to_numpy()[judged],
            "field": pd.Series(queue["field"].to_numpy(object)[judged], dtype=TEXT),
            "right": pd.Series(right, dtype=bool),
            "chance": chance[judged],
            "seconds": [_seconds(_standing(there[at])) for at in judged],
        }
    )


def _standing(standing: Standing | None) -> Standing:
    assert standing is not None
    return standing


def _says(standing: Standing, value: str) -> bool:
    return comparison_key(standing.value or "") == comparison_key(value)


def _seconds(standing: Standing) -> float:
    spent = standing.decisions[-1].seconds if standing.decisions else None
    return float("nan") if spent is None else spent
