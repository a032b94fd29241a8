"""`reviewed_values`: which reviewed values were right, and their probability of selection."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import TEXT
from cvocr_lab.journal import Decisions, fold, frame_items, read_decisions
from cvocr_lab.journal.decision import REVIEWED
from cvocr_lab.journal.fold import digests, input_namer, item_key
from cvocr_lab.text import comparison_key


def reviewed_values(
    frame: pd.DataFrame,
    queue: pd.DataFrame,
    decisions: Decisions,
) -> pd.DataFrame:
    """List the reviewed values of `frame`, as input for `accuracy_from_review`.

    A value that was reviewed because of its rank represents only itself.  A value drawn at random
    represents all values that have not been reviewed, unless the review has reached it by its rank
    as well.  This makes the estimate unbiased at whatever point the review stopped.

    Parameters
    ----------
    frame
        The flat frame as read by the engine, without decisions.
    queue
        The `review_queue` of the frame, with the same arguments as in the review.
    decisions
        A journal, several journals, or decisions.

    Returns
    -------
    pandas.DataFrame
        One row per value that was confirmed or corrected: `row`, `field`, `right` (whether the
        value of the engine was right), `chance` (probability of selection; 1 for a value that
        represents only itself) and `seconds`.

    Raises
    ------
    ArgumentError
        The journal does not exist, or `queue` is not a review queue.

    Examples
    --------
    >>> from cvocr_lab.journal import Decision, Item
    >>> from cvocr_lab.views.queue import review_queue
    >>> paper = {"image": "a.jpg", "ocr_type": "tcc_chip", "ocr_side": "front", "name": "TRẦN AN"}
    >>> frame = pd.DataFrame([paper])
    >>> said = Decision(Item("a.jpg", side="front", field="name"), "corrected", "TRẦN ÂN")
    >>> reviewed_values(frame, review_queue(frame), [said])[["field", "right", "chance"]]
      field  right  chance
    0  name  False     1.0
    """
    for name in ("row", "field", "value", "audit", "rank"):
        if name not in queue:
            raise ArgumentError(f"queue is not from review_queue: it has no column {name!r}")
    found = read_decisions(decisions)
    standings, name_of = fold(found), input_namer(digests(found))
    items = frame_items(frame)
    cells = zip(queue["row"].tolist(), queue["field"].tolist(), strict=True)
    there = [standings.get(item_key(items[row], name_of, field)) for row, field in cells]
    decided = np.array([s is not None and s.state not in ("untouched", "prefilled") for s in there])
    known = [
        (at, standing)
        for at, standing in enumerate(there)
        if standing is not None and standing.state in REVIEWED - {"unreadable"}
    ]
    judged = [at for at, _ in known]
    values = queue["value"].fillna("").tolist()
    right = [comparison_key(s.value or "") == comparison_key(values[at]) for at, s in known]
    spent = [s.decisions[-1].seconds if s.decisions else None for _, s in known]

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
            "seconds": pd.Series(spent, dtype="float64"),
        }
    )
