"""Decides between letters that look alike, by which words follow one another on the papers.

The recogniser sees letters; whether a blurred accent is a hook or a tilde is often clear only from
the word.  The counts come from the tables of names and administrative units in the package, from
the captions of the document types, and from a short list of words for distinguishing marks and
authorities.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cvocr_lab import data
from cvocr_lab.kinds import TYPES
from cvocr_lab.text import nfc

_WORDS = """
sẹo chấm tròn thẳng dài lồi lõm co mổ ruột thừa bỏng vá nốt ruồi đen đỏ son thịt tàn nhang mụn cơm
bớt vết chàm nám xăm rỗ mặt cách trên dưới sau trước giữa trong ngoài bên hai trái phải mép mắt mi
mí mũi má cằm hàm trán đuôi lông mày đầu đỉnh cánh sống gò khuỷu tay bàn ngón cổ tai vành dái thái
dương gáy môi miệng nhân trung khóe ngang dọc chéo xiên không có số nhà tổ dân phố khu thôn xóm ấp
bản làng buôn đội ngõ ngách hẻm đường phường xã thị trấn quận huyện thành tỉnh chung cư căn hộ
tầng tòa đô tập thể khối cụm công an phòng cảnh sát giao thông bộ sắt cục trưởng quản lý hành
chính về trật tự hội xuất nhập giám đốc phó việt nam nữ đăng ký ngày tháng năm
"""
_TABLES = (
    ("wards_old.csv", "ward", 4), ("wards_old.csv", "district", 2), ("wards_new.csv", "ward", 4),
    ("provinces.csv", "old_name", 300), ("ethnic_groups.csv", "name", 60),
    ("religions.csv", "name", 60), ("authorities.csv", "name", 300),
)  # fmt: skip
"""Tables and their columns, and how often each of their words counts."""
_PAIRS = 0.6
"""Weight of the pair of words in the probability; the rest is the weight of the single word."""
_UNSEEN = 1.0
"""Count of a word that occurs in no table."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Counts of words and of pairs of words, in lower case."""

    words: Counter[str]
    pairs: Counter[tuple[str, str]]
    total: int

    def chance(self, before: str, word: str) -> float:
        """Return the log probability of a word after another; "" is the beginning of a text."""
        single = (self.words[word] + _UNSEEN) / self.total
        first = self.words[before]
        paired = self.pairs[before, word] / first if first else 0.0
        return math.log(_PAIRS * paired + (1 - _PAIRS) * single)


@lru_cache(maxsize=1)
def wording() -> Wording:
    """Return the counts of the words in the package's tables, cached."""
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()

    def add(text: str, count: int) -> None:
        parts = nfc(text).lower().split()
        for before, word in itertools.pairwise(("", *parts)):
            words[word] += count
            pairs[before, word] += count

    for table, column, count in _TABLES:
        for row in data.rows(table):
            add(row[column].replace("{province}", ""), count)
    for row in data.rows("names.csv"):
        add(row["name"], 20 * int(row["weight"]))
    for kind in TYPES.values():
        for field in kind.fields:
            for caption in field.vi:
                add(caption, 300)
    for word in _WORDS.split():
        add(word, 200)
    words[""] = sum(count for (before, _), count in pairs.items() if not before)
    return Wording(words, pairs, words.total())


def likeliest(
    choices: Sequence[Sequence[tuple[str, float]]], breaks: Sequence[bool], weight: float
) -> list[int]:
    """Choose one spelling for each word of a line; return their indices.

    `choices` has the spellings of each word with their log probabilities by the recogniser, and
    `breaks` says which words begin a new part, e.g. after a comma or a number.  `weight` is that of
    the log probability of a word.
    """
    counts = wording()
    best: list[tuple[float, list[int], str]] = [(0.0, [], "")]
    for spellings, new in zip(choices, breaks, strict=True):
        step = []
        for k, (spelling, seen) in enumerate(spellings):
            key = spelling.lower()
            step.append(max(
                (score + seen + weight * counts.chance("" if new else before, key), [*path, k], key)
                for score, path, before in best
            ))  # fmt: skip
        best = step
    return max(best)[1]
