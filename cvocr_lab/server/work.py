"""One request, read where the worker is: load its pictures, ask the engine, cut out thumbnails."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from cvocr_lab import images
from cvocr_lab.engines import Engine, Request, ask
from cvocr_lab.errors import BatchError, CvocrError, ImageError, NoDocumentError, RowError
from cvocr_lab.images import Fetch, InputImage, Limits
from cvocr_lab.kinds import TYPES, document_type, request_kind
from cvocr_lab.results import Document, Extraction

_LIMITS: Final = Limits()
_FETCH: Final = Fetch()
_WIDEST = 1200
"""Width of a thumbnail in pixels, at most."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is given.

    Parameters
    ----------
    kind
        A name of `cvocr_lab.kinds.REQUESTS`.
    pictures
        Encoded bytes, or links; the front first.
    thumb
        Whether the aligned crop of each paper is wanted.
    limits, fetch
        For `cvocr_lab.images`.
    """

    kind: str
    pictures: tuple[bytes | str, ...]
    thumb: bool = False
    limits: Limits = _LIMITS
    fetch: Fetch = _FETCH

    def __repr__(self) -> str:
        return f"Job({self.kind!r}, {len(self.pictures)} pictures)"


Answer = Extraction | CvocrError


def open_answerer(open_engine: Callable[[], Engine]) -> Callable[[Job], Answer]:
    """Open the engine, and make the function that answers jobs with it."""
    return partial(answer, open_engine())


def answer(engine: Engine, job: Job) -> Answer:
    """What the engine finds, or why it finds nothing; never raises."""
    try:
        return _extraction(engine, job)
    except CvocrError as error:
        # An error of an engine's own class may not unpickle; a cause may tell what a paper says.
        known = next(t for t in type(error).__mro__ if t.__module__ == "cvocr_lab.errors")
        text = str(error)
    except MemoryError:
        known, text = ImageError, "the picture does not fit in memory"
    except Exception as error:
        known, text = RowError, f"engine {engine.name!r} failed ({type(error).__name__})"
    made: CvocrError = known(text)
    return made


def _extraction(engine: Engine, job: Job) -> Extraction:
    pictures = tuple(_load(source, job) for source in job.pictures)
    found = ask(engine, Request(pictures, job.kind))
    families = request_kind(job.kind).families
    if not families:
        if not found.lines:
            raise NoDocumentError("no text in the picture")
        return found
    documents = tuple(d for d in found.documents if _is_of(d, families))
    if not documents:
        raise NoDocumentError("no such paper in the picture")
    if job.thumb:
        documents = tuple(
            replace(d, thumb=d.thumb or _thumb(d, _picture_of(d, at, documents, pictures)))
            for at, d in enumerate(documents)
        )
    else:
        documents = tuple(replace(d, thumb=None) for d in documents)
    return replace(found, documents=documents)


def _load(source: bytes | str, job: Job) -> InputImage:
    try:
        if isinstance(source, str):
            return images.load_url(source, limits=job.limits, fetch=job.fetch)
        return images.load(source, limits=job.limits)
    except (RowError, BatchError):
        raise
    except Exception as error:
        raise ImageError(f"the picture cannot be read ({type(error).__name__})") from None


def _is_of(document: Document, families: frozenset[str]) -> bool:
    try:
        return document_type(document.type).family in families
    except CvocrError:
        return True  # a type of the service's that we have no family for


def _picture_of(
    document: Document,
    at: int,
    documents: tuple[Document, ...],
    pictures: tuple[InputImage, ...],
) -> InputImage:
    """The picture a document is on: by its place where there is one on each, else by its side."""
    if len(pictures) == 1:
        return pictures[0]
    return pictures[at] if len(documents) == len(pictures) else pictures[document.side == "back"]


def _thumb(document: Document, picture: InputImage) -> bytes | None:
    """The paper seen straight from above, as PNG; None where its corners are not known."""
    if document.corners is None or document.page not in picture.numbers:
        return None
    from PIL import Image

    page = picture.pages[picture.numbers.index(document.page)]
    corners = document.corners
    across = math.hypot(corners[2] - corners[0], corners[3] - corners[1])
    down = math.hypot(corners[6] - corners[0], corners[7] - corners[1])
    width = max(8, min(_WIDEST, round(across)))
    height = max(8, round(width * _shape(document.type, down / max(across, 1.0))))
    top_left, top_right, bottom_right, bottom_left = (corners[i : i + 2] for i in (0, 2, 4, 6))
    flat = Image.fromarray(page).transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        _coefficients((top_left, top_right, bottom_right, bottom_left), width, height),
        Image.Resampling.BICUBIC,
    )
    file = io.BytesIO()
    flat.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _shape(name: str, seen: float) -> float:
    """Height over width of the printed model that is nearest to what is seen."""
    kind = TYPES.get(name)
    sizes = [layout.size for layout in kind.layouts] if kind else []
    # ISO/IEC 7810, ID-1, for a paper that we have no layout of.
    shapes = [height / width for width, height in sizes] or [53.98 / 85.6]
    return min(shapes, key=lambda shape: abs(shape - seen))


def _coefficients(
    corners: tuple[tuple[float, ...], ...], width: int, height: int
) -> tuple[float, ...]:
    """Coefficients that Pillow takes a pixel of the crop to its place in the picture by."""
    import numpy as np

    flat = ((0, 0), (width, 0), (width, height), (0, height))
    rows, places = [], []
    for (u, v), (x, y) in zip(flat, corners, strict=True):
        rows += [[u, v, 1, 0, 0, 0, -u * x, -v * x], [0, 0, 0, u, v, 1, -u * y, -v * y]]
        places += [x, y]
    solved, *_ = np.linalg.lstsq(np.array(rows, float), np.array(places, float), rcond=None)
    return tuple(map(float, solved))
