"""Items and rows: what of a journal concerns which row of a flat frame."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from cvocr_lab import images
from cvocr_lab.errors import ArgumentError, CvocrError
from cvocr_lab.frames import READING_COLUMNS, REVIEWED_COLUMN, restore
from cvocr_lab.frames.columns import column_kinds, field_columns, triple, typed
from cvocr_lab.frames.flat import input_starts
from cvocr_lab.journal.decision import Item, plain_label
from cvocr_lab.journal.file import JournalWarning
from cvocr_lab.journal.fold import Input, Standing, digests, fold, namer
from cvocr_lab.journal.tables import Decisions, read_decisions

_OF_PAPER: Final = ("ocr_type", "ocr_side")
_UNREADABLE: Final = "###"
_Face = tuple[int, str, int]


def frame_items(
    frame: pd.DataFrame,
    *,
    column: str | Sequence[str] | None = None,
    base: str | PathLike[str] | None = None,
    sha256: bool | None = None,
) -> list[Item]:
    """Make the item of each row of a flat frame, `field` left open.

    Parameters
    ----------
    frame
        A flat frame.
    column
        The source column(s); None for those that stand there beside the results.
    base
        Folder that relative paths start from; None for the current one.
    sha256
        Whether to read the pictures' digests: True for all, which reads every file; None for
        pictures without a path only; False for none.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, or its source columns are not to be told; say `column`.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> paper = Document("tcc_chip", "front", {"name": FieldValue("TRẦN AN")})
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> item = frame_items(frame)[0]
    >>> item.source, item.type, item.side, item.page, item.nth
    ('a.jpg', 'tcc_chip', 'front', 1, 1)
    """
    of_fields = [name for field in field_columns(frame.columns) for name in triple(field)]
    frame = restore(frame.drop(columns=of_fields))
    columns = source_columns(frame, column)
    faces = zip(
        frame["ocr_type"].fillna("").tolist(),
        frame["ocr_side"].fillna("").tolist(),
        frame["ocr_page"].fillna(1).astype(int).tolist(),
        strict=True,
    )
    sources = zip(*(frame[c].tolist() for c in columns), strict=True)
    starts = set(input_starts(frame))
    seen: Counter[tuple[int, str]] = Counter()
    items: list[Item] = []
    for at, (label, parts, (kind, side, page)) in enumerate(
        zip(frame.index.tolist(), sources, faces, strict=True)
    ):
        if at in starts:
            seen.clear()
            texts = all(isinstance(part, str | Path) for part in parts)
            source = "\n".join(map(str, parts)) if texts else ""
            wanted = not texts if sha256 is None else sha256
            digest = _digest(parts, base) if wanted else ""
        seen[page, side] += 1
        items.append(Item(source, digest, plain_label(label), kind, side, page, seen[page, side]))
    return items


def source_columns(frame: pd.DataFrame, column: str | Sequence[str] | None = None) -> list[str]:
    """Find the column(s) of a flat frame that hold the pictures.

    Raises
    ------
    ArgumentError
        They are not to be told, or not there.
    """
    if column is not None:
        columns = [column] if isinstance(column, str) else list(column)
        for name in columns:
            if name not in frame.columns:
                raise ArgumentError(f"column {name!r} is not in the frame; say column=…")
        return columns
    results = column_kinds(frame.columns)
    others = [c for c in frame.columns if c not in results]
    for names in (["image"], ["front", "back"]):
        if set(names) <= set(others):
            return names
    if len(others) != 1:
        raise ArgumentError(f"which of the columns {others} holds the pictures? say column=…")
    return others


def apply(
    frame: pd.DataFrame,
    decisions: Decisions,
    *,
    column: str | Sequence[str] | None = None,
    match: Literal["path", "content"] = "path",
    base: str | PathLike[str] | None = None,
) -> pd.DataFrame:
    """Put what persons decided into a flat frame, whatever engine read it.

    Parameters
    ----------
    frame
        A flat frame; it is not changed.
    decisions
        A journal, several (they are merged), or decisions.
    column
        The source column(s); None for those that stand there beside the results.
    match
        ``"path"``: rows find their decisions by the path as written, and read a file only where
        a journal knows two pictures under one path.  ``"content"``: by the picture itself,
        wherever it lies now; reads every file.
    base
        Folder that relative paths start from; None for the current one.

    Returns
    -------
    pandas.DataFrame
        The same rows under the same index.  A confirmed or corrected value stands with
        confidence 1.0; an absent one is missing, without confidence and quad; an unreadable one
        is ``###``, as a truth says it.  Skipped, prefilled and disputed fields stay as the
        engine read them.  ``ocr_reviewed`` tells the state of every field that has one:
        ``"id:confirmed;name:disputed"``.  A failed row that a person read is no failure any
        more: its error is gone, its type, side and page are the decisions'.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, or there is no such journal.

    Warns
    -----
    JournalWarning
        Decisions speak of a face of a picture that has no such face in `frame`.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.journal import Decision
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> paper = Document("tcc_chip", "front", {"name": FieldValue("TRẦN AN", 0.6)})
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> item = Item("a.jpg", side="front", field="name")
    >>> reviewed = apply(frame, [Decision(item, "corrected", "TRẦN ÂN")])
    >>> reviewed[["name", "name_confidence", "ocr_reviewed"]].to_dict("records")
    [{'name': 'TRẦN ÂN', 'name_confidence': 1.0, 'ocr_reviewed': 'name:corrected'}]
    """
    if match not in ("path", "content"):
        raise ArgumentError(f"match is 'path' or 'content', not {match!r}")
    frame = restore(frame)
    found = read_decisions(decisions)
    by_input: defaultdict[Input, dict[_Face, list[Standing]]] = defaultdict(dict)
    for (of, page, side, nth, _), stands in fold(found).items():
        by_input[of].setdefault((page, side, nth), []).append(stands)
    doubtful = {source for source, known in digests(found).items() if len(known) > 1}
    items = frame_items(
        frame, column=column, base=base, sha256=True if match == "content" else None
    )
    name = namer(digests(found))
    cells = _Cells(frame)
    homeless = 0
    for begin, end in pairwise([*input_starts(frame), len(frame)]):
        item = items[begin]
        if item.source in doubtful and not item.sha256:
            parts = frame[source_columns(frame, column)].iloc[begin]
            item = replace(item, sha256=_digest(tuple(parts), base))
        of = name(item)
        if of not in by_input and item.sha256:
            of = name(replace(item, sha256=""))  # decided by somebody who knew the path only
        left = dict(by_input.get(of, {}))
        rows = range(begin, end)
        for at in rows:
            face = items[at].page, items[at].side, items[at].nth
            cells.put(at, left.pop(face, ()))
        if len(left) == len(rows) == 1 and not cells.touched(begin):
            # The engine took the side wrong, or failed: there is only one face this can mean.
            cells.put(begin, next(iter(left.values())))
            left = {}
        homeless += sum(map(len, left.values()))
    if homeless:
        text = f"{homeless} decisions are about faces that the frame has no row for; left out"
        warnings.warn(text, JournalWarning, stacklevel=2)
    return cells.frame()


class _Cells:
    """The columns of a frame as lists, and what is put into them."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        # A source or another column of the caller's is no field, whatever a journal says.
        self._closed = set(frame.columns) - set(column_kinds(frame.columns))
        self._columns: dict[str, list[object]] = {}
        self._fields: dict[str, None] = {}
        known = frame.get(REVIEWED_COLUMN)
        states = [None] * len(frame) if known is None else known.tolist()
        self._states: list[dict[str, str]] = [
            dict(part.split(":", 1) for part in s.split(";")) if isinstance(s, str) else {}
            for s in states
        ]
        self._touched: set[int] = set()

    def touched(self, at: int) -> bool:
        return at in self._touched

    def put(self, at: int, standings: Sequence[Standing]) -> None:
        """Put what was decided of one face into one row."""
        for standing in standings:
            field = standing.item.field
            if field in self._closed or (field.startswith("ocr_") and field not in _OF_PAPER):
                continue
            self._touched.add(at)
            if standing.state == "untouched":
                continue
            self._states[at][field] = standing.state
            if not standing.reviewed:
                continue
            value = _UNREADABLE if standing.state == "unreadable" else standing.value
            if field in _OF_PAPER:
                self._column(field)[at] = value
                continue
            self._fields[field] = None
            text, confidence, quad = triple(field)
            self._column(text)[at] = value
            certain = value is not None and standing.state != "unreadable"
            self._column(confidence)[at] = 1.0 if certain else None
            if value is None:
                self._column(quad)[at] = None
            self._clear_failure(at, standing.item)

    def frame(self) -> pd.DataFrame:
        """Put the columns together: new fields after the others, ``ocr_reviewed`` at the end."""
        result = self._frame.copy()
        for field in self._fields:
            for name in triple(field):
                if name not in result.columns:
                    first = min(result.columns.get_indexer(pd.Index(READING_COLUMNS)))
                    result.insert(int(first), name, None)
        states: list[object] = [";".join(f"{f}:{s}" for f, s in d.items()) for d in self._states]
        self._columns[REVIEWED_COLUMN] = states
        if REVIEWED_COLUMN not in result.columns:
            result[REVIEWED_COLUMN] = None
        kinds = column_kinds(result.columns)
        filled: Mapping[str, pd.Series] = {
            name: typed(self._columns.get(name, result[name].tolist()), kinds[name], result.index)
            for name in result.columns
            if name in self._columns or name in {c for f in self._fields for c in triple(f)}
        }
        return result.assign(**filled)

    def _column(self, name: str) -> list[object]:
        if name not in self._columns:
            there = name in self._frame.columns
            self._columns[name] = self._frame[name].tolist() if there else [None] * len(self._frame)
        return self._columns[name]

    def _clear_failure(self, at: int, item: Item) -> None:
        if pd.isna(self._column("ocr_error")[at]):  # type: ignore[call-overload]
            return
        known = {"ocr_type": item.type, "ocr_side": item.side, "ocr_page": item.page}
        for name, value in {**known, "ocr_error": None, "ocr_error_code": None}.items():
            self._column(name)[at] = value


def _digest(parts: Sequence[object], base: str | PathLike[str] | None) -> str:
    """The digests of an input's pictures; "" where one cannot be read."""
    try:
        return "\n".join(
            images.digest(part, base=None if base is None else Path(base)) for part in parts
        )
    except CvocrError:
        return ""
