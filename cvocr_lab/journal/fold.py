"""Compute the state of each item from all its decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cvocr_lab.journal.decision import REVIEWED, Decision, Item, Label, State
from cvocr_lab.text import comparison_key

InputKey: TypeAlias = "tuple[str, Label]"
"""Identifies an input: ``("sha256", …)``, ``("source", …)`` or ``("label", …)``."""

ItemKey: TypeAlias = "tuple[InputKey, int, str, int, str]"
"""Identifies an item by input, page, side, nth and field."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of an item.

    `item` is that of the latest decision; `state` is ``disputed`` if people who had not seen each
    other's decision decided differently; `value` is None if absent, and for states without a value;
    `decisions` are those in force: one, or one per person for merged journals, in order of time.
    """

    item: Item
    state: State
    value: str | None
    decisions: tuple[Decision, ...]

    @property
    def reviewed(self) -> bool:
        """Whether a person has decided the value, and nobody disputes it."""
        return self.state in REVIEWED


def fold(decisions: Iterable[Decision]) -> dict[ItemKey, Standing]:
    """Return the state of each item that has a decision in force.

    Decisions are processed in order of time.  An undone decision is ignored, unless its undoing
    was undone as well.  A decision is replaced by a later one of the same person, and by one of
    any person who had seen it.  If the remaining decisions differ, the item is disputed.

    >>> item = Item(source="a.jpg", field="name")
    >>> first = Decision(item, "corrected", "TRẦN ÂN", who="an")
    >>> second = Decision(item, "confirmed", "TRẦN AN", who="binh")
    >>> [s.state for s in fold([first, second]).values()]
    ['disputed']
    >>> settled = Decision(item, "corrected", "TRẦN ÂN", replaces=(first.id, second.id))
    >>> [(s.state, s.value) for s in fold([first, second, settled]).values()]
    [('corrected', 'TRẦN ÂN')]
    """
    return Ledger(decisions).standings


class Ledger:
    """All decisions so far, and the standing of each item that has a decision in force.

    Inputs are identified by their digest.  If a decision has only a path, the digest known from
    other decisions is used, provided that there is only one.
    """

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self.by_id = {d.id: d for d in decisions}
        self.standings: dict[ItemKey, Standing] = {}
        self.digests: defaultdict[str, set[str]] = defaultdict(set)
        self._by_place: dict[ItemKey, list[Decision]] = {}
        for decision in self.by_id.values():
            if decision.item.source and decision.item.sha256:
                self.digests[decision.item.source].add(decision.item.sha256)
        self._put(unique(self.by_id.values()))

    def input_of(self, item: Item) -> InputKey:
        """Return the key of an item's input."""
        if item.sha256:
            return "sha256", item.sha256
        if not item.source:
            return "label", item.label
        known = self.digests.get(item.source, ())
        return ("sha256", next(iter(known))) if len(known) == 1 else ("source", item.source)

    def key(self, item: Item, field: str = "") -> ItemKey:
        """Return the key of an item, or of `field` on its face."""
        return self.input_of(item), item.page, item.side, item.nth, field or item.field

    def at(self, item: Item, field: str = "") -> Standing | None:
        """Return the standing of an item, or of `field` on its face."""
        return self.standings.get(self.key(item, field))

    def add(self, decision: Decision) -> None:
        """Add a decision that is later than all others."""
        self.by_id[decision.id] = decision
        item = decision.item
        known = self.digests[item.source] if item.source and item.sha256 else {item.sha256}
        places = [self.key(item)]
        if item.sha256 not in known:  # decisions made by path may belong to another input now
            known.add(item.sha256)
            inputs = {("source", item.source), *(("sha256", digest) for digest in known)}
            places = [place for place in self._by_place if place[0] in inputs]
            for place in places:
                self.standings.pop(place, None)
        there = [d for place in places for d in self._by_place.pop(place, ())]
        self._put([*unique(there), decision])

    def _put(self, ordered: Sequence[Decision]) -> None:
        """Group decisions by item; an undoing belongs to the item of the undone decision."""
        by_place: defaultdict[ItemKey, list[Decision]] = defaultdict(list)
        for decision in ordered:
            undone = self.by_id.get(decision.undoes)
            item = decision.item if undone is None or undone.undoes else undone.item
            by_place[self.key(item)].append(decision)
        self._by_place |= by_place
        for place, decisions in by_place.items():
            if found := _resolved(decisions):
                self.standings[place] = found
            else:
                self.standings.pop(place, None)


def unique(decisions: Iterable[Decision]) -> list[Decision]:
    """Remove duplicate decisions, and sort them by time."""
    return sorted({d.id: d for d in decisions}.values(), key=lambda d: d.order)


def not_undone(ordered: Sequence[Decision]) -> list[Decision]:
    """Return the decisions that were not undone, without the undoing ones."""
    undone_by = defaultdict(list)
    for decision in ordered:
        if decision.undoes:
            undone_by[decision.undoes].append(decision.id)
    # The last decision of a chain of undoings is in force; work backwards from there.
    undoes = {d.id: d.undoes for d in ordered}
    open_undoers = {d.id: len(undone_by[d.id]) for d in ordered}
    alive = dict.fromkeys(open_undoers, True)
    ready = [i for i, count in open_undoers.items() if not count]
    for identity in ready:
        target = undoes[identity]
        if target in open_undoers:
            alive[target] &= not alive[identity]
            open_undoers[target] -= 1
            if not open_undoers[target]:
                ready.append(target)
    return [d for d in ordered if alive[d.id] and not open_undoers[d.id] and not d.undoes]


def _resolved(there: Sequence[Decision]) -> Standing | None:
    """Return the state of an item from all its decisions in order; None if all are undone."""
    valid = not_undone(there)
    if not valid:
        return None
    replaced = {identity for d in valid for identity in d.replaces if identity != d.id}
    last_of = {d.who: d for d in valid if d.id not in replaced}
    # If decisions replace each other in a circle, the last one counts.
    heads = tuple(sorted(last_of.values(), key=lambda d: d.order)) or (valid[-1],)
    statements = [d for d in heads if d.state in REVIEWED or d.state == "disputed"]
    latest = (statements or heads)[-1]
    different = {(d.state == "unreadable", comparison_key(d.value or "")) for d in statements}
    if len(different) > 1 or any(d.state == "disputed" for d in statements):
        return Standing(latest.item, "disputed", None, heads)
    return Standing(latest.item, latest.state, latest.value, heads)
