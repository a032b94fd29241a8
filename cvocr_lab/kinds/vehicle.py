"""Vehicle registration certificate.

Old card (Circulars 36/2010 to 58/2020, 24/2023): the *front* is the cover with emblem, title and
serial number, and the *back* contains the data.  Circular 79/2024 introduced an ID-1 card with a
QR code, whose sides are not publicly known.  Therefore only a side with the data is generated, on
yellow ground with the headers of form ĐKX02, and the text of its QR code is not parsed.  The
English captions of the rows that only cars have are not known and not printed.
"""

from __future__ import annotations

from functools import partial

from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds._spec import DocumentType, Field, Layout, Picture, Print, Slot

_layout = partial(Layout, size=(92.0, 64.0), caption="{vi} ({en}):", serif=True)
_BIKE_GROUND = ((238, 226, 190), (230, 214, 170), (244, 236, 214))
_CAR_GROUND = ((222, 232, 208), (240, 230, 200), (212, 224, 222))


def _cover(name: str, vi: str, en: str, ground: tuple[tuple[int, int, int], ...]) -> Layout:
    return _layout(
        name=name,
        caption_size=3.0,
        ground=ground,
        titles=(f"CHỨNG NHẬN ĐĂNG KÝ {vi}", "REGISTRATION CERTIFICATE"),
        prints=(
            Print("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 46, 7.5, 3.2, bold=True),
            Print("Độc lập - Tự do - Hạnh phúc", 46, 12.0, 3.0, bold=True),
            Print("CHỨNG NHẬN ĐĂNG KÝ", 46, 42.0, 4.6, bold=True, ink="red"),
            Print(vi, 46, 47.6, 4.6, bold=True, ink="red"),
            Print(f"{en} REGISTRATION CERTIFICATE", 46, 52.2, 2.5),
        ),
        slots=(Slot("id", 30, 59.4, 50, 59.4, 32, 4.0, ink="red", bold=True),),
        pictures=(Picture("emblem", 37, 15.5, 18, 18),),
    )


FRONT = DocumentType(
    name="vehicle_registration_front",
    alias="vehicle_registration_front",
    family="vehicle",
    side="front",
    title="Đăng ký xe, mặt trước",
    other="vehicle_registration_back",
    fields=(
        Field("id", t.CERTIFICATE_ID, ("Số",), ("Number", "No.")),
        Field("name", t.OWNER, ("Tên chủ xe",), ("Owner's full name",)),
        Field("address", t.ADDRESS, ("Địa chỉ",), ("Address",), flow="right_below"),
        Field("plate", t.PLATE_CAR, ("Biển số đăng ký", "Biển số"), ("Nº plate", "No plate")),
        Field("issued_at", t.POLICE, leading=("CÔNG AN", "CỤC CẢNH SÁT GIAO THÔNG")),
    ),
    layouts=(
        _cover("motorbike", "MÔ TÔ, XE MÁY", "MOTORCYCLE", _BIKE_GROUND),
        _cover("car", "XE Ô TÔ", "CAR", _CAR_GROUND),
    ),
)

_BACK_FIELDS = (
    Field("name", t.OWNER, ("Tên chủ xe",), ("Owner's full name",), flow="right_below"),
    Field("address", t.ADDRESS, ("Địa chỉ",), ("Address",), flow="right_below"),
    Field("brand", t.BRAND, ("Nhãn hiệu",), ("Brand",)),
    Field("model", t.MODEL, ("Số loại", "Loại xe"), ("Model code", "Model")),
    Field("engine", t.ENGINE, ("Số máy",), ("Engine Nº", "Engine No")),
    Field("chassis", t.CHASSIS, ("Số khung",), ("Chassis Nº", "Chassis No")),
    Field("color", t.COLOR, ("Màu sơn",), ("Color",)),
    Field("capacity", t.CAPACITY, ("Dung tích",), ("Capacity",)),
    Field("pay_load", t.PAY_LOAD, ("Tải trọng: Hàng hóa", "Tải trọng")),
    Field("sit", t.SEATS, ("Số chỗ ngồi", "Số chỗ: Ngồi", "Ngồi")),
    Field("stand", t.PLACES, ("Đứng",)),
    Field("lie", t.PLACES, ("Nằm",)),
    Field("year_of_manufacture", t.YEAR, ("Năm sản xuất",)),
    Field("plate", t.PLATE_CAR, ("Biển số đăng ký", "Biển số"), ("Nº plate", "No plate")),
    Field(
        "first_issue_date",
        t.DATE,
        ("Đăng ký lần đầu ngày",),
        ("Date of first registration",),
        flow="right_below",
        max_lines=2,
    ),
    Field("duedate", t.DATE, ("Đăng ký xe có giá trị đến ngày",), ("date of expiry",)),
    Field("issued_at", t.PROVINCE),
    Field("last_issue_date", t.DATE, leading=("ngày",)),
    Field("qr", t.QR_TEXT, source="qr"),
)

_PLACE_DATE = "{place}, ngày (date) {d} tháng {m} năm {y}"

BACK = DocumentType(
    name="vehicle_registration_back",
    alias="vehicle_registration_back",
    family="vehicle",
    side="back",
    title="Đăng ký xe, mặt sau",
    other="vehicle_registration_front",
    fields=_BACK_FIELDS,
    layouts=(
        _layout(
            name="motorbike",
            caption_size=2.35,
            ground=_BIKE_GROUND,
            titles=("Tên chủ xe", "Số khung", "Biển số đăng ký"),
            prints=(),
            slots=(
                Slot("name", 4, 6.0, 35, 6.0, 53, 2.8, bold=True),
                Slot("address", 4, 11.4, 21, 11.4, 67, 2.6, lines=2, wrap_x=4),
                Slot("engine", 47, 20.8, 67, 20.8, 23, 2.6),
                Slot("chassis", 47, 26.0, 67.5, 26.0, 23, 2.4),
                Slot("brand", 4, 20.8, 22, 20.8, 24, 2.6),
                Slot("model", 4, 26.0, 27, 26.0, 19, 2.5),
                Slot("color", 4, 31.2, 20, 31.2, 26, 2.6),
                Slot("capacity", 47, 31.2, 67, 31.2, 16, 2.6),
                Slot("plate", 4, 44.0, 5, 50.4, 34, 4.8, bold=True),
                Slot("first_issue_date", 4, 55.6, 5, 60.6, 43, 2.7),
                Slot("issued_at", 42, 42.4, 42, 42.4, 48, 2.5, template=_PLACE_DATE),
                Slot("last_issue_date", 42, 42.4, 42, 42.4, 48, 2.5, template=_PLACE_DATE),
            ),
            pictures=(
                Picture("seal", 48, 44, 18, 18),
                Picture("signature", 58, 48, 24, 9),
            ),
        ),
        _layout(
            name="car",
            caption_size=2.2,
            ground=_CAR_GROUND,
            titles=("Tên chủ xe", "Loại xe", "Tải trọng", "Biển số đăng ký"),
            prints=(
                Print("Loại xe:", 4, 27.6, 2.2, align="left"),
                Print("Ô tô con", 15, 27.6, 2.5, align="left"),
            ),
            slots=(
                Slot("name", 4, 5.4, 33, 5.4, 55, 2.7, bold=True),
                Slot("address", 4, 10.2, 20, 10.2, 68, 2.5, lines=2, wrap_x=4),
                Slot("engine", 47, 18.8, 66, 18.8, 24, 2.5),
                Slot("chassis", 47, 23.2, 67, 23.2, 23.5, 2.35),
                Slot("brand", 4, 18.8, 21, 18.8, 25, 2.5),
                Slot("model", 4, 23.2, 25, 23.2, 21, 2.5),
                Slot("color", 47, 27.6, 63, 27.6, 26, 2.5),
                Slot("pay_load", 4, 32.0, 28, 32.0, 16, 2.5),
                Slot("sit", 47, 32.0, 61, 32.0, 6, 2.5),
                Slot("stand", 68, 32.0, 76, 32.0, 4, 2.5),
                Slot("lie", 80, 32.0, 87, 32.0, 4, 2.5),
                Slot("capacity", 4, 36.4, 23, 36.4, 12, 2.5),
                Slot("year_of_manufacture", 47, 36.4, 62, 36.4, 12, 2.5),
                Slot("plate", 4, 46.0, 5, 52.0, 34, 4.6, bold=True),
                Slot("first_issue_date", 4, 57.0, 5, 61.6, 43, 2.6),
                Slot("issued_at", 42, 43.4, 42, 43.4, 48, 2.5, template=_PLACE_DATE),
                Slot("last_issue_date", 42, 43.4, 42, 43.4, 48, 2.5, template=_PLACE_DATE),
            ),
            pictures=(
                Picture("seal", 48, 45, 17, 17),
                Picture("signature", 58, 49, 24, 9),
            ),
        ),
        Layout(
            name="2024",
            caption="{vi} ({en}):",
            caption_size=1.95,
            ground=((246, 228, 150), (248, 236, 180), (240, 216, 140)),
            titles=("Tên chủ xe", "Ministry of Public Security", "Biển số đăng ký"),
            prints=(
                Print("BỘ CÔNG AN", 42, 4.6, 2.3, bold=True),
                Print("Ministry of Public Security", 42, 7.2, 1.8),
            ),
            slots=(
                Slot("name", 3.5, 12.0, 27, 12.0, 40, 2.3, bold=True),
                Slot("address", 3.5, 15.8, 16.5, 15.8, 50, 2.1, lines=2, wrap_x=3.5),
                Slot("brand", 3.5, 23.2, 17.5, 23.2, 24, 2.1),
                Slot("model", 44, 23.2, 61, 23.2, 22, 2.1),
                Slot("engine", 44, 27.0, 59.5, 27.0, 23, 2.1),
                Slot("chassis", 3.5, 27.0, 20, 27.0, 23, 2.1),
                Slot("color", 3.5, 30.8, 16, 30.8, 24, 2.1),
                Slot("sit", 44, 30.8, 55, 30.8, 6, 2.1),
                Slot("plate", 3.5, 36.8, 4, 42.0, 30, 4.2, bold=True),
                Slot("first_issue_date", 3.5, 46.4, 4, 50.4, 42, 2.2),
                Slot("issued_at", 42, 37.0, 42, 37.0, 41, 2.0, template=_PLACE_DATE),
                Slot("last_issue_date", 42, 37.0, 42, 37.0, 41, 2.0, template=_PLACE_DATE),
            ),
            pictures=(
                Picture("qr", 69.5, 4.5, 12.5, 12.5),
                Picture("seal", 50, 38, 14, 14),
                Picture("signature", 58, 41, 20, 8),
            ),
        ),
    ),
)

DOCUMENT_TYPES = (FRONT, BACK)
