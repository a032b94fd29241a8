"""One bulk call, checked before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import pandas as pd

from cvocr_lab.batch.ledger import Ledger
from cvocr_lab.batch.reading import Task
from cvocr_lab.batch.sources import Column, Data, source_frame
from cvocr_lab.batch.store import Store
from cvocr_lab.batch.team import Opening, opening
from cvocr_lab.engines import Engine
from cvocr_lab.errors import ArgumentError
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.kinds import request_kind


@dataclass(frozen=True, slots=True)
class Call:
    """What `extract`, `extract_iter` and `plan` are given; they say what each part means."""

    sources: pd.DataFrame
    asked: Task
    engine: Opening
    workers: int | None
    progress: bool
    raises: bool
    store: Path | None
    retry_failed: bool

    @contextmanager
    def ledger(self, *, remember: int | None = None, make: bool = True) -> Iterator[Ledger]:
        """Open the store, and see what the rows need.

        Parameters
        ----------
        remember
            Readings held in memory for equal rows to come, where there is no store; None for all.
        make
            Whether to make the store where it is not there.
        """
        store = None
        if self.store is not None and (make or self.store.exists()):
            store = Store(self.store)
        try:
            yield Ledger(
                self.sources,
                self.asked,
                engine="" if store is None else self.engine.name(),
                options={} if store is None else self.engine.answering_options(),
                store=store,
                retry_failed=self.retry_failed,
                remember=remember,
            )
        finally:
            if store is not None:
                store.close()


def checked_call(
    data: Data,
    *,
    column: Column | Sequence[Column] | None,
    kind: str,
    engine: str | Engine | Callable[[], Engine] | Opening,
    workers: int | None,
    progress: bool,
    errors: str,
    base: str | PathLike[str] | None,
    pages: Sequence[int] | None,
    limits: Limits,
    fetch: Fetch,
    store: str | PathLike[str] | None,
    retry_failed: bool,
    options: Mapping[str, object],
) -> Call:
    """Check what a caller gave.

    Raises
    ------
    ArgumentError
        The call is wrong: no such column, kind, engine or option.
    """
    spec = request_kind(kind)
    if errors not in ("coerce", "raise"):
        raise ArgumentError(f"errors is 'coerce' or 'raise', not {errors!r}")
    if workers is not None and workers < 1:
        raise ArgumentError(f"workers is at least 1, not {workers}")
    if retry_failed and store is None:
        raise ArgumentError("retry_failed says what to do with a store: give store=… too")
    sources = source_frame(data, column=column, images=spec.images)
    if pages is not None and (not pages or min(pages) < 1):
        raise ArgumentError(f"pages={list(pages)!r}: give page numbers from 1")
    asked = Task(
        -1,
        (),
        kind,
        base=None if base is None else fspath(base),
        pages=None if pages is None else tuple(pages),
        limits=limits,
        fetch=fetch,
    )
    return Call(
        sources,
        asked,
        opening(engine, options),
        workers,
        progress,
        errors == "raise",
        None if store is None else Path(store),
        retry_failed,
    )
