"""`plan`: what a call would do, before anything is spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from os import PathLike
from statistics import median
from typing import Final, Literal

import pandas as pd

from cvocr_lab.batch.parallel import worker_count
from cvocr_lab.batch.progress import Progress
from cvocr_lab.batch.run_spec import TIME_LIMIT_S, RunSpec, run_spec
from cvocr_lab.batch.sources import Column, Data
from cvocr_lab.engines import Engine
from cvocr_lab.errors import RowError
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.kinds import request_kind

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a call of `extract` would do.

    ``rows = repeats + stored + failed + unreadable + calls``.

    Parameters
    ----------
    kind, engine
        What would be asked, and of whom (name and version).
    rows
        Rows of the call.
    repeats
        Rows whose picture stands in an earlier row; they are not read again.
    stored
        Rows already in the store, as far as they were read.
    failed
        Rows in the store whose reading failed and stays as it is; with ``retry_failed=True``
        they are among the calls.
    calls
        Requests to make.
    unreadable
        Rows whose source is no picture, found without decoding: the source columns and
        ``ocr_error``, labelled as the caller's rows.  They make no calls.
    workers
        Pictures that would be read at a time.
    call_seconds
        Time for one call: the median of those in the store, else what the engine says of itself;
        None when nobody knows.
    quota
        Requests the caller has left; None when not told.
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
        """Time for the whole call; None when nobody knows."""
        return None if self.call_seconds is None else self.calls * self.call_seconds / self.workers

    @property
    def short(self) -> int:
        """Requests that the quota lacks; 0 when it is enough or not told."""
        return 0 if self.quota is None else max(0, self.calls - self.quota)

    def __repr__(self) -> str:
        table = self._table()
        width = max(len(number) for number, _ in table)
        lines = [f"Plan: kind {self.kind}, engine {self.engine}"]
        lines += [f"  {number:>{width}}  {what}" for number, what in table]
        lines += [f"  {note}" for note in self._notes()]
        shown = self.unreadable[["ocr_error"]].head(_SHOWN)
        lines += [f"    row {label!r}: {error}" for label, error in shown["ocr_error"].items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<tr><td style="text-align:right">{number}</td>'
            f'<td style="text-align:left">{escape(what)}</td></tr>'
            for number, what in self._table()
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._notes())
        shown = self.unreadable.head(_SHOWN)["ocr_error"].items()
        errors = "".join(f"<li>row {escape(repr(at))}: {escape(str(e))}</li>" for at, e in shown)
        return (
            f"<div><b>Plan</b>: kind {escape(self.kind)}, engine {escape(self.engine)}"
            f"<table>{cells}</table>{notes}{f'<ul>{errors}</ul>' if errors else ''}</div>"
        )

    def _table(self) -> list[tuple[str, str]]:
        numbers = [
            (self.rows, "rows"),
            (self.repeats, "repeat an earlier row: read once"),
            (self.stored, "are in the store: not read again"),
            (self.failed, "failed before and stay failed: retry_failed=True reads them again"),
            (len(self.unreadable), "cannot be read: no picture there"),
        ]
        table = [(f"{n:,}", what) for n, what in numbers if n or what == "rows"]
        return [*table, (f"{self.calls:,}", "calls to make")]

    def _notes(self) -> list[str]:
        notes = []
        if self.calls and self.seconds is None:
            notes.append("time: not known before some rows are read into a store")
        elif self.calls and self.seconds is not None:
            workers = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
            each = f"{self.call_seconds:.2g} s a call"
            notes.append(f"time: about {_duration(self.seconds)} with {workers} ({each})")
        if self.quota is not None:
            left = f"quota: {self.quota:,} requests"
            end = f"{self.short:,} too few" if self.short else "enough"
            notes.append(f"{left}, {end}")
        return notes


def plan(
    data: Data,
    column: Column | Sequence[Column] | None = None,
    *,
    quota: int | None = None,
    kind: str = "id_any",
    engine: str | Engine | Callable[..., object] = "local",
    workers: int | None = None,
    time_limit_s: float | None = TIME_LIMIT_S,
    progress: bool = True,
    errors: Literal["coerce", "raise"] = "coerce",
    base: str | PathLike[str] | None = None,
    pages: Sequence[int] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    store: str | PathLike[str] | None = None,
    retry_failed: bool = False,
    **options: object,
) -> Plan:
    """Tell what `extract` would do with the same arguments, without asking the engine anything.

    Files are looked at, links are not fetched, nothing is decoded; the store is not made.

    Parameters
    ----------
    quota
        Requests you have left, to be told whether they are enough.
    data, column, kind, engine, workers, time_limit_s, progress, errors, base, pages, limits, \
fetch, store, retry_failed, options
        As for `extract`.

    Raises
    ------
    ArgumentError
        The call is wrong: no such column, kind, engine or option.

    Examples
    --------
    >>> import numpy as np
    >>> class Stamp:
    ...     name = "stamp 1"
    ...     typical_s = 0.5
    ...
    ...     def extract(self, request): ...
    >>> picture = np.zeros((200, 320, 3), dtype=np.uint8)
    >>> plan([picture, picture, None], engine=Stamp(), quota=100, progress=False)
    Plan: kind id_any, engine stamp 1
      3  rows
      1  repeat an earlier row: read once
      1  cannot be read: no picture there
      1  calls to make
      time: about 1 s with 1 worker (0.5 s a call)
      quota: 100 requests, enough
        row 2: ImageError: no picture: the cell is empty
    """
    spec = run_spec(
        data,
        column=column,
        kind=kind,
        engine=engine,
        workers=workers,
        time_limit_s=time_limit_s,
        progress=progress,
        errors=errors,
        base=base,
        pages=pages,
        limits=limits,
        fetch=fetch,
        store=store,
        retry_failed=retry_failed,
        options=options,
    )
    return _planned(spec, quota)


def _planned(spec: RunSpec, quota: int | None) -> Plan:
    sources = spec.sources
    counts = dict.fromkeys(("repeats", "stored", "failed", "calls"), 0)
    bad: list[int] = []
    messages: list[str] = []
    name = spec.engine.name
    with (
        spec.dedup(make=False) as dedup,
        Progress(len(sources), show=spec.progress) as bar,
    ):
        for at, found in enumerate(dedup.needs()):
            if isinstance(found, RowError):
                bad.append(at)
                messages.append(f"{type(found).__name__}: {found}")
            else:
                counts[found] += 1
            bar.step(failed=isinstance(found, RowError))
        took = dedup.seconds(name)
    images = request_kind(spec.asked.kind).images
    told = spec.engine.seconds()
    if took:
        each: float | None = median(took)
    else:
        each = None if told is None else told * images
    unreadable = sources.take(bad).assign(ocr_error=pd.Series(messages, dtype=object).to_numpy())
    workers = max(1, min(worker_count(spec.engine, spec.workers, counts["calls"]), counts["calls"]))
    return Plan(
        kind=spec.asked.kind,
        engine=name,
        rows=len(sources),
        unreadable=unreadable,
        workers=workers,
        call_seconds=each,
        quota=quota,
        **counts,
    )


def _duration(seconds: float) -> str:
    minutes, left = divmod(max(1, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {left:02} s" if minutes else f"{left} s"
