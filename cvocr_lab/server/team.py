"""Which workers an engine gets: threads for one that may be shared, processes for others."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, cast

from cvocr_lab.engines import Engine, engine_names, open_engine
from cvocr_lab.errors import ArgumentError
from cvocr_lab.server.pool import ProcessWorker, ThreadWorker, Worker
from cvocr_lab.workers import usable_cores

_THREADS: Final = 8


def open_workers(
    engine: str | Engine | Callable[[], Engine],
    options: dict[str, object],
    *,
    workers: int | None,
) -> Sequence[Worker]:
    """Workers, all with their engine open.

    Parameters
    ----------
    engine, options, workers
        See `cvocr_lab.server.make_app`.

    Raises
    ------
    ArgumentError
        No such engine or option, or no workers.
    BatchError
        The engine cannot be opened.
    """
    if workers is not None and workers < 1:
        raise ArgumentError(f"workers is at least 1, not {workers}")
    if options and not isinstance(engine, str):
        raise ArgumentError(f"unknown option {next(iter(options))!r}: the engine is open already")
    opener: Callable[[], Engine]
    if isinstance(engine, str):
        maker = _maker(engine, options)
        shared = getattr(maker, "parallel", "process") == "thread"
        opener = partial(open_engine, engine, **options)
    elif isinstance(engine, type) or not hasattr(engine, "extract"):
        maker = cast("Callable[[], Engine]", engine)
        shared, opener = getattr(engine, "parallel", "process") == "thread", maker
    else:
        sharing = getattr(engine, "parallel", None) == "thread"
        return [ThreadWorker(cast("Engine", engine))] * (workers or (_THREADS if sharing else 1))
    if shared:
        return [ThreadWorker(opener())] * (workers or _THREADS)
    count = workers or usable_cores()
    takes_threads = "threads" in inspect.signature(maker).parameters
    if isinstance(engine, str) and count > 1 and takes_threads and "threads" not in options:
        opener = partial(open_engine, engine, threads=1, **options)
    team = [ProcessWorker(opener) for _ in range(count)]
    try:
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(ProcessWorker.open, team))
    except BaseException:
        for worker in team:
            worker.close()
        raise
    return team


def engine_name(engine: str | Engine | Callable[[], Engine]) -> str:
    """What stands for the engine on pages."""
    name = engine if isinstance(engine, str) else getattr(engine, "name", None)
    return name if isinstance(name, str) else "engine"


def _maker(engine: str, options: dict[str, object]) -> Callable[..., Engine]:
    if engine not in engine_names():
        open_engine(engine)  # raises, naming those that there are
    maker = cast(
        "Callable[..., Engine]", importlib.import_module(f"cvocr_lab.engines.{engine}").ENGINE
    )
    try:
        inspect.signature(maker).bind(**options)
    except TypeError as error:
        raise ArgumentError(f"engine {engine!r}: {error}") from None
    return maker
