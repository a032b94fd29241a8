"""Rules for vehicle registrations: plates and chassis numbers."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from cvocr_lab.cleaning.numbers import province_of_issuer
from cvocr_lab.cleaning.rule_input import RuleInput, iso_day, mapped, ordinal_of, where
from cvocr_lab.cleaning.rules import Issues, Mask, Texts
from cvocr_lab.places import by_plate_code, successor

_CENTRAL: Final = "80"
_ORDINARY: Final = frozenset("ABCDEFGHKLMNPSTUVXYZ")
_SPECIAL: Final = frozenset(
    "LD DA KT R RM MK TĐ HC MĐ T LB CT LA KL NG QT NN CV".split()  # noqa: SIM905
)
_MERGED: Final = np.datetime64("2025-07-01", "D")


def check_vehicles(faces: RuleInput, issues: Issues) -> None:
    """Add the issues of plates and chassis numbers."""
    printed = faces.texts("plate")
    plates = mapped(printed, lambda v: re.sub(r"[^0-9A-ZĐ]", "", v.upper()))
    right = where(plates, lambda p: bool(re.match(r"\d\d[A-ZĐ\d]", p)))
    unknown = right & ~where(plates, lambda p: p[:2] == _CENTRAL or bool(by_plate_code(p[:2])))
    issues.add("plate_code", "plate", unknown, printed)
    issues.add("plate_series", "plate", right & where(plates, _strange_series), printed)
    _province(faces, issues, plates, right & ~unknown)
    chassis = faces.texts("chassis")
    bad = where(chassis, lambda c: bool(re.search("[IOQ]", c.upper())))
    issues.add("chassis_alphabet", "chassis", bad, chassis)


def _strange_series(plate: str) -> bool:
    found = re.match(r"\d\d([A-ZĐ]{1,2})", plate)
    return found is not None and found[1] not in _SPECIAL and not set(found[1]) <= _ORDINARY


def _province(faces: RuleInput, issues: Issues, plates: Texts, right: Mask) -> None:
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
        bad[at] = not merged[at] or code not in successor(place.name).plates
    issues.add("plate_province", "plate", bad, plates, np.where(issuer == "", address, issuer))
