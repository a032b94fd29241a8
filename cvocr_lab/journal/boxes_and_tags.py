"""Decisions about boxes of values and tags of rows.

They are ordinary decisions about an item with the field ``<field>_quad`` or ``ocr_tags``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from cvocr_lab.frames.columns import parse_quad
from cvocr_lab.journal.fold import Standing
from cvocr_lab.results import Quad, as_quad

QUAD: Final = "_quad"
"""Suffix of the field name in decisions about a box."""


def quad_text(quad: Sequence[float] | None) -> str:
    """Format a quad as the value of a decision; "" for None.

    >>> quad_text((10, 10, 90, 10, 90, 30, 10, 30.04))
    '10 10 90 10 90 30 10 30'
    """
    return " ".join(f"{v:.1f}".removesuffix(".0") for v in quad or ())


def quad_of(text: str | None) -> Quad | None:
    """Parse a quad from `quad_text`; None for anything else.

    >>> quad_of("10 10 90 10 90 30 10 30")
    (10.0, 10.0, 90.0, 10.0, 90.0, 30.0, 10.0, 30.0)
    """
    try:
        found = parse_quad(text)
    except ValueError:
        return None
    if found is None or len(found) != 8 or not all(map(math.isfinite, found)):
        return None
    return as_quad(list(zip(found[::2], found[1::2], strict=True)))


def tags_of(standing: Standing) -> str | None:
    """Return the tags of a row from all people, joined by ``;``."""
    texts = [decision.value for decision in standing.decisions if decision.value]
    return ";".join(dict.fromkeys(tag for text in texts for tag in text.split(";"))) or None
