"""`extract` with ``chunksize``: frames of a fixed number of rows, for very long columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

import pandas as pd

from cvocr_lab.batch.run import RowCounts, Window, finished_rows
from cvocr_lab.batch.run_arguments import RunArguments
from cvocr_lab.errors import BatchError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.kinds import field_order

_AHEAD: Final = 4
"""Chunks that may be read ahead of a slow row."""

_FAR: Final = 1_000
"""Rows that may always be read ahead, so that no worker is idle when chunks are small."""

_REMEMBERED: Final = 1_000
"""Readings kept to recognise equal pictures when there is no store."""


def chunks(run: RunArguments, size: int) -> Iterator[pd.DataFrame]:
    """Yield the frames of a checked call with ``chunksize=size``."""
    fields = ("text",) if run.template.kind == "scan" else field_order()
    count = RowCounts(len(run.sources), kept=run.store is not None and not run.retry_failed)
    ready: dict[int, Reading] = {}
    begin = 0  # first row of the next frame
    first = 0  # first unfinished row
    window = Window(max(_AHEAD * size, _FAR))
    interrupted = False
    try:
        with closing(finished_rows(run, remember=_REMEMBERED, window=window)) as rows:
            for row in rows:
                ready[row.at] = row.reading
                count.add(row)
                while first in ready:
                    first += 1
                window.move(first)
                while begin + size <= first:
                    yield frame_of(ready, range(begin, begin + size), run, fields)
                    begin += size
    except BatchError as error:
        error.partial = frame_of(ready, sorted(ready), run, fields)
        raise
    except KeyboardInterrupt:
        interrupted = True
    if ready or run.sources.empty:
        yield frame_of(ready, sorted(ready), run, fields)
    count.warn(interrupted=interrupted)


def frame_of(
    ready: dict[int, Reading], order: Sequence[int], run: RunArguments, fields: Sequence[str] | None
) -> pd.DataFrame:
    """Build the frame of these rows and release their readings."""
    found = [ready.pop(at) for at in order]
    sources = run.sources.take(list(order))
    return to_frame(found, sources, fields=fields, base=run.template.base)
