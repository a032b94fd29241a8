"""Reads the codes on the papers: QR codes with ``zxing-cpp``, and the machine-readable zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cvocr_lab import mrz, qr
from cvocr_lab.engines.local.geometry import Image
from cvocr_lab.results import Line, Quad, as_quad
from cvocr_lab.text import letters_from_lookalikes


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code: its text and its quad in the picture."""

    text: str
    quad: Quad


_LONGEST = 2200
"""Longer side in pixels to which larger pictures are reduced."""


def read_codes(image: Image) -> list[Code]:
    """Return the QR codes of the picture, in any orientation."""
    import zxingcpp

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, _LONGEST / max(grey.shape))
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
    codes = []
    for code in found:
        corners = code.position
        points = [corners.top_left, corners.top_right, corners.bottom_right, corners.bottom_left]
        text = code.bytes.decode("utf-8", errors="replace") if code.bytes else code.text
        quad = as_quad((p.x / scale, p.y / scale) for p in points)
        codes.append(Code(text.rstrip("\x00\r\n"), quad))
    return codes


def read_codes_near(image: Image, box: tuple[float, float, float, float]) -> list[Code]:
    """Return the QR codes in a part of the picture, tried enlarged and then sharpened."""
    height, width = image.shape[:2]
    if not np.isfinite(box).all():
        return []
    x0, y0 = max(int(box[0]), 0), max(int(box[1]), 0)
    x1, y1 = min(int(box[2]), width), min(int(box[3]), height)
    if x1 - x0 < 40 or y1 - y0 < 40:
        return []
    part = image[y0:y1, x0:x1]
    zoom = min(3.0, 700 / max(part.shape[:2]))
    big = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    blurred = cv2.GaussianBlur(big, (0, 0), 3)
    sharp = cv2.addWeighted(big, 1.8, blurred, -0.8, 0)
    for attempt in (big, np.asarray(sharp, np.uint8)):
        codes = read_codes(attempt)
        if codes:
            return [
                Code(c.text, as_quad(np.array(c.quad).reshape(4, 2) / zoom + (x0, y0)))
                for c in codes
            ]
    return []


def id_code(codes: Sequence[Code]) -> Code | None:
    """Return the first code of an identity paper; None for links, stickers and vehicles' codes."""
    for code in codes:
        try:
            qr.parse(code.text)
        except ValueError:
            continue
        return code
    return None


def looks_like_mrz(line: Line) -> bool:
    """Return whether a line may belong to a machine-readable zone."""
    text = line.text.replace(" ", "")
    fillers = text.count("<") + text.count("«") * 2
    if len(text) < 20:
        return False
    if fillers >= 3 or text.startswith(("IDVNM", "P<VNM", "1DVNM")):
        return True
    # The second line of a passport with a long personal number has hardly any fillers.
    own = sum(c in mrz.ALPHABET for c in text)
    return len(text) >= 36 and own >= 0.95 * len(text) and sum(c.isdigit() for c in text) > 18


_LETTERS = {
    (2, 44): ((0, 2, 44), (1, 10, 13)),
    (3, 30): ((0, 2, 5), (1, 15, 18), (2, 0, 30)),
}
"""Spans of letters and fillers only, as (row, start, end), by the zone's number of lines and their
length (ICAO 9303-4, 4.2.2 and 9303-5, 4.2.2)."""


def parse_zone(texts: Sequence[str]) -> tuple[mrz.Mrz, bool] | None:
    """Return the zone and whether it had to be repaired, or None if the lines are no MRZ."""
    found = mrz.find(texts)
    if found is None:
        return None
    lines = [str(line) for line in found]
    for row, start, end in _LETTERS.get((len(lines), len(lines[0])), ()):
        line = lines[row]
        lines[row] = line[:start] + letters_from_lookalikes(line[start:end]) + line[end:]
    try:
        repaired = mrz.repair(lines)
        return mrz.parse(repaired), list(repaired) != lines
    except ValueError:
        return None
