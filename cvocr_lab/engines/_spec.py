"""`EngineSpec`: the argument ``engine=``, which is a name, an engine, or a function."""

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
"""Default number of threads for an engine that can be shared."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine that is open or can be opened; create it with `engine_spec`.

    `opened` is the engine if the caller passed an open one.  `opens` opens an engine that may use
    the whole machine, `opens_one_of_many` one that shares it with those of other
    processes.  `shared` says whether threads can share one engine.  `maker` is the class, if it is
    known.
    """

    opened: Engine | None
    opens: Callable[[], Engine]
    opens_one_of_many: Callable[[], Engine]
    shared: bool
    maker: object = None
    options: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The engine's name and version; opens it if its class has no name."""
        return self.known_name or self.opens().name

    @property
    def known_name(self) -> str:
        """The name and version of the engine or its class; "" if it has none."""
        name = getattr(self.opened or self.maker, "name", None)
        return name if isinstance(name, str) else ""

    def identity(self) -> Identity:
        """Return the engine's identity; opens it if its class is not sufficient."""
        if self.opened is not None:
            return identity_of(self.opened)
        describes_itself = hasattr(self.maker, "identity") or hasattr(self.maker, "options")
        if self.known_name and not describes_itself:
            return identity_of(self.maker, self.options)
        return identity_of(self.opens(), self.options)

    def seconds(self) -> float | None:
        """Return the engine's own estimate of the seconds per picture, or None."""
        typical = getattr(self.opened or self.maker, "typical_s", None)
        return float(typical) if isinstance(typical, int | float) else None

    def workers(self, wanted: int | None, *, shared: int = SHARED_WORKERS) -> int:
        """Return the number of workers: `wanted`, or one that suits the engine and the machine.

        `shared` is the number of threads for an engine that can be shared.
        """
        if wanted is not None:
            if wanted < 1:
                raise ArgumentError(f"workers must be at least 1, not {wanted}")
            return wanted
        if self.shared:
            return shared
        return 1 if self.opened is not None else usable_cores()


def engine_spec(
    engine: str | Engine | Callable[..., object] | EngineSpec,
    options: Mapping[str, object],
) -> EngineSpec:
    """Interpret the argument ``engine=`` and its options; unknown ones are an `ArgumentError`."""
    if isinstance(engine, EngineSpec):
        return engine
    if isinstance(engine, str):
        return _named(engine, options)
    if options:
        raise ArgumentError(f"unknown option {next(iter(options))!r}: the engine is open already")
    # `callable` cannot be used, since an open engine may be callable too.
    if not isinstance(engine, type) and (hasattr(engine, "extract") or reads_pictures(engine)):
        opened = open_engine(engine) if reads_pictures(engine) else cast("Engine", engine)
        return EngineSpec(opened, lambda: opened, lambda: opened, _is_shared(engine))
    if not callable(engine):
        raise ArgumentError(f"{type(engine).__name__} is not an engine: it has no extract")
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
