"""Computes the confidence of a value: the fitted probability that it is exactly right.

A logistic model of the properties of a reading.  ``tests/benchmarks/fit_confidence.py`` fitted its
weights (``data/confidence.json``) on generated pictures whose seeds are used for nothing else.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources

from cvocr_lab import mrz
from cvocr_lab.engines.local.parse import Reading
from cvocr_lab.kinds import Field
from cvocr_lab.kinds import _forms as forms

_TYPES = {
    "number": forms.CitizenId | forms.Pattern | forms.Plate | forms.Amount,
    "date": forms.Date,
    "name": forms.Name | forms.Owner,
    "address": forms.Address,
    "choice": forms.Choice,
}
GROUPS = (*_TYPES, "text")
FEATURES = (
    "least", "mean", "length", "refused", "cost", "uncaptioned", "agrees", "denied", *GROUPS,
)  # fmt: skip
_PROVEN = 0.995
_CHECKED = ("id", "person_number", "born", "duedate")
"""Fields guarded by the check digits of a TD1 zone: not the names, the sex or the country."""


def group(field: Field) -> str:
    """Return the kind of value that the field holds, one of `GROUPS`."""
    return next((name for name, types in _TYPES.items() if isinstance(field.type, types)), "text")


def features(field: Field, reading: Reading, *, agrees: bool | None) -> tuple[float, ...]:
    """Return the features of a reading, in the order of `FEATURES`.

    `agrees` says whether the 12-digit number fits the printed birth date and sex; None if unknown.
    """
    characters = reading.characters or (0.5,)
    numbers = field.name in ("id", "born", "sex")
    mine = group(field)
    return (
        _logit(min(characters)) / 4,
        sum(map(_logit, characters)) / len(characters) / 4,
        math.log(max(len(reading.text), 1)),
        float(not field.type.accepts(reading.text)),
        min(max(reading.cost, 0.0), 3.0),
        float(not reading.captioned),
        float(numbers and agrees is True),
        float(numbers and agrees is False),
        *(float(mine == name) for name in GROUPS),
    )


@cache
def _weights() -> tuple[float, ...]:
    text = resources.files("cvocr_lab.data").joinpath("confidence.json").read_text("utf-8")
    fitted: dict[str, float] = json.loads(text)
    return tuple(fitted[name] for name in FEATURES)


def chance(
    field: Field,
    reading: Reading,
    *,
    proven: bool,
    agrees: bool | None,
    zone: mrz.Mrz | None,
) -> float:
    """Return the probability that the reading is exactly right, 0 to 1."""
    if proven:
        return _PROVEN
    if field.source == "mrz" or field.name == "mrz":
        checked = zone is not None and zone.valid
        return zone_chance(checked=checked, guarded=field.name in _CHECKED)
    looked_at = features(field, reading, agrees=agrees)
    score = sum(w * f for w, f in zip(_weights(), looked_at, strict=True))
    return round(1 / (1 + math.exp(-score)), 4)


def zone_chance(*, checked: bool, guarded: bool) -> float:
    """Return the probability that a value from a machine-readable zone is right.

    `checked` says whether the check digits are right, `guarded` whether one of them guards this
    value; names, sex and country are not guarded.
    """
    return (_PROVEN if guarded else 0.95) if checked else 0.4


def type_chance(score: float, margin: float) -> float:
    """Return the probability that the type is right, from its score and its lead over other types.

    This is a rule of thumb: wrong types are too rare in generated pictures to fit a model.
    """
    return round(1 / (1 + math.exp(-(0.12 * score + 0.25 * margin - 2.0))), 4)


def _logit(p: float) -> float:
    p = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))
