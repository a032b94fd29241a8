"""CMND with 9 digits: the green laminated paper of 1999/2001, issued until about 2021.

Dates are printed as ``dd-mm-yyyy``; old papers may only have the year.  The number is red.
"""

from __future__ import annotations

from functools import partial

from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds._spec import DocumentType, Field, Layout, Picture, Print, Slot

_layout = partial(
    Layout,
    name="cmnd9",
    size=(85.6, 54.0),
    caption="{vi}:",
    ground=((206, 222, 205), (187, 214, 203), (222, 230, 210)),
    serif=True,
)

FRONT = DocumentType(
    name="cmt",
    alias="9_id_card_front",
    side="front",
    title="CMND 9 số, mặt trước",
    other="matsaucmt",
    fields=(
        Field("id", t.CMND_ID, ("Số", "SỐ")),
        Field("name", t.NAME, ("Họ tên", "Họ và tên")),
        Field("born", t.BIRTH_DATE_CMND, ("Sinh ngày", "Ngày sinh")),
        Field(
            "country",
            t.HOMETOWN,
            ("Nguyên quán", "Quê quán"),
            aliases=("hometown",),
            flow="right_below",
        ),
        Field(
            "address",
            t.ADDRESS,
            (
                "Nơi ĐKHK thường trú",
                "Nơi đăng ký hộ khẩu thường trú",
                "Nơi thường trú",
                "Hộ khẩu thường trú",
                "Nơi ĐKNK thường trú",
                "HKTT",
            ),
            flow="right_below",
        ),
    ),
    layouts=(
        _layout(
            caption_size=3.0,
            titles=("GIẤY CHỨNG MINH NHÂN DÂN",),
            prints=(
                Print("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 54, 6.2, 2.5, bold=True),
                Print("Độc lập - Tự do - Hạnh phúc", 54, 9.6, 2.4, italic=True),
                Print("GIẤY CHỨNG MINH NHÂN DÂN", 54, 15.0, 3.9, bold=True),
            ),
            slots=(
                Slot("id", 40, 20.0, 46, 20.0, 36, 4.4, vi="SỐ", ink="red", bold=True),
                Slot(
                    "name", 27, 24.9, 37, 24.9, 46, 3.2, leader=True, bold=True, lines=2, wrap_x=27
                ),
                Slot("born", 27, 33.5, 42, 33.5, 40, 3.1, leader=True),
                Slot("country", 27, 37.8, 45, 37.8, 38, 3.0, lines=2, wrap_x=27, leader=True),
                Slot("address", 27, 46.4, 55, 46.4, 28, 3.0, lines=2, wrap_x=27, leader=True),
            ),
            pictures=(
                Picture("emblem", 6.5, 3.5, 12.5, 12.5),
                Picture("portrait", 3.5, 19.5, 20, 27),
                Picture("seal", 14, 34, 14, 14),
            ),
        ),
    ),
)

BACK = DocumentType(
    name="matsaucmt",
    alias="9_id_card_back",
    side="back",
    title="CMND 9 số, mặt sau",
    other="cmt",
    fields=(
        Field("dantoc", t.ETHNIC_GROUP, ("Dân tộc",)),
        Field("tongiao", t.RELIGION, ("Tôn giáo",)),
        Field(
            "dauvet",
            t.SIGN,
            ("DẤU VẾT RIÊNG VÀ DỊ HÌNH", "Dấu vết riêng và dị hình", "Dị hình"),
            flow="below",
        ),
        Field("date", t.DATE, leading=("Ngày",)),
        Field(
            "noicap",
            t.AUTHORITY_CMND,
            leading=("GIÁM ĐỐC", "PHÓ GIÁM ĐỐC", "Giám đốc"),
            max_lines=2,
        ),
    ),
    layouts=(
        _layout(
            caption_size=2.8,
            titles=("DẤU VẾT RIÊNG VÀ DỊ HÌNH",),
            prints=(
                Print("NGÓN TRỎ TRÁI", 13.0, 27.0, 1.9),
                Print("NGÓN TRỎ PHẢI", 13.0, 50.0, 1.9),
            ),
            slots=(
                Slot("dantoc", 5, 5.5, 17, 5.5, 22, 2.9, leader=True),
                Slot("tongiao", 46, 5.5, 60, 5.5, 22, 2.9, leader=True),
                Slot("dauvet", 30, 11.5, 27, 16.5, 55, 2.8, lines=3, leader=True),
                Slot("date", 38, 30.5, 38, 30.5, 44, 2.8, template="Ngày {d} tháng {m} năm {y}"),
                Slot(
                    "noicap",
                    28,
                    35.2,
                    28,
                    35.2,
                    55,
                    2.8,
                    align="center",
                    template="GIÁM ĐỐC {}",
                    bold=True,
                    lines=2,
                ),
            ),
            pictures=(
                Picture("finger", 4, 8, 18, 16.5),
                Picture("finger", 4, 30, 18, 16.5),
                Picture("seal", 36, 35, 17, 17),
                Picture("signature", 48, 38, 22, 10),
            ),
        ),
    ),
)

DOCUMENT_TYPES = (FRONT, BACK)
