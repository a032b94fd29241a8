"""Decode pictures with Pillow to upright RGB arrays; all failures become an `ImageError`."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import logging
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.errors import CvocrError, ImageError
from cvocr_lab.images._formats import START_OF_SCAN, is_cut_off, jpeg_scans
from cvocr_lab.images._limits import Limits

if TYPE_CHECKING:
    from PIL import Image

Pixels: TypeAlias = "NDArray[np.uint8]"

_ORIENTATION: Final = 0x0112
_MAX_SCANS: Final = 20
"""Maximum number of scans of a JPEG of the maximum size; smaller ones may have more.  Encoders
write about ten scans; a file of 271 KB with 1,000 scans took 23 s."""
_COPIES: Final = 10  # maximum number of small copies per page of a TIFF pyramid
_SUBFILE_TYPE: Final = 254


_FILTER_LOCK: Final = threading.Lock()
_FILTER: Final[Any] = ("ignore", None, Warning, re.compile(r"PIL\b"), 0)
_inside = 0


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Run a block without Pillow's warnings; thread-safe.

    `warnings.catch_warnings` is not thread-safe, since it replaces the whole list of filters.
    Instead, the first thread that enters adds a filter, and the last one removes it.
    """
    global _inside
    with _FILTER_LOCK:
        _inside += 1
        if _FILTER not in warnings.filters:
            warnings.filters.insert(0, _FILTER)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        with _FILTER_LOCK:
            _inside -= 1
            if not _inside and _FILTER in warnings.filters:
                warnings.filters.remove(_FILTER)  # type: ignore[attr-defined]


@contextmanager
def translated(name: str, what: str) -> Iterator[None]:
    """Replace any exception of a decoder by an `ImageError` that names the source."""
    try:
        yield
    except CvocrError:
        raise
    except MemoryError as error:
        raise ImageError(f"{what} {name} does not fit in memory: make it smaller") from error
    except Exception as error:
        if type(error).__name__ == "DecompressionBombError":
            # For some formats, Pillow checks its own limit before ours can be checked.
            raise ImageError(f"{what} {name} has too many pixels: make it smaller") from error
        # Pillow may raise OSError, SyntaxError, ValueError, TypeError, struct.error and more.
        reason = type(error).__name__
        raise ImageError(
            f"{what} {name} is broken or cut off ({reason}): get a new copy"
        ) from error


def decode_picture(
    data: bytes, found: str, name: str, *, pages: Sequence[int] | None, limits: Limits
) -> tuple[Pixels, ...]:
    """Decode a picture to one array, or to one array per page of a TIFF.

    The limits are checked with the header, before decoding.
    """
    if is_cut_off(data, found):
        raise ImageError(f"{found} {name} is broken or cut off: get a new copy")
    with quiet_pillow(), translated(name, found):
        from PIL import Image

        if found == "HEIF":
            _enable_heif(name)
        if found == "TIFF":
            _silence_tiff()
        # Only the decoder of the detected format is used.
        with Image.open(io.BytesIO(data), formats=[found]) as picture:
            if found == "JPEG":
                most = _MAX_SCANS * limits.max_pixels // max(1, picture.width * picture.height)
                # To count all occurrences of the marker is much faster.
                if data.count(START_OF_SCAN) > most and (scans := jpeg_scans(data)) > most:
                    raise ImageError(f"JPEG {name} has {scans} scans: save it again")
            if found != "TIFF":
                check_page_numbers(pages, 1, name, limits)
                return (upright(picture, name, limits),)
            return tuple(_tiff_pages(picture, name, pages, limits))


def upright(picture: Image.Image, name: str, limits: Limits) -> Pixels:
    """Convert a Pillow picture to 8-bit RGB pixels, upright (by EXIF) and on white."""
    check_size(picture.size, name, limits)
    picture.load()
    turn, flat = _turn(picture), _rgb(picture)
    return read_only(np.asarray(flat if turn is None else flat.transpose(turn)))


def read_only(pixels: Pixels) -> Pixels:
    """Return the pixels as a C-contiguous and read-only array, copied if necessary."""
    if pixels.flags.writeable or not pixels.flags.c_contiguous:
        pixels = np.array(pixels, order="C")
        pixels.flags.writeable = False
    return pixels


