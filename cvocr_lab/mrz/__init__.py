"""Machine readable zones: the lines of identity cards, passports and visas.

`parse` and `format` are strict inverses; `find` and `repair` come before `parse` where lines were
read from a picture.
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
from cvocr_lab.mrz._names import name_agrees, split_name, transliterate
from cvocr_lab.mrz._repair import repair

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
    "name_agrees",
    "parse",
    "repair",
    "split_name",
    "transliterate",
]
