"""The fields in the TD1 MRZ of a card."""

from __future__ import annotations

from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds._spec import Field

DUEDATE = Field("duedate", t.DATE, source="mrz")
"""For cards that do not print it on the side with the MRZ."""

TD1_FIELDS = (
    Field("id", t.MRZ_NUMBER, aliases=("document_number",), source="mrz"),
    Field("person_number", t.CITIZEN_ID, source="mrz"),
    Field("born", t.BIRTH_DATE, source="mrz"),
    Field("sex", t.MRZ_SEX, source="mrz"),
    Field("country", t.COUNTRY_CODE, source="mrz"),
    Field("nationality", t.COUNTRY_CODE, source="mrz"),
    Field("surname", t.MRZ_SURNAME, source="mrz"),
    Field("given_name", t.MRZ_GIVEN_NAME, source="mrz"),
    Field("mrz", t.MRZ_TEXT, max_lines=3),
)

QR = Field("qr", t.QR_TEXT, source="qr")