def check_size(size: tuple[int, int], name: str, limits: Limits, *, before: int = 0) -> None:
    """Refuse too many or too few pixels; `before` are those of the pages before this one."""
    width, height = size
    if min(size) < limits.min_side:
        raise ImageError(
            f"{name} is only {width}×{height} pixels: each side needs at least {limits.min_side}"
        )
    if width * height + before > limits.max_pixels:
        total = f"{(width * height + before) / 1e6:.0f} million pixels"
        raise ImageError(
            f"{name} has {total}: make it smaller, or raise Limits.max_pixels "
            f"({limits.max_pixels / 1e6:.0f} million)"
        )


def check_page_numbers(
    pages: Sequence[int] | None, count: int, name: str, limits: Limits
) -> list[int]:
    """Return the page numbers to load, from 1; all if `pages` is None."""
    wanted = list(range(1, count + 1)) if pages is None else list(pages)
    for number in wanted:
        if not 1 <= number <= count:
            plural = "page" if count == 1 else "pages"
            raise ImageError(f"{name} has no page {number}: it has {count} {plural}")
    if len(wanted) > limits.max_pages:
        raise ImageError(
            f"{name} has {len(wanted)} pages: pass pages=…, or raise Limits.max_pages "
            f"({limits.max_pages})"
        )
    return wanted


def _tiff_pages(
    picture: Image.Image, name: str, pages: Sequence[int] | None, limits: Limits
) -> Iterator[Pixels]:
    frames: list[int] = []
    # `n_frames` is not used, since it follows a chain of any length.
    last = max(pages, default=1) if pages is not None else limits.max_pages
    at = 0
    while len(frames) <= last:
        try:
            picture.seek(at)
        except EOFError:
            break
        is_thumbnail = getattr(picture, "tag_v2", {}).get(_SUBFILE_TYPE, 0) & 1
        if not frames or not is_thumbnail:
            frames.append(at)
        at += 1
        if at > _COPIES * (last + 1):
            raise ImageError(f"TIFF {name} has too many small copies: save it without them")
    before = 0
    for number in check_page_numbers(pages, len(frames), name, limits):
        picture.seek(frames[number - 1])
        check_size(picture.size, name, limits, before=before)
        before += picture.width * picture.height
        yield upright(picture, name, limits)


def _turn(picture: Image.Image) -> Image.Transpose | None:
    from PIL import Image

    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except Exception:
        return None  # the picture is usable in spite of broken EXIF data
    if not isinstance(orientation, int) or not 2 <= orientation <= 8:
        return None
    t = Image.Transpose
    return (t.FLIP_LEFT_RIGHT, t.ROTATE_180, t.FLIP_TOP_BOTTOM, t.TRANSPOSE, t.ROTATE_270,
            t.TRANSVERSE, t.ROTATE_90)[orientation - 2]  # fmt: skip


def _rgb(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode == "F" or picture.mode.startswith("I"):
        return Image.fromarray(_eight_bits(picture)).convert("RGB")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    # Converting an RGB picture would copy it.
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _eight_bits(picture: Image.Image) -> Pixels:
    values = np.nan_to_num(np.asarray(picture), nan=0, posinf=0, neginf=0)
    # The range of these modes is not known (scanners store 12 bits in 16): use the smallest usual
    # range that contains all values.
    usual = (255, 4095, 65535) if values.dtype.kind in "iu" else (1, 255, 4095, 65535)
    highest = float(values.max())
    top = next((top for top in usual if highest <= top), highest)
    scaled = np.clip(values, 0, top) * np.float32(255 / top) + np.float32(0.5)
    grey: Pixels = scaled.astype(np.uint8)
    return grey


def _enable_heif(name: str) -> None:
    try:
        plugin = importlib.import_module("pillow_heif")
    except ImportError as error:
        raise ImageError(f"{name} is a HEIC picture: pip install pillow-heif") from error
    plugin.register_heif_opener()


@cache
def _silence_tiff() -> None:
    """Prevent libtiff from writing to standard error; Pillow raises the relevant errors."""
    # Pillow has no public setting for this; the handlers belong to the copy of libtiff that its
    # extension module loads, so that module is the only way to reach them.
    from PIL import _imaging

    # Without a handler, logging writes to standard error too.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    with contextlib.suppress(OSError, AttributeError):  # libtiff may not be accessible
        library = ctypes.CDLL(_imaging.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)
