"""The readers of single lines: the built-in recogniser, or Tesseract for comparison."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.lines import Reader
from cvocr_lab.errors import ArgumentError, MissingPartError, unknown
from cvocr_lab.results import Line
from cvocr_lab.text import comparison_key


def open_reader(
    reader: str | Reader = "own", *, model: str | Path | None = None, threads: int = 0
) -> Reader:
    """Return the reader of that name, or the object itself.

    An `ArgumentError` is raised if there is no reader of that name or no such model file, and a
    `MissingPartError` if the reader's optional dependency is not installed.
    """
    if not isinstance(reader, str):
        return reader
    if reader == "own":
        from cvocr_lab.engines.local.recogniser import Recogniser

        if model and not Path(model).is_file():
            raise ArgumentError(f"there is no recogniser model {str(model)!r}")
        return Recogniser(Path(model) if model else None, threads=threads)
    if reader == "tesseract":
        if model:
            raise ArgumentError("model= applies to the built-in recogniser, not to Tesseract")
        return TesseractReader()
    raise unknown("reader", reader, ("own", "tesseract"), more=", or pass an object")


class TesseractReader:
    """Reads lines with Tesseract's ``vie`` data, one at a time, through ``tesserocr``."""

    def __init__(self) -> None:
        try:
            import tesserocr
        except ImportError:
            raise MissingPartError(
                "tesserocr is not installed: pip install 'cvocr-lab[tesseract]' "
                "and apt-get install tesseract-ocr-vie"
            ) from None
        folders = [
            *Path("/usr/share/tesseract-ocr").glob("*/tessdata"),
            Path("/usr/share/tessdata"),
        ]
        found = next((f for f in folders if (f / "vie.traineddata").exists()), None)
        if found is None:
            raise MissingPartError(
                "Tesseract has no Vietnamese data: apt-get install tesseract-ocr-vie"
            )
        self._lock = threading.Lock()
        self._api = tesserocr.PyTessBaseAPI(path=str(found), lang="vie", psm=tesserocr.PSM.RAW_LINE)

    def read(self, crops: Sequence[NDArray[np.uint8]]) -> list[Line]:
        """Return one line for each crop, RGB or grey."""
        from PIL import Image

        lines = []
        for crop in crops:
            with self._lock:  # the API holds one picture at a time
                self._api.SetImage(Image.fromarray(np.ascontiguousarray(crop)))
                text = comparison_key(self._api.GetUTF8Text())
                sure = self._api.MeanTextConf() / 100
            lines.append(Line(text, sure, None, (sure,) * len(text)))
        return lines
