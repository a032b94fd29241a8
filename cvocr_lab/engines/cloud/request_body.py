"""What is sent for a request: address, headers and body."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from cvocr_lab.errors import ArgumentError, ImageError
from cvocr_lab.images import InputImage, fetched, format_of
from cvocr_lab.wire import Transport, endpoint, transports

_MEDIA: Final = {
    "JPEG": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "PDF": ("application/pdf", "pdf"),
    "TIFF": ("image/tiff", "tif"),
    "WEBP": ("image/webp", "webp"),
}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is sent, as often as it takes.

    Parameters
    ----------
    method, path
        How, and where to, below the host.
    query
        The query, encoded.
    headers
        Without the login.
    body
        None for ``GET``.
    """

    method: str
    path: str
    query: str = field(repr=False)
    headers: dict[str, str]
    body: bytes | None = field(default=None, repr=False)


def chosen_transport(images: Sequence[InputImage], kind: str) -> Transport:
    """Choose how to send these pictures: links as links, files as files, everything else as base64.

    Two that differ are sent like the one that is no link; a kind that cannot be sent that way is
    sent as files.
    """
    sources = {image.source if image.url or image.source != "url" else "bytes" for image in images}
    wish: Transport = "base64"
    if sources == {"url"}:
        wish = "url"
    elif sources <= {"url", "path"}:
        wish = "file"
    return wish if wish in transports(kind) else "file"


def http_request(
    images: Sequence[InputImage], kind: str, *, transport: Transport | None, get_thumb: bool
) -> HttpRequest:
    """Make the HTTP request for these pictures.

    Parameters
    ----------
    images
        One, or front and back.
    kind
        A name of `cvocr_lab.kinds.REQUESTS`.
    transport
        How to send them; None for the way that fits the source.
    get_thumb
        Whether to ask for the aligned crops, where the endpoint offers them.

    Raises
    ------
    ArgumentError
        The kind cannot be sent this way, or takes another number of pictures.
    FetchError
        A link that is sent as a file cannot be fetched.
    """
    way = endpoint(kind, transport or chosen_transport(images, kind))
    if len(images) != len(way.images):
        raise ArgumentError(f"kind {kind!r} takes {len(way.images)} pictures, not {len(images)}")
    options = {"format_type": way.transport, "get_thumb": str(get_thumb).lower()}
    query = {name: options[name] for name in way.options}
    asked = [way.method, way.path, *query.items()]
    if way.transport == "url":
        for name, image in zip(way.images, images, strict=True):
            if image.url is None:
                raise ArgumentError(f"{image.name} is no link: say another transport than 'url'")
            query[name] = image.url
        return HttpRequest(
            way.method, way.path, _encoded(query), _headers(asked, list(query.values()))
        )
    contents = [_content(image) for image in images]
    headers = _headers(asked, [hashlib.sha256(content).hexdigest() for content in contents])
    if way.transport == "base64":
        body = b"".join(_json_pieces(way.images, contents))
        headers["Content-Type"] = way.content_type
    else:
        boundary = headers["Idempotency-Key"][:32]
        body = b"".join(_form_pieces(way.images, contents, boundary))
        headers["Content-Type"] = f"{way.content_type}; boundary={boundary}"
    return HttpRequest(way.method, way.path, _encoded(query), headers, body)


def _headers(asked: Sequence[object], pictures: Sequence[str]) -> dict[str, str]:
    # The same pictures asked for in the same way are the same call, however often it is sent.
    token = hashlib.sha256(json.dumps([asked, pictures]).encode()).hexdigest()
    return {"Accept": "application/json", "Idempotency-Key": token}


def _encoded(query: dict[str, str]) -> str:
    # Every byte of a link but letters and digits: an `&` or `#` of its own would end it.
    return urlencode(query, quote_via=quote, safe="")


def _content(image: InputImage) -> bytes:
    data = fetched(image).data
    if data is not None:
        return data
    if not image.pages:
        raise ImageError(f"{image.name} has neither bytes nor pixels")
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image.pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _json_pieces(names: Sequence[str], contents: Sequence[bytes]) -> Iterator[bytes]:
    before = "{"
    for name, content in zip(names, contents, strict=True):
        yield f'{before}"{name}":"'.encode()
        yield base64.b64encode(content)
        before = '",'
    yield b'"}'


def _form_pieces(names: Sequence[str], contents: Sequence[bytes], boundary: str) -> Iterator[bytes]:
    before = ""
    for name, content in zip(names, contents, strict=True):
        media, ending = _MEDIA.get(format_of(content), ("application/octet-stream", "bin"))
        # Not the file's own name: it often holds a person's.
        yield (
            f"{before}--{boundary}\r\n"
            f'Content-Disposition: form-data; name="{name}"; filename="{name}.{ending}"\r\n'
            f"Content-Type: {media}\r\n\r\n"
        ).encode()
        yield content
        before = "\r\n"
    yield f"{before}--{boundary}--\r\n".encode()
