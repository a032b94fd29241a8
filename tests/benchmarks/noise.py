"""What OCR does to a value: a model of its mistakes, for measuring what cleaning repairs.

A seed belongs to one of two ends: `TUNING` seeds may be looked at while rules are written,
`MEASURING` seeds are for the figures that are told.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from typing import Final

from cvocr_lab.text import compose, decompose

Letter = tuple[str, str, str]
"""Base, shape and tone, as `decompose` gives them."""

TUNING: Final = range(1, 100)
MEASURING: Final = range(1001, 1100)

LOOKS_LIKE: Final = {
    "0": "OoQD", "1": "Il|!", "2": "Zz", "4": "A", "5": "Ss", "6": "Gb", "8": "B", "9": "gq",
    "O": "0Q", "I": "1l|", "Z": "2", "S": "5", "G": "6", "B": "8", "A": "4", "D": "0O",
    "/": "|l", "l": "1I|", "o": "0", "s": "5",
}  # fmt: skip
"""What a sign may be read for."""


def tone(rng: random.Random, text: str) -> str:
    """One letter loses its tone, or gets another."""
    return _letter(rng, text, lambda c: c[2] != "level", lambda c: (*c[:2], _tone(rng, c[2])))


def shape(rng: random.Random, text: str) -> str:
    """One letter loses its shape: ư -> u, ô -> o, đ -> d."""
    return _letter(rng, text, lambda c: c[1] != "plain", lambda c: (c[0], "plain", c[2]))


def _tone(rng: random.Random, old: str) -> str:
    tones = [t for t in ("level", "level", "level", "grave", "acute", "hook", "tilde") if t != old]
    return rng.choice(tones)


def _letter(
    rng: random.Random,
    text: str,
    fits: Callable[[Letter], bool],
    change: Callable[[Letter], Letter],
) -> str:
    places = [i for i, c in enumerate(text) if fits(decompose(c))]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + compose(*change(decompose(text[at]))) + text[at + 1 :]  # type: ignore[arg-type]


def look_alike(rng: random.Random, text: str) -> str:
    """One sign becomes one that looks like it."""
    places = [i for i, c in enumerate(text) if c in LOOKS_LIKE]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + rng.choice(LOOKS_LIKE[text[at]]) + text[at + 1 :]


def space(rng: random.Random, text: str) -> str:
    """A space too many, at an end, within or beside another; or one lost."""
    kind = rng.random()
    if kind < 0.3:
        return rng.choice((" ", "  ")) + text if rng.random() < 0.5 else text + " "
    places = [i for i, c in enumerate(text) if c == " "]
    if places and kind < 0.6:
        at = rng.choice(places)
        return text[:at] + " " + text[at:]
    if places and kind < 0.75:
        at = rng.choice(places)
        return text[:at] + text[at + 1 :]
    at = rng.randint(0, len(text))
    return text[:at] + " " + text[at:]


def case(rng: random.Random, text: str) -> str:
    """Another case: of a letter, or of all."""
    kind = rng.random()
    if kind < 0.3:
        return text.upper()
    if kind < 0.5:
        return text.lower()
    at = rng.randrange(len(text))
    return text[:at] + text[at].swapcase() + text[at + 1 :]


def drop(rng: random.Random, text: str) -> str:
    """One sign is lost."""
    places = [i for i, c in enumerate(text) if c.isalnum()]
    if len(places) < 2:
        return text
    at = rng.choice(places)
    return text[:at] + text[at + 1 :]


def edge(rng: random.Random, text: str) -> str:
    """A speck at an end."""
    speck = rng.choice((".", ",", ":", "-", "_", "'", "|"))
    return speck + text if rng.random() < 0.4 else text + speck


def decomposed(rng: random.Random, text: str) -> str:
    """Marks as signs of their own, as some engines write them."""
    return unicodedata.normalize("NFD", text)


HAMLETS: Final = ("Tổ 5", "Thôn Đoài", "Ấp Tân Lập", "Xóm 3", "Khu phố 2", "Bản Mới",
                  "Tổ dân phố 4")  # fmt: skip
"""Houses that no street's name can follow, so that a lost comma behind them can be told."""

FIRMS: Final = (
    "CÔNG TY TNHH A1", "CÔNG TY CP S8 VIỆT NAM", "DNTN T5 - 2019", "HTX VẬN TẢI 30/4", "5S",
    "CÔNG TY TNHH MTV 3M", "CÔNG TY CP G7 - 2020", "TRƯỜNG THPT B1 (CƠ SỞ 2)", "CTY TNHH H2O",
    "CHI NHÁNH CÔNG TY TNHH O2", "XÍ NGHIỆP 1B", "TAXI 5S", "CÔNG TY TNHH Z1 (VN)",
)  # fmt: skip
"""Made-up firms whose digits, years and brackets belong to their names."""

COUNTRIES: Final = (", Việt Nam", " Việt Nam", ", Vietnam", " - VN", ", VIỆT NAM")


def glued(rng: random.Random, amount: str, units: tuple[str, ...]) -> str:
    """The amount with its unit right behind it, thousands parted or not."""
    number = f"{int(amount):,}".replace(",", rng.choice((".", ",", "")))
    return number + rng.choice(units)


OPERATIONS: Final[dict[str, tuple[float, Callable[[random.Random, str], str]]]] = {
    "tone": (5, tone),
    "shape": (4, shape),
    "look_alike": (5, look_alike),
    "space": (3, space),
    "case": (2, case),
    "drop": (2, drop),
    "edge": (2, edge),
    "decomposed": (1, decomposed),
}
"""How often each happens, of 24, and what it does."""


def corrupt(rng: random.Random, text: str) -> tuple[str, list[str]]:
    """Apply one mistake, now and then two; tell which."""
    names = rng.choices(
        list(OPERATIONS), [share for share, _ in OPERATIONS.values()], k=rng.choice((1, 1, 1, 2))
    )
    done = []
    for name in names:
        made = OPERATIONS[name][1](rng, text) if text else text
        if made != text:
            done.append(name)
            text = made
    return text, done
