"""Names as the lines write them: without marks, words parted by fillers."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from cvocr_lab.text import fold

# Latin letters that are more than a letter and a mark: ICAO Doc 9303 part 3, section 6, table A.
_LATIN: Final = str.maketrans(
    {"Æ": "AE", "Ä": "AE", "Å": "AA", "Œ": "OE", "Ö": "OE", "Ø": "OE", "Ü": "UE", "ß": "SS"}
    | {"ẞ": "SS", "Þ": "TH", "Ĳ": "IJ", "Ł": "L", "Ħ": "H", "Ŋ": "N", "Ŧ": "T", "ı": "I", "ĸ": "Q"}
)


def transliterate(name: str) -> str:
    """Write a name in MRZ letters, words joined by `<`; Vietnamese marks go, `Đ` becomes `D`.

    Apostrophes are left out, hyphens and other signs part words.  Letters of other scripts are
    left out.  Source: ICAO Doc 9303 part 3, sections 4.6 and 6.

    >>> transliterate("Đặng Thị H'Ánh")
    'DANG<THI<HANH'
    """
    plain = fold(unicodedata.normalize("NFC", name).upper().translate(_LATIN)).upper()
    return "<".join(re.findall("[A-Z]+", _APOSTROPHES.sub("", plain)))


def name_agrees(name: str, zone: str, *, cut: bool = False) -> bool:
    """Tell whether a printed name can be the one that a zone writes.

    Marks that a state may write in two ways (``Ü`` as ``UE`` or ``U``) agree either way; signs
    between words do not count.

    Parameters
    ----------
    name
        As printed, with marks.
    zone
        As the zone has it, words separated by ``<`` or blanks.
    cut
        Whether the zone's name may be cut short; then its words may begin the printed ones.

    >>> name_agrees("Jürgen Müller", "JUERGEN MUELLER"), name_agrees("Nguyễn An", "NGUYEN BINH")
    (True, False)
    >>> name_agrees("Công Tằng Tôn Nữ Quỳnh Phương", "CONG<TANG<TON<NU<QUYN<P", cut=True)
    True
    """
    written = zone.replace("<", " ").split()
    for words in {transliterate(name), _PARTS.sub("<", fold(_APOSTROPHES.sub("", name)).upper())}:
        if words.replace("<", "") == "".join(written):
            return True
        printed = [word for word in words.split("<") if word]
        begun = zip(printed, written, strict=False)
        if cut and len(written) <= len(printed) and all(_begins(p, w) for p, w in begun):
            return True
    return False


def _begins(word: str, cut: str) -> bool:
    """Tell whether `cut` is the word with letters left out behind its first ones."""
    return word.startswith(cut) or (cut[:3] == word[:3] and cut[-1:] in word)


_APOSTROPHES: Final = re.compile("['’ʼ`]")
_PARTS: Final = re.compile("[^A-Z]+")


def split_name(name: str) -> tuple[str, str]:
    """Part a Vietnamese full name as cards do: the first word is the surname, the rest is given.

    >>> split_name("NGUYỄN VĂN MẪU")
    ('NGUYEN', 'VAN MAU')
    """
    surname, _, given = transliterate(name).partition("<")
    return surname, given.replace("<", " ")


def name_field(surname: str, given: str, width: int) -> str:
    """Fill the name field; what is too long is cut from the last word on, each keeping a letter.

    Given names give way before the surname, and the last place then holds a letter, which shows
    the cut (ICAO Doc 9303 parts 4 to 6, truncation of names).
    """
    parts = [transliterate(surname).split("<"), [w for w in transliterate(given).split("<") if w]]
    over = len("<<".join("<".join(part) for part in parts if part)) - width
    for part in reversed(parts):
        for at in reversed(range(len(part))):
            cut = max(0, min(len(part[at]) - 1, over))
            part[at] = part[at][: len(part[at]) - cut]
            over -= cut
    return "<<".join("<".join(part) for part in parts if part)[:width].ljust(width, "<")


def names_in(text: str) -> tuple[str, str]:
    """Read surname and given names, words parted by one space."""
    surname, _, given = text.rstrip("<").partition("<<")
    return " ".join(surname.split("<")).strip(), " ".join(given.replace("<", " ").split())
