"""`score_page`: the report of a score as one HTML file."""

from __future__ import annotations

import base64
from collections.abc import Hashable, Iterator, Mapping
from functools import partial
from html import escape
from itertools import groupby, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Records
from cvocr_lab.images.crops import ValueCrops
from cvocr_lab.kinds import captioned
from cvocr_lab.scoring import plots, words
from cvocr_lab.scoring.calibration import calibrate
from cvocr_lab.scoring.mistakes import VALUE_CLASSES, confused_letters
from cvocr_lab.scoring.page import Section, aligned, entry, figure, page, table, tiles
from cvocr_lab.scoring.rates import RATES
from cvocr_lab.scoring.texts import key_for
from cvocr_lab.scoring.thresholds import plan_review

if TYPE_CHECKING:
    from cvocr_lab.scoring.score_result import Score

SHOWN: Final = 200
"""Default number of wrong values in a report."""


def score_page(
    score: Score, *, title: str, limit: int, crops: pd.DataFrame | None, values: bool
) -> str:
    """Return the report: headline, worst fields, plots, mistakes, tables, wrong values."""
    cells, classes, pairs = score.cells, score.mistakes("field"), score.confusions()
    whole, fields = score.summary(()).iloc[0], score.summary("field")
    more = [by for by in ("type", "tier") if by in score.rows and score.rows[by].nunique() > 1]
    worst = words.overview(fields.loc[words.worst_of(fields)], classes)
    others = words.without_mistake(fields)
    sections = [
        Section(
            "Worst fields",
            (table(worst, words=("mistakes",), lively=False) if len(worst) else "",
             f"<p>{escape(others)}</p>" if others else ""),
            "The fields with the lowest share of exact values, and their most frequent mistakes."
            if len(worst) else "No field has a mistake.",
        ),
        Section("Outcomes", (_plots(cells),), "The outcomes of the values of each field."),
        Section(
            "Mistakes", (_classes(classes), _pairs(pairs)),
            "In the wrong values: the classes of mistakes, and the letters that were confused.",
        ),
        *(
            Section(f"Figures per {by}", tuple(_summary(score.summary(by))))
            for by in ("field", *more)
        ),
        Section("Confidence", tuple(_confidence(cells))),
    ]  # fmt: skip
    if values:
        sections.append(_gallery(score, limit, crops))
    lead = tiles(_leading(whole)) + f"<p>{escape(score.headline())}</p>"
    return page(title, lead, sections)


def _leading(whole: pd.Series) -> Iterator[tuple[str, str, str]]:
    """Return the figures at the top of the page."""
    for rate, what, digits in (
        ("card_exact", "cards without a mistake", 1),
        ("exact", "printed values exact", 1),
        ("cer", "of the letters wrong (CER)", 2),
    ):
        value, _, interval = words.between(whole, rate, digits).partition("; ")
        yield value, what, interval
    empty = int(whole["invented"] + whole["absent"])
    yield f"{whole['invented']:,.0f}", "values invented", f"of {empty:,} that are not printed"


_COUNTS: Final = ("cards", "n", "correct", "wrong", "invented", "missing", "absent", "other_era")


def _summary(summary: pd.DataFrame) -> Iterator[str]:
    """Return a table of counts and strict rates, and one of the other rates."""
    # `recall` equals `exact`; for a single field, `card_exact` equals `right`.
    hidden = {"recall"} | ({"cards", "card_exact"} if summary.index.name == "field" else set())
    if summary["other_era"].eq(0).all():
        hidden.add("other_era")
    every = [c for c in (*_COUNTS, *RATES) if c not in hidden]
    first = [c for c in every if c in (*_COUNTS, *_STRICT)]
    for columns in (first, [c for c in every if c not in first]):
        shown = {_heading(c): _figures(summary, c) for c in columns}
        yield table(pd.DataFrame(shown, index=words.labelled(summary.index)))


_STRICT: Final = (
    "exact", "exact_case", "exact_diacritics", "exact_loose", "same_value", "right", "card_exact",
)  # fmt: skip


