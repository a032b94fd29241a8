"""The rules of `check`: severity, message and source of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Severity = Literal["high", "medium", "low"]
"""``high``: both cannot be right; ``medium``: exceptions exist; ``low``: a weak rule or a hint."""

Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its severity, the message of an issue (without values), and its source."""

    severity: Severity
    message: str
    source: str


_STRUCTURE = "Circular 07/2016/TT-BCA"
_QR = "the same on real cards; QR codes correct reading errors (ISO/IEC 18004)"
_ICAO = "ICAO Doc 9303 parts 3 to 5"
_EXPIRY = "verified on sample cards; Circular 06/2021/TT-BCA"
_PLATES = "Circular 24/2023/TT-BCA"
_MODEL = "Circulars 27/2012, 61/2015, 06/2021 and 16/2024/TT-BCA"

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "form": Rule("high", "the value does not have the form of this field", "the field's type"),
        "passport_number": Rule(
            "high", "the number is not one letter and 7 or 8 digits",
            "the same on samples of both models",
        ),
        "number_province": Rule(
            "high", "the first three digits are not the code of a province or country", _STRUCTURE
        ),
        "number_birth": Rule("high", "digits 4 to 6 belong to another birth year", _STRUCTURE),
        "number_sex": Rule("high", "digit 4 belongs to the other sex", _STRUCTURE),
        "cmnd_province": Rule(
            "low", "the first digits belong to the police of another province",
            "a partly known table",
        ),
        "expiry_age": Rule(
            "medium", "the expiry is not the 14th, 25th, 40th or 60th birthday", _EXPIRY
        ),
        "expiry_unlimited": Rule("medium", "unlimited validity, but under 58 at issue", _EXPIRY),
        "date_order": Rule("high", "the dates are in an impossible order", "the calendar"),
        "date_future": Rule("medium", "the date is in the future", "the calendar"),
        "issue_age": Rule(
            "medium", "issued before the holder was 14", "Law on Citizen Identity 2014"
        ),
        "issue_era": Rule("medium", "this model was not issued at that time", _MODEL),
        "qr_form": Rule("low", "the QR code is not that of an identity card", _QR),
        "qr_print": Rule("high", "the QR code contradicts the print", _QR),
        "qr_marks": Rule("medium", "the QR code has other diacritics", _QR),
        "qr_address": Rule("low", "the address has hardly any word of the QR code's address", _QR),
        "qr_mrz": Rule("high", "QR code and MRZ differ", _QR),
        "mrz_check": Rule("high", "a check digit is wrong", _ICAO),
        "mrz_number": Rule(
            "high", "the document number is not the last nine digits", "verified on sample cards"
        ),
        "mrz_print": Rule("high", "the MRZ contradicts the print", _ICAO),
        "mrz_name": Rule("medium", "the MRZ has another name", _ICAO),
        "front_back": Rule("high", "front and back differ", "one paper has one holder"),
        "front_back_name": Rule("medium", "front and back have different names", _ICAO),
        "front_back_type": Rule("medium", "front and back belong to different models", _MODEL),
        "code_of_another": Rule("high", "the code is another person's", "the engine's warning"),
        "corrected": Rule(
            "low", "the value comes from a code; the print was read differently or not at all",
            "the engine's warning",
        ),
        "plate_code": Rule("medium", "no province has this plate code", _PLATES),
        "plate_series": Rule("medium", "no series has this letter", _PLATES),
        "plate_province": Rule("low", "plate and issuer belong to different provinces", _PLATES),
        "chassis_alphabet": Rule("medium", "I, O and Q do not occur", "ISO 3779"),
        "duplicate_number": Rule("medium", "other rows have this number too", "numbers are unique"),
        "number_of_two": Rule(
            "high", "other rows have this number for another person", "numbers are unique"
        ),
        "duplicate_person": Rule(
            "low",
            "other rows have this name and birth with another number",
            "one person, one number",
        ),
        "duplicate_image": Rule("medium", "other rows have the same picture", "one input, one row"),
    }
)  # fmt: skip
"""All rules by name."""


@dataclass(slots=True)
class Issues:
    """The issues found so far."""

    _pieces: list[pd.DataFrame] = field(default_factory=list)

    def add(
        self, rule: str, fields: str | Texts, where: Mask, form: str, *values: NDArray[Any]
    ) -> None:
        """Add an issue for each row in `where`.

        `fields` is the field, or one for each row of the frame.  `form` is a format string with a
        place ``{}`` for the row's entry of each of the arrays `values`, the evidence.
        """
        at = np.flatnonzero(where)
        if not len(at):
            return
        evidence = zip(*(value[at] for value in values), strict=True)
        self._pieces.append(
            pd.DataFrame(
                {
                    "position": at,
                    "field": fields if isinstance(fields, str) else fields[at],
                    "rule": rule,
                    "severity": RULES[rule].severity,
                    "message": RULES[rule].message,
                    "evidence": [form.format(*row) for row in evidence],
                }
            )
        )

    def frame(self) -> pd.DataFrame:
        """Return all issues by row, the most severe first."""
        columns = ["field", "rule", "severity", "message", "evidence", "position"]
        if not self._pieces:
            made = pd.DataFrame({c: pd.Series([], dtype="str") for c in columns})
            return made.astype({"position": "int64"})
        made = pd.concat(self._pieces, ignore_index=True)[columns]
        rank = made["severity"].map({"high": 0, "medium": 1, "low": 2})
        order = np.lexsort((np.arange(len(made)), rank.to_numpy(), made["position"].to_numpy()))
        return made.take(order).reset_index(drop=True)
