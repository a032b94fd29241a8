"""Engines, which read the pictures of a request and return an extraction.

An engine is an object with a `name` and a method `extract`.  To add one to the package, write a
module here that ends in ``ENGINE = TheClass``; `open_engine` finds it by the name of the module.
Users can pass an object instead of a name, or a function that takes a picture and returns a dict
of fields.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

from cvocr_lab.engines._caption_fields import fields_in
from cvocr_lab.engines._function import FunctionEngine, reads_pictures
from cvocr_lab.engines._identity import Identity, identity_of
from cvocr_lab.errors import AnswerError, ArgumentError, BatchError, RowError, unknown
from cvocr_lab.images import InputImage, load
from cvocr_lab.results import Extraction, Line, checked

__all__ = [
    "Engine", "FunctionEngine", "Identity", "Request", "ask", "engine_names", "fields_in",
    "identity_of", "open_engine", "read_lines",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One or two pictures, and the kind of request.

    Parameters
    ----------
    images
        One picture, or front and back for the pair kinds.
    kind
        A name of `cvocr_lab.kinds.REQUESTS`, such as ``"id_any"``.
    """

    images: tuple[InputImage, ...]
    kind: str = "id_any"


@runtime_checkable
class Engine(Protocol):
    """The interface of engines.

    An engine may also have these attributes:

    ``parallel = "thread"``
        Threads may share one instance.
    ``undecoded = True``
        It sends pictures to a service, and gets an `InputImage` without pixels, and for URLs
        without data; see `cvocr_lab.images.load`.
    ``options``
        A mapping of its options, for its identity.
    ``identity()``
        Returns its `Identity`; required if its answers depend on model files.  Stores and caches
        do not mix the readings of different identities.
    ``typical_s``
        Seconds per picture, for estimates.
    """

    name: str

    def extract(self, request: Request) -> Extraction:
        """Read one request, without changing `self`.

        Raises
        ------
        RowError
            This request cannot be read.
        BatchError
            No request can be read.
        """
        ...


def engine_names() -> list[str]:
    """Return the names of the engines for `open_engine`."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def open_engine(
    engine: str | Engine | Callable[..., object] = "local", **options: object
) -> Engine:
    """Return an open engine.

    Parameters
    ----------
    engine
        The name of an engine, such as ``"local"``; an engine, which is returned unchanged; or a
        function for a `FunctionEngine`.
    options
        Passed to the engine's class.

    Raises
    ------
    ArgumentError
        The engine or an option does not exist.
    """
    if not isinstance(engine, str):
        if isinstance(engine, Engine) and not isinstance(engine, type):
            return engine
        if not reads_pictures(engine):
            raise ArgumentError(f"{type(engine).__name__} is not an engine: it has no extract")
        return FunctionEngine(engine)
    return maker_of(engine, options)(**options)


def maker_of(engine: str, options: Mapping[str, object]) -> Callable[..., Engine]:
    """Return the class of an engine; an unknown engine or option is an `ArgumentError`."""
    if engine not in engine_names():
        tesseract = "; Tesseract reads lines for the local engine: reader='tesseract'"
        more = tesseract if "tess" in engine.casefold() else ", or pass an object"
        raise unknown("engine", engine, engine_names(), more=more)
    module = importlib.import_module(f"{__name__}.{engine}")
    signature = inspect.signature(module.ENGINE)
    known = signature.parameters
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values())
    for name in options:
        if name not in known and not takes_any:
            raise unknown("option", name, known, more=f" (of the engine {engine!r})")
    try:
        signature.bind(**options)
    except TypeError as error:
        raise ArgumentError(f"engine {engine!r}: {error}") from None
    return cast("Callable[..., Engine]", module.ENGINE)


def ask(engine: Engine, request: Request) -> Extraction:
    """Ask an engine, and check its answer.

    Raises
    ------
    RowError
        This request cannot be read, or the engine raised another exception.
    AnswerError
        The answer is not a valid `Extraction`, see `cvocr_lab.results.checked`.
    BatchError
        No request can be read.
    """
    try:
        found = engine.extract(request)
    except (RowError, BatchError):
        raise
    except (Exception, SystemExit) as error:
        # The message of the exception may contain values of the paper.
        raise RowError(f"engine {engine.name!r} failed ({type(error).__name__})") from None
    try:
        return checked(found)
    except ValueError as error:
        raise AnswerError(f"the answer of engine {engine.name!r} is not valid: {error}") from None


def read_lines(images: Sequence[object], *, model: str | None = None) -> list[Line]:
    """Read crops of single lines with the offline engine's recogniser.

    Parameters
    ----------
    images
        Pictures of one upright line each: paths, bytes, PIL images, arrays.
    model
        Path of another recogniser model of this package; None for the default.

    Returns
    -------
    list of Line
        The lines in the order of `images`, without quads.

    Raises
    ------
    ImageError
        A picture cannot be read.
    ArgumentError
        The model does not exist.
    """
    engine: Any = open_engine("local", model=model)
    lines: list[Line] = engine.read_lines([load(image) for image in images])
    return lines
