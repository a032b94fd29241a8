"""The result of cleaning one cell, and its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from cvocr_lab.kinds import FieldType
from cvocr_lab.places import Era
from cvocr_lab.text import collapse, nfc

Action = Literal["form", "repair", "kept"]
"""`form`: the same value in its normal notation; `repair`: a misread character was corrected;
`kept`: left as read."""

Part = str | float
_NO_PARTS: Final[Mapping[str, Part]] = MappingProxyType({})


class Step(NamedTuple):
    """One change: the rule, the text before and after, and a score from 0 to 1."""

    rule: str
    action: Action
    before: str
    after: str
    score: float = 1.0


class Cleaned(NamedTuple):
    """The result of applying a rule to a text.

    `text` is the normal form, or the text as read where there is none; `flag` then says why.
    `parts` are further facts in the text: ``{"province": "Hà Nội"}``.
    """

    text: str
    steps: tuple[Step, ...] = ()
    parts: Mapping[str, Part] = _NO_PARTS
    flag: str = ""

    @property
    def score(self) -> float:
        """The score of the least certain step."""
        return min([step.score for step in self.steps]) if self.steps else 1.0


Cleaner = Callable[[FieldType, str, "Era | None"], Cleaned]


@dataclass(frozen=True, slots=True)
class Rule:
    """How values of some field type are cleaned.

    `clean` takes the type, the text as read and the era of the paper's addresses, if known;
    `dtype` is what the clean column holds, and `parts` are the further columns, in order.
    """

    clean: Cleaner
    dtype: Literal["text", "date", "whole"] = "text"
    parts: tuple[str, ...] = ()


def trimmed(text: str, edges: str) -> str:
    """Remove specks from both ends; a pair of brackets is removed only if it encloses everything.

    >>> trimmed("-NGUYỄN VĂN MẪU (NAM).", "-.()")
    'NGUYỄN VĂN MẪU (NAM)'
    """
    specks = edges.translate({ord(bracket): None for bracket in "()[]"})
    while True:
        bare = text.strip(specks)
        pairs = _bracketed(bare)
        last = len(bare) - 1
        if bare and pairs.get(0) == last:
            bare = bare[1:-1]
        elif bare[:1] in edges and bare[:1] in "([" and 0 not in pairs:
            bare = bare[1:]
        elif bare[-1:] in edges and bare[-1:] in ")]" and last not in pairs.values():
            bare = bare[:-1]
        if bare == text:
            return text
        text = bare


def _bracketed(text: str) -> dict[int, int]:
    """Return the positions of matching brackets: opening to closing."""
    opened: list[int] = []
    pairs = {}
    for at, sign in enumerate(text):
        if sign in "([":
            opened.append(at)
        elif sign in ")]" and opened:
            pairs[opened.pop()] = at
    return pairs


class Trail:
    """A text that is being cleaned, with the steps so far."""

    def __init__(self, raw: str) -> None:
        self.raw = self.text = raw
        self.steps: list[Step] = []
        normal = nfc(raw)
        if (spaced := collapse(normal)) != raw:
            self.then("characters", "form", normal)
            self.then("spaces", "form", spaced)

    def then(self, rule: str, action: Action, after: str, score: float = 1.0) -> None:
        """Record a step if it changes the text."""
        if after != self.text:
            self.steps.append(Step(rule, action, self.text, after, score))
            self.text = after

    def done(self, parts: Mapping[str, Part] = _NO_PARTS, flag: str = "") -> Cleaned:
        """Return the current text as the result, flagged if it is not fully normal."""
        return Cleaned(self.text, tuple(self.steps), parts, flag)

    def kept(self, flag: str) -> Cleaned:
        """Return the text as read, because it has no normal form."""
        return Cleaned(self.raw, (), _NO_PARTS, flag)
