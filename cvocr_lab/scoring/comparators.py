"""Whether two different texts have the same meaning: one fixed rule per field type.

No rule changes an outcome: a cell is right only if its text is right.  The verdict of the rule is
an additional column, for users who clean the values in a later step.

========== =============================== ====================================================
rule       field types                     same meaning
========== =============================== ====================================================
``date``   all dates                       the same day in any printed form: ``01/02/2020``,
                                           ``1-2-2020``, ``2020-02-01``, ``01022020``, in words
``plate``  plates                          the same A-Z, Đ and digits, ignoring case
``number`` numbers of papers, chassis,     the same without blanks, dots and dashes, ignoring
           engines                         case
``amount`` seats, loads, years             the same whole number, ignoring unit and zeros
``choice`` sex, nationality, ethnic group, the same ignoring diacritics, case, blanks, hyphens and
           religion, brand, colour         apostrophes
``place``  addresses, provinces, police    see `cvocr_lab.scoring.addresses`
``text``   signs, models, wordings, codes  the same except for the placement of tone marks
``name``   names of persons, owners        never
========== =============================== ====================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from cvocr_lab.dates import NO_END, is_no_end, parse_date
from cvocr_lab.kinds import FieldType
from cvocr_lab.scoring.addresses import place_verdict
from cvocr_lab.scoring.texts import TIERS, Differing, Ints
from cvocr_lab.text import fold_key

Rule = Literal["name", "text", "date", "number", "plate", "choice", "amount", "place"]

VERDICTS: Final = ("same", "style", "same value", "other era", "different")
"""Results of the rules.

``same``: equal as written.  ``style``: equal except for the placement of tone marks (hoà, hòa).
``same value``: another text with the same meaning.  ``other era``: the name of a place before or
after the mergers of 2025-07-01; neither right nor wrong.  ``different``: everything else, also if
one of the two is absent.
"""

_NAMED: Final[Mapping[str, Rule]] = MappingProxyType(
    {"PROVINCE": "place", "POLICE": "place", "AUTHORITY_CMND": "place", "COUNTRY_CODE": "text"}
)
_FORMS: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "Name": "name", "Owner": "name", "Date": "date", "CitizenId": "number",
        "Pattern": "number", "Plate": "plate", "Choice": "choice", "Amount": "amount",
        "Address": "place",
    }
)  # fmt: skip


def rule_of(kind: FieldType) -> Rule:
    """Return the rule for a field type.

    >>> from cvocr_lab.kinds import FIELD_TYPES
    >>> rule_of(FIELD_TYPES["BIRTH_DATE"]), rule_of(FIELD_TYPES["NAME"])
    ('date', 'name')
    """
    return _NAMED.get(kind.name) or _FORMS.get(type(kind).__name__, "text")


def verdicts(pairs: Differing, rules: Sequence[Rule], distances: Ints) -> npt.NDArray[np.int8]:
    """Return the verdict on each pair, as position in `VERDICTS`.

    >>> pairs = Differing.of(
    ...     ["01/02/2020", "Thuận An, Bình Dương"],
    ...     ["Ngày 01 tháng 02 năm 2020", "Thuận An, Hồ Chí Minh"],
    ... )
    >>> [VERDICTS[at] for at in verdicts(pairs, ["date", "place"], np.array([23, 9]))]
    ['same value', 'other era']
    """
    found = np.full(len(rules), VERDICTS.index("different"), np.int8)
    placed = pairs.placed_otherwise(distances)
    # Omitting the shortest abbreviation (a letter, its dot and a blank) takes three edits.
    few = (distances < 3).tolist()
    apart = (pairs.tiers == TIERS.index("none")).tolist()
    for at, (rule, truth, value) in enumerate(zip(rules, pairs.truths, pairs.values, strict=True)):
        # Equal numbers, plates and choices are equal loosely too.
        if rule == "name" or (apart[at] and (rule not in _WORDY or (few[at] and rule == "place"))):
            continue
        found[at] = 1 if at in placed else _verdict(truth, value, rule)
    return found


_WORDY: Final = ("date", "place", "amount")


def _verdict(truth: str, value: str, rule: Rule) -> int:
    if rule == "place":
        return VERDICTS.index(place_verdict(truth, value))
    if normal := _NORMAL.get(rule):
        meant = normal(truth)
        return 2 if meant and meant == normal(value) else 4
    return 4


@lru_cache(maxsize=1 << 16)
def _date(text: str) -> str:
    return NO_END[0] if is_no_end(text) else parse_date(text, loose=True)


def _number(text: str) -> str:
    return re.sub(r"[\s.\-–]", "", text).upper()


def _plate(text: str) -> str:
    return re.sub(r"[^0-9A-ZĐ]", "", text.upper())


def _choice(text: str) -> str:
    return fold_key(text.replace("'", "").replace("’", "")).replace(" ", "")


def _amount(text: str) -> str:
    found = re.fullmatch(r"(\d{1,3}(?:[., ]\d{3})+|\d+) ?[a-zA-Zµ³0-9]{0,3}", text)
    digits = re.sub(r"\D", "", found[1]) if found else ""
    return str(int(digits)) if digits else ""


_NORMAL: Final[Mapping[Rule, Callable[[str], str]]] = MappingProxyType(
    {"date": _date, "number": _number, "plate": _plate, "choice": _choice, "amount": _amount}
)
