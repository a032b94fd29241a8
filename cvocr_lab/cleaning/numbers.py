"""Rules for single values: their form, personal numbers, plates and chassis numbers."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from cvocr_lab import places
from cvocr_lab.cleaning.rule_input import (
    RuleInput,
    Source,
    iso_day,
    mapped,
    ordinal_of,
    where,
    year_of,
)
from cvocr_lab.cleaning.rules import Issues, Mask, Texts
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


_CENTRAL: Final = "80"
_SPECIAL: Final = frozenset(
    "LD DA KT R RM MK TĐ HC MĐ T LB CT LA KL NG QT NN CV".split()  # noqa: SIM905
)
_MERGED: Final = np.datetime64("2025-07-01", "D")


def check_vehicles(faces: RuleInput, issues: Issues) -> None:
    """Add the issues of plates and chassis numbers."""
    printed = faces.texts("plate")
    plates = mapped(printed, lambda v: re.sub(r"[^0-9A-ZĐ]", "", v.upper()))
    right = where(plates, lambda p: bool(re.match(r"\d\d[A-ZĐ\d]", p)))
    known = where(plates, lambda p: p[:2] == _CENTRAL or places.by_plate_code(p[:2]) is not None)
    unknown = right & ~known
    issues.add("plate_code", "plate", unknown, printed)
    issues.add("plate_series", "plate", right & where(plates, _strange_series), printed)
    _plate_province(faces, issues, plates, right & ~unknown)
    chassis = faces.texts("chassis")
    bad = where(chassis, lambda c: bool(re.search("[IOQ]", c.upper())))
    issues.add("chassis_alphabet", "chassis", bad, chassis)


def _strange_series(plate: str) -> bool:
    found = re.match(r"\d\d([A-ZĐ]{1,2})", plate)
    if found is None or found[1] in _SPECIAL:
        return False
    return not set(found[1]).issubset(forms.PLATE_LETTERS)


def _plate_province(faces: RuleInput, issues: Issues, plates: Texts, right: Mask) -> None:
    """Compare the plate's province with that of the issuer or owner, in either era."""
    issuer, address = faces.texts("issued_at"), faces.texts("address")
    by_issuer = mapped(issuer, province_of_issuer)
    here = right & (plates != "") & faces.of("vehicle_registration_back")
    by_address = np.full(len(faces), None, dtype=object)
    alone = here & ~by_issuer.astype(bool)
    by_address[alone] = mapped(address[alone], province_of_issuer)
    last = ordinal_of(mapped(faces.texts("last_issue_date"), iso_day))
    merged = np.isnat(last) | (last >= _MERGED)
    bad = np.zeros(len(faces), bool)
    for at in np.flatnonzero(here):
        place, code = by_issuer[at] or by_address[at], plates[at][:2]
        if place is None or code == _CENTRAL or code in place.plates:
            continue
        bad[at] = not merged[at] or code not in places.successor(place.name).plates
    issues.add("plate_province", "plate", bad, plates, np.where(issuer == "", address, issuer))
