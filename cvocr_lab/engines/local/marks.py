"""Locates a paper by its MRZ lines and QR code even where no captions can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.codes import Code, id_code, looks_like_mrz
from cvocr_lab.results import Line

_WIDTHS = {"TD1": 30, "TD3": 44}


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of an MRZ or a QR code, whose position on the paper is known.

    Parameters
    ----------
    role
        For example ``"TD1:0"`` (format and line of an MRZ), or ``"qr"``.
    points
        Left and right end of a line, or corners of a code from its own top left; in pixels.
    size
        Height of the line or side of the code in pixels.
    """

    role: str
    points: NDArray[np.float64]
    size: float


def find_marks(lines: Sequence[Line], codes: Sequence[Code]) -> list[Mark]:
    """Return the marks among the lines and codes of a picture; codes of identity papers only."""
    marks = []
    for line in lines:
        role = _row(line)
        if role:
            quad = np.array(line.quad, float).reshape(4, 2)
            ends = np.array([(quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2])
            marks.append(Mark(role, ends, float(np.hypot(*(quad[3] - quad[0])))))
    code = id_code(codes)
    if code is not None:
        corners = np.array(code.quad, float).reshape(4, 2)
        marks.append(Mark("qr", corners, float(np.hypot(*(corners[1] - corners[0])))))
    return marks


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


def page_of_zone(marks: Sequence[Mark]) -> NDArray[np.float64] | None:
    """Return the corners of a passport's data page by both lines of its zone, None without both."""
    upper = next((m for m in marks if m.role == "TD3:0"), None)
    lower = next((m for m in marks if m.role == "TD3:1"), None)
    if upper is None or lower is None:
        return None
    along = (lower.points[1] - lower.points[0] + upper.points[1] - upper.points[0]) / 2
    scale = float(np.hypot(*along)) / _TD3_LINE[1]
    along = along / max(float(np.hypot(*along)), 1e-6)
    down = np.array([-along[1], along[0]])
    if (lower.points[0] - upper.points[0]) @ down < 0:
        return None
    foot = lower.points[0] - _TD3_LINE[0] * scale * along + _TD3_FOOT * scale * down
    width, height = _TD3_MM[0] * scale * along, _TD3_MM[1] * scale * down
    return np.array([foot - height, foot - height + width, foot + width, foot])


def evidence(marks: Sequence[Mark]) -> dict[str, float]:
    """Return how strongly the marks suggest each type, in the points of anchors.

    The first line of an MRZ names the country and the kind of paper, so misreads of other text
    hardly ever look like it.
    """
    rows = {m.role for m in marks}
    said: dict[str, float] = {}
    for form, types in (
        ("TD1", ("matsautcc_chip", "chip_id_card_2024_back")),
        ("TD3", ("passport",)),
    ):
        count = sum(role.startswith(form) for role in rows)
        if count:
            weight = 28.0 if f"{form}:0" in rows else 12.0
            said |= dict.fromkeys(types, weight + 4.0 * (count - 1))
    if "qr" in rows:
        for name in ("tcc_chip", "chip_id_card_2024_back"):
            said[name] = said.get(name, 0.0) + 18.0
    return said
