"""Provinces before and since 2025-07-01, their codes and wards, and the 12-digit number.

Two numberings share digits and disagree: statistics code 15 was Yên Bái before 2025-07-01 and is
Lào Cai since (Decision 19/2025/QĐ-TTg).  Therefore every province here has an era.  The codes of
the personal number are the old ones (Circular 07/2016/TT-BCA, Appendix 1); whether numbers given
after the mergers use only new codes is unknown.
"""

from cvocr_lab.places._addresses import parse_address
from cvocr_lab.places._parts import Address
from cvocr_lab.places._provinces import (
    CMND_HEADS,
    Era,
    Province,
    birth_year,
    by_id_code,
    by_plate_code,
    check_citizen_id,
    districts,
    is_abroad,
    match_province,
    provinces,
    successor,
    wards,
)

__all__ = [
    "Address", "CMND_HEADS", "Era", "Province", "birth_year", "by_id_code", "by_plate_code",
    "check_citizen_id", "districts", "is_abroad", "match_province", "parse_address", "provinces",
    "successor", "wards",
]  # fmt: skip
