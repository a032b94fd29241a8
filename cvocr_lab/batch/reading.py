"""Read one row: load its pictures and ask the engine; a failure becomes the row's error."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Final

from cvocr_lab import images
from cvocr_lab.engines import Engine, Request, ask
from cvocr_lab.errors import NoDocumentError, RowError
from cvocr_lab.frames import Reading
from cvocr_lab.images import Fetch, InputImage, Limits
from cvocr_lab.results import Extraction

_LIMITS: Final = Limits()
_FETCH: Final = Fetch()


@dataclass(frozen=True, slots=True)
class Task:
    """The work for one row: its position in the run, its source or its two, and how to load them.

    `pictures` holds for each source the undecoded picture if it was loaded already, else None; it
    is empty if the sources are loaded in another process.
    """

    at: int
    sources: tuple[object, ...]
    kind: str
    base: str | None = None
    pages: tuple[int, ...] | None = None
    limits: Limits = _LIMITS
    fetch: Fetch = _FETCH
    pictures: tuple[InputImage | None, ...] = ()


def read(engine: Engine, task: Task) -> Reading:
    """Read one row."""
    start = perf_counter()
    result: Extraction | RowError
    try:
        result = _extraction(engine, task)
    except RowError as error:
        result = error
        # A traceback keeps the picture in memory, and a cause may contain values of the paper.
        result.__traceback__ = result.__cause__ = result.__context__ = None
    return Reading(result, engine.name, result.attempts, perf_counter() - start)


def _extraction(engine: Engine, task: Task) -> Extraction:
    pictures = tuple(_picture(engine, task, at) for at in range(len(task.sources)))
    result = ask(engine, Request(pictures, task.kind))
    if not result.documents and task.kind != "scan":
        raise NoDocumentError("no document in the picture")
    return result


def _picture(engine: Engine, task: Task, at: int) -> InputImage:
    held = task.pictures[at] if task.pictures else None
    source = task.sources[at] if held is None else held
    decode = not getattr(engine, "undecoded", False)
    try:
        return images.load(
            source, base=task.base, pages=task.pages, limits=task.limits, fetch=task.fetch,
            decode=decode,
        )  # fmt: skip
    except RowError as error:
        if len(task.sources) == 1:
            raise
        raise type(error)(f"{('front', 'back')[at]}: {error}") from None
