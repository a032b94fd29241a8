"""An engine for the server's tests: it tells what it saw, and small pictures make trouble."""

import base64
import io
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from PIL import Image

from cvocr_lab.engines import Request
from cvocr_lab.errors import NoDocumentError, QuotaError, TransportError
from cvocr_lab.images import InputImage
from cvocr_lab.results import Document, Extraction, FieldValue, Line

SAMPLES = Path(__file__).parent.parent / "sample_data"
AUTH = ("key", "secret")
V1 = "/backend/api/v1/request/ocr/cmt/"
V2 = "/api/v2/ocr/"

NOTHING, BROKEN, DEADLY, SLOW, SPENT, AWAY = 41, 42, 43, 44, 45, 46
"""Widths of pictures that make trouble; a slow one takes its height in hundredths of a second."""

_TYPES = {
    "id": ("tcc_chip", "matsautcc_chip"),
    "ve": ("vehicle_registration_front", "vehicle_registration_back"),
}


class Fake:
    """Answers with each picture's size and first pixel, so that a mix-up shows."""

    name = "fake 1"
    parallel: ClassVar[str] = "thread"

    def extract(self, request: Request) -> Extraction:
        documents, lines = [], []
        for at, image in enumerate(request.images):
            self._trouble(image)
            text = seen(image)
            height, width = image.pixels.shape[:2]
            back = at == 1 or request.kind == "id_back"
            kind, name = ("tcc_chip", "name")
            if request.kind != "scan":
                kind, name = _TYPES[request.kind[:2]][back], "date" if back else "name"
            if kind == "vehicle_registration_back":
                name = "plate"
            documents.append(
                Document(
                    kind,
                    "back" if back else "front",
                    MappingProxyType({name: FieldValue(text, 0.5)}),
                    corners=(0, 0, width, 0, width, height, 0, height),
                )
            )
            lines.append(Line(text, 1.0))
        return Extraction(tuple(documents), tuple(lines), engine=self.name)

    def _trouble(self, image: InputImage) -> None:
        height, width = image.pixels.shape[:2]
        if width == NOTHING:
            raise NoDocumentError("nothing there")
        if width == BROKEN:
            raise ZeroDivisionError("NGUYỄN VĂN MẬT 001099123456")
        if width == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        if width == SLOW:
            time.sleep(height / 100)
        if width == SPENT:
            raise QuotaError("the account has no requests left")
        if width == AWAY:
            raise TransportError("the service could not be reached")


class Forked(Fake):
    """The same, in processes."""

    name = "forked 1"
    parallel: ClassVar[str] = "process"


def seen(image: InputImage) -> str:
    height, width = image.pixels.shape[:2]
    return f"{width} {height} {image.pixels[0, 0, 0]}"


def png(width: int = 60, height: int = 40, grey: int = 90) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((height, width), grey, np.uint8)).save(file, "PNG")
    return file.getvalue()


def text(data: bytes) -> str:
    """Base64 as the API's pages make it, with line breaks."""
    return base64.encodebytes(data).decode("ascii")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """The files of a folder by http."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
