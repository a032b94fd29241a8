"""Decides whether a picture is fit to be read: the API's verdict, with its reasons.

The v2 page gives each verdict one ``invalidCode``; the v1 page says ``valid`` is False for a
picture that is blurred, covered or forged.  Reasons the API has no code for carry none here.  Each
reason is also reported as a warning, so that a picture with several keeps them all.

The thresholds were set on generated pictures (seeds from 800000 up), with a wider margin towards
accepting, because a wrong rejection costs more than a missed one.  ``tests/benchmarks/validity.py``
measures their accuracy on other pictures (seeds from 920000 up).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from cvocr_lab import mrz
from cvocr_lab.engines.local.geometry import Matrix, warp_points
from cvocr_lab.engines.local.parse import Reading
from cvocr_lab.engines.local.quality_measures import QualityMeasures
from cvocr_lab.kinds import DocumentType, Layout
from cvocr_lab.proofs import Proof
from cvocr_lab.results import Line
from cvocr_lab.text import comparison_key

LEAST_COLOUR: Final = 6.5
"""Grey copies show up to 5 Lab units of colour; the palest genuine paper shows 8.6."""
MOST_STRIPES: Final = 1.65
"""Print reaches 1.4 nepers; a screen's stripes of 3 % contrast reach 1.8, most reach 3.5."""
CLIPPED_MM: Final = -0.8
NEAR_MM: Final = 1.0
"""Corners are found within a millimetre where the edges of the paper are visible.  Corners outside
the picture are often placed too close to its edge."""
LEAST_STEEPNESS: Final = 1.85
"""Letters whose edges are half a millimetre wide run together; sharp ones start at 2.4."""
MOST_GLARE: Final = 0.45
MOST_COVER: Final = 0.45
"""Share of a 14 mm wide part of a value that may be burnt out, and that may be covered."""
_SURE: Final = 0.9
"""Confidence of every character from which a printed value can contradict a code."""
_NUMBER: Final = re.compile(r"[A-Z]?\d{5,14}", re.ASCII)
_SURE_NUMBER: Final = 0.98
"""Confidence of every character from which a wrong length is the paper's error, not a misread."""
_SURE_ZONE: Final = 0.97
"""Mean confidence of each line from which a wrong check digit is the paper's, not a misread."""


_REASONS: Final = {
    "picture:screen": (1, "taken from an electronic screen"),
    "picture:photocopy": (2, "a photocopy"),
    "picture:clipped": (5, "a corner is outside the picture"),
    "picture:blurred": (None, "blurred"),
    "covered": (None, "something covers a field"),
    "glare": (None, "glare on a field"),
    "of_another": (None, "a code on the paper contradicts the print"),
    "contradicts": (None, "a code on the paper contradicts the print"),
    "id:malformed": (3, "the number is malformed"),
    "mrz:malformed": (4, "the machine-readable zone is malformed"),
    "picture:near_edge": (6, "too near the edge of the picture"),
}
"""The API's ``invalidCode``, if it has one, and the reason in words; by warning or by the ending of
a field's warning, the most important first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The API's verdict: whether the picture is fit, and the most important reason if it is not."""

    valid: bool | None
    code: int | None
    message: str


UNJUDGED: Final = Verdict(None, None, "")


def notice(measures: QualityMeasures) -> list[str]:
    """Return the warnings about the picture itself.

    >>> notice(QualityMeasures(20.0, 1.5, 0.2, 4.0, {"id": 0.8}, {}))
    ['picture:near_edge', 'id:glare']
    """
    steepness = LEAST_STEEPNESS if measures.steepness is None else measures.steepness
    reasons = {
        "screen": measures.stripes > MOST_STRIPES,
        "photocopy": measures.colour < LEAST_COLOUR,
        "clipped": measures.gap_mm < CLIPPED_MM,
        "near_edge": CLIPPED_MM <= measures.gap_mm < NEAR_MM,
        "blurred": steepness < LEAST_STEEPNESS,
    }
    found = [f"picture:{reason}" for reason, shown in reasons.items() if shown]
    for word, shares, most in (
        ("covered", measures.cover, MOST_COVER),
        ("glare", measures.glare, MOST_GLARE),
    ):
        found += [f"{field}:{word}" for field, share in shares.items() if share > most]
    return found


def contradictions(readings: Mapping[str, Reading], proofs: Mapping[str, Proof]) -> list[str]:
    """Return warnings for fields that were read with high confidence but that a code contradicts.

    A single different character may still be a misread; two are not.
    """
    found = []
    for name, proof in proofs.items():
        reading = readings.get(name)
        if proof.how != "exact" or reading is None or not reading.characters:
            continue
        if min(reading.characters) < _SURE:
            continue
        printed, said = (comparison_key(v).upper() for v in (reading.text, proof.text))
        if Levenshtein.distance(printed, said) > 1:
            found.append(f"{name}:contradicts_{proof.source}")
    return found


def number_warnings(
    kind: DocumentType,
    readings: Mapping[str, Reading],
    lines: Sequence[Line],
    layout: Layout,
    matrix: Matrix,
) -> list[str]:
    """Return a warning if the printed number is malformed although read with high confidence.

    Call this before a code corrects the print.  A number of no known form is missing from the
    readings, so its slot is searched in the lines too; `matrix` converts millimetres on the paper
    to their pixels.
    """
    slot = next((slot for slot in layout.slots if slot.field == "id"), None)
    if slot is None:
        return []
    printed = readings.get("id")
    if printed is not None:
        found = [(printed.text, printed.characters)]
    else:
        middles = [np.reshape(line.quad, (4, 2)).mean(0) for line in lines if line.quad]
        places = warp_points(np.linalg.inv(matrix), np.reshape(middles, (-1, 2)))
        off = places - (slot.value_x, slot.value_y - 0.3 * slot.size)
        near = (np.abs(off[:, 1]) < 0.7 * slot.size) & (off[:, 0] > 0) & (off[:, 0] < slot.width)
        placed = [line for line in lines if line.quad]
        found = [(placed[i].text, placed[i].characters) for i in np.flatnonzero(near)]
    for text, characters in found:
        bare = text.replace(" ", "")
        sure = bool(characters) and min(characters) >= _SURE_NUMBER
        if sure and _NUMBER.fullmatch(bare) and not kind["id"].type.accepts(bare):
            return ["id:malformed"]
    return []


def zone_warnings(zone: mrz.Mrz | None, lines: Sequence[Line]) -> list[str]:
    """Return warnings for failing check digits; a second one if the confidence is high."""
    if zone is None or zone.valid:
        return []
    sure = all(line.confidence > _SURE_ZONE for line in lines)
    return ["mrz:check_digits", "mrz:malformed"] if sure else ["mrz:check_digits"]


def judge(warnings: list[str]) -> Verdict:
    """Return the verdict that follows from a document's warnings.

    >>> judge(["id:from_qr"])
    Verdict(valid=True, code=0, message='')
    >>> judge(["picture:near_edge", "picture:photocopy"])
    Verdict(valid=False, code=2, message='a photocopy')
    """
    for name, (code, message) in _REASONS.items():
        for warning in warnings:
            what = warning.partition(":")[2].removesuffix("_qr").removesuffix("_mrz")
            if name in (warning, what):
                return Verdict(False, code, message)
    return Verdict(True, 0, "")
