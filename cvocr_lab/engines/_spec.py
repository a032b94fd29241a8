"""`EngineSpec`: the argument ``engine=``, which is a name, an engine, or a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from cvocr_lab.engines import Engine, Identity, identity_of, maker_of, open_engine
from cvocr_lab.engines._function import reads_pictures
from cvocr_lab.errors import ArgumentError
from cvocr_lab.workers import usable_cores

SHARED_WORKERS: Final = 4
"""Default number of threads for an engine that can be shared."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine that is open, or the class or function that opens it; see `engine_spec`.

    `options` are passed to the class, and `sharing` too if the engine shares the machine with those
    of other processes.
    """

    source: Engine | Callable[..., Engine]
    is_open: bool
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    sharing: Mapping[str, object] = field(default_factory=dict)

    def open(self, *, shares: bool = False) -> Engine:
        """Return the open engine, or open one, which may share the machine with others."""
        if self.is_open:
            return cast("Engine", self.source)
        maker = cast("Callable[..., Engine]", self.source)
        return maker(**self.options, **(self.sharing if shares else {}))

    @property
    def shared(self) -> bool:
        """Whether threads can share one engine."""
        return getattr(self.source, "parallel", "process") == "thread"

    @property
    def name(self) -> str:
        """The engine's name and version; opens it if its class has no name."""
        return self.known_name or self.open().name

    @property
    def known_name(self) -> str:
        """The name and version of the engine or its class; "" if it has none."""
        name = getattr(self.source, "name", None)
        return name if isinstance(name, str) else ""

    def identity(self) -> Identity:
        """Return the engine's identity; opens it if its class is not sufficient."""
        describes_itself = hasattr(self.source, "identity") or hasattr(self.source, "options")
        if self.is_open or (self.known_name and not describes_itself):
            return identity_of(self.source, self.options)
        return identity_of(self.open(), self.options)

    def seconds(self) -> float | None:
        """Return the engine's own estimate of the seconds per picture, or None."""
        typical = getattr(self.source, "typical_s", None)
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
        return 1 if self.is_open else usable_cores()


def engine_spec(
    engine: str | Engine | Callable[..., object], options: Mapping[str, object]
) -> EngineSpec:
    """Interpret the argument ``engine=`` and its options; unknown ones are an `ArgumentError`."""
    if isinstance(engine, str):
        maker = maker_of(engine, options)
        can_share = "threads" in inspect.signature(maker).parameters and "threads" not in options
        return EngineSpec(maker, False, options, {"threads": 1} if can_share else {})
    if options:
        raise ArgumentError(f"unknown option {next(iter(options))!r}: the engine is open already")
    # `callable` cannot be used, since an open engine may be callable too.
    if isinstance(engine, type) or not (hasattr(engine, "extract") or reads_pictures(engine)):
        if not callable(engine):
            raise ArgumentError(f"{type(engine).__name__} is not an engine: it has no extract")
        return EngineSpec(cast("Callable[..., Engine]", engine), False)
    opened = open_engine(engine) if reads_pictures(engine) else cast("Engine", engine)
    return EngineSpec(opened, True)
