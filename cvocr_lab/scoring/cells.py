"""One row per compared field: truth, value, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

from cvocr_lab.frames import TEXT
from cvocr_lab.kinds import TYPES
from cvocr_lab.scoring.comparators import VERDICTS, Rule, rule_of
from cvocr_lab.scoring.diagnosis import WRONG_LINE
from cvocr_lab.scoring.matching import Matching
from cvocr_lab.scoring.pairs import differences, distances
from cvocr_lab.scoring.texts import TIERS, Coded, Ints, Key, as_text, code, measure
from cvocr_lab.scoring.truths import Accepted, accepted

OUTCOMES: Final = ("correct", "wrong", "invented", "missing", "absent")
UNREADABLE: Final = "###"
"""What a truth says of a value that is on the card but cannot be read; such cells don't count."""

_WRONG: Final = OUTCOMES.index("wrong")
_SHORT: Final = 4
"""Values with fewer characters are too often equal by chance to say which line they are from."""


def compare_fields(
    frame: pd.DataFrame,
    truth: pd.DataFrame,
    matching: Matching,
    fields: Sequence[str],
    further: Mapping[str, Sequence[str]],
    make_key: Key,
) -> tuple[pd.DataFrame, int]:
    """Make the cells, and count those left out as unreadable.

    A field is compared where the type of the truth's row has it (any field when the truth has no
    column `type` or the type is not in the spec), and wherever truth or reading has a value.

    Parameters
    ----------
    further
        For each field, the truth's columns with more accepted texts.
    make_key
        What of a text is compared.
    """
    stated = as_text(truth["type"]) if "type" in truth else None
    # Without a true type, the reading's own says how the values of its fields are written.
    given = frame["ocr_type"].reset_index(drop=True).reindex(matching.first)
    type_of, found = pd.factorize(as_text(given) if stated is None else stated)
    types: list[str] = found.tolist()
    notes: dict[str, int] = {"": 0}
    parts: list[_Part] = []
    unreadable = 0
    for field in fields:
        expected = np.array([stated is None or _expected(t, field) for t in types], bool)[type_of]
        rules = _rules(types, field)
        part, left_out = _part(
            frame, accepted(truth, field, further.get(field, ())), field, matching,
            expected, [rules[t] for t in types], type_of, make_key, notes,
        )  # fmt: skip
        parts.append(part)
        unreadable += left_out
    _note_wrong_lines(parts, notes)
    return _table(parts, fields, truth.index, list(notes)), unreadable


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The cells of one field, in the order of the truth's rows.

    Parameters
    ----------
    at
        The row of each.
    texts
        The different texts, of which `truth` and `value` hold positions.
    """

    at: Ints
    texts: pd.Series
    truth: Ints
    value: Ints
    columns: dict[str, npt.NDArray[np.number]]
    hashes: Ints
    """Of the truth's key, for every row of the truth."""
    value_hash: Ints
    """Of the value's key, for every cell; 0 for values too short to know again."""


