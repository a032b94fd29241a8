"""What a cell holds -> encoded bytes, or the URL to fetch."""

from __future__ import annotations

import base64
import binascii
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
from cvocr_lab.images._limits import Limits
from cvocr_lab.images._sniff import format_of, is_readable

Kind: TypeAlias = Literal["path", "url", "bytes", "pixels", "base64"]

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]+)://", re.I)
_PLAIN_BASE64: Final = bytes.maketrans(b"-_", b"+/")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\-\s]++={0,2}")
_LONGEST_PATH: Final = 4096
_PIECE: Final = 2**16


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bytes of a picture not yet decoded, or a URL not yet fetched (then `data` is empty)."""

    name: str
    kind: Kind
    data: bytes = field(repr=False)
    url: str | None = field(default=None, repr=False)


def encoded(source: object, *, base: Path | str | None, limits: Limits) -> Encoded:
    """What `source` holds.

    Raises
    ------
    ImageError
        Empty, not there, too large, or of a type that holds no picture.
    FetchError
        A URL of a scheme that is not fetched.
    """
    if is_absent(source):
        raise ImageError("no picture: the cell is empty")
    if isinstance(source, Path):
        return _file(source, escaped(str(source)), base, limits)
    if isinstance(source, str):
        return _text(source.strip(), base, limits)
    if isinstance(source, bytes | bytearray | memoryview):
        return Encoded("bytes", "bytes", checked(bytes(source), "bytes", limits))
    read = getattr(source, "read", None)
    if callable(read):
        return _open_file(source, limits)
    raise ImageError(f"{type(source).__name__} holds no picture: give a path, URL, bytes or array")


def is_absent(source: object) -> bool:
    """Tell whether a cell is empty: None, NaN, NA, NaT or blank text."""
    if source is None or type(source).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(source, float | np.floating):
        return bool(source != source)
    return isinstance(source, str) and not source.strip()


def _text(text: str, base: Path | str | None, limits: Limits) -> Encoded:
    scheme = _SCHEME.match(text)
    if scheme:
        if scheme[1].lower() not in ("http", "https"):
            raise FetchError(
                f"{public_name(text)} is not fetched: give an http(s) link or a plain path"
            )
        return Encoded(public_name(text), "url", b"", text)
    if text[:5].lower() == "data:":
        return Encoded("data URI", "base64", _data_uri(text, limits))
    failure = ImageError(f"text of {len(text)} characters is no picture: give a path or a URL")
    try:
        if len(text) <= _LONGEST_PATH:
            return _file(Path(text), escaped(text), base, limits)
    except _NoFileError as error:
        if text.isprintable():
            failure = ImageError(*error.args)
    # Outside of the handler: what is base64 has no business in an error of paths.
    data = _base64(text, limits)
    if data is None:
        raise failure
    return Encoded("base64 text", "base64", data)


class _NoFileError(ImageError):
    """There is no file of this name, or it cannot be one's name."""


def _file(path: Path, name: str, base: Path | str | None, limits: Limits) -> Encoded:
    try:
        path = path.expanduser()
        path = on_disk(path if base is None else Path(base) / path)
        found = path.stat()
        # Asked before opening: a pipe would block, a device may never end.
        if stat.S_ISDIR(found.st_mode):
            raise ImageError(f"{name} is a folder: give a file in it")
        if not stat.S_ISREG(found.st_mode):
            raise ImageError(f"{name} is no ordinary file: give a picture")
        _check_bytes(found.st_size, name, limits)
        data = _contents(path, found.st_size, name, limits)
    except FileNotFoundError as error:
        folder = f" in {base}" if base is not None else ""
        told = f"no such file{folder}: {name}; check the path and base=…"
        raise _NoFileError(told) from error
    except PermissionError as error:
        raise ImageError(f"{name} may not be read: check its permissions") from error
    except (OSError, ValueError, RuntimeError) as error:
        kind = type(error).__name__
        raise _NoFileError(f"{name} cannot be opened ({kind}): check the path") from error
    return Encoded(name, "path", checked(data, name, limits))


def on_disk(path: Path) -> Path:
    """Give the path as the disk spells it: its Unicode form and bytes may differ from `path`.

    Raises
    ------
    FileNotFoundError
        No spelling of it exists.
    """
    if path.exists():
        return path
    # In frames and stores, bytes of a name that are not UTF-8 stand escaped.
    raw = Path(unescaped(str(path)))
    if raw != path and raw.exists():
        return raw
    other = None if str(path).isascii() else _in_another_form(raw)
    if other is None:
        raise FileNotFoundError(str(path))
    return other


def _in_another_form(path: Path) -> Path | None:
    """The path with each name in the Unicode form that it has on the disk; None where it is not.

    A list typed on one system and files unpacked on another may differ in it, name by name.
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
    """All of a file, and no more than may be; it may have grown since it was looked at."""
    pieces: list[bytes] = []
    with io.FileIO(path) as file:
        # One call for most files; memory is taken for what is asked for, not for what is there.
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
        kind = type(error).__name__
        raise ImageError(f"the open file cannot be read ({kind}): open it again") from error
    if not isinstance(data, bytes):
        raise ImageError("the open file gives text: open it with mode 'rb'")
    return Encoded("open file", "bytes", checked(data, "open file", limits))


def _data_uri(text: str, limits: Limits) -> bytes:
    head, comma, body = text.partition(",")
    _check_bytes(len(body) * 3 // 4, "data URI", limits)
    if not comma:
        raise ImageError("data URI has no comma: give data:image/png;base64,…")
    raw = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return checked(raw, "data URI", limits)
    try:
        return checked(_unpacked(raw.decode("ascii")), "data URI", limits)
    except ValueError as error:
        raise ImageError("data URI holds broken base64: get a new copy") from error


def _base64(text: str, limits: Limits) -> bytes | None:
    """The bytes behind base64 text; None if the text is none, or of no known content."""
    if len(text) < 32 or not _BASE64.fullmatch(text):
        return None
    start = "".join(text[:2048].split())[:1400]
    try:
        head = _unpacked(start[: len(start) // 4 * 4])
    except ValueError:
        return None
    if not is_readable(format_of(head)):
        return None
    _check_bytes(len(text) * 3 // 4, "base64 text", limits)
    try:
        return checked(_unpacked(text), "base64 text", limits)
    except ValueError as error:
        raise ImageError("base64 text is cut off: get a new copy") from error


def _unpacked(text: str) -> bytes:
    try:
        plain = text.encode("ascii").translate(_PLAIN_BASE64, b" \t\r\n\v\f")
        # Some writers leave the padding away.
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64") from error


def _check_bytes(size: int, name: str, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise ImageError(
            f"{name} is larger than {limits.max_bytes} bytes: make it smaller, "
            "or raise Limits.max_bytes"
        )


def checked(data: bytes, name: str, limits: Limits) -> bytes:
    """The bytes themselves, if neither none nor too many.

    Raises
    ------
    ImageError
        None, or more than `Limits.max_bytes`.
    """
    _check_bytes(len(data), name, limits)
    if not data:
        raise ImageError(f"{name} is empty: get a new copy")
    return data
