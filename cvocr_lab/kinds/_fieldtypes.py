"""All field types: instances of the classes in `_forms`."""

from __future__ import annotations

from cvocr_lab.kinds._forms import (
    DIGITS,
    UPPER,
    Address,
    Amount,
    Choice,
    CitizenId,
    Date,
    FieldType,
    MrzText,
    Name,
    Owner,
    Pattern,
    Plate,
    QrText,
    Sign,
    Wording,
)  # fmt: skip

CITIZEN_ID = CitizenId("CITIZEN_ID", DIGITS)
CMND_ID = Pattern("CMND_ID", DIGITS, pattern=r"\d{9}", shape="#########")
PERSON_ID = Pattern(
    "PERSON_ID", DIGITS, pattern=r"\d{9}|\d{12}", shape="#########|0##0########|0##1########"
)
MRZ_NUMBER = Pattern("MRZ_NUMBER", DIGITS, pattern=r"\d{9}", shape="#########")
PASSPORT_NUMBER = Pattern(
    "PASSPORT_NUMBER",
    UPPER + DIGITS,
    pattern=r"[A-Z]\d{7,8}",
    shape="B#######|C#######|N#######|E########|P########",
)
NAME = Name("NAME", lines=2)
OWNER = Owner("OWNER", lines=2)
SURNAME = Name("SURNAME", part="surname")
GIVEN_NAME = Name("GIVEN_NAME", part="given")
MRZ_SURNAME = Name("MRZ_SURNAME", UPPER + " ", part="surname", plain=True)
MRZ_GIVEN_NAME = Name("MRZ_GIVEN_NAME", UPPER + " ", part="given", plain=True)
DATE = Date("DATE", DIGITS + "/-. ")
BIRTH_DATE = Date("BIRTH_DATE", DIGITS + "/-. ", last_year=2019)
BIRTH_DATE_CMND = Date(
    "BIRTH_DATE_CMND", DIGITS + "/-. ", separator="-", year_only=True, last_year=2005
)
EXPIRY_DATE = Date("EXPIRY_DATE", words="Không thời hạn", first_year=2017, last_year=2060)
PASSPORT_EXPIRY = Date("PASSPORT_EXPIRY", DIGITS + "/-. ", first_year=2017, last_year=2035)
SEX = Choice("SEX", source="Nam|Nữ")
PASSPORT_SEX = Choice("PASSPORT_SEX", source="NAM|NỮ|M|F")
MRZ_SEX = Choice("MRZ_SEX", "MF<", source="M|F")
NATIONALITY = Choice("NATIONALITY", source="Việt Nam")
COUNTRY_CODE = Pattern("COUNTRY_CODE", UPPER, pattern=r"[A-Z]{3}", shape="VNM")
ETHNIC_GROUP = Choice("ETHNIC_GROUP", source="@ethnic_groups", favour_first=True)
RELIGION = Choice("RELIGION", source="@religions", favour_first=True)
ADDRESS = Address("ADDRESS", lines=3)
HOMETOWN = Address("HOMETOWN", house=False, lines=2)
SIGN = Sign("SIGN", lines=3)
AUTHORITY_CMND = Wording("AUTHORITY_CMND", shape="CA {PROVINCE}|CÔNG AN {PROVINCE}")
AUTHORITY_CARD = Wording(
    "AUTHORITY_CARD",
    shape="CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI"
    "|CỤC TRƯỞNG CỤC CẢNH SÁT ĐKQL CƯ TRÚ VÀ DLQG VỀ DÂN CƯ",
)
AUTHORITY_CHIP = Wording(
    "AUTHORITY_CHIP", shape="CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI"
)
AUTHORITY_2024 = Wording("AUTHORITY_2024", shape="BỘ CÔNG AN")
AUTHORITY_PASSPORT = Wording("AUTHORITY_PASSPORT", shape="Cục Quản lý xuất nhập cảnh")
PROVINCE = Wording("PROVINCE", shape="{province}")
PLATE_CAR = Plate("PLATE_CAR", UPPER + "Đ" + DIGITS + "-. ")
PLATE_BIKE = Plate("PLATE_BIKE", UPPER + "Đ" + DIGITS + "-. ", bike=True)
CHASSIS = Pattern(
    "CHASSIS",
    UPPER + DIGITS + "-*",
    pattern=r"[A-Z0-9*]{6,20}",
    shape="RLH@@####@Y######|RLM@###@@@######|RLA@@##@@#######|RL4@##@@#########|@@##@@######|RLCS####0@Y######",
)
ENGINE = Pattern(
    "ENGINE",
    UPPER + DIGITS + "-*",
    pattern=r"[A-Z0-9*]{5,18}",
    shape="@@##@-#######|#@@-######|@@##@#######|@#@@@######|@@###@@######".replace("-", ""),
)
BRAND = Choice(
    "BRAND",
    source="HONDA|YAMAHA|SUZUKI|PIAGGIO|SYM|VINFAST|TOYOTA|HYUNDAI|KIA|MAZDA|FORD|MITSUBISHI"
    "|ISUZU|THACO|MERCEDES-BENZ|BMW|NISSAN|CHEVROLET|LEXUS|SUBARU|VOLKSWAGEN|HINO|FUSO",
)
MODEL = Wording(
    "MODEL",
    shape="WAVE ALPHA|WAVE RSX|AIR BLADE|VISION|LEAD|SH MODE|FUTURE|EXCITER|SIRIUS|JUPITER|GRANDE"
    "|VIOS|INNOVA|FORTUNER|CAMRY|MORNING|CERATO|SANTA FE|ACCENT|RANGER|XPANDER|CX-5|JF## @@@|@@###"
    "|LUX A2.0|QKR##",
)
COLOR = Choice(
    "COLOR",
    source="Đen|Trắng|Đỏ|Xanh|Bạc|Nâu|Vàng|Xám|Đỏ Đen|Trắng Đen|Bạc Đen|Xanh Đen|Đen Xám|Nâu Vàng"
    "|Cam|Ghi|Tím|Đỏ Bạc|Xanh Trắng Đen|Vàng Cát",
)
POLICE = Wording("POLICE", shape="CÔNG AN TỈNH {PROVINCE}|CÔNG AN TP {PROVINCE}")
CAPACITY = Amount(
    "CAPACITY", choices=(49, 97, 108, 109, 110, 113, 124, 134, 149, 155, 998, 1197, 1496, 1591,
                         1998, 2393, 2497, 2998, 3470, 4009),
)  # fmt: skip
PAY_LOAD = Amount("PAY_LOAD", unit="kg", choices=(650, 720, 880, 990, 1490, 1990, 2400, 3490, 8000))
SEATS = Amount("SEATS", choices=(2, 3, 4, 5, 7, 8, 16, 29, 45))
PLACES = Amount("PLACES", choices=(0, 0, 0, 1, 2, 20))
YEAR = Amount("YEAR", choices=tuple(range(1996, 2025)))
CERTIFICATE_ID = Pattern(
    "CERTIFICATE_ID",
    UPPER + DIGITS + " ",
    pattern=r"[A-Z]{0,3}\d{5,12}",
    shape="######|#######|##########|@@######|@@#######",
)
MRZ_TEXT = MrzText("MRZ_TEXT", UPPER + DIGITS + "< ")
QR_TEXT = QrText("QR_TEXT")

FIELD_TYPES: dict[str, FieldType] = {
    value.name: value for value in list(globals().values()) if isinstance(value, FieldType)
}
"""All field types by name."""
