"""Read the encoded bytes of a source, or its URL."""

from __future__ import annotations

import base64
import io
import os
import re
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote_to_bytes

import numpy as np

from cvocr_lab.errors import FetchError, ImageError
from cvocr_lab.files import escaped, unescaped
from cvocr_lab.images._fetch import public_name
from cvocr_lab.images._formats import format_of, is_readable
from cvocr_lab.images._limits import Limits

Origin: TypeAlias = Literal["path", "url", "bytes", "pixels", "base64"]

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]+)://", re.I)
_PLAIN_BASE64: Final = bytes.maketrans(b"-_", b"+/")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\-\s]++={0,2}")
_LONGEST_PATH: Final = 4096
_PIECE: Final = 2**16


@dataclass(frozen=True, slots=True)
class Encoded:
    """The encoded bytes of a picture, or a URL that has not been fetched (`data` is empty)."""

    name: str
    origin: Origin
    data: bytes = field(repr=False)
    url: str | None = field(default=None, repr=False)


def read_source(source: object, *, base: Path | str | None, limits: Limits) -> Encoded:
    """Read a source; the URL of one that must be fetched."""
    if is_absent(source):
        raise ImageError("no picture: the cell is empty")
    if isinstance(source, Path):
        return _file(source, escaped(str(source)), base, limits)
    if isinstance(source, str):
        return _text(source.strip(), base, limits)
    if isinstance(source, bytes | bytearray | memoryview):
        return Encoded("bytes", "bytes", checked(bytes(source), "bytes", limits))
    if callable(getattr(source, "read", None)):
        return _open_file(source, limits)
    raise ImageError(f"{type(source).__name__} is not a picture: use a path, URL, bytes or array")


def is_absent(source: object) -> bool:
    """Return whether a cell is empty: None, NaN, NA, NaT or blank text."""
    if source is None or type(source).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(source, float | np.floating):
        return bool(source != source)
    return isinstance(source, str) and not source.strip()


def _text(text: str, base: Path | str | None, limits: Limits) -> Encoded:
    scheme = _SCHEME.match(text)
    if scheme:
        if scheme[1].lower() not in ("http", "https"):
            raise FetchError(f"{public_name(text)} is not fetched: use an http(s) link or a path")
        return Encoded(public_name(text), "url", b"", text)
    if text[:5].lower() == "data:":
        return Encoded("data URI", "base64", _data_uri(text, limits))
    failure = ImageError(f"text of {len(text)} characters is not a picture: use a path or a URL")
    try:
        if len(text) <= _LONGEST_PATH:
            return _file(Path(text), escaped(text), base, limits)
    except _NoFileError as error:
        if text.isprintable():
            failure = ImageError(*error.args)
    # Outside the handler, so that errors of base64 text are not chained to those of paths.
    data = _base64(text, limits)
    if data is None:
        raise failure
    return Encoded("base64 text", "base64", data)


class _NoFileError(ImageError):
    """There is no file with this name, or the name is invalid."""


def _file(path: Path, name: str, base: Path | str | None, limits: Limits) -> Encoded:
    try:
        path = path.expanduser()
        path = on_disk(path if base is None else Path(base) / path)
        found = path.stat()
        # Checked before opening, since a pipe would block and a device may never end.
        if stat.S_ISDIR(found.st_mode):
            raise ImageError(f"{name} is a folder: use a file in it")
        if not stat.S_ISREG(found.st_mode):
            raise ImageError(f"{name} is not a regular file: use a picture")
        _check_bytes(found.st_size, name, limits)
        data = _contents(path, found.st_size, name, limits)
    except FileNotFoundError as error:
        folder = f" in {base}" if base is not None else ""
        message = f"no such file{folder}: {name}; check the path and base=…"
        raise _NoFileError(message) from error
    except PermissionError as error:
        raise ImageError(f"{name} may not be read: check its permissions") from error
    except (OSError, ValueError, RuntimeError) as error:
        reason = type(error).__name__
        raise _NoFileError(f"{name} cannot be opened ({reason}): check the path") from error
    return Encoded(name, "path", checked(data, name, limits))


