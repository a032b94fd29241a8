"""The text in the QR code of chip identity cards: seven values parted by ``|``.

    number | old number or empty | name | ddmmyyyy birth | sex | residence | ddmmyyyy issue

Seen alike on the front of the chip card (2021-2024) and the back of the 2024 card, which may have
more values after the seventh; what those mean is not established, so they stay raw.  An empty old
number does not tell the two cards apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from cvocr_lab.text import collapse, nfc


@dataclass(frozen=True, slots=True)
class IdQr:
    """What the code says.

    Parameters
    ----------
    number
        12 digits; 9 on no card seen, yet understood.
    old_number
        Number of the former card, usually 9 digits; "" for none.
    name
        With marks, usually in title case where the card prints capitals.
    birth, issued
        ``yyyy-mm-dd``; as read where it is no date, "" for none.
    sex
        ``"Nam"`` or ``"Nữ"``.
    address
        Residence; unit words and commas need not equal the printed ones.
    extra
        Values after the seventh, as read.
    """

    number: str
    old_number: str
    name: str
    birth: str
    sex: str
    address: str
    issued: str
    extra: tuple[str, ...] = ()


def parse(payload: str | bytes) -> IdQr:
    """Read the text of an identity card's QR code.

    Bytes are UTF-8.  Text that a reader took for Latin-1 or Windows-1252 is put right; NUL, line
    breaks, a byte order mark and outer blanks go.  Raises ValueError when it is no such code: a
    web link, fewer than seven values, or a first value that is not 9 or 12 digits.

    >>> code = parse("001099000123||Nguyễn Văn Mẫu|01011999|Nam|Phường Ví Dụ, Hà Nội|01072021")
    >>> code.birth, code.issued, code.old_number
    ('1999-01-01', '2021-07-01', '')
    """
    text = payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else payload
    values = [collapse(value) for value in nfc(_unmangle(_bare(text))).split("|")]
    if len(values) < 7:
        raise ValueError("not the QR code of an identity card: fewer than seven values")
    number, old_number, name, birth, sex, address, issued, *extra = values
    if not re.fullmatch(r"\d{9}|\d{12}", number, re.ASCII):
        raise ValueError("not the QR code of an identity card: no number of 9 or 12 digits first")
    return IdQr(number, old_number, name, _iso(birth), sex, address, _iso(issued), tuple(extra))


def format(code: IdQr) -> str:
    """Write the text of the code; the inverse of `parse`.

    Values must hold no ``|``; ValueError otherwise.
    """
    values = (
        code.number,
        code.old_number,
        code.name,
        _ddmmyyyy(code.birth),
        code.sex,
        code.address,
        _ddmmyyyy(code.issued),
        *code.extra,
    )
    if any("|" in value for value in values):
        raise ValueError("a value of the QR code holds the separator |")
    return "|".join(values)


def _bare(text: str) -> str:
    # A break inside a wrapped value stands for a blank; the NUL is some readers' terminator.
    return re.sub(r"[\r\n]+", " ", text.replace("\0", "").lstrip("\ufeff")).strip()


def _unmangle(text: str) -> str:
    """Undo UTF-8 read as a one-byte encoding; sound text stays as it is."""
    try:
        return b"".join(_byte(character) for character in text).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _byte(character: str) -> bytes:
    # Windows-1252 leaves five bytes without a character; readers pass those on as Latin-1.
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _iso(text: str) -> str:
    found = re.fullmatch(r"(\d\d)(\d\d)(\d{4})", text, re.ASCII)
    if not found:
        return text
    day, month, year = map(int, found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return text


def _ddmmyyyy(text: str) -> str:
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text, re.ASCII)
    return f"{found[3]}{found[2]}{found[1]}" if found else text
