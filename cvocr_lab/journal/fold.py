"""Compute the state of each item from all its decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    ordered = unique(decisions)
    by_place = grouped(ordered, input_namer(digests(ordered)))
    return {place: found for place, there in by_place.items() if (found := resolve(there))}


def grouped(
    ordered: Sequence[Decision], name: Callable[[Item], InputKey]
) -> dict[ItemKey, list[Decision]]:
    """Group decisions by item; an undoing belongs to the item of the undone decision."""
    item_of = {d.id: d.item for d in ordered if not d.undoes}
    by_place: defaultdict[ItemKey, list[Decision]] = defaultdict(list)
    for decision in ordered:
        target = item_of.get(decision.undoes, decision.item)
        by_place[item_key(target, name)].append(decision)
    return dict(by_place)


def item_key(item: Item, name: Callable[[Item], InputKey], field: str = "") -> ItemKey:
    """Return the key of an item, or of `field` on its face."""
    return name(item), item.page, item.side, item.nth, field or item.field


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


def input_namer(found: Mapping[str, Sequence[str]]) -> Callable[[Item], InputKey]:
    """Return a function for the key of an item's input, given the `digests` of each path.

    Inputs are identified by their digest.  If a decision has only a path, the digest known from
    other decisions is used, provided that there is only one.
    """

    def name(item: Item) -> InputKey:
        if item.sha256:
            return "sha256", item.sha256
        if not item.source:
            return "label", item.label
        known = found.get(item.source, ())
        return ("sha256", next(iter(known))) if len(known) == 1 else ("source", item.source)

    return name


def digests(decisions: Iterable[Decision]) -> dict[str, tuple[str, ...]]:
    """Return for each path the digests of its pictures."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for decision in decisions:
        if decision.item.source and decision.item.sha256:
            found[decision.item.source][decision.item.sha256] = None
    return {source: tuple(sorted(known)) for source, known in found.items()}


def resolve(there: Sequence[Decision]) -> Standing | None:
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