def _part(
    frame: pd.DataFrame,
    truths: list[Accepted],
    field: str,
    matching: Matching,
    expected: npt.NDArray[np.bool_],
    rules: list[Rule],
    type_of: Ints,
    make_key: Key,
    notes: dict[str, int],
) -> tuple[_Part, int]:
    marks = pd.Series(["", UNREADABLE], dtype=TEXT)
    read = as_text(frame[field]) if field in frame else pd.Series("", index=frame.index, dtype=TEXT)
    coded = code([marks, read, *(t.texts for t in truths)], make_key)
    key_of, keys = coded.key_of, coded.keys
    nothing, unreadable = key_of[coded.columns[0]]
    value = matching.take(coded.columns[1], coded.columns[0][0], key_of == nothing)
    wanted = _best(coded, [t.given for t in truths], value)
    own, theirs = key_of[wanted], key_of[value]

    skipped = own == unreadable
    at = np.flatnonzero((expected | (own != nothing) | (theirs != nothing)) & ~skipped)
    sizes, blanks = measure(keys)
    words = blanks + (sizes > 0)
    hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
    hashes[sizes < _SHORT] = 0
    t, v = own[at], theirs[at]
    both = (t != nothing) & (v != nothing)
    outcome = np.select(
        [both & (t == v), both, v != nothing, t != nothing], [0, 1, 2, 3], default=4
    )
    columns: dict[str, npt.NDArray[np.number]] = {
        "outcome": outcome.astype(np.int8),
        "chars": sizes[t],
        "words": words[t],
        # Right or absent: 0; missing or invented: all of it.
        "edits": np.where(t == v, 0, sizes[t] + sizes[v]),
        "word_edits": np.where(t == v, 0, words[t] + words[v]),
        "anls": (t == v).astype(np.float64),
        "tier": np.where(t == v, 0, len(TIERS) - 1).astype(np.int8),
        "verdict": np.where(t == v, 0, len(VERDICTS) - 1).astype(np.int8),
        "mistakes": np.zeros(len(at), np.int64),
        "confidence": _confidence(frame, field, matching, value)[at],
    }
    wrong = np.flatnonzero(outcome == _WRONG)
    if len(wrong):
        kinds = type_of[at[wrong]]
        base = len(rules)
        pair = (t[wrong] * len(keys) + v[wrong]) * base + kinds
        different, where = np.unique(pair, return_inverse=True)
        ours, others = np.divmod(different // base, len(keys))
        found = differences(
            list(map(keys.__getitem__, ours.tolist())),
            list(map(keys.__getitem__, others.tolist())),
            field,
            [rules[i] for i in (different % base).tolist()],
        )  # fmt: skip
        numbers = [notes.setdefault(text, len(notes)) for text in found.mistakes]
        for name, values in (
            ("edits", found.edits), ("word_edits", found.word_edits), ("anls", found.anls),
            ("tier", found.tier), ("verdict", found.verdict),
            ("mistakes", np.array(numbers, np.int64)),
        ):  # fmt: skip
            columns[name][wrong] = values[where]
    for name in ("chars", "words", "edits", "word_edits", "mistakes"):
        columns[name] = columns[name].astype(np.int32)
    part = _Part(
        at, coded.texts, wanted[at], value[at], columns, hashes[own], hashes[v],
    )  # fmt: skip
    return part, int(skipped.sum())


def _best(coded: Coded, given: list[npt.NDArray[np.bool_] | None], value: Ints) -> Ints:
    """Choose for every row the accepted text that its value comes nearest to."""
    first, *others = coded.columns[2:]
    best = first.copy()
    for column, rows in zip(others, given[1:], strict=True):
        at = np.arange(len(best)) if rows is None else np.flatnonzero(rows)
        now, then = _farness(coded, best[at], value[at]), _farness(coded, column[at], value[at])
        better = at[then < now]
        best[better] = column[better]
    return best


def _farness(coded: Coded, truth: Ints, value: Ints) -> npt.NDArray[np.float64]:
    """Edits for each character of the longer one; 1 where one of the two is empty."""
    ours, theirs = ([coded.keys[i] for i in coded.key_of[c].tolist()] for c in (truth, value))
    longer = np.fromiter(
        (max(len(a), len(b), 1) for a, b in zip(ours, theirs, strict=True)), np.float64
    )
    return distances(ours, theirs) / longer


def _confidence(
    frame: pd.DataFrame, field: str, matching: Matching, value: Ints
) -> npt.NDArray[np.float64]:
    name = f"{field}_confidence"
    if name not in frame:
        return np.full(len(value), np.nan)
    read = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return matching.take(read, np.nan, np.isnan(read))


def _note_wrong_lines(parts: list[_Part], notes: dict[str, int]) -> None:
    """Mark values that are exactly what another field of the same row should hold."""
    for part in parts:
        wrong = np.flatnonzero(part.columns["outcome"] == _WRONG)
        read = part.value_hash[wrong]
        rows = part.at[wrong]
        taken = np.zeros(len(wrong), bool)
        for other in parts:
            if other is not part:
                taken |= other.hashes[rows] == read
        part.columns["mistakes"][wrong[taken & (read != 0)]] = notes.setdefault(
            WRONG_LINE, len(notes)
        )


def _table(
    parts: list[_Part], fields: Sequence[str], index: pd.Index, notes: list[str]
) -> pd.DataFrame:
    rows = np.concatenate([p.at for p in parts])
    order = np.argsort(rows, kind="stable")
    names = np.repeat(np.arange(len(parts)), [len(p.at) for p in parts])[order]
    found = {
        name: np.concatenate([p.columns[name] for p in parts])[order] for name in parts[0].columns
    }
    texts = pd.concat([p.texts for p in parts], ignore_index=True).array
    starts = np.cumsum([0, *(len(p.texts) for p in parts[:-1])])

    def written(codes: list[Ints]) -> ExtensionArray:
        every = [own + start for own, start in zip(codes, starts, strict=True)]
        found: ExtensionArray = texts.take(np.concatenate(every)[order])
        return found

    def choice(codes: npt.NDArray[np.integer], words: Sequence[str]) -> pd.Categorical[str]:
        return pd.Categorical.from_codes(codes, pd.Index(list(words)))

    return pd.DataFrame(
        {
            "row": rows[order].astype(np.int32),
            "field": choice(names, fields),
            "truth": written([p.truth for p in parts]),
            "value": written([p.value for p in parts]),
            "edits": found["edits"],
            "chars": found["chars"],
            "outcome": choice(found["outcome"], OUTCOMES),
            "tier": choice(found["tier"], TIERS),
            "verdict": choice(found["verdict"], VERDICTS),
            "mistakes": pd.Series(notes, dtype=TEXT).take(found["mistakes"]).array,
            "confidence": found["confidence"],
            "words": found["words"],
            "word_edits": found["word_edits"],
            "anls": found["anls"],
        },
        index=index.take(rows[order]),
        copy=False,
    )


def _expected(kind: str, field: str) -> bool:
    """Tell whether a paper of that type can have the field."""
    if kind not in TYPES:
        return kind != ""
    return any(f.name == field for f in TYPES[kind].fields)


def _rules(types: Sequence[str], field: str) -> dict[str, Rule]:
    """By which rule each type of paper compares the field."""
    found = {}
    for kind in types:
        own = [f.type for f in TYPES[kind].fields if f.name == field] if kind in TYPES else []
        found[kind] = rule_of(own[0]) if own else _usual_rule(field)
    return found


def _usual_rule(field: str) -> Rule:
    """The rule of most papers that have the field, for papers that say no type."""
    rules = [rule_of(f.type) for t in TYPES.values() for f in t.fields if f.name == field]
    return max(rules, key=rules.count, default="text")
