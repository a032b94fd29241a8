"""Căn cước (Circular 16/2024/TT-BCA, issued since 2024-07-01).

The front has no origin, residence, expiry or QR code; these are on the back.  ``place_of_birth``
is the place where the birth was registered, which is *not* the former ``quê quán``.
"""

from __future__ import annotations

from functools import partial

from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds._mrz_fields import QR, TD1_FIELDS
from cvocr_lab.kinds._spec import DocumentType, Field, Layout, Picture, Print, Slot

_layout = partial(
    Layout,
    name="2024",
    caption="{vi} / {en}:",
    ground=((200, 226, 232), (232, 236, 224), (236, 222, 224)),
)

FRONT = DocumentType(
    name="chip_id_card_2024_front",
    alias="chip_id_card_2024_front",
    side="front",
    title="Căn cước 2024, mặt trước",
    other="chip_id_card_2024_back",
    fields=(
        Field(
            "id",
            t.CITIZEN_ID,
            ("Số định danh cá nhân",),
            ("Personal identification number",),
            flow="below",
        ),
        Field("name", t.NAME, ("Họ, chữ đệm và tên khai sinh",), ("Full name",), flow="below"),
        Field("born", t.BIRTH_DATE, ("Ngày, tháng, năm sinh",), ("Date of birth",)),
        Field("sex", t.SEX, ("Giới tính",), ("Sex",)),
        Field("quoctich", t.NATIONALITY, ("Quốc tịch",), ("Nationality",)),
    ),
    layouts=(
        _layout(
            caption_size=2.2,
            titles=("CĂN CƯỚC", "IDENTITY CARD", "Số định danh cá nhân"),
            prints=(
                Print("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 50, 5.2, 2.5, bold=True),
                Print("Độc lập - Tự do - Hạnh phúc", 50, 8.2, 2.3, bold=True),
                Print("SOCIALIST REPUBLIC OF VIET NAM", 50, 10.9, 1.9),
                Print("Independence - Freedom - Happiness", 50, 13.2, 1.9),
                Print("CĂN CƯỚC", 50, 18.2, 4.4, bold=True, ink="red"),
                Print("IDENTITY CARD", 50, 21.4, 2.6, bold=True, ink="red"),
            ),
            slots=(
                Slot("id", 27.5, 25.6, 27.5, 30.0, 54, 3.8, bold=True),
                Slot("name", 27.5, 33.6, 27.5, 37.4, 54, 3.0, lines=1),
                Slot("born", 27.5, 41.6, 62.0, 41.6, 20, 2.6),
                Slot("sex", 27.5, 46.2, 43.0, 46.2, 8, 2.6),
                Slot("quoctich", 52.0, 46.2, 73.5, 46.2, 12, 2.6),
            ),
            pictures=(
                Picture("emblem", 7, 3.2, 12, 12),
                Picture("portrait", 3.5, 18.0, 21, 28),
                Picture("chip", 76, 15.5, 5.0, 4.2),
            ),
        ),
    ),
)

BACK = DocumentType(
    name="chip_id_card_2024_back",
    alias="chip_id_card_2024_back",
    side="back",
    title="Căn cước 2024, mặt sau",
    other="chip_id_card_2024_front",
    mrz="TD1",
    fields=(
        Field("address", t.ADDRESS, ("Nơi cư trú",), ("Place of residence",), flow="right_below"),
        Field(
            "place_of_birth",
            t.HOMETOWN,
            ("Nơi đăng ký khai sinh",),
            ("Place of birth",),
            flow="right_below",
        ),
        Field("date", t.DATE, ("Ngày, tháng, năm cấp",), ("Date of issue",)),
        Field("duedate", t.EXPIRY_DATE, ("Ngày, tháng, năm hết hạn",), ("Date of expiry",)),
        Field("noicap", t.AUTHORITY_2024),
        *TD1_FIELDS,
        QR,
    ),
    layouts=(
        _layout(
            caption_size=2.1,
            titles=("Nơi đăng ký khai sinh", "MINISTRY OF PUBLIC SECURITY", "Nơi cư trú"),
            prints=(Print("MINISTRY OF PUBLIC SECURITY", 42, 34.4, 1.9),),
            slots=(
                Slot("address", 3.5, 5.2, 3.5, 8.4, 57, 2.4, lines=2),
                Slot("place_of_birth", 3.5, 14.8, 3.5, 18.0, 57, 2.4),
                Slot("date", 3.5, 22.4, 42.0, 22.4, 18, 2.4),
                Slot("duedate", 3.5, 26.6, 46.5, 26.6, 20, 2.4),
                Slot("noicap", 32, 32.0, 32, 32.0, 20, 2.4, bold=True, align="center"),
                Slot("mrz", 4.5, 40.0, 4.5, 40.0, 77, 3.0, lines=3),
            ),
            pictures=(
                Picture("qr", 64.5, 3.0, 18, 18),
                Picture("chip", 8, 27.5, 11.0, 9.0),
                Picture("seal", 54, 24, 11, 11),
            ),
        ),
    ),
)

DOCUMENT_TYPES = (FRONT, BACK)
