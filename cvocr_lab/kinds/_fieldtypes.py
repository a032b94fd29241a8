"""All field types: instances of the classes in `_forms`."""

from __future__ import annotations

from cvocr_lab.kinds import _forms as forms

CITIZEN_ID = forms.CitizenId("CITIZEN_ID", forms.DIGITS)
CMND_ID = forms.Pattern("CMND_ID", forms.DIGITS, pattern=r"\d{9}", shape="#########")
PERSON_ID = forms.Pattern(
    "PERSON_ID", forms.DIGITS, pattern=r"\d{9}|\d{12}", shape="#########|0##0########|0##1########"
)
MRZ_NUMBER = forms.Pattern("MRZ_NUMBER", forms.DIGITS, pattern=r"\d{9}", shape="#########")
PASSPORT_NUMBER = forms.Pattern(
    "PASSPORT_NUMBER",
    forms.UPPER + forms.DIGITS,
    pattern=r"[A-Z]\d{7,8}",
    shape="B#######|C#######|N#######|E########|P########",
)
NAME = forms.Name("NAME", lines=2)
OWNER = forms.Owner("OWNER", lines=2)
SURNAME = forms.Name("SURNAME", part="surname")
GIVEN_NAME = forms.Name("GIVEN_NAME", part="given")
MRZ_SURNAME = forms.Name("MRZ_SURNAME", forms.UPPER + " ", part="surname", plain=True)
MRZ_GIVEN_NAME = forms.Name("MRZ_GIVEN_NAME", forms.UPPER + " ", part="given", plain=True)
DATE = forms.Date("DATE", forms.DIGITS + "/-. ")
BIRTH_DATE = forms.Date("BIRTH_DATE", forms.DIGITS + "/-. ", last_year=2019)
BIRTH_DATE_CMND = forms.Date(
    "BIRTH_DATE_CMND", forms.DIGITS + "/-. ", separator="-", year_only=True, last_year=2005
)
EXPIRY_DATE = forms.Date("EXPIRY_DATE", words="Không thời hạn", first_year=2017, last_year=2060)
PASSPORT_EXPIRY = forms.Date(
    "PASSPORT_EXPIRY", forms.DIGITS + "/-. ", first_year=2017, last_year=2035
)
SEX = forms.Choice("SEX", source="Nam|Nữ")
PASSPORT_SEX = forms.Choice("PASSPORT_SEX", source="NAM|NỮ|M|F")
MRZ_SEX = forms.Choice("MRZ_SEX", "MF<", source="M|F")
NATIONALITY = forms.Choice("NATIONALITY", source="Việt Nam")
COUNTRY_CODE = forms.Pattern("COUNTRY_CODE", forms.UPPER, pattern=r"[A-Z]{3}", shape="VNM")
ETHNIC_GROUP = forms.Choice("ETHNIC_GROUP", source="@ethnic_groups", favour_first=True)
RELIGION = forms.Choice("RELIGION", source="@religions", favour_first=True)
ADDRESS = forms.Address("ADDRESS", lines=3)
HOMETOWN = forms.Address("HOMETOWN", house=False, lines=2)
SIGN = forms.Sign("SIGN", lines=3)
AUTHORITY_CMND = forms.Wording("AUTHORITY_CMND", shape="CA {PROVINCE}|CÔNG AN {PROVINCE}")
AUTHORITY_CARD = forms.Wording(
    "AUTHORITY_CARD",
    shape="CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI"
    "|CỤC TRƯỞNG CỤC CẢNH SÁT ĐKQL CƯ TRÚ VÀ DLQG VỀ DÂN CƯ",
)
AUTHORITY_CHIP = forms.Wording(
    "AUTHORITY_CHIP", shape="CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI"
)
AUTHORITY_2024 = forms.Wording("AUTHORITY_2024", shape="BỘ CÔNG AN")
AUTHORITY_PASSPORT = forms.Wording("AUTHORITY_PASSPORT", shape="Cục Quản lý xuất nhập cảnh")
PROVINCE = forms.Wording("PROVINCE", shape="{province}")
PLATE_CAR = forms.Plate("PLATE_CAR", forms.UPPER + "Đ" + forms.DIGITS + "-. ")
PLATE_BIKE = forms.Plate("PLATE_BIKE", forms.UPPER + "Đ" + forms.DIGITS + "-. ", bike=True)
CHASSIS = forms.Pattern(
    "CHASSIS",
    forms.UPPER + forms.DIGITS + "-*",
    pattern=r"[A-Z0-9*]{6,20}",
    shape="RLH@@####@Y######|RLM@###@@@######|RLA@@##@@#######|RL4@##@@#########|@@##@@######|RLCS####0@Y######",
)
ENGINE = forms.Pattern(
    "ENGINE",
    forms.UPPER + forms.DIGITS + "-*",
    pattern=r"[A-Z0-9*]{5,18}",
    shape="@@##@-#######|#@@-######|@@##@#######|@#@@@######|@@###@@######".replace("-", ""),
)
BRAND = forms.Choice(
    "BRAND",
    source="HONDA|YAMAHA|SUZUKI|PIAGGIO|SYM|VINFAST|TOYOTA|HYUNDAI|KIA|MAZDA|FORD|MITSUBISHI"
    "|ISUZU|THACO|MERCEDES-BENZ|BMW|NISSAN|CHEVROLET|LEXUS|SUBARU|VOLKSWAGEN|HINO|FUSO",
)
MODEL = forms.Wording(
    "MODEL",
    shape="WAVE ALPHA|WAVE RSX|AIR BLADE|VISION|LEAD|SH MODE|FUTURE|EXCITER|SIRIUS|JUPITER|GRANDE"
    "|VIOS|INNOVA|FORTUNER|CAMRY|MORNING|CERATO|SANTA FE|ACCENT|RANGER|XPANDER|CX-5|JF## @@@|@@###"
    "|LUX A2.0|QKR##",
)
COLOR = forms.Choice(
    "COLOR",
    source="Đen|Trắng|Đỏ|Xanh|Bạc|Nâu|Vàng|Xám|Đỏ Đen|Trắng Đen|Bạc Đen|Xanh Đen|Đen Xám|Nâu Vàng"
    "|Cam|Ghi|Tím|Đỏ Bạc|Xanh Trắng Đen|Vàng Cát",
)
POLICE = forms.Wording("POLICE", shape="CÔNG AN TỈNH {PROVINCE}|CÔNG AN TP {PROVINCE}")
CAPACITY = forms.Amount(
    "CAPACITY", choices=(49, 97, 108, 109, 110, 113, 124, 134, 149, 155, 998, 1197, 1496, 1591,
                         1998, 2393, 2497, 2998, 3470, 4009),
)  # fmt: skip
PAY_LOAD = forms.Amount(
    "PAY_LOAD", unit="kg", choices=(650, 720, 880, 990, 1490, 1990, 2400, 3490, 8000)
)
SEATS = forms.Amount("SEATS", choices=(2, 3, 4, 5, 7, 8, 16, 29, 45))
PLACES = forms.Amount("PLACES", choices=(0, 0, 0, 1, 2, 20))
YEAR = forms.Amount("YEAR", choices=tuple(range(1996, 2025)))
CERTIFICATE_ID = forms.Pattern(
    "CERTIFICATE_ID",
    forms.UPPER + forms.DIGITS + " ",
    pattern=r"[A-Z]{0,3}\d{5,12}",
    shape="######|#######|##########|@@######|@@#######",
)
MRZ_TEXT = forms.MrzText("MRZ_TEXT", forms.UPPER + forms.DIGITS + "< ")
QR_TEXT = forms.QrText("QR_TEXT")

FIELD_TYPES: dict[str, forms.FieldType] = {
    value.name: value for value in list(globals().values()) if isinstance(value, forms.FieldType)
}
"""All field types by name."""
