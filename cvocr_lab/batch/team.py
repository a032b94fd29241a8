"""How a run comes by its engine: what it is called, and who reads with it."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, cast

from cvocr_lab.batch.workers import InProcess, InThread, Worker
from cvocr_lab.engines import Engine, engine_names, open_engine
from cvocr_lab.errors import ArgumentError
from cvocr_lab.workers import usable_cores

WORTH_PROCESSES: Final = 4
"""Fewer rows than this are read here: starting processes would take longer."""

_THREADS: Final = 4
"""Workers for an engine that says it may be shared by threads."""

_SECRETS: Final = frozenset({"key", "secret", "api_key", "api_secret", "password", "token"})
_NOT_THE_ANSWERS: Final = frozenset(
    {"threads", "workers", "timeout_s", "retries"}
    | {"connect_s", "read_s", "total_s", "retry_after_s", "per_second"}
)
"""Options that change how fast an answer comes, not what it is."""


@dataclass(frozen=True, slots=True)
class Opening:
    """An engine, open or still to be opened.

    Parameters
    ----------
    opened
        The engine, where the caller opened it.
    opens
        Opens one for this process.
    opens_alone
        Opens one that has to share the machine with others in other processes.
    shared
        Whether threads may share one.
    maker
        The class, where it is known.
    options
        Given by the caller.
    """

    opened: Engine | None
    opens: Callable[[], Engine]
    opens_alone: Callable[[], Engine]
    shared: bool
    maker: object
    options: Mapping[str, object]

    def name(self) -> str:
        """Give the engine's name and version; opens it where its class does not tell."""
        name = getattr(self.opened or self.maker, "name", None)
        return name if isinstance(name, str) else self.opens().name

    def answering_options(self) -> dict[str, str]:
        """Give, as text, the options that make another engine of it.  Credentials are left out.

        A file counts by its content, so that a retrained model of the same name is another; and
        so does what the engine's class says of the models it brings.
        """
        told = getattr(self.opened, "options", None)
        options = told if isinstance(told, Mapping) else self.options
        texts = {
            str(name): _text(value)
            for name, value in options.items()
            if name not in _SECRETS | _NOT_THE_ANSWERS
        }
        revision = getattr(self.opened or self.maker, "revision", None)
        return texts | ({"": str(revision())} if callable(revision) else {})

    def seconds(self) -> float | None:
        """Give how long the engine says that it takes for one picture; None when it does not."""
        told = getattr(self.opened or self.maker, "typical_s", None)
        return float(told) if isinstance(told, int | float) else None

    def workers(self, wanted: int | None, tasks: int) -> int:
        """Count the workers for a run of so many tasks."""
        return max(1, min(self._wanted(wanted, tasks), tasks))

    def team(self, wanted: int | None, tasks: int) -> list[Worker]:
        """Make the workers: threads for an open engine, processes for one that can be opened.

        Raises
        ------
        ArgumentError
            The engine cannot be sent to other processes.
        BatchError
            It cannot be opened.
        """
        count = self.workers(wanted, tasks)
        if self.opened is not None:
            return [InThread(self.opened)] * count
        if self.shared or self._wanted(wanted, tasks) == 1:
            return [InThread(self.opens())] * count
        return [InProcess(self.opens_alone) for _ in range(count)]

    def _wanted(self, wanted: int | None, tasks: int) -> int:
        if wanted is not None:
            return wanted
        if self.shared:
            return _THREADS
        return 1 if self.opened is not None or tasks < WORTH_PROCESSES else usable_cores()


def opening(
    engine: str | Engine | Callable[[], Engine] | Opening, options: Mapping[str, object]
) -> Opening:
    """See what the caller gave as an engine.

    Raises
    ------
    ArgumentError
        There is no such engine, or it takes no such option.
    """
    if isinstance(engine, Opening):
        return engine
    if isinstance(engine, str):
        return _named(engine, options)
    if options:
        raise ArgumentError(f"unknown option {next(iter(options))!r}: the engine is open already")
    # Not by `callable`: an open engine may be callable too.
    if not isinstance(engine, type) and hasattr(engine, "extract"):
        opened = cast("Engine", engine)
        return Opening(opened, lambda: opened, lambda: opened, _is_shared(engine), None, {})
    if not callable(engine):
        raise ArgumentError(f"a {type(engine).__name__} is no engine: it has no extract")
    maker = engine if isinstance(engine, type) else None
    return Opening(None, engine, engine, _is_shared(engine), maker, {})


def _named(engine: str, options: Mapping[str, object]) -> Opening:
    if engine not in engine_names():
        open_engine(engine)  # raises, naming those that there are
    maker = importlib.import_module(f"cvocr_lab.engines.{engine}").ENGINE
    try:
        inspect.signature(maker).bind(**options)
    except TypeError as error:
        raise ArgumentError(f"engine {engine!r}: {error}") from None
    opens = opens_alone = partial(open_engine, engine, **options)
    shared = _is_shared(maker)
    if not shared and "threads" in inspect.signature(maker).parameters and "threads" not in options:
        opens_alone = partial(open_engine, engine, threads=1, **options)
    return Opening(None, opens, opens_alone, shared, maker, options)


def _is_shared(engine: object) -> bool:
    return getattr(engine, "parallel", "process") == "thread"


def _text(value: object) -> str:
    if isinstance(value, str | Path):
        try:
            with Path(value).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError):
            return str(value)
    if isinstance(value, bool | int | float | None):
        return repr(value)
    name = getattr(value, "name", None)
    return f"{type(value).__module__}.{type(value).__qualname__} {name if name else ''}".strip()
