"""Vietnamese passport, data page (ICAO TD3, 125 × 88 mm).

Old layout: passports before mid-2022.  New layout: Circular 73/2021, changed by 68/2022 and
31/2023; the name is in two lines, and ``Nơi sinh`` was absent from July to December 2022.
"""

from __future__ import annotations

from functools import partial

from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds._spec import DocumentType, Field, Layout, Picture, Print, Slot

_field = partial(Field, flow="below")
_layout = partial(
    Layout,
    size=(125.0, 88.0),
    caption="{vi} / {en}",
    titles=("HỘ CHIẾU", "PASSPORT", "Số hộ chiếu"),
)

PASSPORT = DocumentType(
    name="passport",
    alias="passport",
    family="passport",
    side="",
    title="Hộ chiếu",
    mrz="TD3",
    fields=(
        _field("id", t.PASSPORT_NUMBER, ("Số hộ chiếu",), ("Passport No", "Passport Nº")),
        _field("name", t.NAME, ("Họ và tên",), ("Full name",), ("full_name",)),
        _field("surname", t.SURNAME, ("Họ",), ("Surname",)),
        _field("given_name", t.GIVEN_NAME, ("Chữ đệm và tên",), ("Given names",)),
        _field("sex", t.PASSPORT_SEX, ("Giới tính",), ("Sex",)),
        _field("born", t.BIRTH_DATE, ("Ngày sinh",), ("Date of birth",)),
        _field("place_of_birth", t.PROVINCE, ("Nơi sinh",), ("Place of birth",), max_lines=2),
        _field("country", t.COUNTRY_CODE, ("Mã số",), ("Code",)),
        _field("nationality", t.NATIONALITY, ("Quốc tịch",), ("Nationality",), ("quoctich",)),
        _field(
            "person_number",
            t.PERSON_ID,
            ("Số GCMND", "Số ĐDCN, CMND", "Số ĐDCN/CMND"),
            ("ID card No", "ID card Nº", "ID No."),
        ),
        _field("date", t.DATE, ("Ngày cấp",), ("Date of issue",)),
        _field(
            "duedate", t.PASSPORT_EXPIRY, ("Có giá trị đến", "Ngày hết hạn"), ("Date of expiry",)
        ),
        _field("noicap", t.AUTHORITY_PASSPORT, ("Nơi cấp",), ("Place of issue",), max_lines=2),
        Field("mrz", t.MRZ_TEXT, max_lines=2),
    ),
    layouts=(
        _layout(
            name="new",
            caption_size=2.4,
            ground=((226, 222, 208), (214, 226, 222), (232, 218, 214)),
            prints=(
                Print("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 62, 7.0, 3.4, bold=True),
                Print("SOCIALIST REPUBLIC OF VIET NAM", 62, 11.0, 2.8),
                Print("HỘ CHIẾU / PASSPORT", 18.5, 16.5, 3.4, bold=True),
                Print("Loại / Type", 40, 16.6, 2.4, align="left"),
                Print("P", 40, 20.6, 3.2, align="left"),
            ),
            slots=(
                Slot("country", 62, 16.6, 62, 20.6, 16, 3.2),
                Slot("id", 88, 16.6, 88, 20.8, 30, 3.8, bold=True),
                Slot("surname", 40, 25.4, 40, 29.4, 60, 3.3),
                Slot("given_name", 40, 33.6, 40, 37.6, 60, 3.3),
                Slot(
                    "nationality",
                    40,
                    41.8,
                    40,
                    45.8,
                    44,
                    3.1,
                    upper=True,
                    template="{} / VIETNAMESE",
                ),
                Slot("born", 40, 50.0, 40, 54.0, 26, 3.1),
                Slot("sex", 88, 50.0, 88, 54.0, 22, 3.1),
                Slot("place_of_birth", 88, 41.8, 88, 45.8, 34, 3.1, upper=True),
                Slot("date", 40, 58.2, 40, 62.2, 26, 3.1),
                Slot("duedate", 88, 58.2, 88, 62.2, 26, 3.1, vi="Ngày hết hạn"),
                Slot("person_number", 88, 25.4, 88, 29.4, 30, 3.1, vi="Số ĐDCN, CMND"),
                Slot("mrz", 6, 74.2, 6, 74.2, 113, 3.9, lines=2),
            ),
            pictures=(
                Picture("portrait", 6, 20, 30, 39),
                Picture("emblem", 8, 2.5, 10, 10),
                Picture("chip", 108, 4, 9, 6),
            ),
        ),
        _layout(
            name="old",
            caption_size=2.3,
            ground=((216, 226, 214), (230, 224, 206), (222, 216, 226)),
            serif=True,
            prints=(
                Print("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 80, 6.6, 3.2, bold=True),
                Print("SOCIALIST REPUBLIC OF VIET NAM", 80, 10.4, 2.6),
                Print("HỘ CHIẾU", 20, 9.0, 4.4, bold=True),
                Print("PASSPORT", 20, 13.6, 3.4, bold=True),
                Print("Loại / Type", 42, 15.8, 2.3, align="left"),
                Print("P", 42, 19.8, 3.2, align="left"),
            ),
            slots=(
                Slot("country", 62, 15.8, 62, 19.8, 16, 3.2),
                Slot("id", 88, 15.8, 88, 19.8, 30, 3.8, bold=True),
                Slot("name", 42, 24.4, 42, 28.4, 76, 3.4),
                Slot(
                    "nationality",
                    42,
                    32.6,
                    42,
                    36.6,
                    44,
                    3.1,
                    upper=True,
                    template="{} / VIETNAMESE",
                ),
                Slot("born", 42, 40.8, 42, 44.8, 26, 3.1),
                Slot("place_of_birth", 84, 40.8, 84, 44.8, 36, 3.1, upper=True),
                Slot("sex", 42, 49.0, 42, 53.0, 22, 3.1),
                Slot("person_number", 84, 49.0, 84, 53.0, 32, 3.1),
                Slot("date", 42, 57.2, 42, 61.2, 26, 3.1),
                Slot("duedate", 84, 57.2, 84, 61.2, 26, 3.1),
                Slot("noicap", 42, 64.6, 42, 68.2, 60, 2.9),
                Slot("mrz", 6, 76.6, 6, 76.6, 113, 3.9, lines=2),
            ),
            pictures=(
                Picture("portrait", 6, 20, 32, 42),
                Picture("seal", 26, 50, 18, 18),
            ),
        ),
    ),
)

DOCUMENT_TYPES = (PASSPORT,)
