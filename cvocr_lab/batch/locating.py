"""`locate`: find where values without a quad are printed, by reading the lines of the picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from cvocr_lab.batch.run import RowCounts, finished_rows
from cvocr_lab.batch.run_arguments import check_arguments, shows_run_arguments
from cvocr_lab.errors import NoDocumentError, unknown
from cvocr_lab.frames import LOCATED_COLUMN, Records, field_columns, restore
from cvocr_lab.frames.columns import as_column, triple
from cvocr_lab.kinds import TYPES
from cvocr_lab.locating import locate_values
from cvocr_lab.results import Extraction


@shows_run_arguments("data", "column", "kind", "base", "pages")
def locate(
    frame: pd.DataFrame,
    *,
    fields: Sequence[str] | None = None,
    again: bool = False,
    **arguments: Any,
) -> pd.DataFrame:
    """Fill in the quads of values that have none, such as the answers of the cloud engine.

    The offline engine reads the lines of each picture (kind ``scan``), and every value is aligned
    with them letter by letter, ignoring diacritics and case.  A value is found even if one of the
    two engines misread some of its letters.  Dates are searched in every form that papers print,
    addresses over several lines.  Captions and the printed layout distinguish fields with the
    same value.  QR codes are not text and are left out.

    Parameters
    ----------
    frame
        A flat frame with the paths of the pictures, or with the pictures themselves.
    fields
        Fields to locate; None for all.
    again
        Whether to locate values that already have a quad; it is replaced if the value is found.
    arguments
        See `cvocr_lab.extract`.  `engine` reads the lines with their quads.  With a store, the
        lines of a picture are read only once.

    Returns
    -------
    pandas.DataFrame
        The same rows with the same index.  ``<field>_quad`` is filled if the value was found, and
        ``ocr_located`` says how, for example ``"id:located;name:fuzzy"``: ``located``, as
        written; ``fuzzy``, with some other letters; ``ambiguous``, in several places, of which
        the likeliest is given; ``not_found``, nowhere, which may mean that the value is invented.
        It is empty for rows whose picture could not be read.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or does not contain its pictures or their paths.

    Warns
    -----
    RowsFailedWarning
        Some pictures could not be read.

    Examples
    --------
    >>> import numpy as np
    >>> from cvocr_lab.results import Extraction, Line
    >>> class Lines:
    ...     name = "lines"
    ...
    ...     def extract(self, request):
    ...         quad = (0.0, 0.0, 300.0, 0.0, 300.0, 20.0, 0.0, 20.0)
    ...         return Extraction(lines=(Line("Ho va ten: TRAN AN", 0.9, quad),))
    >>> picture = np.zeros((200, 320, 3), dtype=np.uint8)
    >>> answer = pd.DataFrame({"image": [picture], "ocr_type": ["tcc"], "name": ["TRẦN ÂN"]})
    >>> found = locate(answer, engine=Lines(), progress=False)
    >>> found["ocr_located"].item(), found["name_quad"].item()[0] > 100
    ('name:located', True)
    """
    frame = restore(frame)
    wanted = _wanted(frame, fields)
    todo = _todo(frame, wanted, again=again)
    pictures = _pictures(Records(frame), todo)
    found: dict[int, Mapping[str, str]] = {}
    quads: dict[str, list[object]] = {name: frame[f"{name}_quad"].tolist() for name in wanted}
    count = RowCounts(sum(map(len, pictures.values())), kept=False)
    for page, of_page in pictures.items():
        sources = pd.DataFrame({"image": pd.Series([s for s, _ in of_page], dtype=object)})
        run = check_arguments(sources, kind="scan", pages=[page], **arguments)
        with closing(finished_rows(run)) as read:
            for row in read:
                result = row.reading.result
                if not isinstance(result, Extraction | NoDocumentError):
                    count.add(row)
                    continue
                count.done += 1
                lines = result.lines if isinstance(result, Extraction) else ()
                for at in of_page[row.at][1]:
                    values = {field: str(frame[field].iat[at]) for field in todo[at]}
                    document_type = TYPES.get(str(frame["ocr_type"].iat[at]))
                    places = locate_values(values, lines, document_type)
                    found[at] = {field: place.how for field, place in places.items()}
                    for field, place in places.items():
                        if place.quad is not None:
                            quads[field][at] = place.quad
    count.warn(interrupted=False)
    return _with_places(frame, quads, found)


def _wanted(frame: pd.DataFrame, fields: Sequence[str] | None) -> list[str]:
    known = field_columns(frame.columns)
    for field in fields or ():
        if field not in known:
            raise unknown("field", field, known)
    return [f for f in known if f != "qr" and (fields is None or f in fields)]


def _todo(frame: pd.DataFrame, fields: Sequence[str], *, again: bool) -> dict[int, list[str]]:
    """Return the fields to locate by row, for rows that have any."""
    todo: dict[int, list[str]] = {}
    for field in fields:
        there = frame[field].notna().to_numpy(bool)
        if not again:
            there = there & frame[f"{field}_quad"].isna().to_numpy(bool)
        for at in there.nonzero()[0].tolist():
            todo.setdefault(at, []).append(field)
    return dict(sorted(todo.items()))


def _pictures(records: Records, rows: Iterable[int]) -> dict[int, list[tuple[object, list[int]]]]:
    """Return for each page number the pictures with the rows that were read from them."""
    made: dict[int, dict[object, tuple[object, list[int]]]] = {}
    for at in rows:
        source = records.source(at)
        name = str(source) if isinstance(source, str | Path) else id(source)
        of_page = made.setdefault(int(records.pages[at]), {})
        of_page.setdefault(name, (source, []))[1].append(at)
    return {page: list(pictures.values()) for page, pictures in made.items()}


def _with_places(
    frame: pd.DataFrame, quads: dict[str, list[object]], found: dict[int, Mapping[str, str]]
) -> pd.DataFrame:
    before = frame[LOCATED_COLUMN].tolist() if LOCATED_COLUMN in frame else [None] * len(frame)
    located: list[object] = []
    for at, old in enumerate(before):
        of_row = dict(p.split(":", 1) for p in old.split(";")) if isinstance(old, str) else {}
        of_row |= found.get(at, {})
        located.append(";".join(f"{field}:{how}" for field, how in of_row.items()))
    columns = {triple(f)[2]: as_column(values, "quad", frame.index) for f, values in quads.items()}
    return frame.assign(**columns, **{LOCATED_COLUMN: as_column(located, "text", frame.index)})
