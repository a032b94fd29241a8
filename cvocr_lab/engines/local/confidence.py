"""How sure a value is: a fitted chance that it is exactly right, not a raw mean.

A logistic model over what is known of a reading.  Its weights were fitted on generated pictures
whose seeds are used for nothing else; see ``tests/benchmarks/fit_confidence.py``.
"""

from __future__ import annotations

import math

from cvocr_lab import mrz
from cvocr_lab.engines.local.parse import Reading
from cvocr_lab.kinds import Field

FEATURES = ("bias", "least", "mean", "length", "refused", "cost", "uncaptioned", "agrees", "denied")
_WEIGHTS = (3.0, 2.0, 3.0, -0.3, -3.0, -0.5, -0.5, 0.8, -1.0)
_PROVEN = 0.995


def features(field: Field, reading: Reading, *, agrees: bool | None) -> tuple[float, ...]:
    """What the model looks at, in the order of `FEATURES`."""
    characters = reading.characters or (0.5,)
    least = _logit(min(characters))
    mean = sum(map(_logit, characters)) / len(characters)
    numbers = field.name in ("id", "born", "sex")
    return (
        1.0,
        least / 4,
        mean / 4,
        math.log(max(len(reading.text), 1)),
        float(not field.type.accepts(reading.text)),
        max(reading.cost, 0.0),
        float(not reading.captioned),
        float(numbers and agrees is True),
        float(numbers and agrees is False),
    )


def chance(
    field: Field,
    reading: Reading,
    *,
    proven: bool,
    agrees: bool | None,
    zone: mrz.Mrz | None,
) -> float:
    """Chance that the reading is exactly right, 0 to 1."""
    if proven:
        return _PROVEN
    if field.source == "mrz" or field.name == "mrz":
        if zone is not None and zone.valid:
            return 0.98 if field.name in ("mrz", "sur_name", "given_name") else _PROVEN
        return 0.5
    score = sum(
        w * f for w, f in zip(_WEIGHTS, features(field, reading, agrees=agrees), strict=True)
    )
    return round(1 / (1 + math.exp(-score)), 4)


def type_chance(score: float, margin: float) -> float:
    """Chance that the type is right, from the model's score and its lead over other types."""
    return round(1 / (1 + math.exp(-(0.12 * score + 0.25 * margin - 2.0))), 4)


def _logit(p: float) -> float:
    p = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))
