"""Load a path, URL, bytes, base64 text, PIL picture, array or PDF as an `InputImage`.

The format is determined by the content and not by the file name.  Sizes are checked before
decoding.  All failures are an `ImageError` or a `FetchError`, whose message names the source and
never contains its content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.errors import ArgumentError, CvocrError, ImageError
from cvocr_lab.images._decode import (
    check_page_numbers,
    check_size,
    decode_picture,
    quiet_pillow,
    read_only,
    translated,
    upright,
)
from cvocr_lab.images._fetch import Fetch, fetch_bytes, public_name
from cvocr_lab.images._formats import format_of, is_readable
from cvocr_lab.images._limits import Limits
from cvocr_lab.images._pdf import decode_pdf
from cvocr_lab.images._source import Encoded, Origin, checked, decode_base64, on_disk, read_source

__all__ = [
    "Fetch", "InputImage", "Limits", "decode_base64", "digest", "fetched", "format_of", "load",
    "load_url", "on_disk", "public_name", "selection",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class InputImage:
    """An upright picture in memory.

    Parameters
    ----------
    name
        The name used in messages: the path as given, the URL without user and query, ``"bytes"``,
        ``"array"`` …; never content.
    sha256
        Hexadecimal digest of the bytes; for PIL pictures and arrays, of shape and pixels.
    pages
        Upright RGB pixels, each (height, width, 3), C-contiguous and read-only: one for a
        picture, one per page of a PDF or TIFF; empty if it was not decoded.
    source
        The type of source.
    data
        The encoded bytes, if there are any.
    url
        The full URL, if there is one.
    numbers
        Page numbers of `pages` in the source, from 1; by default they are counted.
    selection
        The pages and resolution that were loaded, see `selection`.
    fetch
        How `url` will be fetched.

    Raises
    ------
    ValueError
        `numbers` and `pages` differ in length.
    """

    name: str
    sha256: str
    pages: tuple[NDArray[np.uint8], ...] = field(compare=False)
    source: Origin
    data: bytes | None = field(default=None, repr=False, compare=False)
    url: str | None = field(default=None, repr=False, compare=False)
    numbers: tuple[int, ...] = ()
    selection: str = field(default="", repr=False)
    fetch: Fetch = field(default=Fetch(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.numbers:
            object.__setattr__(self, "numbers", tuple(range(1, len(self.pages) + 1)))
        if len(self.numbers) != len(self.pages):
            raise ValueError(f"{len(self.numbers)} numbers for {len(self.pages)} pages")

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The first page."""
        return self.pages[0]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{page.shape[1]}×{page.shape[0]}" for page in self.pages) or "undecoded"
        return f"InputImage({self.name!r}, {self.source}, {sizes})"


_USUAL_DPI: Final = Limits().pdf_dpi


def selection(pages: Sequence[int] | None, limits: Limits) -> str:
    """Describe the pages and the resolution that are loaded; "" for the defaults.

    >>> selection(None, Limits()), selection([1, 3], Limits(pdf_dpi=300))
    ('', 'pages=1,3 dpi=300')
    """
    parts = [] if pages is None else [f"pages={','.join(map(str, pages))}"]
    if limits.pdf_dpi != _USUAL_DPI:
        parts.append(f"dpi={limits.pdf_dpi:g}")
    return " ".join(parts)


def load(
    source: object,
    *,
    base: Path | str | None = None,
    pages: Sequence[int] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    decode: bool = True,
) -> InputImage:
    """Load a picture from any source.

    Parameters
    ----------
    source
        Path, http(s) URL, ``data:`` URI, base64 text, bytes, binary file, PIL picture, or uint8
        array (H×W, H×W×1, H×W×3 RGB, H×W×4 RGBA).  Text is treated as a path if the file exists.
        It may also be an `InputImage` that was loaded with ``decode=False``.
    base
        Folder that relative paths start from; None for the current one.
    pages
        Page numbers of a PDF or TIFF to load, from 1; None for all.
    limits
        Minimum and maximum sizes.
    fetch
        How URLs are fetched.
    decode
        False does not decode pictures and does not fetch URLs, for engines that send them to a
        service; the `sha256` of a URL is then that of its text.  See `fetched`.

    Raises
    ------
    ImageError
        The cell is empty, the file does not exist, or it cannot be read as a picture.
    FetchError
        The URL cannot be fetched.
    ArgumentError
        `pages` is not page numbers from 1, or is combined with ``decode=False``.

    Examples
    --------
    >>> import numpy as np
    >>> load(np.zeros((20, 30), np.uint8))
    InputImage('array', pixels, 30×20)
    """
    if pages is not None and (len(pages) == 0 or min(pages) < 1):
        raise ArgumentError(f"pages must be page numbers from 1, not {list(pages)!r}")
    try:
        drawn = _from_pixels(source, pages, limits)
        if drawn is not None:
            return drawn
        if not decode and pages is not None:
            raise ArgumentError("this engine sends whole files and does not support pages=…")
        if isinstance(source, InputImage) and not source.pages:
            if not decode:
                return source
            found = Encoded(source.name, source.source, source.data or b"", source.url)
        else:
            found = read_source(source, base=base, limits=limits)
        if not decode:
            return _undecoded(found, fetch, selection(None, limits))
        if found.url is not None and not found.data:
            return load_url(found.url, pages=pages, limits=limits, fetch=fetch)
        return _decoded(found, pages, limits)
    except CvocrError:
        raise
    except Exception as error:  # objects that imitate pictures may raise anything
        raise ImageError(f"the picture cannot be read ({type(error).__name__})") from None


