"""A request's pictures: links out of the query, files out of a form, base64 out of JSON."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import unquote_plus

from cvocr_lab.errors import FetchError, FormatTypeError, ImageError, RowError
from cvocr_lab.wire import Endpoint

_MOST_PARTS = 32


def chosen(endpoints: Sequence[Endpoint], format_type: str | None, content_type: str) -> Endpoint:
    """The endpoint that is meant, of those with one method and path.

    Parameters
    ----------
    endpoints
        The candidates; several only where ``format_type`` tells them apart.
    format_type
        As sent; None if it was not, and then the body's type decides.
    content_type
        Of the body, in lower case and without parameters.

    Raises
    ------
    FormatTypeError
        `format_type` names none of them.
    """
    if endpoints[0].version == "v1":
        return endpoints[0]
    if format_type is None:
        return next((e for e in endpoints if e.content_type == content_type), endpoints[0])
    for endpoint in endpoints:
        if endpoint.transport == format_type:
            return endpoint
    ways = " or ".join(e.transport for e in endpoints)
    raise FormatTypeError(f"format_type is {ways} here")


def parameters(query: str, names: Sequence[str]) -> dict[str, str]:
    """Parameters out of a query string.

    A link that was put into the query as it is, as the demo programs of the API's pages do, may
    hold ``&`` and ``%`` of its own: what follows a bare link and is no parameter of the endpoint
    belongs to the link.

    Parameters
    ----------
    query
        As it came.
    names
        Parameters of the endpoint.

    Examples
    --------
    >>> parameters("url=https://a.b/c?d=1&e=%26&get_thumb=true", ["url", "get_thumb"])
    {'url': 'https://a.b/c?d=1&e=%26', 'get_thumb': 'true'}
    >>> parameters("url=https%3A%2F%2Fa.b%2Fc%3Fd%3D1%26e&f=g", ["url"])
    {'url': 'https://a.b/c?d=1&e'}
    """
    found: dict[str, str] = {}
    bare: str | None = None
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        name = unquote_plus(name)
        if equals and name in names:
            bare = name if "://" in value and name not in found else None
            found.setdefault(name, value if bare else unquote_plus(value))
        elif bare:
            found[bare] += f"&{part}"
    return found


def links(found: Mapping[str, str], endpoint: Endpoint) -> tuple[str, ...]:
    """The links of the pictures.

    Raises
    ------
    FetchError
        One is not there.
    """
    for name in endpoint.images:
        if not found.get(name, "").strip():
            raise FetchError(f"parameter {name} is missing")
    return tuple(found[name].strip() for name in endpoint.images)


def pictures(body: bytes, content_type: str, endpoint: Endpoint) -> tuple[bytes, ...]:
    """The pictures of a body.

    Parameters
    ----------
    body
        All of it.
    content_type
        The header, with its parameters.
    endpoint
        Where it was sent.

    Raises
    ------
    ImageError
        The body is not what its type says, or a picture is not there or no base64.
    """
    if endpoint.transport == "file":
        parts = _form(body, content_type)
        return tuple(_there(parts, name) for name in endpoint.images)
    values = _json(body)
    return tuple(_unpacked(_there(values, name), name) for name in endpoint.images)


Value = TypeVar("Value")


def _there(values: Mapping[str, Value], name: str) -> Value:
    if name not in values:
        raise ImageError(f"field {name} is missing")
    return values[name]


def _json(body: bytes) -> dict[str, object]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ImageError(f"the body is no JSON ({type(error).__name__})") from None
    if not isinstance(content, dict):
        raise ImageError("the body is no JSON object")
    return content


def _unpacked(value: object, name: str) -> bytes:
    if not isinstance(value, str):
        raise ImageError(f"field {name} is no text")
    text = value.encode("ascii", "replace")
    if text[:5].lower() == b"data:":
        head, comma, text = text.partition(b",")
        if not comma or not head.lower().endswith(b";base64"):
            raise ImageError(f"field {name} is a data URI, but not data:…;base64,…")
    # Demo programs break lines every 76 characters; some writers leave the padding away.
    plain = b"".join(text.split()).translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        raise ImageError(f"field {name} is no base64") from None


def _form(body: bytes, content_type: str) -> dict[str, bytes]:
    """Parts of a ``multipart/form-data`` body by name, the first of each."""
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise ImageError("the form has no boundary")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except RowError:
        raise
    except (FormParserError, ValueError, KeyError, IndexError, UnicodeError) as error:
        raise ImageError(f"the form is malformed ({type(error).__name__})") from None
    if not parts.ended:
        raise ImageError("the form is cut off")
    return parts.found


class _Parts:
    """Collects what the parser finds."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}
        self.ended = False
        self._count = 0
        self._start()

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._start,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def _start(self) -> None:
        self._field, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._content = bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if bytes(self._field).strip().lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._field, self._value = bytearray(), bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._content += memoryview(data)[start:end]

    def _end(self) -> None:
        from python_multipart.multipart import parse_options_header

        self._count += 1
        if self._count > _MOST_PARTS:
            raise ImageError("the form has too many parts")
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        self.found.setdefault(name, bytes(self._content))

    def _all(self) -> None:
        self.ended = True
