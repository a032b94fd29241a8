"""Build the HTTP request for pictures: address, headers and body."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Sequence
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
    """An HTTP request without credentials, which may be sent several times."""

    method: str
    path: str
    query: str = field(repr=False)
    headers: dict[str, str]
    body: bytes | None = field(default=None, repr=False)


def chosen_transport(images: Sequence[InputImage], kind: str) -> Transport:
    """Choose the transport of pictures: links as links, files as files, others as base64.

    If two pictures differ, a link is sent like the other picture.  Kinds that do not support the
    transport are sent as files.
    """
    sources = {image.source if image.url or image.source != "url" else "bytes" for image in images}
    transport: Transport = "base64"
    if sources == {"url"}:
        transport = "url"
    elif sources <= {"url", "path"}:
        transport = "file"
    return transport if transport in transports(kind) else "file"


def http_request(
    images: Sequence[InputImage], kind: str, *, transport: Transport | None, get_thumb: bool
) -> HttpRequest:
    """Build the HTTP request for one picture, or for front and back.

    `get_thumb` requests the rectified crops, if the endpoint supports it.
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
                raise ArgumentError(f"{image.name} is not a link: pass another transport")
            query[name] = image.url
        return HttpRequest(
            way.method, way.path, _encoded(query), _headers(asked, list(query.values()))
        )
    contents = [_content(image) for image in images]
    headers = _headers(asked, [hashlib.sha256(content).hexdigest() for content in contents])
    if way.transport == "base64":
        texts = [  # base64 needs no escapes, and `json.dumps` would search for them
            b'"%b":"%b"' % (name.encode(), base64.b64encode(content))
            for name, content in zip(way.images, contents, strict=True)
        ]
        body = b"{%b}" % b",".join(texts)
        headers["Content-Type"] = way.content_type
    else:
        from urllib3 import encode_multipart_formdata

        files = {n: _file(n, content) for n, content in zip(way.images, contents, strict=True)}
        boundary = headers["Idempotency-Key"][:32]
        body, headers["Content-Type"] = encode_multipart_formdata(files, boundary)
    return HttpRequest(way.method, way.path, _encoded(query), headers, body)


def _headers(asked: Sequence[object], pictures: Sequence[str]) -> dict[str, str]:
    # Retries of the same request have the same key.
    token = hashlib.sha256(json.dumps([asked, pictures]).encode()).hexdigest()
    return {"Accept": "application/json", "Idempotency-Key": token}


def _encoded(query: dict[str, str]) -> str:
    # All characters except letters and digits are escaped, since `&` or `#` would end a link.
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


def _file(name: str, content: bytes) -> tuple[str, bytes, str]:
    media, ending = _MEDIA.get(format_of(content), ("application/octet-stream", "bin"))
    # The file's own name is not sent, since it may contain the name of a person.
    return f"{name}.{ending}", content, media
