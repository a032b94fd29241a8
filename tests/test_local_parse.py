"""Lines set where the layouts print them, without any picture: what parsing makes of them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from cvocr_lab.engines.local import classify
from cvocr_lab.engines.local.parse import parse
from cvocr_lab.kinds import TYPES, DocumentType, Layout
from cvocr_lab.results import Line, box_quad

SCALE = 12.0
MODELS = [(t, layout) for t in TYPES.values() for layout in t.layouts]
NAMES = [f"{t.name}-{layout.name}" for t, layout in MODELS]


def _line(text: str, x: float, y: float, size: float) -> Line:
    # Narrow letters, lest made-up values run into the next column.
    width = 0.5 * min(size, 1.8) * len(text)
    box = (x, y - 1.05 * size, x + width, y + 0.35 * size)
    quad = box_quad(*(float(v * SCALE) for v in box))
    return Line(text, 0.99, quad, (0.99,) * len(text))


def _printed(kind: DocumentType, layout: Layout, seed: int) -> tuple[list[Line], dict[str, str]]:
    """Lines as a perfect reader would give them, and the values in them."""
    rng = random.Random(seed)
    values: dict[str, str] = {}
    lines: list[Line] = []
    for text in layout.prints:
        left = text.x - (
            0.25 * min(text.size, 1.8) * len(text.text) if text.align == "center" else 0
        )
        lines.append(_line(text.text, left, text.y, text.size))
    for slot in layout.slots:
        field = kind[slot.field]
        if field.name == "mrz":
            continue
        value = field.type.format(field.type.sample(rng)).split(", ")[-1]
        if (
            slot.template == "{place}, ngày (date) {d} tháng {m} năm {y}"
            and field.name != "issued_at"
        ):
            continue
        values[field.name] = value
        printed = slot.template
        if "{d}" in printed:
            place = value
            if "{place}" in printed:
                day = TYPES["vehicle_registration_back"]["last_issue_date"].type.sample(rng)
                values["last_issue_date"] = "/".join(reversed(day.split("-")))
            else:
                day = "-".join(reversed(value.split("/")))
            y, m, d = day.split("-")
            printed = printed.format(place=place, d=d, m=m, y=y)
        else:
            printed = printed.format(value.upper() if slot.upper else value)
            if slot.upper:
                values[field.name] = value.upper()
        if field.vi:
            vi = slot.vi or field.vi[0]
            en = field.en[0] if field.en and "{en}" in layout.caption else ""
            caption = layout.caption.format(vi=vi, en=en) if en else f"{vi}:"
            lines.append(_line(caption, slot.x, slot.y, layout.caption_size))
        lines.append(_line(printed, slot.value_x, slot.value_y, slot.size))
    return lines, values


@pytest.mark.parametrize(("kind", "layout"), MODELS, ids=NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_perfect_lines_give_every_value(kind: DocumentType, layout: Layout, seed: int) -> None:
    lines, values = _printed(kind, layout, seed)
    hits = classify.find_anchors(lines)
    scores = classify.score_models(hits)
    best = max(scores, key=lambda m: scores[m])
    assert (best.type.name, best.layout.name) == (kind.name, layout.name)
    readings = parse(lines, hits, best, np.diag([SCALE, SCALE, 1.0]), skip=set())
    got = {name: reading.text for name, reading in readings.items()}
    expected = {
        name: "".join(c for c in text if c.isdigit()) if name == "pay_load" else text
        for name, text in values.items()
    }
    assert got == expected
