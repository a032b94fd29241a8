"""`score` and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from os import PathLike
from typing import Final, Literal

import numpy as np
import pandas as pd
from pandas.api.types import is_hashable

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames import (
    TEXT,
    Alternatives,
    Records,
    Table,
    Truth,
    as_table,
    listed,
    pair,
    spelled,
    spellings,
)
from cvocr_lab.kinds import captioned
from cvocr_lab.scoring import drift
from cvocr_lab.scoring.alignment import alignment
from cvocr_lab.scoring.cells import compare_fields
from cvocr_lab.scoring.confusion import count_classes, count_pairs
from cvocr_lab.scoring.intervals import share
from cvocr_lab.scoring.misuse import check_fields, notice
from cvocr_lab.scoring.rates import rates
from cvocr_lab.scoring.score_views import ScoreViews
from cvocr_lab.scoring.texts import key, tone_key
from cvocr_lab.scoring.words import answer, overview
from cvocr_lab.text import nfc

By = str | Sequence[str]

SHOWN: Final = (
    "n", "correct", "wrong", "invented", "missing", "absent", "exact", "exact_low", "exact_high",
    "exact_case", "exact_diacritics", "exact_loose", "same_value", "cer", "cer_low", "cer_high",
    "wer",
)  # fmt: skip
"""Columns of `Score.summary` that a page has room for."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Score(ScoreViews):
    """A flat frame judged by a truth.

    Parameters
    ----------
    cells
        One row per compared field, labelled like the truth:

        `row` (position in the truth), `field`, `truth`, `value`;
        `edits` (Levenshtein distance of the comparison keys), `chars` (length of the truth's key);
        `outcome`: ``correct wrong invented missing absent``;
        `tier`: the strictest way in which both are equal, ``exact case diacritics loose none``;
        `verdict`: what the rule of the field's type says, ``same``, ``style``, ``same value``,
        ``other era``, ``different`` (it changes no outcome; `cvocr_lab.scoring.comparators`);
        `mistakes`: classes of the mistakes of wrong values joined by ``;``, those of the value as
        a whole first, then one per edit from left to right (`cvocr_lab.scoring.mistakes`,
        `cvocr_lab.scoring.diagnosis`); "" for other outcomes;
        `confidence` as the reader gave it, NaN when unknown;
        `words`, `word_edits`: the same as `chars` and `edits`, in words; `anls`;
        `reading`: position in the flat frame of the row that the value is from, -1 for none.
    rows
        One row per row of the truth: its columns that are no fields, then `ocr_type`,
        `ocr_side` and `ocr_error` of the reading, and `read`, whether there was one.
    extra
        Readings that no row of the truth claims; they are not in `cells`.
    unreadable
        Cells left out because the truth says ``###``.
    alignment
        What was noticed when rows were matched, one row for each: `what`, and the positions `row`
        (in the truth) and `reading` (in the flat frame), -1 for none.
    readings
        The table that was scored, under our names for fields.
    on
        Column that rows and readings were paired by; None for the index.
    by
        What `summary` groups by unless asked.
    tone_style
        As it was asked for.
    """

    cells: pd.DataFrame
    rows: pd.DataFrame
    extra: pd.DataFrame
    unreadable: int
    alignment: pd.DataFrame
    readings: pd.DataFrame
    on: str | None = None
    by: By = "field"
    tone_style: Literal["unify"] | None = None

    def summary(self, by: By | None = None) -> pd.DataFrame:
        """Count outcomes and work out rates, each with its 95 % interval.

        Parameters
        ----------
        by
            Columns to group by, e.g. ``["type", "field"]``: of `rows`, of `cells`, or of the table
            that was scored, the first of these that has it; ``()`` for one row over all; None for
            what `score` was told.

        Returns
        -------
        pandas.DataFrame
            `n` and the five outcomes as counts; `other_era`, values that are a place by its name
            of another era; `cards`, rows of the truth with a cell in the group; then for each of
            `cvocr_lab.scoring.RATES` the rate, ``<name>_low`` and ``<name>_high``.  Definitions
            stand in `cvocr_lab.scoring.rates`: `exact` = correct / (correct + wrong + missing);
            `cer` = edits / chars pooled over the cells whose truth is present.  NaN where there
            is nothing to divide by.

        Raises
        ------
        ArgumentError
            No such column, or its cells cannot be grouped, as lists cannot.
        """
        keys = self._keys(self.by if by is None else by)
        if len(keys.columns):
            groups = keys.groupby(list(keys), observed=True)
            group, index = groups.ngroup().fillna(-1).to_numpy(np.int64), groups.size().index
        else:
            group, index = np.zeros(len(keys), np.int64), pd.Index(["all"])
        keep = group >= 0  # no group for cells whose row says nothing in that column
        found = rates(self.cells[keep], group[keep].astype(np.int64), len(index), len(self.rows))
        table = pd.DataFrame(found, index=index)
        counts = ["n", "correct", "wrong", "invented", "missing", "absent", "other_era", "cards"]
        return table.astype(dict.fromkeys(counts, "int64"))

    def table(self, by: By | None = None) -> pd.DataFrame:
        """Give the columns of `summary` that a page has room for."""
        return self.summary(by)[list(SHOWN)]

    def mistakes(self, by: By = ()) -> pd.DataFrame:
        """Count the classes of mistakes in wrong values.

        Parameters
        ----------
        by
            Columns to count by, as for `summary`; the class comes last.

        Returns
        -------
        pandas.DataFrame
            `count` of mistakes, `cells` that have one of the class, and `share` of the wrong cells
            that do, with its interval.
        """
        return count_classes(self.cells, self._keys(by, "class"))

    def confusions(self, by: By = ()) -> pd.DataFrame:
        """Count which characters were read for which, most frequent first.

        Parameters
        ----------
        by
            Columns to count by, as for `summary`; they come first.

        Returns
        -------
        pandas.DataFrame
            `truth_char`, `value_char` ("" where one has none), `class`, `count`.  What a mistake of
            the whole value explains (a dropped line, say) is left out.
        """
        keys = self._keys(by, "truth_char", "value_char", "class", "count")
        return count_pairs(self.cells, keys, tone_key if self.tone_style == "unify" else key)

    def _keys(self, by: By, *taken: str) -> pd.DataFrame:
        """Give each cell's values of the columns to group by, under a fresh index.

        Names that are `taken` would stand twice in the result.
        """
        cells = self.cells
        found: dict[str, object] = {}
        for name in listed(by):
            if name in taken:
                raise ArgumentError(
                    f"the result has a column {name!r} of its own: rename that of the truth, "
                    f"truth.rename(columns={{{name!r}: …}})"
                )
            at = cells["row"].to_numpy()
            if name in self.rows:
                said = self.rows[name]
            elif name in self.rows.index.names:
                said = self.rows.index.get_level_values(name).to_series()
            elif name in cells:
                said, at = cells[name], np.arange(len(cells))
            elif name in self.readings:
                said, at = self.readings[name], cells["reading"].to_numpy()
            else:
                known = [*cells.columns, *self.rows.columns, *self.readings.columns]
                raise unknown("column to group by", name, known)
            if said.dtype == object and not all(map(is_hashable, said)):
                raise ArgumentError(
                    f"column {name!r} holds lists or the like, which cannot be grouped: give it "
                    f"as texts, table.assign({name}=table[{name!r}].map(str))"
                )
            found[name] = said.array.take(at, allow_fill=True)
        return pd.DataFrame(found, index=range(len(cells)))

    @property
    def card_exact(self) -> float:
        """Share of rows of the truth whose every scored field is right: correct or absent."""
        hits, cards = self._whole_cards()
        return hits / cards if cards else float("nan")

    @property
    def card_exact_interval(self) -> tuple[float, float]:
        """The 95 % interval of `card_exact`; NaN where there is no card."""
        low, high = share(*self._whole_cards())
        return float(low), float(high)

    def _whole_cards(self) -> tuple[int, int]:
        right = self.cells["outcome"].isin(["correct", "absent"])
        whole = right.groupby(self.cells["row"].to_numpy()).all()
        return int(whole.sum()), len(whole)

    @property
    def type_right(self) -> float:
        """Share of rows of the truth with a `type` whose reading has that type; NaN without."""
        if "type" not in self.rows:
            return float("nan")
        rows = self.rows[self.rows["type"].fillna("") != ""]
        return float((rows["type"] == rows["ocr_type"].fillna("")).mean())

    def headline(self) -> str:
        """Say how good the reader is, which fields are worst, and what was noticed."""
        said = [answer(self.summary(()).iloc[0], self.summary("field"), self.mistakes())]
        noticed = [
            f"{what}: {count:,}"
            for what, count in self.alignment["what"].value_counts(sort=False).items()
        ]
        if "type" in self.rows and self.type_right < 1:
            noticed.insert(0, f"type right {self.type_right:.1%}")
        noticed += self._written_otherwise()
        if self.unreadable:
            noticed.append(f"cells unreadable: {self.unreadable:,}")
        if noticed:
            said.append(f"Noticed: {'; '.join(noticed)}.")
        return " ".join(said)

    def _written_otherwise(self) -> list[str]:
        """Name the fields most of whose values are wrong by the way they are written alone."""
        cells = self.cells
        alike = cells["verdict"].isin(["style", "same value"]) | (cells["tier"] == "case")
        alike &= cells["outcome"] == "wrong"
        counts = alike.groupby(cells["field"], observed=True).agg(["sum", "mean"])
        return [
            f"{captioned(str(field))} differs in style or case alone: {count:,}"
            for field, count in counts.loc[counts["mean"] > 1 / 2, "sum"].items()
        ]

    def _overview(self) -> tuple[pd.DataFrame, str]:
        by = [self.by] if isinstance(self.by, str) else list(self.by)
        return overview(self.summary(by), self.mistakes(by), fold=by == ["field"])

    def __repr__(self) -> str:
        shown, fine = self._overview()
        parts = ["Score: " + self.headline()]
        parts += [shown.to_string()] if len(shown) else []
        return "\n".join([*parts, *filter(None, [fine])])

    def _repr_html_(self) -> str:
        # No colours: the notebook's own fit its light and its dark scheme.
        shown, fine = self._overview()
        parts = [f"<p><b>Score</b>: {escape(self.headline())}</p>"]
        if len(shown):
            table = shown.to_html(border=0)
            parts.append(f'<div style="overflow-x:auto">{table}</div>')
        parts += [f"<p>{escape(fine)}</p>"] if fine else []
        return f"<div>{''.join(parts)}</div>"


