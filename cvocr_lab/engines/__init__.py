"""Engines: anything that turns a request into an extraction.

An engine is an object with a `name` and one method.  To add one, write a module here that ends
in ``ENGINE = TheClass``; `open_engine` finds it by its module name.  Someone outside passes the
object instead of the name, or a function that takes a picture and gives a dict of fields.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

from cvocr_lab.engines._captions import fields_in
from cvocr_lab.engines._function import FunctionEngine, reads_pictures
from cvocr_lab.engines._identity import Identity, identity_of
from cvocr_lab.errors import AnswerError, ArgumentError, BatchError, RowError, unknown
from cvocr_lab.images import InputImage, load
from cvocr_lab.results import Extraction, Line, checked

__all__ = [
    "Engine",
    "FunctionEngine",
    "Identity",
    "Request",
    "ask",
    "engine_names",
    "fields_in",
    "identity_of",
    "open_engine",
    "read_lines",
]


@dataclass(frozen=True, slots=True)
class Request:
    """One or two pictures and what is asked of them.

    Parameters
    ----------
    images
        One picture, or front and back for the pair kinds.
    kind
        A name of `cvocr_lab.kinds.REQUESTS`, e.g. ``"id_any"``.
    """

    images: tuple[InputImage, ...]
    kind: str = "id_any"


@runtime_checkable
class Engine(Protocol):
    """What every engine offers.

    An engine may offer more:

    ``parallel = "thread"``
        Threads may share one instance.
    ``undecoded = True``
        It sends pictures on: its `InputImage` come without pixels, and those of URLs without
        data, see `cvocr_lab.images.load`.
    ``options``
        A mapping of the options that it was opened with, for its identity.
    ``identity()``
        Its `Identity`; needed where model files decide on its answers.  Stores and caches keep
        the readings of different identities apart.
    ``typical_s``
        Seconds that one picture takes, for plans.
    """

    name: str

    def extract(self, request: Request) -> Extraction:
        """Read one request.  Changes nothing on `self`.

        Raises
        ------
        RowError
            This request cannot be read.
        BatchError
            No request can be read.
        """
        ...


def engine_names() -> list[str]:
    """Names that `open_engine` knows."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def open_engine(
    engine: str | Engine | Callable[..., object] = "local", **options: object
) -> Engine:
    """The engine of that name, the object itself, or one that reads by the function given.

    Parameters
    ----------
    engine
        ``"local"``, another module of this room, an object with `name` and `extract`, or a
        function as `FunctionEngine` takes it.
    options
        Passed to the engine's class.

    Raises
    ------
    ArgumentError
        No engine of that name, or it takes no such options.
    """
    if not isinstance(engine, str):
        if isinstance(engine, Engine) and not isinstance(engine, type):
            return engine
        if not reads_pictures(engine):
            raise ArgumentError(f"a {type(engine).__name__} is no engine: it has no extract")
        return FunctionEngine(engine)
    return maker_of(engine, options)(**options)


def maker_of(engine: str, options: Mapping[str, object]) -> Callable[..., Engine]:
    """The class of the engine of that name, which takes these options.

    Raises
    ------
    ArgumentError
        No engine of that name, or it takes no such options.
    """
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
    """Ask an engine, and check its answer: whatever goes wrong is an error of ours.

    Raises
    ------
    RowError
        This request cannot be read; also for anything else that the engine raises.
    AnswerError
        The answer is no valid `Extraction`, see `cvocr_lab.results.checked`.
    BatchError
        No request can be read.
    """
    try:
        found = engine.extract(request)
    except (RowError, BatchError):
        raise
    except (Exception, SystemExit) as error:
        # The exception's own text may quote the paper.
        raise RowError(f"engine {engine.name!r} failed ({type(error).__name__})") from None
    try:
        return checked(found)
    except ValueError as error:
        raise AnswerError(f"the answer of engine {engine.name!r} is not valid: {error}") from None


class _LineReader(Protocol):
    def read_lines(self, images: Sequence[InputImage]) -> list[Line]: ...


def read_lines(images: Sequence[object], *, model: str | None = None) -> list[Line]:
    """Read crops of single lines with the offline engine's recogniser.

    Parameters
    ----------
    images
        Pictures of one upright line each: paths, bytes, PIL images, arrays.
    model
        Path of another recogniser model of ours; None for the shipped one.

    Returns
    -------
    list of Line
        In the order of `images`, without quads.

    Raises
    ------
    ImageError
        A picture cannot be read.
    ArgumentError
        There is no such model.
    """
    engine = cast("_LineReader", open_engine("local", model=model))
    return engine.read_lines([load(image) for image in images])
