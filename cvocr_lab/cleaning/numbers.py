"""Rules for single values: their form, and the structure of personal numbers."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from cvocr_lab import places
from cvocr_lab.cleaning.rule_input import RuleInput, Source, mapped, where, year_of
from cvocr_lab.cleaning.rules import Issues
from cvocr_lab.kinds import Field
from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds import _forms as forms

_UNKNOWN_FORM: Final = (t.CERTIFICATE_ID, t.ENGINE, t.MRZ_TEXT)
"""Field types whose form is unknown or unrestricted."""


def check_numbers(faces: RuleInput, issues: Issues) -> None:
    """Add the issues of forms and personal numbers."""
    _forms(faces, issues)
    _citizen_numbers(faces, issues, "print")
    _citizen_numbers(faces, issues, "mrz")
    _cmnd_heads(faces, issues)


def _forms(faces: RuleInput, issues: Issues) -> None:
    for kind, mask in faces.kinds:
        for field in kind.fields:
            if not _has_form(field):
                continue
            values = faces.texts(field.name)
            filled = mask & (values != "")
            if not filled.any():
                continue
            bad = filled.copy()
            bad[filled] = ~where(values[filled], field.type.accepts)
            rule = "passport_number" if field.type is t.PASSPORT_NUMBER else "form"
            issues.add(rule, field.name, bad, values)


def _has_form(field: Field) -> bool:
    if field.type in _UNKNOWN_FORM:
        return False
    closed = field.type in (t.SEX, t.PASSPORT_SEX, t.MRZ_SEX)
    return closed or isinstance(
        field.type,
        forms.Date | forms.CitizenId | forms.Pattern | forms.Plate | forms.Amount | forms.Name,
    )


def _citizen_numbers(faces: RuleInput, issues: Issues, source: Source) -> None:
    numbers, fields = faces.printed("number", source), faces.field("number", source)
    if source == "mrz":  # a passport's number may be the old one, and is print
        numbers = np.where(faces.printed("number") == "", numbers, "")
    whole = where(numbers, lambda n: bool(re.fullmatch(r"\d{12}", n, re.ASCII)))
    if not whole.any():
        return

    def unknown(number: str) -> bool:
        code = number[:3]
        return places.by_id_code(code) is None and not places.is_abroad(code)

    each = numbers[whole]  # nearly all differ
    strange = whole.copy()
    strange[whole] = [unknown(number) for number in each]
    issues.add("number_province", fields, strange, numbers)

    born = year_of(faces.printed("birth", source))
    told = np.zeros(len(faces), np.int64)
    told[whole] = [places.birth_year(number) for number in each]
    other = whole & (born > 0) & (born != told)
    issues.add("number_birth", fields, other, numbers, told, born)
    sex = faces.printed("sex", source)
    female = np.zeros(len(faces), bool)
    female[whole] = [int(number[3]) % 2 == 1 for number in each]
    wrong = whole & (sex != "") & (female != (sex == "Nữ"))
    issues.add("number_sex", fields, wrong, numbers, sex)


def _cmnd_heads(faces: RuleInput, issues: Issues) -> None:
    """Compare the CMND number on the front with the police's province on the back."""
    numbers = faces.printed("old_number")
    front = (numbers != "") & (faces.partner >= 0)
    if not front.any():
        return
    issuer = faces.texts("noicap")
    police = np.where(front, issuer[faces.partner], "")
    heads = mapped(police, _heads)
    bad = np.array(
        [bool(h) and not n.startswith(h) for n, h in zip(numbers, heads, strict=True)], bool
    )
    issues.add("cmnd_province", "id", bad & front, numbers, police)


_UNIT = re.compile(r"^\W*(giám đốc|ca|công an)\b\W*|^(tỉnh|tp|thành phố)\b\W*", re.IGNORECASE)


def province_of_issuer(text: str) -> places.Province | None:
    """Return the old-era province in the name of a police body, or None."""
    last = text.rsplit(",", 1)[-1]
    for _ in range(3):
        last = _UNIT.sub("", last.strip())
    found = places.match_province(last) if last else None
    return found[0] if found else None


def _heads(police: str) -> tuple[str, ...]:
    place = province_of_issuer(police)
    head = places.CMND_HEADS.get(place.name) if place else None
    if head is None:
        return ()
    # Hà Tây, whose numbers begin with 11, became part of Hà Nội in 2008.
    return (head, "11") if head == "01" else (head,)