def _heading(column: str) -> str:
    parts = column.split("_")
    return " ".join(p.upper() if p in ("cer", "wer", "anls", "f1") else p for p in parts)


def _figures(summary: pd.DataFrame, column: str) -> list[str]:
    if column in _COUNTS:
        return [f"{count:,.0f}" for count in summary[column]]
    return words.bounded_column(summary, column, 2 if "cer" in column or "wer" in column else 1)


def _plots(cells: pd.DataFrame) -> str:
    fields = cells["field"].nunique()
    outcomes = figure(
        partial(plots.outcomes, cells),
        size=(6.7, 1.3 + 0.27 * max(fields, 1)), says="Outcomes per field, the worst first.",
    )  # fmt: skip
    rates = figure(
        partial(plots.cer_distribution, cells),
        size=(4.4, 3.3), says="Values, and whole cards, with no more than a given CER.",
    )  # fmt: skip
    return f'<div class="plots">{outcomes}{rates}</div>'


def _classes(classes: pd.DataFrame) -> str:
    if classes.empty:
        return "<p>No value is wrong.</p>"
    fields = classes.index.get_level_values("field").astype(str).map(captioned)
    kinds = classes.index.get_level_values("class").astype(str)
    shown = classes["count"].groupby([kinds, fields]).sum().unstack(fill_value=0)
    shown.insert(0, "all", shown.sum(axis=1))
    shown = shown.sort_values("all", ascending=False, kind="stable")
    shown = shown.map(lambda n: f"{n:,}" if n else "·").rename_axis("class of mistake")
    return table(shown)


def _pairs(pairs: pd.DataFrame) -> str:
    if pairs.empty:
        return ""
    shown = pd.DataFrame(
        {
            "times": [f"{n:,}" for n in pairs["count"]],
            "share": [words.percent(n) for n in pairs["count"] / pairs["count"].sum()],
            "class": pairs["class"],
            "printed → read": list(map(_arrow, pairs["truth_char"], pairs["value_char"])),
        }
    ).set_index("printed → read")
    rest = len(shown) - 15
    top = pairs.head(plots.TOP)
    across, down = top["value_char"].nunique(), top["truth_char"].nunique()
    drawn = figure(
        lambda ax: plots.confusions(pairs, ax),
        size=(1.6 + 0.34 * max(across, 8), 1.4 + 0.3 * down),
        says="Letters confused most often: printed down, read across.",
    )  # fmt: skip
    listed = f"<div>{table(shown.head(15))}{left_out(rest, 'kinds of confusion')}</div>"
    return f'<h3>Letters</h3><div class="plots">{listed}{drawn}</div>'


def _confidence(cells: pd.DataFrame) -> Iterator[str]:
    try:
        judged, plan = calibrate(cells), plan_review(cells)
    except ArgumentError:
        yield "<p>No value has a confidence.</p>"
        return
    yield f"<p>{escape(judged.headline())}</p>"
    names = {"auroc": "AUROC", "brier": "Brier score", "ece": "ECE", "bias": "mean − share right"}
    figures = judged.figures.rename(index=names)
    values = [f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, low, high in figures.to_numpy()]
    yield table(pd.DataFrame({"value": values}, index=figures.index), lively=False)
    bands = judged.reliability
    drawn = figure(
        lambda ax: plots.reliability(bands, ax),
        size=(4.6, 4.4), says="Share right against confidence.",
    )  # fmt: skip
    shares = bands[["right", "low", "high"]].to_numpy().tolist()
    shown = pd.DataFrame(
        {
            "confidence": [f"{a:.3f} – {b:.3f}" for a, b in bands[["least", "most"]].to_numpy()],
            "n": [f"{n:,}" for n in bands["n"]],
            "mean": [f"{c:.3f}" for c in bands["confidence"]],
            "share right": [words.bounded(*share) for share in shares],
        }
    )
    yield f'<div class="plots">{drawn}{table(shown.set_index("confidence"))}</div>'
    yield "<h3>Which values need no review</h3>"
    yield "".join(f"<p>{escape(str(plan.answer(share)))}</p>" for share in (0.01, 0.001))
    yield figure(
        lambda ax: plots.threshold_curve(plan.curve, ax),
        size=(7.2, 3.2), says="Wrong values that are accepted, by the share that is reviewed.",
    )  # fmt: skip


