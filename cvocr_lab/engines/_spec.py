"""What a caller gives as ``engine=``: a name with options, an open engine, or a way to open one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

from cvocr_lab.engines import Engine, Identity, identity_of, maker_of, open_engine
from cvocr_lab.engines._function import reads_pictures
from cvocr_lab.errors import ArgumentError
from cvocr_lab.workers import usable_cores

SHARED_WORKERS: Final = 4
"""Threads for an engine that threads may share, where the caller does not say how many."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine, open or still to be opened; make it with `engine_spec`.

    Parameters
    ----------
    opened
        The engine, where the caller opened it.
    opens
        Opens one that has the machine to itself.
    opens_one_of_many
        Opens one that shares the machine with others, in other processes.
    shared
        Whether threads may share one.
    maker
        The class, where it is known.
    options
        What it is opened with, given by name.
    """

    opened: Engine | None
    opens: Callable[[], Engine]
    opens_one_of_many: Callable[[], Engine]
    shared: bool
    maker: object = None
    options: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The engine's name and version; opens it where its class does not say."""
        name = getattr(self.opened or self.maker, "name", None)
        return name if isinstance(name, str) else self.opens().name

    def identity(self) -> Identity:
        """Give the engine's identity; opens it where its class alone does not tell."""
        if self.opened is not None:
            return identity_of(self.opened)
        plain = isinstance(getattr(self.maker, "name", None), str)
        if plain and not hasattr(self.maker, "identity") and not hasattr(self.maker, "options"):
            return identity_of(self.maker, self.options)
        return identity_of(self.opens(), self.options)

    def seconds(self) -> float | None:
        """Give the seconds that the engine says one picture takes; None when it does not say."""
        told = getattr(self.opened or self.maker, "typical_s", None)
        return float(told) if isinstance(told, int | float) else None

    def workers(self, wanted: int | None, *, shared: int = SHARED_WORKERS) -> int:
        """Count the workers that the engine and the machine are good for.

        Parameters
        ----------
        wanted
            What the caller asked for; None for as many as make sense.
        shared
            Threads for an engine that threads may share.

        Raises
        ------
        ArgumentError
            Fewer than one are wanted.
        """
        if wanted is not None:
            if wanted < 1:
                raise ArgumentError(f"workers={wanted}: give at least 1")
            return wanted
        if self.shared:
            return shared
        return 1 if self.opened is not None else usable_cores()


def engine_spec(
    engine: str | Engine | Callable[..., object] | EngineSpec,
    options: Mapping[str, object],
) -> EngineSpec:
    """Understand what the caller gave as an engine.

    Raises
    ------
    ArgumentError
        There is no such engine, or it takes no such option.
    """
    if isinstance(engine, EngineSpec):
        return engine
    if isinstance(engine, str):
        return _named(engine, options)
    if options:
        raise ArgumentError(f"unknown option {next(iter(options))!r}: the engine is open already")
    # Not by `callable`: an open engine may be callable too.
    if not isinstance(engine, type) and (hasattr(engine, "extract") or reads_pictures(engine)):
        opened = open_engine(engine) if reads_pictures(engine) else cast("Engine", engine)
        return EngineSpec(opened, lambda: opened, lambda: opened, _is_shared(engine))
    if not callable(engine):
        raise ArgumentError(f"a {type(engine).__name__} is no engine: it has no extract")
    maker = engine if isinstance(engine, type) else None
    opens = cast("Callable[[], Engine]", engine)
    return EngineSpec(None, opens, opens, _is_shared(engine), maker)


def _named(engine: str, options: Mapping[str, object]) -> EngineSpec:
    maker = maker_of(engine, options)
    opens = one_of_many = partial(open_engine, engine, **options)
    shared = _is_shared(maker)
    if not shared and "threads" in inspect.signature(maker).parameters and "threads" not in options:
        one_of_many = partial(open_engine, engine, threads=1, **options)
    return EngineSpec(None, opens, one_of_many, shared, maker, options)


def _is_shared(engine: object) -> bool:
    return getattr(engine, "parallel", "process") == "thread"
