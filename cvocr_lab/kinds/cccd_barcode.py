"""CCCD with barcode, and the 12-digit CMND, which has the same type.

CCCD: Circular 61/2015/TT-BCA, 2016-2021.  CMND: pilots of 2012-2016, Circulars 27/2012 and
57/2013/TT-BCA.  They have Vietnamese captions only, and are distinguished by their titles; only
the CMND prints ``Dân tộc``.  The content of the barcode is not publicly known.
"""

from __future__ import annotations

from functools import partial

from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds._spec import DocumentType, Field, Layout, Picture, Print, Slot

_STATE = (
    Print("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 54, 5.4, 2.6, bold=True),
    Print("Độc lập - Tự do - Hạnh phúc", 54, 8.8, 2.4, bold=True),
)
_cccd = partial(
    Layout,
    name="cccd",
    caption="{vi}:",
    caption_size=2.5,
    ground=((222, 236, 240), (238, 236, 216), (210, 232, 226)),
)
_cmnd = partial(Layout, name="cmnd12", caption="{vi}:", ground=((226, 238, 226), (240, 232, 214)))

FRONT = DocumentType(
    name="tcc",
    alias="12_id_card_front",
    side="front",
    title="CCCD mã vạch / CMND 12 số, mặt trước",
    other="matsautcc",
    fields=(
        Field("id", t.CITIZEN_ID, ("Số",)),
        Field("name", t.NAME, ("Họ và tên", "Họ và tên khai sinh")),
        Field("born", t.BIRTH_DATE, ("Ngày, tháng, năm sinh", "Ngày tháng năm sinh")),
        Field("sex", t.SEX, ("Giới tính",)),
        Field("quoctich", t.NATIONALITY, ("Quốc tịch",)),
        Field("dantoc", t.ETHNIC_GROUP, ("Dân tộc",)),
        Field("country", t.HOMETOWN, ("Quê quán",), aliases=("hometown",), flow="right_below"),
        Field("address", t.ADDRESS, ("Nơi thường trú",), flow="right_below"),
        Field("duedate", t.EXPIRY_DATE, ("Có giá trị đến",), max_lines=2, flow="right_below"),
    ),
    layouts=(
        _cccd(
            titles=("CĂN CƯỚC CÔNG DÂN",),
            prints=(
                *_STATE,
                Print("CĂN CƯỚC CÔNG DÂN", 54, 14.6, 4.4, bold=True, ink="red"),
            ),
            slots=(
                Slot("id", 32, 20.2, 38, 20.2, 44, 3.9, bold=True, ink="red"),
                Slot("name", 27, 25.4, 41, 25.4, 42, 2.9, bold=True, lines=2, wrap_x=29),
                Slot("born", 27, 31.6, 53, 31.6, 30, 2.7),
                Slot("sex", 27, 36.0, 39, 36.0, 10, 2.7),
                Slot("quoctich", 51, 36.0, 64, 36.0, 20, 2.7),
                Slot("country", 27, 40.2, 39, 40.2, 44, 2.6, lines=2, wrap_x=27),
                Slot("address", 27, 47.4, 46, 47.4, 37, 2.6, lines=2, wrap_x=27),
                Slot("duedate", 3, 48.6, 3, 51.4, 22, 2.1),
            ),
            pictures=(
                Picture("emblem", 6.5, 3.0, 12, 12),
                Picture("portrait", 3.5, 17.5, 20, 28),
            ),
        ),
        _cmnd(
            caption_size=2.5,
            titles=("CHỨNG MINH NHÂN DÂN", "Họ và tên gọi khác", "Họ và tên khai sinh"),
            prints=(
                *_STATE,
                Print("CHỨNG MINH NHÂN DÂN", 54, 14.2, 4.0, bold=True, ink="red"),
                Print("Họ và tên gọi khác:", 27, 28.4, 2.5, align="left"),
            ),
            slots=(
                Slot("id", 34, 19.4, 40, 19.4, 42, 3.7, bold=True, ink="red"),
                Slot("name", 27, 24.2, 49, 24.2, 34, 2.7, vi="Họ và tên khai sinh", bold=True),
                Slot("born", 27, 32.4, 53, 32.4, 30, 2.6),
                Slot("sex", 27, 36.2, 39, 36.2, 10, 2.6),
                Slot("dantoc", 51, 36.2, 62, 36.2, 20, 2.6),
                Slot("country", 27, 40.2, 39, 40.2, 44, 2.5, lines=2, wrap_x=27),
                Slot("address", 27, 47.2, 46, 47.2, 37, 2.5, lines=2, wrap_x=27),
                Slot("duedate", 3, 48.6, 3, 51.4, 22, 2.1),
            ),
            pictures=(
                Picture("emblem", 6, 3.0, 13, 13),
                Picture("portrait", 3.5, 17.5, 20, 28),
            ),
        ),
    ),
)

_PRINT_FINGERS = (
    Print("Ngón trỏ trái", 13.5, 21.4, 1.9),
    Print("Ngón trỏ phải", 13.5, 45.6, 1.9),
)

BACK = DocumentType(
    name="matsautcc",
    alias="12_id_card_back",
    side="back",
    title="CCCD mã vạch / CMND 12 số, mặt sau",
    other="tcc",
    fields=(
        Field("dauvet", t.SIGN, ("Đặc điểm nhận dạng", "Đặc điểm nhân dạng"), flow="right_below"),
        Field("date", t.DATE, leading=("Ngày",)),
        Field("noicap", t.AUTHORITY_CARD, leading=("CỤC TRƯỞNG",), max_lines=3),
    ),
    layouts=(
        _cccd(
            titles=("Đặc điểm nhận dạng",),
            prints=_PRINT_FINGERS,
            slots=(
                Slot("dauvet", 28, 20.0, 53, 20.0, 30, 2.5, lines=2, wrap_x=28),
                Slot("date", 36, 28.6, 36, 28.6, 44, 2.5, template="Ngày {d} tháng {m} năm {y}"),
                Slot("noicap", 29, 32.4, 29, 32.4, 54, 2.1, lines=3, align="center", bold=True),
            ),
            pictures=(
                Picture("barcode", 28, 3.5, 54, 11.5),
                Picture("finger", 4, 3.5, 19, 15.5),
                Picture("finger", 4, 27.5, 19, 15.5),
                Picture("seal", 34, 35, 16, 16),
                Picture("signature", 46, 38.5, 24, 10),
            ),
        ),
        _cmnd(
            caption_size=2.4,
            titles=("Họ và tên cha", "Họ và tên mẹ", "Đặc điểm nhận dạng"),
            prints=(
                *_PRINT_FINGERS,
                Print("Họ và tên cha:", 28, 25.4, 2.4, align="left"),
                Print("Họ và tên mẹ:", 28, 29.2, 2.4, align="left"),
            ),
            slots=(
                Slot("dauvet", 28, 18.0, 52, 18.0, 31, 2.4, lines=2, wrap_x=28),
                Slot("date", 38, 33.4, 38, 33.4, 42, 2.4, template="Ngày {d} tháng {m} năm {y}"),
                Slot("noicap", 29, 36.8, 29, 36.8, 54, 2.0, lines=3, align="center", bold=True),
            ),
            pictures=(
                Picture("barcode", 28, 3.0, 54, 11),
                Picture("finger", 4, 3.5, 19, 15.5),
                Picture("finger", 4, 27.5, 19, 15.5),
                Picture("seal", 34, 37, 15, 15),
                Picture("signature", 46, 41, 24, 8),
            ),
        ),
    ),
)

DOCUMENT_TYPES = (FRONT, BACK)
