"""The structure of the 12-digit personal number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from cvocr_lab.data import rows
from cvocr_lab.places._provinces import by_id_code, is_abroad
from cvocr_lab.text import fold

CMND_HEADS: Final[Mapping[str, str]] = MappingProxyType(
    {row["old_name"]: row["cmnd_head"] for row in rows("provinces.csv") if row["cmnd_head"]}
)
"""First digits of the 9-digit number by the issuing province police, as far as they are known.

The rule has exceptions: numbers were kept or changed on moving, and provinces split and merged.
"""

_SEX: Final = {"nam": 0, "m": 0, "male": 0, "nu": 1, "f": 1, "female": 1}


def birth_year(number: str) -> int:
    """Return the birth year encoded in a 12-digit personal number.

    Digit 4 encodes century and sex, digits 5 and 6 the year (Circular 07/2016/TT-BCA, article 5).

    >>> birth_year("001099000123")
    1999
    """
    return (19 + int(number[3]) // 2) * 100 + int(number[4:6])


def check_citizen_id(
    number: str, *, birth: str | None = None, sex: str | None = None
) -> tuple[str, ...]:
    """Return the faults of a 12-digit personal number; an empty tuple if there are none.

    Structure by Circular 07/2016/TT-BCA: code of the province (or country) where the birth was
    registered, digit for century and sex, year, six arbitrary digits; there is no check digit.
    Blanks and dots in `number` count as faults.  `birth` is the date of birth in any form with a
    four-digit year, and `sex` is `Nam`, `Nữ`, `M` or `F`, in any case, with or without accents;
    None or other words skip these checks.

    >>> check_citizen_id("001099000123", birth="01/01/1999", sex="Nam")
    ()
    >>> check_citizen_id("003199000123", sex="Nam")
    ('province code never given', 'sex differs from digit 4')
    """
    if not re.fullmatch(r"\d{12}", number, re.ASCII):
        return ("not 12 digits",)
    problems = []
    if by_id_code(number[:3]) is None and not is_abroad(number[:3]):
        problems.append("province code never given")
    year = birth_year(number)
    if year > date.today().year:
        problems.append("birth year lies ahead")
    printed = re.search(r"(?<!\d)\d{4}(?!\d)", birth or "")
    if printed and int(printed[0]) != year:
        problems.append("birth year differs from digits 4 to 6")
    parity = _SEX.get(fold(sex or "").strip().lower())
    if parity is not None and parity != int(number[3]) % 2:
        problems.append("sex differs from digit 4")
    return tuple(problems)
