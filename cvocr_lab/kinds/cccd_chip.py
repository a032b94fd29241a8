"""CCCD with chip (Circular 06/2021/TT-BCA, issued January 2021 to June 2024)."""

from __future__ import annotations

from functools import partial

from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds._mrz_fields import DUEDATE, QR, TD1_FIELDS
from cvocr_lab.kinds._spec import DocumentType, Field, Layout, Picture, Print, Slot

_layout = partial(
    Layout,
    name="chip",
    caption="{vi} / {en}:",
    ground=((205, 228, 229), (226, 236, 222), (238, 226, 214)),
)

FRONT = DocumentType(
    name="tcc_chip",
    alias="chip_id_card_front",
    side="front",
    title="CCCD gắn chip, mặt trước",
    other="matsautcc_chip",
    fields=(
        Field("id", t.CITIZEN_ID, ("Số",), ("No.", "No")),
        Field("name", t.NAME, ("Họ và tên",), ("Full name",), flow="below"),
        Field("born", t.BIRTH_DATE, ("Ngày sinh",), ("Date of birth",)),
        Field("sex", t.SEX, ("Giới tính",), ("Sex",)),
        Field("quoctich", t.NATIONALITY, ("Quốc tịch",), ("Nationality",)),
        Field(
            "country", t.HOMETOWN, ("Quê quán",), ("Place of origin",), ("hometown",), flow="below"
        ),
        Field(
            "address", t.ADDRESS, ("Nơi thường trú",), ("Place of residence",), flow="right_below"
        ),
        Field(
            "duedate",
            t.EXPIRY_DATE,
            ("Có giá trị đến",),
            ("Date of expiry",),
            flow="right_below",
            max_lines=2,
        ),
        QR,
    ),
    layouts=(
        _layout(
            caption_size=2.15,
            titles=("CĂN CƯỚC CÔNG DÂN", "Citizen Identity Card"),
            prints=(
                Print("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 45, 5.0, 2.5, bold=True),
                Print("Độc lập - Tự do - Hạnh phúc", 45, 7.9, 2.3, bold=True),
                Print("SOCIALIST REPUBLIC OF VIET NAM", 45, 10.5, 1.9),
                Print("Independence - Freedom - Happiness", 45, 12.8, 1.9),
                Print("CĂN CƯỚC CÔNG DÂN", 45, 17.4, 4.0, bold=True, ink="red"),
                Print("Citizen Identity Card", 45, 20.4, 2.4, ink="red"),
            ),
            slots=(
                Slot("id", 26.5, 24.6, 36.5, 24.6, 30, 3.5, bold=True),
                Slot("name", 26.5, 28.2, 26.5, 31.8, 54, 2.9, lines=1),
                Slot("born", 26.5, 35.6, 49.5, 35.6, 24, 2.6),
                Slot("sex", 26.5, 39.2, 42.0, 39.2, 8, 2.5),
                Slot("quoctich", 51.5, 39.2, 73.0, 39.2, 12, 2.5),
                Slot("country", 26.5, 42.4, 26.5, 45.4, 57, 2.5),
                Slot("address", 26.5, 48.4, 56.0, 48.4, 28, 2.5, lines=2, wrap_x=26.5),
                Slot("duedate", 2.5, 50.0, 2.5, 52.4, 22, 2.0),
            ),
            pictures=(
                Picture("emblem", 7, 3.0, 12, 12),
                Picture("portrait", 3.2, 18.5, 20, 27.5),
                Picture("chip", 63.5, 16.0, 4.5, 4.0),
                Picture("qr", 69.0, 3.5, 13.5, 13.5),
            ),
        ),
    ),
)

BACK = DocumentType(
    name="matsautcc_chip",
    alias="chip_id_card_back",
    side="back",
    title="CCCD gắn chip, mặt sau",
    other="tcc_chip",
    mrz="TD1",
    fields=(
        Field(
            "dauvet",
            t.SIGN,
            ("Đặc điểm nhân dạng", "Đặc điểm nhận dạng"),
            ("Personal identification",),
            flow="right_below",
        ),
        Field("date", t.DATE, ("Ngày, tháng, năm",), ("Date, month, year",)),
        Field("noicap", t.AUTHORITY_CHIP, leading=("CỤC TRƯỞNG",), max_lines=3),
        DUEDATE,
        *TD1_FIELDS,
    ),
    layouts=(
        _layout(
            caption_size=2.0,
            titles=(
                "DIRECTOR GENERAL OF THE POLICE DEPARTMENT",
                "FOR ADMINISTRATIVE MANAGEMENT OF SOCIAL ORDER",
                "Personal identification",
            ),
            prints=(
                Print("DIRECTOR GENERAL OF THE POLICE DEPARTMENT", 27.5, 20.6, 1.45),
                Print("FOR ADMINISTRATIVE MANAGEMENT OF SOCIAL ORDER", 27.5, 22.5, 1.45),
                Print("Ngón trỏ trái", 62.0, 31.2, 1.8),
                Print("Left index finger", 62.0, 33.2, 1.7),
                Print("Ngón trỏ phải", 76.0, 31.2, 1.8),
                Print("Right index finger", 76.0, 33.2, 1.7),
            ),
            slots=(
                Slot("dauvet", 3.5, 5.0, 42.0, 5.0, 13, 2.2, lines=2, wrap_x=3.5),
                Slot("date", 3.5, 11.6, 37.0, 11.6, 17, 2.2),
                Slot("noicap", 3.5, 15.4, 3.5, 15.4, 48, 1.75, lines=2, align="center", bold=True),
                Slot("mrz", 4.5, 39.6, 4.5, 39.6, 77, 3.0, lines=3),
            ),
            pictures=(
                Picture("chip", 7, 24, 11.5, 10.5),
                Picture("finger", 56.0, 4.0, 12.5, 24),
                Picture("finger", 70.0, 4.0, 12.5, 24),
                Picture("seal", 24, 21, 13.5, 13.5),
                Picture("signature", 32, 23, 18, 9),
            ),
        ),
    ),
)

DOCUMENT_TYPES = (FRONT, BACK)
