"""Machine readable zones (MRZ) of identity cards, passports and visas.

`parse` reads exact lines and `format` writes them.  For lines that were read from a picture, call
`find` and `repair` before `parse`.
"""

from cvocr_lab.mrz._find import find
from cvocr_lab.mrz._lines import (
    ALPHABET,
    WIDTHS,
    Format,
    Mrz,
    birth_date,
    check_digit,
    expiry_date,
    format,
    is_date,
    parse,
)
from cvocr_lab.mrz._names import name_agrees, transliterate
from cvocr_lab.mrz._repair import repair

__all__ = [
    "ALPHABET", "WIDTHS", "Format", "Mrz", "birth_date", "check_digit", "expiry_date", "find",
    "format", "is_date", "name_agrees", "parse", "repair", "transliterate",
]  # fmt: skip
