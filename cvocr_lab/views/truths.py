"""A truth laid beside the rows of a flat frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from rapidfuzz.distance import Levenshtein

from cvocr_lab.frames import TEXT, restore
from cvocr_lab.scoring.columns import as_truth, chosen_fields, refuse_numbers
from cvocr_lab.scoring.matching import match
from cvocr_lab.scoring.texts import as_text
from cvocr_lab.scoring.truths import accepted

UNREADABLE = "###"


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with its index, and with types and sides as text; what else it holds stays as it is.

    To restore every column of 100,000 rows takes longer than a person waits.

    Raises
    ------
    ArgumentError
        It is no flat frame.
    """
    restore(frame.head(0))  # says what is no flat frame
    if any(str(column).startswith("ocr_index") for column in frame.columns):
        return restore(frame)
    texts = {column: as_text(frame[column]).array for column in ("ocr_type", "ocr_side")}
    attempts = pd.to_numeric(frame["ocr_attempts"], errors="coerce").astype("Int64")
    return frame.assign(**texts, ocr_attempts=attempts)


def truth_beside(
    frame: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    on: str | None = None,
    fields: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Lay a truth beside a flat frame, matched as `cvocr_lab.score` matches them.

    Parameters
    ----------
    frame
        A flat frame.
    truth
        A column per field as printed; see `cvocr_lab.score`.
    on
        Column of both that says which rows belong together; None for the index.
    fields
        Fields to take; None for every field the truth has a column for.

    Returns
    -------
    pandas.DataFrame
        For each row of `frame`, in its order and under a fresh index: a column per field ("" for
        absent; of several accepted texts the first), and `row`, the position in the truth, -1
        where the truth has none; there the fields are missing.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, a column is missing, or one holds numbers instead of text.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> paper = Document("tcc_chip", "front", {"name": FieldValue("TRẦN AN")})
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> truth_beside(frame, pd.DataFrame({"name": ["TRẦN ÂN"]})).to_dict("records")
    [{'row': 0, 'name': 'TRẦN ÂN'}]
    """
    frame = readable(frame)
    truth = as_truth(truth)
    chosen = chosen_fields(frame, truth, fields, on)
    for table in (frame, truth):
        refuse_numbers(table, chosen)
    both = [field for field in chosen if field in frame]
    wanted = {field: accepted(truth, field, ())[0].texts for field in chosen}
    labels: list[list[str]] = [wanted[field].tolist() for field in both]
    read: list[list[str]] = [as_text(frame[field]).tolist() for field in both]

    def likeness(row: int, at: int) -> float:
        pairs = ((own[row], theirs[at]) for own, theirs in zip(labels, read, strict=True))
        return float(sum(Levenshtein.normalized_similarity(t, v) for t, v in pairs if t and v))

    matching = match(frame, truth, on=on, likeness=likeness)
    rows = np.full(len(frame), -1, np.int64)
    answered = matching.first >= 0
    rows[matching.first[answered]] = np.flatnonzero(answered)
    for row, others in matching.more.items():
        rows[list(others)] = row
    beside: dict[str, object] = {"row": rows}
    for field in chosen:
        texts = wanted[field].to_numpy(object)
        found = texts[rows] if len(texts) else np.full(len(rows), None, object)
        found = found.astype(object)
        found[rows < 0] = None
        beside[field] = pd.Series(found, dtype=TEXT)
    return pd.DataFrame(beside)
