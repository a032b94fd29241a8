"""An engine for tests on Dask: reads a picture's width, and keeps a log of its life."""

import os
import signal
import time
from pathlib import Path
from types import MappingProxyType

from cvocr_lab.engines import Request
from cvocr_lab.errors import BatchError, ImageError, QuotaError
from cvocr_lab.results import Document, Extraction, FieldValue


def note(text: str) -> None:
    with (Path(os.environ["WIDTHS_LOG"]) / "log").open("a") as file:
        file.write(f"{text} {os.getpid()}\n")


def first_time(name: str) -> bool:
    try:
        (Path(os.environ["WIDTHS_LOG"]) / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class Widths:
    name = "widths 1"

    def __init__(self) -> None:
        note("open")

    def extract(self, request: Request) -> Extraction:
        width = request.images[0].pixels.shape[1]
        note(f"read {width}")
        time.sleep(float(os.environ.get("WIDTHS_SLEEP", "0")))
        trouble = os.environ.get("WIDTHS_TROUBLE", "")
        if trouble == f"kill {width}" and first_time("killed"):
            os.kill(os.getpid(), signal.SIGKILL)
        if trouble == f"stop {width}" and first_time("stopped"):
            raise BatchError("the service went away")
        if trouble == f"hang {width}":
            time.sleep(20)
        if trouble == f"quota {width}":
            raise QuotaError("no requests left")
        if width % 10 == 7:
            raise ImageError("sevens cannot be read")
        front = Document("tcc_chip", "front", MappingProxyType({"id": FieldValue(str(width), 0.5)}))
        back = Document("matsautcc_chip", "back", corners=(0, 0, 1, 0, 1, 1, 0, 1))
        return Extraction((front, back) if width % 2 else (front,), engine="widths 1")