def load_url(
    url: str,
    *,
    pages: Sequence[int] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
) -> InputImage:
    """Load a picture from a URL; use it for untrusted text, which `load` could treat as a path.

    Raises
    ------
    FetchError
        It is not an http(s) URL, or cannot be fetched.
    ImageError
        The response cannot be read as a picture.
    """
    return _decoded(_fetched(url, fetch), pages, limits)


def digest(
    source: object,
    *,
    base: Path | str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> str:
    """Return the `sha256` of a source without decoding it; for URLs, that of their text.

    See `load` for the parameters and errors.
    """
    return load(source, base=base, limits=limits, decode=False).sha256


def fetched(image: InputImage) -> InputImage:
    """Fetch the `data` of a picture that was loaded from a URL with ``decode=False``.

    Raises
    ------
    FetchError
        The URL cannot be fetched.
    """
    if image.url is None or image.data is not None:
        return image
    return _undecoded(_fetched(image.url, image.fetch), image.fetch, image.selection)


def _undecoded(found: Encoded, fetch: Fetch, selected: str) -> InputImage:
    if found.data:
        _format(found)
    sha256 = hashlib.sha256(found.data or (found.url or "").encode()).hexdigest()
    return InputImage(
        found.name, sha256, (), found.origin, found.data or None, found.url, selection=selected,
        fetch=fetch,
    )  # fmt: skip


def _fetched(url: str, fetch: Fetch) -> Encoded:
    return Encoded(public_name(url), "url", fetch_bytes(url, fetch), url)


def _decoded(found: Encoded, pages: Sequence[int] | None, limits: Limits) -> InputImage:
    name = found.name
    data = checked(found.data, name, limits)
    file_format = _format(found)
    if file_format == "PDF":
        with translated(name, "PDF"):
            arrays = decode_pdf(data, name, pages=pages, limits=limits)
    else:
        arrays = decode_picture(data, file_format, name, pages=pages, limits=limits)
    numbers = tuple(map(int, pages or ())) if file_format in ("PDF", "TIFF") else ()
    sha256, selected = hashlib.sha256(data).hexdigest(), selection(pages, limits)
    return InputImage(name, sha256, arrays, found.origin, data, found.url, numbers, selected)


def _format(found: Encoded) -> str:
    file_format = format_of(found.data)
    if not is_readable(file_format):
        raise ImageError(f"{found.name} is {file_format}, not a picture: use JPEG, PNG or PDF")
    return file_format


def _from_pixels(source: object, pages: Sequence[int] | None, limits: Limits) -> InputImage | None:
    """Load an array or a PIL picture; None for anything else."""
    if isinstance(source, np.ndarray):
        name, pixels = "array", _of_array(source, limits)
    elif hasattr(source, "getexif"):
        from PIL import Image

        if not isinstance(source, Image.Image):
            return None
        name = "PIL picture"
        with quiet_pillow(), translated(name, "the"):
            pixels = upright(source, name, limits)
    else:
        return None
    check_page_numbers(pages, 1, name, limits)
    content = hashlib.sha256(repr(pixels.shape).encode())
    content.update(pixels.data)
    selected = selection(pages, limits)
    return InputImage(name, content.hexdigest(), (pixels,), "pixels", selection=selected)


def _of_array(array: NDArray[np.generic], limits: Limits) -> NDArray[np.uint8]:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise ImageError(
            f"array of {array.dtype}, shape {array.shape}: use uint8, H×W, H×W×3 or H×W×4"
        )
    check_size((array.shape[1], array.shape[0]), "array", limits)
    pixels = array.astype(np.uint8, copy=False).reshape(*array.shape[:2], channels)
    if channels == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    elif channels == 4:
        alpha = pixels[..., 3:].astype(np.uint16)
        mixed = pixels[..., :3] * alpha + 255 * (255 - alpha) + 127
        pixels = (mixed // 255).astype(np.uint8)
    # Copy even a read-only array, since it may be a view of a writable one.
    return read_only(np.array(pixels, order="C"))
