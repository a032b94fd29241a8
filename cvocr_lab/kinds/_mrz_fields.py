"""Fields every card with a TD1 zone carries beside its print, by the API's names for chip backs."""

from __future__ import annotations

from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds._spec import Field

TD1_FIELDS = (
    Field("document_number", t.MRZ_NUMBER, source="mrz"),
    Field("person_number", t.CITIZEN_ID, source="mrz"),
    Field("dob", t.BIRTH_DATE, source="mrz"),
    Field("gender", t.MRZ_SEX, source="mrz"),
    Field("due_date", t.DATE, source="mrz"),
    Field("country", t.COUNTRY_CODE, source="mrz"),
    Field("nationality", t.COUNTRY_CODE, source="mrz"),
    Field("sur_name", t.MRZ_SURNAME, source="mrz"),
    Field("given_name", t.MRZ_GIVEN_NAME, source="mrz"),
    Field("mrz", t.MRZ_TEXT, max_lines=3),
)

QR = Field("qr", t.QR_TEXT, source="qr")