def _gallery(score: Score, limit: int, crops: pd.DataFrame | None) -> Section:
    """Return the cells that are not right, those with the most frequent confusion first."""
    groups = _grouped(score)
    shown = groups.head(limit)
    chosen = score.cells.iloc[shown["place"].to_numpy()]
    pictures = repeat(None) if crops is None else _crops(chosen, crops)
    entries = map(_entry, chosen.index, chosen.to_dict("records"), pictures)
    parts = []
    for group, of_group in groupby(zip(shown["group"], entries, strict=True), itemgetter(0)):
        size = int((groups["group"] == group).sum())
        parts.append(f"<h3>{escape(group)}: {size:,} {'value' if size == 1 else 'values'}</h3>")
        parts += [entry for _, entry in of_group]
    parts.append(left_out(len(groups) - limit))
    note = (
        "Each value is listed once, with its most frequent confusion. "
        "A dot stands for a letter that one side lacks; ␣ is a blank."
    )
    return Section(f"Values that are not right: {len(groups):,}", tuple(parts), note)


def _grouped(score: Score) -> pd.DataFrame:
    """Return position and group of every cell that is not right, the largest group first."""
    cells = score.cells
    found = confused_letters(cells, key_for(score.tone_style))
    found["group"] = list(map(_arrow, found["truth_char"], found["value_char"]))
    found["count"] = found["group"].map(found["group"].value_counts())
    # Value-level mistakes suppress letter-level ones.
    wrong = np.flatnonzero(cells["outcome"] == "wrong")
    first = [text.partition(";")[0] for text in cells["mistakes"].take(wrong).tolist()]
    kinds = pd.DataFrame({"place": wrong, "group": first})
    kinds = kinds[kinds["group"].isin(VALUE_CLASSES)]
    kinds["count"] = kinds["group"].map(kinds["group"].value_counts())
    found = found[~found["place"].isin(kinds["place"])]
    found = pd.concat([found, kinds]).sort_values(
        ["count", "group", "place"], ascending=[False, True, True]
    )
    parts = [found.drop_duplicates("place")[["place", "group"]]]
    for outcome, name in (("invented", "invented"), ("missing", "not read")):
        places = np.flatnonzero(cells["outcome"] == outcome)
        parts.append(pd.DataFrame({"place": places, "group": name}))
    return pd.concat(parts, ignore_index=True).astype({"place": "int64"})


def _entry(label: object, cell: Mapping[Hashable, object], picture: str | None) -> str:
    said = [", ".join(dict.fromkeys(str(cell["mistakes"]).split(";")))]
    sure = cell["confidence"]
    if isinstance(sure, float) and sure == sure:
        said.append(f"confidence {sure:.2f}")
    text = aligned(str(cell["truth"]), str(cell["value"]))
    text += f'<img alt="the place on the picture" src="{picture}">' if picture else ""
    return entry(label, str(cell["field"]), text, about="; ".join(filter(None, said)))


def _crops(cells: pd.DataFrame, frame: pd.DataFrame) -> Iterator[str | None]:
    """Yield the crop of each cell's value as a ``data:`` URI; None if its place is unknown."""
    records = Records(frame)
    # A line of print is readable at a sixth of the height.
    cutter = ValueCrops(margin=0.25, width=1600, height=192)
    for at, field in zip(cells["reading"].tolist(), cells["field"].astype(str), strict=True):
        quad = records.cell(at, field).quad if at >= 0 else None
        crop = quad and cutter.crop(records.source(at), int(records.pages[at]), quad)
        yield f"data:image/jpeg;base64,{base64.b64encode(crop).decode()}" if crop else None


def left_out(rest: int, what: str = "values") -> str:
    """Return a note with the number of entries that are not shown."""
    return f'<p class="note">{rest:,} more {what} are not shown.</p>' if rest > 0 else ""


def _arrow(truth: str, value: str) -> str:
    return f"{plots.visible(truth)} → {plots.visible(value)}"
