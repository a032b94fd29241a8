"""The arguments of one bulk run, checked before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Final

import pandas as pd

from cvocr_lab.batch.dedup import Dedup
from cvocr_lab.batch.reading import Task
from cvocr_lab.batch.sources import Column, Data, source_frame
from cvocr_lab.engines import Engine
from cvocr_lab.engines._spec import EngineSpec, engine_spec
from cvocr_lab.errors import ArgumentError
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.kinds import request_kind
from cvocr_lab.store import Store

TIME_LIMIT_S: Final = 900.0
"""Default time limit per row: far longer than any picture takes that is not hostile."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """The checked arguments of `extract` and `plan`, which describe them."""

    sources: pd.DataFrame
    asked: Task
    engine: EngineSpec
    workers: int | None
    time_limit_s: float | None
    progress: bool
    raises: bool
    store: Path | None
    retry_failed: bool

    @contextmanager
    def dedup(self, *, remember: int | None = None, make: bool = True) -> Iterator[Dedup]:
        """Open the store, and find out which rows have to be read.

        Parameters
        ----------
        remember
            See `Dedup`.
        make
            Whether to make a store that does not exist.
        """
        store = None
        if self.store is not None and (make or self.store.exists()):
            store = Store(self.store)
        try:
            identity = None if store is None else self.engine.identity()
            yield Dedup(
                self.sources,
                self.asked,
                engine="" if identity is None else identity.name,
                identity="" if identity is None else identity.text,
                store=store,
                retry_failed=self.retry_failed,
                remember=remember,
            )
        finally:
            if store is not None:
                store.close()


def run_spec(
    data: Data,
    *,
    column: Column | Sequence[Column] | None,
    kind: str,
    engine: str | Engine | Callable[..., object] | EngineSpec,
    workers: int | None,
    time_limit_s: float | None,
    progress: bool,
    errors: str,
    base: str | PathLike[str] | None,
    pages: Sequence[int] | None,
    limits: Limits,
    fetch: Fetch,
    store: str | PathLike[str] | None,
    retry_failed: bool,
    options: Mapping[str, object],
) -> RunSpec:
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
    if time_limit_s is not None and not time_limit_s > 0:
        raise ArgumentError(f"time_limit_s={time_limit_s!r}: give more than 0, or None")
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
    return RunSpec(
        sources,
        asked,
        engine_spec(engine, options),
        workers,
        time_limit_s,
        progress,
        errors == "raise",
        None if store is None else Path(store),
        retry_failed,
    )
