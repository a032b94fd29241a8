"""`compare_fields`: one row per compared field, with truth, value, and how they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from cvocr_lab.frames import TEXT, UNREADABLE, Pairing, Records, Truth, expected
from cvocr_lab.kinds import TYPES
from cvocr_lab.scoring.comparators import VERDICTS, Rule, rule_of, verdicts
from cvocr_lab.scoring.mistakes import WRONG_LINE, diagnose, distances
from cvocr_lab.scoring.texts import TIERS, Coded, Differing, Ints, Key, code

OUTCOMES: Final = ("correct", "wrong", "invented", "missing", "absent")

_WRONG: Final = OUTCOMES.index("wrong")
_SHORT: Final = 4
"""Shorter values are too often equal to another field by chance."""


def compare_fields(
    read: Records, truth: Truth, pairing: Pairing, make_key: Key
) -> tuple[pd.DataFrame, int]:
    """Compare every field of every row of the truth with its reading.

    Also return the number of cells left out because they are unreadable according to the
    truth.  This is the definition; the code computes it for whole columns at a time::

        for row in truth:
            for field in truth.chosen:
                value = field of the row's reading, "" where nothing was read
                wanted = the accepted text with the fewest edits per character to value
                if wanted == "###": count it as unreadable and go on
                if not (wanted or value or the row's type has the field): go on
                outcome = "correct"  if both are present and key(wanted) == key(value)
                          "wrong"    if both are present
                          "invented" if only value is, "missing" if only wanted is
                          "absent"   otherwise
                edits = Levenshtein distance of key(wanted) and key(value)

    If the truth has no column `type`, or a row has an unknown type, every field is expected.
    """
    typed = "type" in truth.frame
    # Without a true type, the type of the reading determines the rules of its fields.
    types = truth.types if typed else _at(read.types, pairing.first)
    type_of, found = pd.factorize(types)
    types_met: list[str] = found.tolist()
    notes: dict[str, int] = {"": 0}
    fields: list[_Field] = []
    start = 0
    for field in truth.chosen:
        has_field = [
            not typed or (field in expected(name) if name in TYPES else name != "")
            for name in types_met
        ]
        fields.append(
            _compare_field(
                read, truth, field, pairing, start,
                expected_in=np.array(has_field, bool)[type_of],
                rules=_rules(types_met, field), type_of=type_of, make_key=make_key, notes=notes,
            )
        )  # fmt: skip
        start += len(fields[-1].texts)
    _note_wrong_lines(fields, notes)
    cells = pd.concat([f.cells for f in fields], ignore_index=True)
    numbers = np.repeat(np.arange(len(fields)), [len(f.cells) for f in fields])
    order = np.argsort(cells["row"].to_numpy(), kind="stable")
    cells = cells.take(order)
    cells = cells.set_axis(truth.frame.index.take(cells["row"].to_numpy()), axis=0)
    names = pd.Categorical.from_codes(numbers[order], pd.Index(truth.chosen))
    cells.insert(1, "field", pd.Series(names, cells.index))
    for column, words in (("outcome", OUTCOMES), ("tier", TIERS), ("verdict", VERDICTS)):
        cells[column] = pd.Categorical.from_codes(cells[column], pd.Index(words))
    texts = pd.concat([f.texts for f in fields], ignore_index=True)
    every = {"truth": texts, "value": texts, "mistakes": pd.Series(list(notes), dtype=TEXT)}
    for column, known in every.items():
        cells[column] = known.array.take(cells[column])
    return cells, sum(f.skipped for f in fields)


Cells = TypeVar("Cells", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """The cells of one field.

    In `cells`, texts and words are positions: `truth` and `value` in the distinct `texts` of all
    fields.  The hashes are those of the truth's key for every row of the truth, and of the value's
    key for every cell; 0 for short keys.  `skipped` is the number of unreadable cells.
    """

    cells: pd.DataFrame
    texts: pd.Series
    truth_hashes: Ints
    value_hashes: Ints
    skipped: int


def _compare_field(
    read: Records,
    truth: Truth,
    field: str,
    pairing: Pairing,
    start: int,
    *,
    expected_in: npt.NDArray[np.bool_],
    rules: list[Rule],
    type_of: Ints,
    make_key: Key,
    notes: dict[str, int],
) -> _Field:
    """Compare one field in all rows; `start` is the number of texts of the fields before."""
    accepted = truth.accepted(field)
    values_read = read.texts(field)
    marks = pd.Series(["", UNREADABLE], dtype=TEXT)
    coded = code([marks, values_read, *(a.texts for a in accepted)], make_key)
    key_of, keys = coded.key_of, coded.keys
    empty_text, empty = coded.columns[0][0], key_of[coded.columns[0][0]]
    unreadable = key_of[coded.columns[0][1]]

    text_read = coded.columns[1]
    reading = pairing.answering(key_of[text_read] == empty)
    value = _at(text_read, reading, fill=int(empty_text))
    wanted = _nearest(coded, [a.given for a in accepted], value)
    wanted_key, value_key = key_of[wanted], key_of[value]

    skipped = wanted_key == unreadable
    present = (wanted_key != empty) | (value_key != empty)
    at = np.flatnonzero((expected_in | present) & ~skipped)
    lengths = np.fromiter(map(len, keys), np.int64, len(keys))
    blanks = np.fromiter(map(str.count, keys, repeat(" ")), np.int64, len(keys))
    words = blanks + (lengths > 0)
    hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
    hashes[lengths < _SHORT] = 0

    t, v = wanted_key[at], value_key[at]
    equal, both = t == v, (t != empty) & (v != empty)
    outcome = np.select([both & equal, both, v != empty, t != empty], [0, 1, 2, 3], default=4)
    # Missing and invented values count as a whole; wrong values follow below.
    figures: dict[str, npt.NDArray[np.number]] = {
        "row": at,
        "truth": wanted[at] + start,
        "value": value[at] + start,
        "edits": np.where(equal, 0, lengths[t] + lengths[v]),
        "chars": lengths[t],
        "outcome": outcome.astype(np.int8),
        "tier": np.where(equal, 0, len(TIERS) - 1).astype(np.int8),
        "verdict": np.where(equal, 0, len(VERDICTS) - 1).astype(np.int8),
        "mistakes": np.zeros(len(at), np.int64),
        "confidence": _at(read.confidences(field), reading, fill=np.nan)[at],
        "words": words[t],
        "word_edits": np.where(equal, 0, words[t] + words[v]),
        "anls": equal.astype(np.float64),
        "reading": reading[at],
    }
    wrong = np.flatnonzero(outcome == _WRONG)
    if len(wrong):
        codes = (t[wrong] * len(keys) + v[wrong]) * len(rules) + type_of[at[wrong]]
        distinct, where = np.unique(codes, return_inverse=True)
        sides = np.divmod(distinct // len(rules), len(keys))
        truths, values = ([keys[i] for i in side.tolist()] for side in sides)
        edits, pairs = distances(truths, values), Differing.of(truths, values)
        mistakes = [notes.setdefault(m, len(notes)) for m in diagnose(pairs, field, edits)[0]]
        found: dict[str, npt.NDArray[np.number]] = {
            "edits": edits,
            "word_edits": _word_distances(truths, values, edits, *(blanks[side] for side in sides)),
            # At exactly 0.5, the published formula (ST-VQA, DocVQA) gives 0; like its successor
            # ANLS*, this gives 0.5.
            "anls": cpdist(
                truths, values, scorer=Levenshtein.normalized_similarity, processor=str.lower,
                score_cutoff=0.5, dtype=np.float64,
            ),
            "tier": pairs.tiers,
            "verdict": verdicts(pairs, [rules[i] for i in (distinct % len(rules)).tolist()], edits),
            "mistakes": np.array(mistakes, np.int64),
        }  # fmt: skip
        for name, column in found.items():
            figures[name][wrong] = column[where]
    cells = pd.DataFrame(
        {n: f.astype(np.int32) if f.dtype == np.int64 else f for n, f in figures.items()}
    )
    return _Field(cells, coded.texts, hashes[wanted_key], hashes[v], int(skipped.sum()))


def _word_distances(
    truths: Sequence[str], values: Sequence[str], edits: Ints, ours: Ints, theirs: Ints
) -> Ints:
    """Return the Levenshtein distance of each pair in words; no pair is equal.

    `ours` and `theirs` are the numbers of blanks.
    """
    found = np.ones(len(truths), np.int64)
    # A single edit that does not change the number of blanks is one word.
    at = np.flatnonzero((ours != theirs) | ((edits > 1) & (ours > 0))).tolist()
    for start in range(0, len(at), _STEP):
        some = at[start : start + _STEP]
        found[some] = distances(
            *([texts[i].split(" ") for i in some] for texts in (truths, values))
        )
    return found


_STEP: Final = 50_000
"""Number of pairs whose words are in memory together."""


def _at(column: npt.NDArray[Cells], position: Ints, *, fill: object = "") -> npt.NDArray[Cells]:
    """Return the cells at these positions, and `fill` for -1."""
    if not len(column):
        return np.full(len(position), fill, column.dtype)
    return np.where(position < 0, np.asarray(fill, column.dtype), column.take(position))


def _nearest(coded: Coded, given: list[npt.NDArray[np.bool_] | None], value: Ints) -> Ints:
    """Return for every row the accepted text with the smallest distance to its value."""
    first, *others = coded.columns[2:]
    best = first.copy()
    for column, rows in zip(others, given[1:], strict=True):
        at = np.arange(len(best)) if rows is None else np.flatnonzero(rows)
        now, then = _distance(coded, best[at], value[at]), _distance(coded, column[at], value[at])
        better = at[then < now]
        best[better] = column[better]
    return best


def _distance(coded: Coded, truth: Ints, value: Ints) -> npt.NDArray[np.float64]:
    """Return the edits per character of the longer text."""
    truths, values = ([coded.keys[i] for i in coded.key_of[c].tolist()] for c in (truth, value))
    found: npt.NDArray[np.float64] = cpdist(
        truths, values, scorer=Levenshtein.normalized_distance, dtype=np.float64
    )
    return found


def _note_wrong_lines(fields: list[_Field], notes: dict[str, int]) -> None:
    """Mark values that are equal to the truth of another field in the same row."""
    for field in fields:
        wrong = np.flatnonzero(field.cells["outcome"] == _WRONG)
        read, rows = field.value_hashes[wrong], field.cells["row"].to_numpy()[wrong]
        taken = np.zeros(len(wrong), bool)
        for other in fields:
            if other is not field:
                taken |= other.truth_hashes[rows] == read
        mistakes = field.cells["mistakes"].to_numpy(copy=True)
        mistakes[wrong[taken & (read != 0)]] = notes.setdefault(WRONG_LINE, len(notes))
        field.cells["mistakes"] = mistakes


def _rules(types: Sequence[str], field: str) -> list[Rule]:
    """Return the rule for the field in each type; the most frequent one for unknown types."""
    known = [rule_of(f.type) for t in TYPES.values() for f in t.fields if f.name == field]
    usual: Rule = max(known, key=known.count, default="text")
    specs = [expected(name).get(field) for name in types]
    return [usual if spec is None else rule_of(spec.type) for spec in specs]
