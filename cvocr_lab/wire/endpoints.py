"""The endpoints of the API: 13 of v1, 6 of v2, and scanned text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

from cvocr_lab.errors import ArgumentError

Transport: TypeAlias = Literal["url", "file", "base64"]
Shape: TypeAlias = Literal["single", "pair", "pages", "object", "list", "lines"]

HOST: Final = "https://cloud.computervision.com.vn"
"""The host of the API."""

_V1: Final = "/backend/api/v1/request/"
_V2: Final = "/api/v2/"
_CONTENT: Final[dict[Transport, str]] = {
    "url": "",
    "file": "multipart/form-data",
    "base64": "application/json",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, for a kind of request and a way to send pictures.

    `images` are the names of the pictures, the front first: query parameters for ``"url"``, else
    keys of the body.  `shape` is the form of ``data`` in the answer: one paper (v1 ``"single"``, v2
    ``"object"``), the two sides by name (``"pair"``), a list of papers (v1 ``"pages"``, v2
    ``"list"``), or lines of text.
    """

    version: Literal["v1", "v2"]
    path: str
    kind: str
    transport: Transport
    images: tuple[str, ...]
    shape: Shape

    @property
    def method(self) -> Literal["GET", "POST"]:
        """``GET`` for links, ``POST`` for files and base64."""
        return "GET" if self.transport == "url" else "POST"

    @property
    def content_type(self) -> str:
        """Content type of the request body; "" if there is none."""
        return _CONTENT[self.transport]

    @property
    def options(self) -> tuple[str, ...]:
        """Query parameters other than pictures: ``format_type`` and ``get_thumb`` in v2."""
        return ("format_type", "get_thumb") if self.version == "v2" else ()

    @property
    def params(self) -> tuple[str, ...]:
        """All query parameters."""
        return (self.images if self.transport == "url" else ()) + self.options

    @property
    def body(self) -> tuple[str, ...]:
        """Keys of the form or of the JSON object; empty for links."""
        return () if self.transport == "url" else self.images


def _v1(name: str, kind: str, images: dict[Transport, str], shape: Shape) -> tuple[Endpoint, ...]:
    paths = {how: _V1 + name + ("base64" if how == "base64" else "") for how in images}
    return tuple(
        Endpoint("v1", paths[how], kind, how, tuple(names.split()), shape)
        for how, names in images.items()
    )


def _v2(name: str, kind: str, images: str, shape: Shape) -> tuple[Endpoint, ...]:
    names = tuple(images.split())
    return tuple(Endpoint("v2", _V2 + name, kind, how, names, shape) for how in _CONTENT)


_SIDES: Final[dict[Transport, str]] = dict.fromkeys(_CONTENT, "mattruoc matsau")
_ONE: Final[dict[Transport, str]] = {"url": "url", "file": "image", "base64": "image"}

ENDPOINTS: Final = (
    *_v1("ocr/cmt/get_haimat", "id_pair", _SIDES, "pair"),
    *_v1("ocr/cmt/get_mattruoc", "id_front", _ONE, "single"),
    *_v1("ocr/cmt/get_matsau", "id_back", _ONE, "single"),
    *_v1("ocr/v1/get_infor", "id_pdf", {"file": "file"}, "pages"),
    *_v1("ocr/cmt/get_infor_all", "id_any", _ONE, "single"),
    *_v2("ocr/vehicle_registrations", "vehicle_pair", "img1 img2", "list"),
    *_v2("ocr/vehicle_registration", "vehicle", "img", "object"),
    # Not among the 13 and 6: its answer is documented, its path only in older versions.
    *_v1("text_photostory/get_scan_a4", "scan", {"url": "url", "file": "image"}, "lines"),
)
"""All endpoints; they differ in method, path and, in v2, ``format_type``."""


@cache
def transports(kind: str) -> tuple[Transport, ...]:
    """Return the transports for this kind of request.

    >>> transports("id_pdf")
    ('file',)
    """
    return tuple(e.transport for e in ENDPOINTS if e.kind == kind)


@cache
def endpoint(kind: str, transport: Transport) -> Endpoint:
    """Return the endpoint for this kind of request and transport; else raise ArgumentError.

    >>> endpoint("vehicle", "url").params
    ('img', 'format_type', 'get_thumb')
    """
    for candidate in ENDPOINTS:
        if (candidate.kind, candidate.transport) == (kind, transport):
            return candidate
    ways = ", ".join(transports(kind))
    if not ways:
        raise ArgumentError(f"the API has no endpoint for kind {kind!r}")
    raise ArgumentError(f"the API takes kind {kind!r} as {ways}, not as {transport}")
