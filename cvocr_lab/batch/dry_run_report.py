"""`dry_run`: what a call of `extract` would do, without asking the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from statistics import median
from typing import Any, Final

import pandas as pd

from cvocr_lab.batch.already_read import deduplicated
from cvocr_lab.batch.parallel import worker_count
from cvocr_lab.batch.run import Progress
from cvocr_lab.batch.run_arguments import Column, Data, check_arguments, shows_run_arguments
from cvocr_lab.errors import RowError
from cvocr_lab.kinds import request_kind

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class DryRun:
    """What a call of `extract` would do.

    ``rows = repeats + stored + failed + unreadable + calls``.

    Parameters
    ----------
    kind, engine
        The kind of request, and the engine's name and version.
    rows
        Number of rows.
    repeats
        Rows with the same picture as an earlier row; the picture is read once.
    stored
        Rows that have been read successfully and are in the store.
    failed
        Rows whose failure is in the store.  They stay failed; with ``retry_failed=True`` they
        are counted in `calls` instead.
    calls
        Requests to make.
    unreadable
        Rows whose source is not a picture, found without decoding: the source columns and
        ``ocr_error``, with the caller's index.  They make no calls.
    workers
        Number of pictures that would be read at a time.
    call_seconds
        Seconds per call: the median of the calls in the store, else the engine's own estimate;
        None if unknown.
    quota
        Requests that the caller has left; None if not given.
    """

    kind: str
    engine: str
    rows: int
    repeats: int
    stored: int
    failed: int
    calls: int
    unreadable: pd.DataFrame = field(repr=False)
    workers: int
    call_seconds: float | None = None
    quota: int | None = None

    @property
    def seconds(self) -> float | None:
        """Estimated seconds for the whole run; None if unknown."""
        return None if self.call_seconds is None else self.calls * self.call_seconds / self.workers

    @property
    def missing_quota(self) -> int:
        """Number of requests by which `calls` exceeds the quota; 0 without a quota."""
        return 0 if self.quota is None else max(0, self.calls - self.quota)

    def __repr__(self) -> str:
        table = self._table()
        width = max(len(number) for number, _ in table)
        lines = [f"Dry run: kind {self.kind}, engine {self.engine}"]
        lines += [f"  {number:>{width}}  {what}" for number, what in table]
        lines += [f"  {note}" for note in self._notes()]
        return "\n".join([*lines, *(f"    {error}" for error in self._errors())])

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<tr><td style="text-align:right">{number}</td>'
            f'<td style="text-align:left">{escape(what)}</td></tr>'
            for number, what in self._table()
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._notes())
        errors = "".join(f"<li>{escape(error)}</li>" for error in self._errors())
        return (
            f"<div><b>Dry run</b>: kind {escape(self.kind)}, engine {escape(self.engine)}"
            f"<table>{cells}</table>{notes}{f'<ul>{errors}</ul>' if errors else ''}</div>"
        )

    def _table(self) -> list[tuple[str, str]]:
        optional = [
            (self.repeats, "repeat the picture of an earlier row: read once"),
            (self.stored, "are in the store: not read again"),
            (self.failed, "failed in an earlier run: retry_failed=True reads them again"),
            (len(self.unreadable), "cannot be read: the source is not a picture"),
        ]
        numbers = [(self.rows, "rows"), *(row for row in optional if row[0])]
        return [(f"{n:,}", what) for n, what in [*numbers, (self.calls, "calls to make")]]

    def _errors(self) -> list[str]:
        shown = self.unreadable["ocr_error"].head(_SHOWN)
        return [f"row {label!r}: {error}" for label, error in shown.items()]

    def _notes(self) -> list[str]:
        notes = []
        if self.calls and self.seconds is None:
            notes.append("time: unknown until some rows have been read into a store")
        elif self.calls and self.seconds is not None:
            workers = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
            each = f"{self.call_seconds:.2g} s per call"
            notes.append(f"time: about {_duration(self.seconds)} with {workers} ({each})")
        if self.quota is not None:
            missing = self.missing_quota
            end = f"{missing:,} too few" if missing else "enough"
            notes.append(f"quota: {self.quota:,} requests, {end}")
        return notes


@shows_run_arguments()
def dry_run(
    data: Data,
    column: Column | Sequence[Column] | None = None,
    *,
    quota: int | None = None,
    **arguments: Any,
) -> DryRun:
    """Report what `extract` would do with the same arguments, without asking the engine.

    Files are read to recognise equal pictures; links are not fetched, nothing is decoded, and no
    store is created.

    Parameters
    ----------
    quota
        Number of requests you have left; the report says whether they are enough.
    data, column, arguments
        See `extract`.

    Raises
    ------
    ArgumentError
        The column, kind, engine or an option does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> class Stamp:
    ...     name = "stamp 1"
    ...     typical_s = 0.5
    ...
    ...     def extract(self, request): ...
    >>> picture = np.zeros((200, 320, 3), dtype=np.uint8)
    >>> dry_run([picture, picture, None], engine=Stamp(), quota=100, progress=False)
    Dry run: kind id_any, engine stamp 1
      3  rows
      1  repeat the picture of an earlier row: read once
      1  cannot be read: the source is not a picture
      1  calls to make
      time: about 1 s with 1 worker (0.5 s per call)
      quota: 100 requests, enough
        row 2: ImageError: no picture: the cell is empty
    """
    run = check_arguments(data, column, **arguments)
    sources = run.sources
    counts = dict.fromkeys(("repeats", "stored", "failed", "calls"), 0)
    errors: dict[int, str] = {}
    name = run.engine.name
    with deduplicated(run, make=False) as dedup, Progress(len(sources), show=run.progress) as bar:
        for at, found in enumerate(dedup.needs()):
            if isinstance(found, RowError):
                errors[at] = f"{type(found).__name__}: {found}"
            else:
                counts[found] += 1
            bar.step(failed=isinstance(found, RowError))
        took = dedup.seconds(name)
    told = run.engine.seconds()
    each = None if told is None else told * request_kind(run.template.kind).images
    messages = pd.Series(list(errors.values()), dtype=object)
    unreadable = sources.take(list(errors)).assign(ocr_error=messages.to_numpy())
    workers = max(1, min(worker_count(run.engine, run.workers, counts["calls"]), counts["calls"]))
    return DryRun(
        kind=run.template.kind,
        engine=name,
        rows=len(sources),
        unreadable=unreadable,
        workers=workers,
        call_seconds=median(took) if took else each,
        quota=quota,
        **counts,
    )


def _duration(seconds: float) -> str:
    minutes, left = divmod(max(1, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {left:02} s" if minutes else f"{left} s"
