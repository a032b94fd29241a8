"""Local alignment of a text with all lines of a picture (Smith and Waterman, 1981)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import Final

import numpy as np
import numpy.typing as npt

from cvocr_lab.text import fold_key

_Floats = npt.NDArray[np.float64]

MATCH, ALIKE, OTHER, GAP = 1.0, 0.5, -0.8, -0.8
"""Score of two equal letters, of two that look alike, of two others, of a gap of one letter."""

_WALL: Final = 1e6
_LOOK_ALIKES: Final = ("o0", "o0q", "i1l", "z2", "s5", "g6", "b8", "g9q", "uv", "cg")


@lru_cache(maxsize=1 << 12)
def _letter(character: str) -> str:
    return fold_key(character).replace(" ", "")


def folded(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the letters and digits without accents and case, and the position of each."""
    letters, origin = [], []
    for at, character in enumerate(text):
        for letter in _letter(character):
            letters.append(letter)
            origin.append(at)
    return "".join(letters), tuple(origin)


def _pair_scores() -> _Floats:
    """Return the score of each pair of ASCII characters; only letters and digits can match."""
    scores = np.full((128, 128), OTHER)
    for letter in "abcdefghijklmnopqrstuvwxyz0123456789":
        scores[ord(letter), ord(letter)] = MATCH
    for group in _LOOK_ALIKES:
        for one, other in permutations(group, 2):
            scores[ord(one), ord(other)] = ALIKE
    return scores


_PAIR_SCORES: Final = _pair_scores()
_WALL_CODE: Final = 0
_STRANGE: Final = 1


def _codes(letters: str) -> npt.NDArray[np.int64]:
    codes = np.array([ord(c) for c in letters], np.int64)
    return np.where(codes < 128, codes, _STRANGE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that was found in a part of a line.

    `begin` and `end` are positions in the letters of the line, `text_begin` and `text_end` in those
    of the text.  In the score of the alignment, a letter that was found counts 1.
    """

    line: int
    begin: int
    end: int
    text_begin: int
    text_end: int
    score: float


class Stream:
    """The lines of a picture, joined for the alignment."""

    def __init__(self, texts: Sequence[str]) -> None:
        made = [folded(text) for text in texts]
        self.letters = [letters for letters, _ in made]
        self.origins = [origin for _, origin in made]
        self.texts = list(texts)
        self._starts: list[int] = []
        codes: list[int] = []
        for letters in self.letters:
            self._starts.append(len(codes))
            codes += [*_codes(letters).tolist(), _WALL_CODE]
        self._codes = np.array(codes, np.int64)
        self._walls = self._codes == _WALL_CODE
        self._line = np.repeat(
            np.arange(len(self.letters)), [len(letters) + 1 for letters in self.letters]
        )
        self._climb = np.cumsum(np.where(self._walls, _WALL, -GAP))

    def whole(self, text: str, *, min_share: float) -> list[Piece]:
        """Find the places that have at least this share of the folded text, best first."""
        if not text or not len(self._codes):
            return []
        table = self._table(text)
        last = table[-1].copy()
        found: list[Piece] = []
        while len(found) < 12:
            end = int(last.argmax())
            if last[end] < min_share * len(text):
                break
            piece = self._trace(table, text, len(text), end)
            found.append(piece)
            start = self._starts[piece.line]
            last[start + piece.begin : start + piece.end] = 0
        return found

    def parts(self, text: str, *, min_score: float) -> list[Piece]:
        """Find for each line the part of the text that fits best, if its score is high enough."""
        if not text or not len(self._codes):
            return []
        table = self._table(text)
        best = table.max(0)
        found = []
        for number, start in enumerate(self._starts):
            stop = start + len(self.letters[number])
            if stop == start:
                continue
            end = start + int(best[start:stop].argmax())
            if best[end] >= min_score:
                found.append(self._trace(table, text, int(table[:, end].argmax()), end))
        return found

    def _table(self, text: str) -> _Floats:
        """Return the score of the best alignment that ends at each letter of text and lines."""
        scores = _PAIR_SCORES[_codes(text)][:, self._codes]
        table = np.zeros((len(text) + 1, len(self._codes)))
        for row in range(1, len(text) + 1):
            before = table[row - 1]
            best = np.maximum(before + GAP, 0)
            np.maximum(best[1:], before[:-1] + scores[row - 1][1:], out=best[1:])
            best[0] = max(best[0], scores[row - 1][0])
            best[self._walls] = 0
            # A gap in the text: the best score before, minus the cost of the skipped letters.
            table[row] = np.maximum.accumulate(best + self._climb) - self._climb
            table[row][self._walls] = 0
        return table

    def _trace(self, table: _Floats, text: str, row: int, at: int) -> Piece:
        codes = _codes(text)
        score, text_end, end = float(table[row, at]), row, at + 1
        while row > 0 and table[row, at] > 1e-9:
            here = table[row, at]
            before = table[row - 1, at - 1] if at > 0 else 0.0
            if abs(here - before - _PAIR_SCORES[codes[row - 1], self._codes[at]]) < 1e-6:
                row, at = row - 1, at - 1
                if before <= 1e-9:
                    break
            elif abs(here - table[row - 1, at] - GAP) < 1e-6:
                row -= 1
            else:
                at -= 1
        line = int(self._line[end - 1])
        start = self._starts[line]
        return Piece(line, at + 1 - start, end - start, row, text_end, score)