def on_disk(path: Path) -> Path:
    """Return the path as spelled on the disk, where its Unicode form and bytes may differ.

    A `FileNotFoundError` is raised if no file with any of these spellings exists.
    """
    if path.exists():
        return path
    # In frames and stores, bytes of a name that are not UTF-8 are escaped.
    raw = Path(unescaped(str(path)))
    if raw != path and raw.exists():
        return raw
    other = None if str(path).isascii() else _in_another_form(raw)
    if other is None:
        raise FileNotFoundError(str(path))
    return other


def _in_another_form(path: Path) -> Path | None:
    """Return the path with each name in its Unicode form on the disk; None if it does not exist.

    Labels written on one system and files unpacked on another may differ in this form.
    """
    made = Path(path.anchor)
    for name in path.relative_to(path.anchor).parts:
        found = made / name
        if not found.exists():
            wanted = unicodedata.normalize("NFC", name)
            try:
                names = sorted(os.listdir(made))  # noqa: PTH208 - names as they are
            except OSError:
                return None
            same = (n for n in names if unicodedata.normalize("NFC", n) == wanted)
            if (other := next(same, None)) is None:
                return None
            found = made / other
        made = found
    return made


def _contents(path: Path, size: int, name: str, limits: Limits) -> bytes:
    """Read a file up to the allowed size; it may have grown since its size was checked."""
    pieces: list[bytes] = []
    with io.FileIO(path) as file:
        # Most files need one call.  read() allocates the requested size.
        while piece := file.read(max(size + 1, _PIECE)):
            pieces.append(piece)
            _check_bytes(sum(map(len, pieces)), name, limits)
            if len(piece) == size:
                break
    return b"".join(pieces)


def _open_file(file: object, limits: Limits) -> Encoded:
    try:
        data = file.read(limits.max_bytes + 1)  # type: ignore[attr-defined]
    except Exception as error:
        reason = type(error).__name__
        raise ImageError(f"the open file cannot be read ({reason}): open it again") from error
    if not isinstance(data, bytes):
        raise ImageError("the open file returns text: open it with mode 'rb'")
    return Encoded("open file", "bytes", checked(data, "open file", limits))


def _data_uri(text: str, limits: Limits) -> bytes:
    head, comma, body = text.partition(",")
    _check_bytes(len(body) * 3 // 4, "data URI", limits)
    if not comma:
        raise ImageError("data URI has no comma: use data:image/png;base64,…")
    raw = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return checked(raw, "data URI", limits)
    try:
        return checked(decode_base64(raw.decode("ascii")), "data URI", limits)
    except ValueError as error:
        raise ImageError("data URI contains broken base64: get a new copy") from error


def _base64(text: str, limits: Limits) -> bytes | None:
    """Decode base64 text; None if it is not base64, or not a known format."""
    if len(text) < 32 or not _BASE64.fullmatch(text):
        return None
    start = "".join(text[:2048].split())[:1400]
    try:
        head = decode_base64(start[: len(start) // 4 * 4])
    except ValueError:
        return None
    if not is_readable(format_of(head)):
        return None
    _check_bytes(len(text) * 3 // 4, "base64 text", limits)
    try:
        return checked(decode_base64(text), "base64 text", limits)
    except ValueError as error:
        raise ImageError("base64 text is cut off: get a new copy") from error


def decode_base64(text: str) -> bytes:
    """Decode base64 of either alphabet, also without padding; anything else is a `ValueError`."""
    plain = text.encode("ascii").translate(_PLAIN_BASE64, b" \t\r\n\v\f")
    return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)


def _check_bytes(size: int, name: str, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise ImageError(
            f"{name} is larger than {limits.max_bytes} bytes: make it smaller, "
            "or raise Limits.max_bytes"
        )


def checked(data: bytes, name: str, limits: Limits) -> bytes:
    """Return the bytes; none, or more than `Limits.max_bytes`, are an `ImageError`."""
    _check_bytes(len(data), name, limits)
    if not data:
        raise ImageError(f"{name} is empty: get a new copy")
    return data
