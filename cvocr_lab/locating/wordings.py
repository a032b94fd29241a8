"""The forms in which a paper may print a value, above all dates."""

from __future__ import annotations

from cvocr_lab.dates import split_date
from cvocr_lab.kinds import Field
from cvocr_lab.kinds import _forms as forms
from cvocr_lab.locating.alignment import folded


def wordings(field: Field | None, value: str) -> list[str]:
    """Return the folded texts that the paper may print for a value, the most likely first.

    >>> wordings(None, "2019-03-05")[:2]
    ['05032019', 'ngay05thang03nam2019']
    """
    texts = [value]
    day = _day(value)
    if day and (field is None or isinstance(field.type, forms.Date)):
        if field is not None and field.source == "mrz":
            texts = [day[2][2:] + day[1] + day[0]]
        else:
            texts = _dates(*day)
    found = (folded(text)[0] for text in texts)
    return [text for text in dict.fromkeys(found) if text]


def _day(value: str) -> tuple[str, str, str] | None:
    """Return day, month and year of a date, with two, two and four digits."""
    parts = split_date(value, loose=True)
    return (parts[2].zfill(2), parts[1].zfill(2), parts[0]) if parts else None


def _dates(day: str, month: str, year: str) -> list[str]:
    texts = [day + month + year]
    short = str(int(day)), str(int(month))
    for d, m in ((day, month), (day, short[1]), short):
        texts.append(f"ngày {d} tháng {m} năm {year}")
        texts.append(f"ngày (date) {d} tháng {m} năm {year}")
        texts.append(f"ngày (date) {d} tháng (month) {m} năm (year) {year}")
    return texts
