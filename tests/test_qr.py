import dataclasses
import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvocr_lab import qr
from cvocr_lab.text import CHARSET, collapse

PAYLOAD = "001099000123||Nguyễn Văn Mẫu|01011999|Nữ|Số 1, Phường Ví Dụ, Quận Mẫu, Hà Nội|01072021"
CODE = qr.IdQr(
    number="001099000123",
    old_number="",
    name="Nguyễn Văn Mẫu",
    birth="1999-01-01",
    sex="Nữ",
    address="Số 1, Phường Ví Dụ, Quận Mẫu, Hà Nội",
    issued="2021-07-01",
)

words = (
    st.text(alphabet=CHARSET.replace("|", ""), max_size=30)
    .map(collapse)
    .filter(lambda text: "Ã" not in text)  # which begins what a reader makes of à
)
dates = st.dates(date(1900, 1, 1), date(2099, 12, 31)).map(date.isoformat)
codes = st.builds(
    qr.IdQr,
    number=st.text(string.digits, min_size=12, max_size=12),
    old_number=st.just("") | st.text(string.digits, min_size=9, max_size=9),
    name=words,
    birth=dates | st.just("1950"),
    sex=st.sampled_from(["Nam", "Nữ"]),
    address=words,
    issued=dates | st.just(""),
    extra=st.lists(words, max_size=4).map(tuple),
)


@given(codes)
def test_parse_inverts_format(code: qr.IdQr) -> None:
    assert qr.parse(qr.format(code)) == code
    assert qr.parse(qr.format(code).encode()) == code


def test_format_writes_the_printed_form() -> None:
    assert qr.format(CODE) == PAYLOAD


def misread(payload: str) -> str:
    """What a reader makes of UTF-8 that takes it for Windows-1252."""
    return "".join(
        chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
        for byte in payload.encode()
    )


@pytest.mark.parametrize(
    "payload",
    [
        PAYLOAD.encode(),
        PAYLOAD.encode() + b"\0",
        "\ufeff" + PAYLOAD + "\r\n",
        PAYLOAD.encode().decode("latin-1"),
        misread(PAYLOAD),
        PAYLOAD.replace("Phường Ví", "Phường\r\nVí"),
        PAYLOAD.replace("|Nữ|", "| Nữ |"),
    ],
)
def test_tolerated_readings(payload: str | bytes) -> None:
    assert qr.parse(payload) == CODE


@pytest.mark.parametrize("charset", ["koi8_r", "cp437", "cp850", "mac_roman"])
def test_text_decoded_by_a_one_byte_set_is_decoded_again(charset: str) -> None:
    assert qr.parse(PAYLOAD.encode().decode(charset)) == CODE


@pytest.mark.parametrize(
    ("charset", "name"), [("shift_jis", "Lê Văn An"), ("big5", "Võ Tí"), ("gb18030", "Trần Tâm")]
)
def test_text_decoded_by_a_set_of_two_bytes_is_decoded_again(charset: str, name: str) -> None:
    payload = f"001099000123||{name}|01011999|Nam|Mẫu|01072021"
    assert qr.parse(payload.encode().decode(charset)).name == name


@pytest.mark.parametrize("charset", ["shift_jis", "cp932", "big5", "cp950", "gb18030", "euc_kr"])
@given(code=codes)
def test_lost_signs_are_refused_and_never_made_up(charset: str, code: qr.IdQr) -> None:
    payload = qr.format(code)
    read = payload.encode().decode(charset, errors="replace")
    try:
        found = qr.parse(read)
    except ValueError:
        return
    assert found == code


@pytest.mark.parametrize("name", ["NguyÃ�n VÄn MẪu", "Nguy璇炵n", "Tr├á Δ", "Trà HÃ Vy"])
def test_a_garbled_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="garbled"):
        qr.parse(PAYLOAD.replace("Nguyễn Văn Mẫu", name))


def test_dates_with_slashes_are_read() -> None:
    assert (
        qr.parse(PAYLOAD.replace("01011999", "01/01/1999").replace("01072021", "1-7-2021")) == CODE
    )


def test_later_values_stay_raw() -> None:
    assert qr.parse(PAYLOAD + "||01012001||") == dataclasses.replace(
        CODE, extra=("", "01012001", "", "")
    )


def test_no_date_stays_as_read() -> None:
    code = qr.parse(PAYLOAD.replace("01011999", "31021999").replace("01072021", ""))
    assert (code.birth, code.issued) == ("31021999", "")


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "https://example.org/?a=1|2|3|4|5|6|7",
        "001099000123||Nguyễn Văn Mẫu|01011999|Nam|Hà Nội",
        "00109900012||Nguyễn Văn Mẫu|01011999|Nam|Hà Nội|01072021",
        "٠٠١٠٩٩٠٠٠١٢٣||Nguyễn Văn Mẫu|01011999|Nam|Hà Nội|01072021",
        b"\xff\xfe\x00",
    ],
)
def test_other_codes_are_refused(payload: str | bytes) -> None:
    with pytest.raises(ValueError, match="not the QR code"):
        qr.parse(payload)


def test_separator_in_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="separator"):
        qr.format(dataclasses.replace(CODE, name="A|B"))


@given(st.text() | st.binary())
def test_anything_is_read_or_refused(payload: str | bytes) -> None:
    try:
        code = qr.parse(payload)
    except ValueError:
        return
    assert qr.parse(qr.format(code)) == code
