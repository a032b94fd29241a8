"""Identifies a paper by its MRZ lines and QR code even where no captions can be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from cvocr_lab.engines.local.codes import looks_like_mrz
from cvocr_lab.engines.local.geometry import Points
from cvocr_lab.kinds import TYPES
from cvocr_lab.results import Line

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
