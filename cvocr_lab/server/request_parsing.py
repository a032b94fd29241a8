"""Parse the pictures of a request: links in the query, files in a form, or base64 in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import unquote_plus

from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, parse_options_header

from cvocr_lab.errors import FetchError, FormatTypeError, ImageError
from cvocr_lab.images import decode_base64
from cvocr_lab.wire import Endpoint

_MOST_PARTS: Final = 32


def choose_endpoint(
    endpoints: Sequence[Endpoint], format_type: str | None, content_type: str
) -> Endpoint:
    """Choose the requested endpoint among those with the same method and path.

    Without a `format_type`, the content type (in lower case, without parameters) decides.  A
    `format_type` without an endpoint is a `FormatTypeError`.
    """
    if endpoints[0].version == "v1":
        return endpoints[0]
    if format_type is None:
        return next((e for e in endpoints if e.content_type == content_type), endpoints[0])
    by_transport: dict[str, Endpoint] = {e.transport: e for e in endpoints}
    if format_type not in by_transport:
        raise FormatTypeError(f"format_type must be {' or '.join(by_transport)}")
    return by_transport[format_type]


def query_parameters(query: str, names: Sequence[str]) -> dict[str, str]:
    """Parse the parameters of a query string.

    Links may be sent without escaping, as in the examples of the API's documentation, and contain
    ``&`` and ``%``: what follows such a link belongs to it, unless it is a parameter of the
    endpoint.

    >>> query_parameters("url=https://a.b/c?d=1&e=%26&get_thumb=true", ["url", "get_thumb"])
    {'url': 'https://a.b/c?d=1&e=%26', 'get_thumb': 'true'}
    >>> query_parameters("url=https%3A%2F%2Fa.b%2Fc%3Fd%3D1%26e&f=g", ["url"])
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
    """Return the links of the pictures; a missing one is a `FetchError`."""
    for name in endpoint.images:
        if not found.get(name, "").strip():
            raise FetchError(f"parameter {name} is missing")
    return tuple(found[name].strip() for name in endpoint.images)


def pictures(body: bytes, content_type: str, endpoint: Endpoint, most: int) -> tuple[bytes, ...]:
    """Return the pictures in a body; one of more than `most` bytes is an `ImageError`."""
    if endpoint.transport == "file":
        parts = _form(body, content_type)
        return tuple(_there(parts, name) for name in endpoint.images)
    values = _json(body)
    return tuple(_unpacked(_there(values, name), name, most) for name in endpoint.images)


Value = TypeVar("Value")


def _there(values: Mapping[str, Value], name: str) -> Value:
    if name not in values:
        raise ImageError(f"field {name} is missing")
    return values[name]


_SMALL: Final = 2**16
"""Larger JSON bodies must be a flat object of texts, which takes little memory to parse."""

# Base64 contains no quotes, so texts with an escaped quote are not needed.
_TEXT: Final = rb'"(?:[^"\\]++|\\[^"])*+"'
_MEMBER: Final = rb'"[^"\\\x00-\x1f]{0,200}+"\s*+:\s*+(?:%s|[-+.0-9A-Za-z]{1,64}+)' % _TEXT
_FLAT: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+\{\s*+%s\s*+(?:,\s*+%s\s*+){0,%d}+\}\s*+"
    % (_MEMBER, _MEMBER, _MOST_PARTS - 1)
)


def _json(body: bytes) -> dict[str, object]:
    if len(body) > _SMALL and not _FLAT.fullmatch(body):
        raise ImageError("the body is not a flat JSON object of texts")
    try:
        content = json.loads(body, strict=False)  # base64 may have line breaks
    except (ValueError, RecursionError) as error:
        raise ImageError(f"the body is not JSON ({type(error).__name__})") from None
    if not isinstance(content, dict):
        raise ImageError("the body is not a JSON object")
    return content


def _unpacked(value: object, name: str, most: int) -> bytes:
    if not isinstance(value, str):
        raise ImageError(f"field {name} is not text")
    if value[:5].lower() == "data:":
        head, comma, value = value.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise ImageError(f"field {name} is a data URI, but not data:…;base64,…")
    try:
        content = decode_base64(value)
    except ValueError:
        raise ImageError(f"field {name} is not base64") from None
    if len(content) > most:
        raise ImageError(f"field {name} is larger than {most} bytes")
    return content


def _form(body: bytes, content_type: str) -> dict[str, bytes]:
    """Return the parts of a ``multipart/form-data`` body by name, the first of each name."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise ImageError("the form has no boundary")
    parts: list[tuple[str, bytes]] = []
    ended: list[bool] = []

    def take(part: Field | File) -> None:
        if len(parts) == _MOST_PARTS:
            raise ImageError("the form has too many parts")
        if isinstance(part, File):
            part.file_object.seek(0)
            content = part.file_object.read()
        else:
            content = part.value or b""
        parts.append(((part.field_name or b"").decode("utf-8", "replace"), content))

    # Pictures are not written to disk.
    config = {"MAX_MEMORY_FILE_SIZE": float("inf")}
    try:
        parser = FormParser(
            kind.decode(), take, take, lambda: ended.append(True), boundary, config=config
        )
        parser.write(body)
        parser.finalize()
    except (FormParserError, AssertionError, ValueError, KeyError, IndexError) as error:
        raise ImageError(f"the form is malformed ({type(error).__name__})") from None
    if not ended:
        raise ImageError("the form is cut off")
    return dict(reversed(parts))
