"""Find lines of text: the PP-OCR detection model that ships inside the ``rapidocr`` wheel.

The model gives a map of how likely each pixel lies inside a (shrunken) line of text; the boxes
are read off it here, so that nothing else of that package is loaded.
"""

from __future__ import annotations

import importlib.util
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.errors import MissingPartError

if TYPE_CHECKING:
    import onnxruntime

Image = NDArray[np.uint8]
Quads = NDArray[np.float32]
"""Shape ``(n, 4, 2)``: corners clockwise, pixels of the picture given."""

_MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
_SCALE = 1 / (np.array([0.229, 0.224, 0.225], np.float32) * 255)
_THRESHOLD = 0.3
_LEAST_SCORE = 0.5
_UNCLIP = 1.6
_MOST_LINES = 400


def model_path() -> Path:
    """Where the detection model lies.

    Raises
    ------
    MissingPartError
        The ``rapidocr`` wheel is not installed, or carries no detection model.
    """
    spec = importlib.util.find_spec("rapidocr")
    if spec and spec.origin:
        models = sorted((Path(spec.origin).parent / "models").glob("*_det_*.onnx"))
        if models:
            return models[0]
    raise MissingPartError("no text detection model found: pip install 'rapidocr>=3.8,<4'")


class Finder:
    """Finds lines of text.

    Parameters
    ----------
    threads
        Threads of the model; 0 for as many as there are cores.
    """

    def __init__(self, *, threads: int = 0) -> None:
        self._threads = threads

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 4
        # Planned memory is taken anew for each size of picture: 150 MB more, and as fast.
        options.enable_mem_pattern = False
        return onnxruntime.InferenceSession(
            str(model_path()), options, providers=["CPUExecutionProvider"]
        )

    def find(self, image: Image, *, longest: int = 1280) -> Quads:
        """Quads of the lines, ``(n, 4, 2)``, in pixels of `image`.

        Parameters
        ----------
        image
            RGB, ``(height, width, 3)``.
        longest
            The longer side the picture is brought to before looking, pixels; never enlarged
            beyond 2×.
        """
        height, width = image.shape[:2]
        scale = min(longest / max(height, width), 2.0)
        size = [max(32, round(side * scale / 32) * 32) for side in (height, width)]
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(image, (size[1], size[0]), interpolation=method)
        batch = ((small[:, :, ::-1].astype(np.float32) - _MEAN) * _SCALE).transpose(2, 0, 1)[None]
        name = self._session.get_inputs()[0].name
        heat = self._session.run(None, {name: np.ascontiguousarray(batch)})[0][0, 0]
        quads = _quads_of(heat)
        quads *= np.array([width / size[1], height / size[0]], np.float32)
        return quads


def _quads_of(heat: NDArray[np.float32]) -> Quads:
    """Rotated boxes of the blobs of a heat map, grown back to the full line height."""
    mask = cv2.dilate((heat > _THRESHOLD).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours[: 4 * _MOST_LINES]:
        centre, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < 2 or _score(heat, contour) < _LEAST_SCORE:
            continue
        grow = width * height * _UNCLIP / (2 * (width + height))
        grown = (width + 2 * grow, height + 2 * grow)
        if min(grown) < 5:
            continue
        found.append(cv2.boxPoints((centre, grown, angle)))
    return np.array(found[:_MOST_LINES], np.float32).reshape(-1, 4, 2)


def _score(heat: NDArray[np.float32], contour: NDArray[np.int32]) -> float:
    x, y, w, h = cv2.boundingRect(contour)
    mask = np.zeros((h, w), np.uint8)
    cv2.fillPoly(mask, [contour - (x, y)], 1)
    return float(cv2.mean(heat[y : y + h, x : x + w], mask)[0])