def score(
    frame: Table,
    truth: Table,
    *,
    on: str | None = None,
    fields: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    tone_style: Literal["unify"] | None = None,
    alternatives: Alternatives | None = None,
    baseline: str | PathLike[str] | None = None,
) -> Score:
    """Judge what a reader read by a truth.

    Values are compared in NFC with inner spaces collapsed and none at the ends, nothing else.
    None, NaN and "" mean absent; a truth of ``###`` is not scored.

    Parameters
    ----------
    frame
        A flat frame, or any table of any reader with a column for each field: ``id``, ``name`` …,
        and ``<field>_confidence``, `type`, `side` and `page` where it has them.  A Series, a dict
        or a list of dicts will do too, as `cvocr_lab.frames.as_table` has it.
    truth
        A column per field as printed; `type`, `side` and `page`, where it has them, tell several
        papers of one input apart.  Another flat frame, reviewed, will do.  A cell may be a list,
        tuple, set or array of accepted texts, and a column ``<field>_alt`` (``<field>_alt2`` …)
        may hold a further one; the accepted text nearest to the value counts and is shown.
    on
        Column, or level of the index, of both that says which rows belong together; None for the
        index.  Paths compare equal to texts, and so do the Unicode forms of one text.
    fields
        The field, or fields, to compare, whatever their names; None for every field of the
        document types that the truth has a column for.
    by
        What `Score.summary` groups by unless asked otherwise; None for the field.
    tone_style
        ``"unify"`` places all tones in the old style before comparing, so that hoà is hòa.  None
        compares as written; the column `verdict` says where only the placement differs.
    alternatives
        Further columns of the truth with accepted texts, by field, whatever their name.
    baseline
        A file that `Score.freeze` made of an earlier score, to be no worse than.  Where the cards
        are the same they are compared one by one.

    Raises
    ------
    ArgumentError
        A column is missing, or one holds numbers instead of text; no row of the truth has a
        reading; or the baseline is no frozen score.
    DriftError
        A field is worse than in the baseline, in exact values or in CER, by more than chance
        explains: in at most 5 % of all calls for a reader that is as good.

    Warns
    -----
    PairingWarning
        Readings and truth hardly fit together; the message names the cure.
    DriftWarning
        The baseline is of other cards, too few to see a field lose 10 points in 95 of 100 cases.

    Examples
    --------
    >>> read = pd.DataFrame({"image": ["a.jpg"], "name": ["TRẦN AN"]})
    >>> truth = pd.DataFrame({"image": ["a.jpg"], "name": ["TRẦN ÂN"], "sex": ["Nữ"]})
    >>> judged = score(read, truth, on="image")
    >>> judged.cells[["field", "truth", "value", "edits", "mistakes", "outcome"]]
      field    truth    value  edits mistakes  outcome
    0  name  TRẦN ÂN  TRẦN AN      1    shape    wrong
    0   sex       Nữ               2           missing
    """
    if on is not None and not isinstance(on, str):
        raise ArgumentError(f"on={on!r}: give the name of one column")
    on = on and nfc(on)
    if fields is not None:
        fields = [spellings().get(field, field) for field in listed(fields)]
    table, wanted = spelled(_by_label(frame, "frame", on)), _by_label(truth, "truth", on)
    check_fields(table, spelled(wanted), fields)
    read = Records(table, fields=fields or ())
    labels = Truth(wanted, read, fields=fields, on=on, alternatives=alternatives)
    pairing = pair(read, labels, on=on)
    noticed = alignment(read, labels, pairing, on=on)
    notice(read, labels, pairing, noticed, on=on)
    make_key = tone_key if tone_style == "unify" else key
    cells, unreadable = compare_fields(read, labels, pairing, make_key)
    rows = labels.frame.drop(columns=labels.columns)
    alone = pairing.first < 0
    told = {"ocr_type": read.types, "ocr_side": read.sides, "ocr_error": read.errors}
    for column, texts in told.items():
        found = np.full(len(rows), None, object)
        found[~alone] = texts[pairing.first[~alone]]
        found[found == ""] = None
        rows[column] = pd.Series(found, index=rows.index, dtype=TEXT)
    rows["read"] = ~alone
    rows.loc[~alone, "read"] = ~read.failed[pairing.answering(read.failed)[~alone]]
    extra = read.frame.iloc[pairing.extra]
    if baseline is not None:
        drift.guard(drift.figures(cells, rows, on), baseline)
    by = "field" if by is None else by
    judged = Score(
        cells, rows, extra, unreadable, noticed, read.frame, on=on, by=by, tone_style=tone_style
    )
    judged._keys(by)  # a wrong name is told here, not when the score is shown
    return judged


def _by_label(data: Table, what: str, on: str | None) -> pd.DataFrame:
    """Give a table; where it is a dict of papers by label, `on` names these labels."""
    table = as_table(data, what)
    if isinstance(data, Mapping) and on not in table and table.index.names == [None]:
        return table.rename_axis(on)
    return table
