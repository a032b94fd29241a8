"""Machine readable zones: the three lines of an identity card, the two of a passport.

`parse` and `format` are strict inverses; `find` and `repair` come before `parse` where lines were
read from a picture.
"""

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
    split_name,
    transliterate,
)
from cvocr_lab.mrz._repair import find, repair

__all__ = [
    "ALPHABET",
    "WIDTHS",
    "Format",
    "Mrz",
    "birth_date",
    "check_digit",
    "expiry_date",
    "find",
    "format",
    "is_date",
    "parse",
    "repair",
    "split_name",
    "transliterate",
]
