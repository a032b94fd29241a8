"""Decisions about what is no value: where a value stands on the picture, and tags of a row.

They are decisions like any other, about an item whose field is ``<field>_quad`` or ``ocr_tags``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from cvocr_lab.frames.columns import one_quad
from cvocr_lab.journal.fold import Standing
from cvocr_lab.results import Quad, as_quad

QUAD: Final = "_quad"
"""What a decision about the place of a field's value adds to the field's name."""


def quad_text(quad: Sequence[float] | None) -> str:
    """Write a quad as the value of a decision; "" for none.

    >>> quad_text((10, 10, 90, 10, 90, 30, 10, 30.04))
    '10 10 90 10 90 30 10 30'
    """
    return " ".join(f"{v:.1f}".removesuffix(".0") for v in quad or ())


def quad_of(text: str | None) -> Quad | None:
    """Read a quad that `quad_text` wrote; None for anything else.

    >>> quad_of("10 10 90 10 90 30 10 30")
    (10.0, 10.0, 90.0, 10.0, 90.0, 30.0, 10.0, 30.0)
    """
    try:
        found = one_quad(text)
    except ValueError:
        return None
    if found is None or len(found) != 8 or not all(map(math.isfinite, found)):
        return None
    return as_quad(list(zip(found[::2], found[1::2], strict=True)))


def tags_of(standing: Standing) -> str | None:
    """Give the tags that a row has, joined by ``;``; those of all persons where they differ."""
    said = [decision.value for decision in standing.decisions if decision.value]
    return ";".join(dict.fromkeys(tag for text in said for tag in text.split(";"))) or None
