"""`locate`: places for values that came without, by lines the offline engine reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from cvocr_lab.batch.rows import Count, finished_rows
from cvocr_lab.batch.run_spec import TIME_LIMIT_S, run_spec
from cvocr_lab.engines import Engine
from cvocr_lab.errors import NoDocumentError, unknown
from cvocr_lab.frames import LOCATED_COLUMN, Records, field_columns, restore
from cvocr_lab.frames.columns import triple, typed
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.kinds import TYPES
from cvocr_lab.locating import locate_values
from cvocr_lab.results import Extraction, Line


def locate(
    frame: pd.DataFrame,
    *,
    fields: Sequence[str] | None = None,
    again: bool = False,
    engine: str | Engine | Callable[..., object] = "local",
    workers: int | None = None,
    time_limit_s: float | None = TIME_LIMIT_S,
    progress: bool = True,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    store: str | PathLike[str] | None = None,
    **options: object,
) -> pd.DataFrame:
    """Give values that came without a place, such as the cloud's, their quads.

    The offline engine reads the lines of each picture (kind ``scan``), and every value is aligned
    to them letter by letter, marks and case folded away: a line that it misread is still found,
    and so is a value that the other engine misread.  Dates are looked for in every way papers
    print them, addresses over several lines.  Captions and the printed model tell fields of one
    value apart.  A QR code is no text and is left out.

    Parameters
    ----------
    frame
        A flat frame with the pictures' paths, or the pictures themselves.
    fields
        Fields to locate; None for all.
    again
        Whether to locate values that have a quad, too; it is replaced where the value is found.
    engine
        Who reads the lines, with their quads: by name, or open.
    workers, time_limit_s, progress, limits, fetch, store, options
        See `cvocr_lab.extract`.  With a store, the lines are read once and for all.

    Returns
    -------
    pandas.DataFrame
        The same rows under the same index: ``<field>_quad`` filled where a place was found, and
        ``ocr_located``, how: ``"id:located;name:fuzzy"``.  ``located``: found as it reads;
        ``fuzzy``: with other letters; ``ambiguous``: several places fit alike, the quad is the
        likeliest; ``not_found``: nowhere, which may mean that the value is made up.  Rows whose
        picture could not be read say nothing.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, or does not say where its pictures are.

    Warns
    -----
    RowsFailedWarning
        Pictures could not be read.

    Examples
    --------
    >>> import numpy as np
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.results import Document, Extraction, FieldValue, Line
    >>> class Lines:
    ...     name = "lines"
    ...
    ...     def extract(self, request):
    ...         quad = (0.0, 0.0, 300.0, 0.0, 300.0, 20.0, 0.0, 20.0)
    ...         return Extraction(lines=(Line("Ho va ten: TRAN AN", 0.9, quad),))
    >>> paper = Document("tcc", "front", {"name": FieldValue("TRẦN ÂN")})
    >>> picture = np.zeros((200, 320, 3), dtype=np.uint8)
    >>> answer = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": [picture]}))
    >>> found = locate(answer, engine=Lines(), progress=False)
    >>> found["ocr_located"].item(), found["name_quad"].item()[0] > 100
    ('name:located', True)
    """
    frame = restore(frame)
    wanted = _wanted(frame, fields)
    todo = _todo(frame, wanted, again=again)
    pictures = _pictures(Records(frame), list(todo))
    found: dict[int, dict[str, str]] = {}
    quads = {name: frame[f"{name}_quad"].tolist() for name in wanted}
    count = Count(sum(map(len, pictures.values())), kept=False)
    for page, of_page in pictures.items():
        spec = run_spec(
            pd.DataFrame({"image": pd.Series([s for s, _ in of_page], dtype=object)}),
            column="image",
            kind="scan",
            engine=engine,
            workers=workers,
            time_limit_s=time_limit_s,
            progress=progress,
            errors="coerce",
            base=None,
            pages=[page],
            limits=limits,
            fetch=fetch,
            store=store,
            retry_failed=False,
            options=options,
        )
        with closing(finished_rows(spec)) as read:
            for row in read:
                result = row.reading.result
                if not isinstance(result, Extraction | NoDocumentError):
                    count.add(row)
                    continue
                count.done += 1
                lines = result.lines if isinstance(result, Extraction) else ()
                for at in of_page[row.at][1]:
                    found[at] = _locate_row(frame, at, todo[at], lines, quads)
    count.warn(interrupted=False)
    return _with_places(frame, quads, found)


def _wanted(frame: pd.DataFrame, fields: Sequence[str] | None) -> list[str]:
    known = field_columns(frame.columns)
    for field in fields or ():
        if field not in known:
            raise unknown("field", field, known)
    return [f for f in known if f != "qr" and (fields is None or f in fields)]


def _todo(frame: pd.DataFrame, fields: Sequence[str], *, again: bool) -> dict[int, list[str]]:
    """For each row with any, the fields to locate."""
    todo: dict[int, list[str]] = {}
    for field in fields:
        there = frame[field].notna().to_numpy(bool)
        if not again:
            there = there & frame[f"{field}_quad"].isna().to_numpy(bool)
        for at in there.nonzero()[0].tolist():
            todo.setdefault(at, []).append(field)
    return dict(sorted(todo.items()))


_Pictures: TypeAlias = "dict[int, list[tuple[object, list[int]]]]"
"""By page, each picture with the rows that stand on it."""


def _pictures(records: Records, rows: Sequence[int]) -> _Pictures:
    made: dict[tuple[int, object], tuple[object, list[int]]] = {}
    for at in rows:
        source = records.source(at)
        name = str(source) if isinstance(source, str | Path) else id(source)
        made.setdefault((int(records.pages[at]), name), (source, []))[1].append(at)
    pictures: _Pictures = {}
    for (page, _), picture in made.items():
        pictures.setdefault(page, []).append(picture)
    return pictures


def _locate_row(
    frame: pd.DataFrame,
    at: int,
    fields: Sequence[str],
    lines: Sequence[Line],
    quads: dict[str, list[object]],
) -> dict[str, str]:
    """Put the quads of a row where they belong, and tell how each was found."""
    kind = TYPES.get(str(frame["ocr_type"].iat[at]))
    values = {field: str(frame[field].iat[at]) for field in fields}
    said: dict[str, str] = {}
    for field, place in locate_values(values, lines, kind).items():
        said[field] = place.how
        if place.quad is not None:
            quads[field][at] = place.quad
    return said


def _with_places(
    frame: pd.DataFrame, quads: dict[str, list[object]], found: dict[int, dict[str, str]]
) -> pd.DataFrame:
    before = frame[LOCATED_COLUMN].tolist() if LOCATED_COLUMN in frame else [None] * len(frame)
    told: list[object] = []
    for at, old in enumerate(before):
        said = dict(p.split(":", 1) for p in old.split(";")) if isinstance(old, str) else {}
        said |= found.get(at, {})
        told.append(";".join(f"{field}:{how}" for field, how in said.items()))
    columns = {triple(f)[2]: typed(values, "quad", frame.index) for f, values in quads.items()}
    return frame.assign(**columns, **{LOCATED_COLUMN: typed(told, "text", frame.index)})
