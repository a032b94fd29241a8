"""A run whose results come chunk by chunk, for columns of millions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

import pandas as pd

from cvocr_lab.batch.rows import Count, Window, finished_rows
from cvocr_lab.batch.run_spec import RunSpec
from cvocr_lab.errors import BatchError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.kinds import field_order

_AHEAD: Final = 4
"""Chunks that may wait for a row that takes long …"""

_FAR: Final = 1_000
"""… and rows that always may, so that small chunks hold no worker back."""

_REMEMBERED: Final = 1_000
"""Readings kept for equal pictures to come, where there is no store."""


def chunks(spec: RunSpec, size: int) -> Iterator[pd.DataFrame]:
    """Yield what `extract` with ``chunksize=size`` gives, after the call was checked."""
    fields = ("text",) if spec.asked.kind == "scan" else field_order()
    count = Count(len(spec.sources), kept=spec.store is not None and not spec.retry_failed)
    ready: dict[int, Reading] = {}
    begin = first = 0  # of the next frame; of the rows that are not finished
    window = Window(max(_AHEAD * size, _FAR))
    interrupted = False
    try:
        with closing(finished_rows(spec, remember=_REMEMBERED, window=window)) as rows:
            for row in rows:
                ready[row.at] = row.reading
                count.add(row)
                while first in ready:
                    first += 1
                window.move(first)
                while begin + size <= first:
                    yield _frame(ready, range(begin, begin + size), spec, fields)
                    begin += size
    except BatchError as error:
        error.partial = _frame(ready, sorted(ready), spec, fields)
        raise
    except KeyboardInterrupt:
        interrupted = True
    if ready or spec.sources.empty:
        yield _frame(ready, sorted(ready), spec, fields)
    count.warn(interrupted=interrupted)


def _frame(
    ready: dict[int, Reading], order: Sequence[int], spec: RunSpec, fields: Sequence[str]
) -> pd.DataFrame:
    """Make the frame of these rows and let go of their readings."""
    found = [ready.pop(at) for at in order]
    sources = spec.sources.take(list(order))
    return to_frame(found, sources, fields=fields, base=spec.asked.base)
