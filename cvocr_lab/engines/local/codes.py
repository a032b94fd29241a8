"""Reads the codes on the papers: QR codes with ``zxing-cpp``, and the machine-readable zone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cvocr_lab import mrz, qr
from cvocr_lab.engines.local.geometry import Image, Points, around
from cvocr_lab.kinds import TYPES
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


def read_codes_near(image: Image, corners: Points) -> list[Code]:
    """Return the QR codes in the part of the picture around points, enlarged and then sharpened."""
    if not np.isfinite(corners).all():
        return []
    part, low = around(image, corners)
    if min(part.shape[:2]) < 40:
        return []
    zoom = min(3.0, 700 / max(part.shape[:2]))
    big = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    blurred = cv2.GaussianBlur(big, (0, 0), 3)
    sharp = cv2.addWeighted(big, 1.8, blurred, -0.8, 0)
    for attempt in (big, np.asarray(sharp, np.uint8)):
        codes = read_codes(attempt)
        if codes:
            return [
                Code(c.text, as_quad(np.array(c.quad).reshape(4, 2) / zoom + low)) for c in codes
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


_WIDTHS = {"TD1": 30, "TD3": 44}


def zone_rows(lines: Sequence[Line]) -> dict[str, Points]:
    """Return the left and right ends of the lines of an MRZ, ``(2, 2)`` in pixels.

    Their names are the format and the number of the line, such as ``"TD1:0"``.
    """
    rows: dict[str, Points] = {}
    for line in lines:
        if row := _row(line):
            quad = np.array(line.quad, float).reshape(4, 2)
            rows.setdefault(row, np.array([(quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2]))
    return rows


def _row(line: Line) -> str:
    """Return which line of which MRZ it is; "" if it is none or its ends are missing."""
    if not looks_like_mrz(line):
        return ""
    text = line.text.replace(" ", "")
    form = "TD3" if len(text) > 36 else "TD1"
    if len(text) < 0.9 * _WIDTHS[form]:
        return ""
    if text.startswith("P<") or text.startswith(("IDVNM", "1DVNM", "lDVNM")):
        return f"{form}:0"
    if sum(c.isdigit() for c in text) > 8:
        return f"{form}:1"
    return "TD1:2" if form == "TD1" else ""


_TD3_MM = (125.0, 88.0)
_TD3_LINE = (6.6, 111.8)
"""Start and length of a line of a TD3 zone, in millimetres (ICAO 9303-4, 4.2)."""
_TD3_FOOT = 9.5
"""Distance from the middle of its lower line to the lower edge of the page."""


def page_of_zone(rows: Mapping[str, Points]) -> Points | None:
    """Return the corners of a passport's data page by both lines of its zone, None without both."""
    upper, lower = rows.get("TD3:0"), rows.get("TD3:1")
    if upper is None or lower is None:
        return None
    along = (lower[1] - lower[0] + upper[1] - upper[0]) / 2
    scale = float(np.hypot(*along)) / _TD3_LINE[1]
    along = along / max(float(np.hypot(*along)), 1e-6)
    down = np.array([-along[1], along[0]])
    if (lower[0] - upper[0]) @ down < 0:
        return None
    foot = lower[0] - _TD3_LINE[0] * scale * along + _TD3_FOOT * scale * down
    width, height = _TD3_MM[0] * scale * along, _TD3_MM[1] * scale * down
    return np.array([foot - height, foot - height + width, foot + width, foot])


def evidence(rows: Collection[str], *, coded: bool) -> dict[str, float]:
    """Return how strongly lines of an MRZ and a QR code suggest each type, in points of anchors.

    The first line of an MRZ names the country and the kind of paper, so misreads of other text
    hardly ever look like it.
    """
    said: dict[str, float] = {}
    for kind in TYPES.values():
        count = sum(row.startswith(kind.mrz) for row in rows) if kind.mrz else 0
        if count:
            weight = 28.0 if f"{kind.mrz}:0" in rows else 12.0
            said[kind.name] = weight + 4.0 * (count - 1)
    if coded:
        for name in ("tcc_chip", "chip_id_card_2024_back"):
            said[name] = said.get(name, 0.0) + 18.0
    return said
