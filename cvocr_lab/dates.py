"""Parse and format dates in the forms of papers, codes and tables.

All functions expect a text that consists of nothing but a date.  The normal form is ISO,
``yyyy-mm-dd``.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from cvocr_lab.text import collapse, fold_key

YEARS: Final = range(1850, 2101)
"""Possible years of dates on papers."""

NO_END: Final = ("khong thoi han", "vo thoi han")
"""The words for "no end of validity", folded."""

_DAY: Final = re.compile(r"([0-9]{1,2})\s*([-/., ])\s*([0-9]{1,2})\s*\2\s*([0-9]{4})")
_WORDS: Final = re.compile(
    r"ngay ?(?:date )?([0-9]{1,2}) ?thang ?(?:month )?([0-9]{1,2}) ?nam ?(?:year )?([0-9]{4})"
)
_ISO: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ][0-9:.+Z]*)?")
_DIGITS: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")


@lru_cache(1 << 16)
def iso_date(year: str | int, month: str | int, day: str | int) -> str:
    """Return the ISO form of a date; "" if the calendar has no such date.

    >>> iso_date(2020, "2", "29"), iso_date(2021, 2, 29)
    ('2020-02-29', '')
    """
    try:
        return date(int(year), int(month), int(day)).isoformat() if int(year) in YEARS else ""
    except ValueError:
        return ""


@lru_cache(1 << 16)
def split_date(text: str, *, loose: bool = False) -> tuple[str, str, str] | None:
    """Split a date into year, month and day as written; None if it is not a date.

    It is ``01/02/2020`` with slashes, dashes, dots, commas or blanks (twice the same), and one or
    two digits for day and month; or ``Ngày 01 tháng 02 năm 2020``, with or without English words.
    With `loose`, it may also have a form of tables and codes: ``2020-02-01``, ``01022020``, or a
    date in words after a place, ``Hà Nội, ngày 01 tháng 02 năm 2020``.

    >>> split_date("1/2/2020"), split_date("Ngày 01 tháng 02 năm 2020")
    (('2020', '2', '1'), ('2020', '02', '01'))
    >>> split_date("Ngày sinh: 01/02/2020") is None
    True
    """
    text = collapse(text)
    if found := _DAY.fullmatch(text):
        return found[4], found[3], found[1]
    if loose and (found := _ISO.fullmatch(text)):
        return found[1], found[2], found[3]
    if loose and (found := _DIGITS.fullmatch(text)):
        return found[3], found[2], found[1]
    if not text[:1].isalpha():
        return None
    words = fold_key(text)
    if loose:
        words = re.sub("^[a-z ]{1,40} (?=ngay)", "", words)
    found = _WORDS.fullmatch(words)
    return (found[3], found[2], found[1]) if found else None


def parse_date(text: str, *, loose: bool = False) -> str:
    """Convert a date to ISO; "" if it is not a date, or the calendar has no such date.

    See `split_date` for the arguments.

    >>> parse_date("01-02-2020"), parse_date("31/02/2020"), parse_date("01022020", loose=True)
    ('2020-02-01', '', '2020-02-01')
    """
    parts = split_date(text, loose=loose)
    return iso_date(*parts) if parts else ""


def is_no_end(text: str) -> bool:
    """Return whether a text says that the paper has no end of validity.

    >>> is_no_end("KHÔNG THỜI HẠN")
    True
    """
    return fold_key(text) in NO_END


def printed_date(iso: str | None, separator: str = "/") -> str:
    """Convert ``yyyy-mm-dd`` to ``dd/mm/yyyy``; "" for anything else.

    >>> printed_date("2020-02-01"), printed_date("2020-02-01", "")
    ('01/02/2020', '01022020')
    """
    if not iso or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", iso):
        return ""
    return separator.join(reversed(iso.split("-")))
