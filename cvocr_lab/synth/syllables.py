"""Random Vietnamese syllables with a valid onset, rhyme and tone."""

from __future__ import annotations

import random
from functools import cache
from typing import Final

from cvocr_lab.text import LETTERS, Tone, compose, decompose, new_tone, nfc, old_tone


def words(text: str) -> tuple[str, ...]:
    """Split a list written as one text."""
    return tuple(text.split())


_ONSETS: Final = (
    "",
    *words("b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"),
)
_OPEN: Final = words(
    "a ă â e ê i o ô ơ u ư y ai ao au ay âu ây eo êu ia iu oa oe oi ôi ơi ua uê ui uy uơ ưa ưi ưu "
    "iêu yêu oai oay uây uôi uya ươi ươu uyu"
)
_NASAL: Final = words(
    "am an ang anh ăm ăn ăng âm ân âng em en eng êm ên ênh im in inh om on ong ôm ôn ông ơm ơn um "
    "un ung ưm ưng iêm iên iêng yêm yên oan oang oanh oăn oăng oen uân uâng uôm uôn uông uyên "
    "uynh ươm ươn ương"
)
_STOPPED: Final = words(
    "ac ach ap at ăc ăp ăt âc âp ât ec ep et êch êp êt ich ip it oc op ot ôc ôp ôt ơp ơt uc up ut "
    "ưc ưt iêc iêp iêt oac oach oat oăc oăt uât uôc uôt uych uyêt uyt ươc ươp ươt"
)
_TONES: Final[tuple[Tone, ...]] = ("level", "grave", "acute", "hook", "tilde", "dot")


def syllable(rng: random.Random) -> str:
    """Build one Vietnamese syllable in lower case; its spelling is valid, but it may be no word."""
    rhymes = rng.choices((_OPEN, _NASAL, _STOPPED), (4, 4, 2.5))[0]
    rhyme = rng.choice(rhymes)
    tone = rng.choice(_TONES if rhymes is not _STOPPED else ("acute", "dot"))
    at = _toned(rhyme)
    base, shape, _ = decompose(rhyme[at])
    word = rng.choice(_ONSETS) + rhyme[:at] + compose(base, shape, tone) + rhyme[at + 1 :]
    return rng.choice((old_tone, new_tone))(nfc(word))


@cache
def _toned(rhyme: str) -> int:
    """Return the index of the letter that has the tone mark."""
    vowels = [i for i, c in enumerate(rhyme) if c in LETTERS and decompose(c)[0] in "aeiouy"]
    shaped = [i for i in vowels if decompose(rhyme[i])[1] != "plain"]
    if shaped:
        return shaped[-1]
    closed = vowels[-1] < len(rhyme) - 1
    return vowels[-1] if closed or len(vowels) == 1 else vowels[-2]
