"""`score` and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import pandas as pd
from rapidfuzz.distance import Levenshtein

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import field_columns, restore
from cvocr_lab.kinds import TYPES, field_order
from cvocr_lab.scoring.cells import OUTCOMES, compare_fields
from cvocr_lab.scoring.judged import Judged
from cvocr_lab.scoring.matching import match
from cvocr_lab.scoring.texts import key, tone_key
from cvocr_lab.scoring.truths import Alternatives, further_columns


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Score(Judged):
    """A flat frame judged by a truth.

    Parameters
    ----------
    cells
        One row per compared field, labelled like the truth: `row` (position in the truth),
        `field`, `truth`, `value`, `edits` (Levenshtein distance of the comparison keys), `chars`
        (length of the truth's key), `outcome` (``correct wrong invented missing absent``).
    rows
        One row per row of the truth: its columns that are no fields, then `ocr_type`,
        `ocr_side` and `ocr_error` of the reading, and `read`, whether there was one.
    extra
        Readings that no row of the truth claims; they are not in `cells`.
    unreadable
        Cells left out because the truth says ``###``.
    """

    cells: pd.DataFrame
    rows: pd.DataFrame
    extra: pd.DataFrame
    unreadable: int
    by: str | Sequence[str] = "field"
    tone_style: Literal["unify"] | None = None

    def summary(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Count outcomes.

        Parameters
        ----------
        by
            Columns of `cells` or `rows` to group by, e.g. ``["type", "field"]``; ``()`` for one
            row over all.

        Returns
        -------
        pandas.DataFrame
            `n` and the five outcomes as counts; `exact` = correct / (correct + wrong + missing);
            `cer` = edits / chars pooled over the cells whose truth is present.  NaN where there
            is nothing to divide by.

        Raises
        ------
        ArgumentError
            No such column.
        """
        by = self.by if by is None else by
        names = [by] if isinstance(by, str) else list(by)
        cells = self.cells
        for name in names:
            if name not in self.rows:
                if name in cells:
                    continue
                known = ", ".join(map(str, [*cells.columns, *self.rows.columns]))
                raise ArgumentError(f"nothing to group by in column {name!r}; known: {known}")
            cells = cells.assign(**{name: self.rows[name].to_numpy()[cells["row"].to_numpy()]})
        counts = {o: (cells["outcome"] == o).astype("int64") for o in OUTCOMES}
        present = cells["chars"] > 0
        table = pd.DataFrame(
            {
                **{n: cells[n] for n in names},
                "n": 1,
                **counts,
                "edits": cells["edits"].where(present, 0),
                "chars": cells["chars"],
            }
        )
        if names:
            sums = table.groupby(names, observed=True).sum()
        else:
            sums = table.sum().to_frame(name="all").T
        sums["exact"] = sums["correct"] / (sums["correct"] + sums["wrong"] + sums["missing"])
        sums["cer"] = sums.pop("edits") / sums.pop("chars")
        return sums

    @property
    def card_exact(self) -> float:
        """Share of rows of the truth whose every scored field is right: correct or absent."""
        right = self.cells["outcome"].isin(["correct", "absent"])
        return float(right.groupby(self.cells["row"].to_numpy()).all().mean())

    @property
    def type_right(self) -> float:
        """Share of rows of the truth with a `type` whose reading has that type; NaN without."""
        if "type" not in self.rows:
            return float("nan")
        rows = self.rows[self.rows["type"].fillna("") != ""]
        return float((rows["type"] == rows["ocr_type"].fillna("")).mean())

    def headline(self) -> str:
        """Say in one line how much was scored and how much of it is right."""
        unread = int((~self.rows["read"]).sum())
        parts = [
            f"{len(self.rows)} rows, {len(self.cells)} cells",
            f"card_exact {self.card_exact:.1%}",
        ]
        if "type" in self.rows:
            parts.append(f"type right {self.type_right:.1%}")
        parts += [
            f"{count} {what}"
            for count, what in (
                (unread, "rows without a reading"),
                (len(self.extra), "readings without truth"),
                (self.unreadable, "cells unreadable"),
            )
            if count
        ]
        return "; ".join(parts)

    def __repr__(self) -> str:
        table = self.summary().to_string(float_format="{:.3f}".format)
        return f"Score: {self.headline()}\n{table}"

    def _repr_html_(self) -> str:
        table = self.summary().to_html(float_format="{:.3f}".format)
        return f"<div><p><b>Score</b>: {escape(self.headline())}</p>{table}</div>"


def score(
    frame: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    on: str | None = None,
    fields: Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    tone_style: Literal["unify"] | None = None,
    alternatives: Alternatives | None = None,
) -> Score:
    """Judge a flat frame by a truth.

    Values are compared in NFC with inner spaces collapsed and none at the ends, nothing else.
    None, NaN and "" mean absent; a truth of ``###`` is not scored.

    Parameters
    ----------
    frame
        A flat frame.
    truth
        A column per field as printed; `type`, `side` and `page`, where it has them, tell several
        papers of one input apart.  Another flat frame, reviewed, will do.  A cell may be a list,
        tuple, set or array of accepted texts, and a column ``<field>_alt`` (``<field>_alt2`` …)
        may hold a further one; the accepted text nearest to the value counts and is shown.
    on
        Column of both that says which rows belong together; None for the index.
    fields
        Fields to compare; None for every field the truth has a column for.
    by
        What `Score.summary` groups by unless asked otherwise; None for the field.
    tone_style
        ``"unify"`` places all tones in the old style before comparing, so that hoà is hòa.  None
        compares as written; the column `verdict` says where only the placement differs.
    alternatives
        Further columns of the truth with accepted texts, by field, whatever their name.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, a column is missing, or one holds numbers instead of text.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> paper = Document("tcc_chip", "front", {"name": FieldValue("TRẦN AN")})
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> judged = score(frame, pd.DataFrame({"name": ["TRẦN ÂN"], "sex": ["Nữ"]}))
    >>> judged.cells[["field", "truth", "value", "edits", "outcome", "mistakes"]]
      field    truth    value  edits  outcome mistakes
    0  name  TRẦN ÂN  TRẦN AN      1    wrong    shape
    0   sex       Nữ               2  missing
    """
    given = frame
    frame = _readings(frame)
    truth = _as_truth(truth)
    chosen = _fields(given, truth, fields, on)
    further = further_columns(truth, chosen, alternatives)
    for table in (frame, truth):
        _refuse_numbers(table, [*chosen, *(c for own in further.values() for c in own)])
    matching = match(frame, truth, on=on, likeness=_likeness(frame, truth, chosen))
    make_key = tone_key if tone_style == "unify" else key
    cells, unreadable = compare_fields(frame, truth, matching, chosen, further, make_key)
    texts = {*chosen, *(c for own in further.values() for c in own)}
    rows = truth[[c for c in truth.columns if c not in texts]].copy()
    alone = matching.first < 0
    for column in ("ocr_type", "ocr_side", "ocr_error"):
        found = frame[column].reset_index(drop=True).reindex(matching.first)
        rows[column] = found.where(~alone).array
    failed = frame["ocr_error"].notna().to_numpy()
    rows["read"] = ~matching.take(failed, True, failed)
    extra = restore(given.take(matching.extra)) if len(matching.extra) else restore(given.iloc[:0])
    return Score(cells, rows, extra, unreadable, by=by or "field", tone_style=tone_style)


def _readings(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` as `restore` gives it, but for the places of fields, which nobody reads here."""
    places = [f"{field}_quad" for field in field_columns(frame.columns)]
    known = frame.drop(columns=places)
    if "ocr_corners" in known:
        known = known.assign(ocr_corners=None)
    return restore(known)


def _as_truth(truth: pd.DataFrame) -> pd.DataFrame:
    """Give the truth the spec's names: v2 spellings, a reviewed flat frame's type and side."""
    names = {str(c) for c in truth.columns}
    rename = {
        alias: field for alias, field in _aliases().items() if alias in names and field not in names
    }
    if "type" not in names and "ocr_type" in names:
        rename |= {"ocr_type": "type", "ocr_side": "side", "ocr_page": "page"}
    keep = [c for c in truth.columns if c in rename or not str(c).startswith("ocr_")]
    truth = truth[keep].rename(columns=rename)
    if "type" in truth:
        names_of = {t.alias: t.name for t in TYPES.values() if t.alias}
        truth["type"] = [names_of.get(t, t) for t in truth["type"]]
    return truth


def _likeness(
    frame: pd.DataFrame, truth: pd.DataFrame, fields: Sequence[str]
) -> Callable[[int, int], float]:
    both = [f for f in fields if f in frame]
    wanted, read = (t[both].fillna("").astype(str).to_numpy() for t in (truth, frame))
    pages = truth["page"].astype(str).tolist() if "page" in truth else [""] * len(truth)
    read_pages = frame["ocr_page"].astype(str).tolist()

    def likeness(row: int, at: int) -> float:
        pairs = zip(wanted[row], read[at], strict=True)
        alike = sum(Levenshtein.normalized_similarity(t, v) for t, v in pairs if t and v)
        return alike + (len(both) if pages[row] == read_pages[at] else 0)

    return likeness


def _aliases() -> dict[str, str]:
    """Map each other spelling that means one field in every type to that field."""
    meanings: dict[str, set[str]] = {}
    for kind in TYPES.values():
        for field in kind.fields:
            for name in (field.name, *field.aliases):
                meanings.setdefault(name, set()).add(field.name)
    return {a: next(iter(f)) for a, f in meanings.items() if len(f) == 1 and a not in f}


def _fields(
    frame: pd.DataFrame, truth: pd.DataFrame, fields: Sequence[str] | None, on: str | None
) -> list[str]:
    if fields is not None:
        for field in fields:
            if field not in truth:
                raise ArgumentError(f"the truth has no column {field!r}")
        return list(fields)
    known = list(dict.fromkeys([*field_order(), *field_columns(frame.columns)]))
    chosen = [f for f in known if f in truth and f != on]
    if not chosen:
        raise ArgumentError("the truth has no column named like a field, such as 'id' or 'name'")
    return chosen


def _refuse_numbers(table: pd.DataFrame, fields: Sequence[str]) -> None:
    """Text that a reader made numbers of has lost its leading zeros; no score of it is true."""
    for field in fields:
        if field in table.columns and pd.api.types.is_numeric_dtype(table[field]):
            if table[field].isna().all():
                continue
            raise ArgumentError(
                f"column {field!r} holds numbers, so leading zeros are gone: read the file with "
                "cvocr_lab.read_frame or read_labels, or pd.read_csv(…, dtype=str)"
            )
