"""Encoded pictures -> upright RGB arrays, with every failure of Pillow turned into one error."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.errors import CvocrError, ImageError
from cvocr_lab.images._limits import Limits
from cvocr_lab.images._quiet import quiet_pillow
from cvocr_lab.images._whole import is_cut_off, jpeg_scans

if TYPE_CHECKING:
    from PIL import Image

Pixels: TypeAlias = "NDArray[np.uint8]"

_ORIENTATION: Final = 0x0112
_PASSES: Final = 20
"""How often a JPEG as large as may be is drawn over, a smaller one more often.  Encoders write ten
scans or so; a file of 271 KB with 1,000 took 23 s."""
_COPIES: Final = 10  # small copies of a page that a pyramid may hold
_SUBFILE_TYPE: Final = 254


@contextmanager
def translated(name: str, what: str) -> Iterator[None]:
    """Turn whatever a decoder raises into an `ImageError` that names the source.

    Parameters
    ----------
    name
        What stands for the source in messages.
    what
        What was being read, e.g. ``"PNG"``.

    Raises
    ------
    ImageError
        Instead of anything but `CvocrError`.
    """
    try:
        yield
    except CvocrError:
        raise
    except MemoryError as error:
        raise ImageError(f"{what} {name} does not fit in memory: make it smaller") from error
    except Exception as error:
        if type(error).__name__ == "DecompressionBombError":
            # Some formats are judged by Pillow's own limit before they can be by ours.
            raise ImageError(f"{what} {name} has too many pixels: make it smaller") from error
        # Pillow lets out OSError, SyntaxError, ValueError, TypeError, struct.error and more.
        kind = type(error).__name__
        raise ImageError(f"{what} {name} is broken or cut off ({kind}): get a new copy") from error


def decode_picture(
    data: bytes, found: str, name: str, *, pages: Sequence[int] | None, limits: Limits
) -> tuple[Pixels, ...]:
    """Pixels of an encoded picture: one array, or one for each page of a TIFF.

    Parameters
    ----------
    data
        The encoded picture.
    found
        Its format, by Pillow's name.
    name
        What stands for it in messages.
    pages
        Numbers of the wanted pages, from 1; None for all.
    limits
        Checked against the header, before decoding.

    Raises
    ------
    ImageError
        Broken, cut off, too large, too small.
    """
    if is_cut_off(data, found):
        raise ImageError(f"{found} {name} is broken or cut off: get a new copy")
    with quiet_pillow(), translated(name, found):
        from PIL import Image

        if found == "HEIF":
            _enable_heif(name)
        if found == "TIFF":
            _silence_tiff()
        # Only the sniffed format's decoder ever sees the bytes.
        with Image.open(io.BytesIO(data), formats=[found]) as picture:
            if found == "JPEG":
                scans = jpeg_scans(data)
                if scans * picture.width * picture.height > _PASSES * limits.max_pixels:
                    raise ImageError(f"JPEG {name} is drawn in {scans} scans: save it anew")
            if found != "TIFF":
                check_page_numbers(pages, 1, name, limits)
                return (upright(picture, name, limits),)
            return tuple(_tiff_pages(picture, name, pages, limits))


def upright(picture: Image.Image, name: str, limits: Limits) -> Pixels:
    """Pixels of one Pillow picture, EXIF orientation applied, on white, 8 bits, RGB."""
    check_size(picture.size, name, limits)
    picture.load()
    turn = _turn(picture)
    flat = _rgb(picture)
    if turn is not None:
        flat = flat.transpose(turn)
    return frozen(np.asarray(flat))


def frozen(pixels: Pixels) -> Pixels:
    """The same pixels, C-contiguous and read-only; copied unless they are so already."""
    if pixels.flags.writeable or not pixels.flags.c_contiguous:
        pixels = np.array(pixels, order="C")
        pixels.flags.writeable = False
    return pixels


def check_size(size: tuple[int, int], name: str, limits: Limits, *, before: int = 0) -> None:
    """Refuse a picture by its declared size.

    Parameters
    ----------
    size
        Width and height in pixels.
    name
        What stands for the picture in messages.
    limits
        What is allowed.
    before
        Pixels of the pages before this one.

    Raises
    ------
    ImageError
        Too many pixels, or too few.
    """
    width, height = size
    if min(size) < limits.min_side:
        raise ImageError(
            f"{name} is only {width}×{height} pixels: {limits.min_side} a side are the least"
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
    """Wanted page numbers, from 1; all where `pages` is None.

    Raises
    ------
    ImageError
        A page that is not there, or too many pages.
    """
    wanted = list(range(1, count + 1)) if pages is None else list(pages)
    for number in wanted:
        if not 1 <= number <= count:
            plural = "page" if count == 1 else "pages"
            raise ImageError(f"{name} has no page {number}: it has {count} {plural}")
    if len(wanted) > limits.max_pages:
        raise ImageError(
            f"{name} has {len(wanted)} pages: say pages=…, or raise Limits.max_pages "
            f"({limits.max_pages})"
        )
    return wanted


def _tiff_pages(
    picture: Image.Image, name: str, pages: Sequence[int] | None, limits: Limits
) -> Iterator[Pixels]:
    frames: list[int] = []
    # Not `n_frames`: it follows a chain of any length.
    last = max(pages, default=1) if pages is not None else limits.max_pages
    at = 0
    while len(frames) <= last:
        try:
            picture.seek(at)
        except EOFError:
            break
        if not frames or not _is_thumbnail(picture):
            frames.append(at)
        at += 1
        if at > _COPIES * (last + 1):
            raise ImageError(f"TIFF {name} has too many small copies: save it without")
    before = 0
    for number in check_page_numbers(pages, len(frames), name, limits):
        picture.seek(frames[number - 1])
        check_size(picture.size, name, limits, before=before)
        before += picture.width * picture.height
        yield upright(picture, name, limits)


def _is_thumbnail(picture: Image.Image) -> bool:
    tags = getattr(picture, "tag_v2", {})
    return bool(tags.get(_SUBFILE_TYPE, 0) & 1)


def _turn(picture: Image.Image) -> Image.Transpose | None:
    from PIL import Image

    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except Exception:
        return None  # broken EXIF does not spoil the picture
    t = Image.Transpose
    turns = {
        2: t.FLIP_LEFT_RIGHT,
        3: t.ROTATE_180,
        4: t.FLIP_TOP_BOTTOM,
        5: t.TRANSPOSE,
        6: t.ROTATE_270,
        7: t.TRANSVERSE,
        8: t.ROTATE_90,
    }
    return turns.get(orientation) if isinstance(orientation, int) else None


def _rgb(picture: Image.Image) -> Image.Image:
    from PIL import Image

    if picture.mode == "F" or picture.mode.startswith("I"):
        return Image.fromarray(_eight_bits(picture)).convert("RGB")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    # To convert what is RGB already would copy it.
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _eight_bits(picture: Image.Image) -> Pixels:
    values = np.nan_to_num(np.asarray(picture), nan=0, posinf=0, neginf=0)
    # These modes do not tell their range (scanners put 12 bits into 16): take the smallest usual
    # one that holds all values.
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
    """Stop what writes to standard error while a TIFF is read; Pillow raises what matters."""
    from PIL import _imaging

    # Without any handler, logging itself writes there.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    with contextlib.suppress(OSError, AttributeError):  # linked in so that it cannot be reached
        library = ctypes.CDLL(_imaging.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)
