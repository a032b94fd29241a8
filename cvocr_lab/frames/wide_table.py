"""`wide`: one row per input, with the faces of a paper side by side."""

from __future__ import annotations

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames.columns import (
    CLEANED,
    INPUT_COLUMNS,
    as_text,
    column_types,
    columns_without_values,
    field_columns,
    restore,
    triple,
)
from cvocr_lab.frames.records import Records

_FIRST = {"front": 0, "back": 1}


def wide(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the faces of each input side by side: ``front_id``, ``back_date``, ``front_ocr_type``.

    Columns of papers without sides have no prefix.  A second paper with the same side gets the
    prefix ``front2_``, ``back2_`` or ``document2_``.  Columns about the whole input
    (``ocr_engine``, ``ocr_error`` …) have no prefix.  A failed input is a row with its error.

    Parameters
    ----------
    frame
        A flat frame.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or the rows of a pair in it have different labels.

    Examples
    --------
    >>> front = {"ocr_type": "tcc_chip", "ocr_side": "front", "id": "001090000001"}
    >>> back = {"ocr_type": "matsautcc_chip", "ocr_side": "back", "date": "01/02/2022"}
    >>> frame = pd.DataFrame([front, back], index=[0, 0]).assign(front="a.jpg", back="b.jpg")
    >>> wide(frame)[["front_id", "back_date"]].to_dict("records")
    [{'front_id': '001090000001', 'back_date': '01/02/2022'}]
    """
    given = set(frame.columns)
    frame = restore(frame)
    kinds = column_types(frame.columns)
    cleaned = [c for c in frame.columns if c not in kinds and CLEANED.fullmatch(str(c))]
    sources = [c for c in frame.columns if c not in kinds and c not in cleaned]
    records = Records(frame)
    sides = as_text(frame["ocr_side"])
    _check_whole(records, sides)
    faces = pd.DataFrame({"input": records.inputs, "side": sides})[~records.failed]
    faces["nth"] = faces.groupby(["input", "side"]).cumcount()

    inputs = frame.take(records.firsts)
    blocks = []
    places = faces[["nth", "side"]].drop_duplicates().itertuples(index=False, name=None)
    for nth, side in sorted(places, key=lambda place: (place[0], _FIRST.get(place[1], 2))):
        of_input = faces["input"][(faces["nth"] == nth) & (faces["side"] == side)]
        block = frame.take(of_input.index)
        block = block[_columns(block, given, cleaned)].set_axis(of_input, axis=0)
        block = block.reindex(range(len(inputs))).set_axis(inputs.index, axis=0)
        name = f"{side or 'document'}{nth + 1}" if nth else side
        blocks.append(block.add_prefix(f"{name}_") if name else block)
    return pd.concat([inputs[sources], *blocks, inputs[list(INPUT_COLUMNS)]], axis=1)


def _check_whole(records: Records, sides: pd.Series) -> None:
    """Refuse pairs whose front and back have become different inputs, with changed labels."""
    lone: dict[tuple[str, object], set[str]] = {}
    for row, found in zip(records.firsts, sides.groupby(records.inputs).agg(set), strict=True):
        if found in ({"front"}, {"back"}) and (origin := records.origin(row)):
            lone.setdefault((origin, records.engines[row]), set()).update(found)
    split = sum(len(found) == 2 for found in lone.values())
    if split:
        raise ArgumentError(
            f"the front and the back of {split} pair{'s' if split > 1 else ''} have different "
            "index labels, for example after reset_index: give both rows of a pair the same label, "
            "or call wide before reset_index"
        )


def _columns(rows: pd.DataFrame, given: set[str], cleaned: list[str]) -> list[str]:
    """Return the columns to show: fields of the rows' types, and other fields with values.

    Confidences and quads that the frame did not have are left out.  The cleaned columns of a field
    follow it.
    """
    left_out = {*INPUT_COLUMNS, "ocr_side", *columns_without_values(rows, rows["ocr_type"])}
    fields = field_columns(rows.columns)
    left_out |= {c for f in fields for c in triple(f)[1:] if c not in given}
    made = []
    for name in column_types(rows.columns):
        if name not in left_out:
            made.append(name)
            made += [c for c in cleaned if c.startswith(f"{name}_clean")]
    return [*made, *(c for c in cleaned if c == "clean_flags")]
