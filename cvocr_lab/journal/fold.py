"""What many decisions come to: where each item stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cvocr_lab.journal.decision import REVIEWED, Decision, Item, Label, State
from cvocr_lab.text import comparison_key

Input: TypeAlias = "tuple[str, Label]"
"""What tells pictures apart: ``("sha256", …)``, ``("source", …)`` or ``("label", …)``."""

Place: TypeAlias = "tuple[Input, int, str, int, str]"
"""Input, page, side, nth, field: what tells items apart."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an item stands.

    Parameters
    ----------
    item
        The item, as its latest decision has it.
    state
        ``disputed`` where persons who had not seen each other's decision said different things.
    value
        What the persons said; None for absent, and for states that say no value.
    decisions
        Those that stand: one, or one for each person of several journals, the latest last.
    """

    item: Item
    state: State
    value: str | None
    decisions: tuple[Decision, ...]

    @property
    def reviewed(self) -> bool:
        """Whether a person has said what stands on the paper, and no one disputes it."""
        return self.state in REVIEWED


def fold(decisions: Iterable[Decision]) -> dict[Place, Standing]:
    """Tell where each item stands; items without a decision that stands are left out.

    The order of `decisions` does not matter: they are taken by time.  A decision that was undone
    counts no more than one never made, and undoing the undoing brings it back.  A decision gives
    way to a later one of the same person, and to one of anybody who had seen it.  Where two
    decisions are left that say different things, the item is disputed.

    Examples
    --------
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
    by_place = grouped(ordered, namer(digests(ordered)))
    return {place: found for place, there in by_place.items() if (found := settle(there))}


def grouped(
    ordered: Sequence[Decision], name: Callable[[Item], Input]
) -> dict[Place, list[Decision]]:
    """Decisions by what they are about; an undoing is about what it undoes is about."""
    item_of = {d.id: d.item for d in ordered if not d.undoes}
    by_place: defaultdict[Place, list[Decision]] = defaultdict(list)
    for decision in ordered:
        target = item_of.get(decision.undoes, decision.item)
        by_place[place_of(target, name)].append(decision)
    return dict(by_place)


def place_of(item: Item, name: Callable[[Item], Input], field: str = "") -> Place:
    """What tells this item, or `field` on its face, apart, given what tells pictures apart."""
    return name(item), item.page, item.side, item.nth, field or item.field


def unique(decisions: Iterable[Decision]) -> list[Decision]:
    """Each decision once, by time."""
    return sorted({d.id: d for d in decisions}.values(), key=lambda d: d.order)


def standing(ordered: Sequence[Decision]) -> list[Decision]:
    """Those that were not undone, without the undoings."""
    undone_by = defaultdict(list)
    for decision in ordered:
        if decision.undoes:
            undone_by[decision.undoes].append(decision.id)
    # Nobody undoes the ends of the chains; from there backwards each one's state is known.
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


def namer(found: Mapping[str, Sequence[str]]) -> Callable[[Item], Input]:
    """Make the function that names an item's input, given the `digests` found under each path.

    A picture goes by its digest.  A decision that knows only the path speaks of the picture
    that others found under it, if it was one and the same.
    """

    def name(item: Item) -> Input:
        if item.sha256:
            return "sha256", item.sha256
        if not item.source:
            return "label", item.label
        known = found.get(item.source, ())
        return ("sha256", next(iter(known))) if len(known) == 1 else ("source", item.source)

    return name


def digests(decisions: Iterable[Decision]) -> dict[str, tuple[str, ...]]:
    """For each path, the digests of the pictures that were found under it."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for decision in decisions:
        if decision.item.source and decision.item.sha256:
            found[decision.item.source][decision.item.sha256] = None
    return {source: tuple(sorted(known)) for source, known in found.items()}


def settle(there: Sequence[Decision]) -> Standing | None:
    """Where an item stands by all the decisions about it, in order; None for nowhere."""
    valid = standing(there)
    if not valid:
        return None
    replaced = {identity for d in valid for identity in d.replaces if identity != d.id}
    last_of = {d.who: d for d in valid if d.id not in replaced}
    # Ids that replace each other in a circle would leave nothing; the last then counts.
    heads = tuple(sorted(last_of.values(), key=lambda d: d.order)) or (valid[-1],)
    verdicts = [d for d in heads if d.state in REVIEWED or d.state == "disputed"]
    latest = (verdicts or heads)[-1]
    said = {_verdict(d) for d in verdicts}
    if len(said) > 1 or any(d.state == "disputed" for d in verdicts):
        return Standing(latest.item, "disputed", None, heads)
    return Standing(latest.item, latest.state, latest.value, heads)


def _verdict(decision: Decision) -> tuple[bool, str]:
    return decision.state == "unreadable", comparison_key(decision.value or "")
