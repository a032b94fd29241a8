"""Rules for dates: their order, the expiry of cards, when a model was issued."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.cleaning.rule_input import (
    NO_END,
    RuleInput,
    is_day,
    iso_day,
    mapped,
    ordinal_of,
    where,
    year_of,
)
from cvocr_lab.cleaning.rules import Issues

_CARDS: Final = ("tcc", "matsautcc", "tcc_chip", "matsautcc_chip", "chip_id_card_2024_front",
                 "chip_id_card_2024_back")  # fmt: skip
_FROM_14: Final = ("matsaucmt", "matsautcc", "matsautcc_chip")
_AGES: Final = (14, 25, 40, 60)
_NO_END_FROM: Final = 58
"""Youngest age at issue of a card without expiry: two years before 60."""

_ERAS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "matsaucmt": ("1957-01-01", "2021-12-31"),
        "matsautcc": ("2012-07-01", "2021-12-31"),
        "matsautcc_chip": ("2021-01-01", "2024-06-30"),
        "chip_id_card_2024_back": ("2024-07-01", "9999-12-31"),
    }
)
"""First and last day on which a model was issued; ends of the year if only the year is known."""


def check_dates(faces: RuleInput, issues: Issues, today: dt.date) -> None:
    """Add the issues of dates; no printed date can be later than `today`."""
    _order(faces, issues, today)
    _eras(faces, issues)
    _expiry(faces, issues, today)
    _vehicles(faces, issues, today)


def _order(faces: RuleInput, issues: Issues, today: dt.date) -> None:
    birth, issued, expiry = (faces.known(f) for f in ("birth", "issued", "expiry"))
    born, issue, due = (ordinal_of(days) for days in (birth, issued, expiry))
    now = np.datetime64(today, "D")
    printed = faces.printed("birth") != ""
    issues.add("date_future", faces.field("birth"), printed & (born > now), birth)
    here, field = faces.printed("issued") != "", faces.field("issued")
    issues.add("date_future", field, here & (issue > now), issued)
    form = "born {}, issued {}"
    issues.add("date_order", field, here & (issue < born), birth, issued, form=form)
    young = here & faces.of(*_FROM_14) & (issue >= born) & (issue < _birthdays(born, 14))
    issues.add("issue_age", field, young, birth, issued)
    ends = (faces.printed("expiry") != "") & ((due <= issue) | (due <= born))
    form = "born {}, issued {}, until {}"
    issues.add("date_order", faces.field("expiry"), ends, birth, issued, expiry, form=form)


def _birthdays(born: NDArray[np.datetime64], age: int) -> NDArray[np.datetime64]:
    """Return the birthdays at `age`; 28 February for leap days; NaT without a whole date."""
    month = born.astype("datetime64[M]")
    then = month + np.timedelta64(12 * age, "M")
    day = then.astype("datetime64[D]") + (born - month.astype("datetime64[D]"))
    due: NDArray[np.datetime64] = day - (day.astype("datetime64[M]") != then).astype("m8[D]")
    return due


def _expiry(faces: RuleInput, issues: Issues, today: dt.date) -> None:
    """Cards end on the birthday at 14, 25, 40 or 60, or not at all.

    The CMND of twelve digits, which alone prints the ethnic group, ends by another rule.
    """
    birth, expiry = faces.known("birth"), faces.printed("expiry")
    cmnd = faces.of("tcc") & (faces.texts("dantoc") != "")
    told = faces.of(*_CARDS) & ~cmnd & (expiry != "") & is_day(birth)
    born, due = ordinal_of(birth), ordinal_of(expiry)
    leap = where(birth, lambda d: d[4:] == "-02-29")
    fits = np.zeros(len(faces), bool)
    for age in _AGES:
        day = _birthdays(born, age)
        fits |= (due == day) | (leap & (due == day + np.timedelta64(1, "D")))
    field = faces.field("expiry")
    issues.add("expiry_age", field, told & ~np.isnat(due) & ~fits, birth, expiry)
    issued = faces.known("issued")
    at_issue = ordinal_of(issued)
    at_issue[np.isnat(at_issue)] = np.datetime64(today, "D")
    early = told & (expiry == NO_END) & (at_issue < _birthdays(born, _NO_END_FROM))
    issues.add("expiry_unlimited", field, early, birth, np.where(issued == "", "?", issued))


def _eras(faces: RuleInput, issues: Issues) -> None:
    issued = faces.printed("issued")
    issue = ordinal_of(issued)
    out = np.zeros(len(faces), bool)
    for name, (first, last) in _ERAS.items():
        here = faces.of(name)
        out |= here & ((issue < np.datetime64(first)) | (issue > np.datetime64(last)))
    issues.add("issue_era", faces.field("issued"), out, issued)


def _vehicles(faces: RuleInput, issues: Issues, today: dt.date) -> None:
    first, last = (mapped(faces.texts(f), iso_day) for f in ("first_issue_date", "last_issue_date"))
    a, b = ordinal_of(first), ordinal_of(last)
    issues.add("date_order", "last_issue_date", b < a, first, last, form="first {}, last {}")
    made = faces.texts("year_of_manufacture")
    early = (year_of(first) > 0) & (year_of(first) < year_of(made))
    form = "made {}, registered {}"
    issues.add("date_order", "first_issue_date", early, made, first, form=form)
    now = np.datetime64(today, "D")
    for field, days, texts in (("first_issue_date", a, first), ("last_issue_date", b, last)):
        issues.add("date_future", field, days > now, texts)
