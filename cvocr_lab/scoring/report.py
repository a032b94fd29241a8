"""A score, or a comparison, as one HTML file."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from html import escape
from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import TEXT
from cvocr_lab.scoring import plots
from cvocr_lab.scoring.calibration import Calibration, calibrate
from cvocr_lab.scoring.crops import crops as cut
from cvocr_lab.scoring.diagnosis import VALUE_CLASSES
from cvocr_lab.scoring.differences import aligned, letters
from cvocr_lab.scoring.page import figure, page, section, table
from cvocr_lab.scoring.thresholds import Plan, plan_review

SHOWN: Final = 200
"""Wrong values a report shows unless asked otherwise."""

_DEFINITIONS: Final = {
    "before comparing": "Unicode NFC, runs of blanks as one, none at the ends; nothing else. Case, "
    "accents and punctuation count. None, NaN and the empty text are absent. A truth of ### (on "
    "the card, unreadable) is left out. Where several truths are accepted, the nearest counts.",
    "correct, wrong, invented, missing, absent": "both there and equal; both there and unlike; "
    "only a value; only a truth; neither.",
    "exact": "correct / (correct + wrong + missing): share of printed values read exactly. It is "
    "the recall too: a wrong value is not found.",
    "exact case, diacritics, loose": "the same where capitals are alike; where tone and shape "
    "marks and đ fall off; where case, marks, punctuation and blanks do.",
    "same value": "the same where values are compared by their type: dates in any printed form, "
    "plates and numbers without their marks, places by their parts.",
    "other era": "values that name the place as before, or as after, the mergers of July 2025.",
    "right": "(correct + absent) / n; many absent values make it look good.",
    "coverage": "(correct + wrong) / (correct + wrong + missing).",
    "precision, F1": "correct / (correct + wrong + invented); its harmonic mean with exact.",
    "card exact": "share of cards whose every compared field is correct or rightly absent.",
    "CER": "edits / letters, both summed over the values whose truth is present: pooled, not a "
    "mean of rates. Edits: fewest insertions, deletions and replacements (Levenshtein). A missing "
    "value costs its length; an invented one does not enter. CER macro: mean over values of edits "
    "/ letters; short values weigh as much as long ones.",
    "WER, WER macro": "the same in words between blanks.",
    "ANLS": "mean over all cells of 1 − edits / longer length, 0 where that is below one half; "
    "capitals are alike; absent and left empty counts 1.",
    "[ … ]": "95 % interval: Wilson's for shares; for F1, CER, WER and ANLS bootstrap over cards.",
    "AUROC": "chance that a right value has more confidence than one that is not (ties half).",
    "Brier score": "mean of (confidence − 1 if right, 0 if not)².",
    "ECE": "mean distance of mean confidence and share right over bands of about equal count; "
    "“by luck alone”: what it would be here if all confidences were exactly true.",
}


def score_page(
    cells: pd.DataFrame,
    summaries: Mapping[str, pd.DataFrame],
    pairs: pd.DataFrame,
    *,
    title: str,
    headline: str,
    limit: int,
    crops: pd.DataFrame | None,
) -> str:
    """Lay out a score: tables, plots, wrong values, definitions.

    Parameters
    ----------
    summaries
        Tables of `Score.summary` by what they group by.
    pairs
        `Score.confusions`.
    """
    parts = [
        f"<p>{escape(headline)}</p>",
        *(section(f"Per {by}", *_summary(summary)) for by, summary in summaries.items()),
        section("At a glance", _plots(cells, pairs)),
        section(
            "Mistakes", _classes(cells), _pairs(pairs),
            note="Of the values that are wrong: which kind of letter was taken for which.",
        ),
        *_confidence(cells),
        _gallery(cells, pairs, limit, crops),
        section("How the figures are defined", _definitions(_DEFINITIONS)),
    ]  # fmt: skip
    return page(title, parts)


def comparison_page(
    *,
    title: str,
    names: tuple[str, str],
    headline: str,
    fields: pd.DataFrame,
    shown: pd.DataFrame,
    notes: str,
    lists: Iterable[tuple[str, str, pd.DataFrame]],
    limit: int,
) -> str:
    """Lay out a comparison: who is ahead, and the values fixed and broken."""
    size = (8.0, 1.5 + 0.3 * len(fields))
    parts = [
        f"<p>{escape(headline)}</p>",
        section("Per field", table(shown, words=("verdict",)), note=notes),
        figure(
            lambda ax: plots.differences(fields, names, ax),
            size=size, says=f"Share exact: {names[1]} minus {names[0]}, with 95 % intervals.",
        ),
    ]  # fmt: skip
    for name, meaning, cells in lists:
        some = cells.head(limit)
        records = zip(some.index, some.to_dict("records"), strict=True)
        entries = [_pair_entry(label, cell, names) for label, cell in records]
        parts.append(
            section(
                f"{name}: {len(cells):,}", *entries, _left_out(len(cells) - limit), note=meaning
            )
        )
    return page(title, parts)


_FIRST: Final = ("cards", "n", "correct", "wrong", "invented", "missing", "absent", "other_era")


def _summary(summary: pd.DataFrame) -> Iterator[str]:
    """Counts and strictness in one table, what was found and how far off in a second."""
    per_field = summary.index.name == "field"
    # `exact` says the one and, of a single field, `right` the other.
    hidden = {"recall", "card_exact"} if per_field else {"recall"}
    rates = [
        c
        for c in summary.columns
        if c not in (*_FIRST, *hidden) and not str(c).endswith(("_low", "_high"))
    ]
    counts = [c for c in _FIRST if not (c == "other_era" and summary[c].eq(0).all())]
    first = [c for c in counts if not (c == "cards" and per_field)] + [
        c for c in rates if c in _STRICT
    ]
    second = [c for c in rates if c not in _STRICT]
    for columns in filter(None, (first, second)):
        shown = {_heading(str(c)): _figures(summary, str(c)) for c in columns}
        yield table(pd.DataFrame(shown, index=summary.index))


_STRICT: Final = (
    "exact", "exact_case", "exact_diacritics", "exact_loose", "same_value", "right", "card_exact",
)  # fmt: skip


def _heading(column: str) -> str:
    words = column.split("_")
    return " ".join(w.upper() if w in ("cer", "wer", "anls", "f1") else w for w in words)


def _figures(summary: pd.DataFrame, column: str) -> list[str]:
    if column in _FIRST:
        return [f"{count:,.0f}" for count in summary[column]]
    digits = 2 if "cer" in column or "wer" in column else 1
    values = [_percent(value, digits) for value in summary[column]]
    low, high = f"{column}_low", f"{column}_high"
    if low not in summary or high not in summary:
        return values
    edges = zip(values, summary[low], summary[high], strict=True)
    return [
        v if a != a else f"{v}\n[{a * 100:.{digits}f}, {b * 100:.{digits}f}]" for v, a, b in edges
    ]


def _percent(value: float, digits: int = 1) -> str:
    return "–" if value != value else f"{value * 100:.{digits}f} %"


def _plots(cells: pd.DataFrame, pairs: pd.DataFrame) -> str:
    fields = cells["field"].nunique()
    drawn = [
        figure(
            lambda ax: plots.outcomes(cells, ax),
            size=(5.6, 1.3 + 0.27 * fields), says="Outcomes per field.",
        ),
        figure(
            lambda ax: plots.cer_distribution(cells, ax),
            size=(5.6, 3.2), says="Values, and whole cards, with no more than a given CER.",
        ),
    ]  # fmt: skip
    if len(pairs):
        top = pairs.head(plots.TOP)
        size = (
            1.6 + 0.34 * max(top["value_char"].nunique(), 8),
            1.4 + 0.3 * top["truth_char"].nunique(),
        )
        says = "Letters confused most often: printed down, read across."
        drawn.append(figure(lambda ax: plots.confusions(pairs, ax), size=size, says=says))
    return f'<div class="plots">{"".join(drawn)}</div>'


def _classes(cells: pd.DataFrame) -> str:
    wrong = cells[cells["outcome"] == "wrong"]
    if "mistakes" not in cells or wrong.empty:
        return "<p>No value is wrong.</p>"
    wrong = wrong[["field", "mistakes"]].astype(str)
    kinds = wrong.assign(mistake=wrong["mistakes"].str.split(";")).explode("mistake")
    kinds = kinds[kinds["mistake"] != ""]
    shown = pd.crosstab(kinds["mistake"].to_numpy(), kinds["field"].to_numpy())
    shown.insert(0, "all", shown.sum(axis=1))
    shown = shown.sort_values("all", ascending=False, kind="stable").map(
        lambda n: f"{n:,}" if n else "·"
    )
    shown.index.name = "class of mistake"
    return table(shown)


def _pairs(pairs: pd.DataFrame) -> str:
    if pairs.empty:
        return ""
    shown = pd.DataFrame(
        {
            "times": [f"{n:,}" for n in pairs["count"]],
            "share": [_percent(n) for n in pairs["count"] / pairs["count"].sum()],
            "class": pairs["class"],
        }
    )
    shown.index = pd.Index(
        [_arrow(t, v) for t, v in zip(pairs["truth_char"], pairs["value_char"], strict=True)],
        name="printed → read",
    )
    rest = len(shown) - 15
    return "<h3>Letters</h3>" + table(shown.head(15)) + _left_out(rest, "kinds of confusion")


def _confidence(cells: pd.DataFrame) -> Iterator[str]:
    try:
        judged, plan = calibrate(cells), plan_review(cells)
    except ArgumentError:
        yield section("Confidence", "<p>No value has a confidence.</p>")
        return
    yield section("Confidence", *_calibration(judged), *_plan(plan))


def _calibration(judged: Calibration) -> Iterator[str]:
    yield f"<p>{escape(judged.headline())}</p>"
    yield table(
        judged.figures.apply(
            lambda r: pd.Series({"value": f"{r['value']:.3f}\n[{r['low']:.3f}, {r['high']:.3f}]"}),
            axis=1,
        ).rename(index=_FIGURES)
    )
    bands = judged.reliability
    yield (
        '<div class="plots">'
        + figure(
            lambda ax: plots.reliability(bands, ax),
            size=(4.6, 4.4), says="Share right against confidence.",
        )
        + table(
            pd.DataFrame(
                {
                    "n": [f"{n:,}" for n in bands["n"]],
                    "mean": [f"{c:.3f}" for c in bands["confidence"]],
                    "share right": [
                        f"{_percent(r)}\n[{low * 100:.1f}, {high * 100:.1f}]"
                        for r, low, high in bands[["right", "low", "high"]].to_numpy()
                    ],
                },
                index=pd.Index(
                    [f"{a:.3f} – {b:.3f}" for a, b in bands[["least", "most"]].to_numpy()],
                    name="confidence",
                ),
            )
        )
        + "</div>"
    )  # fmt: skip


_FIGURES: Final = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "ece": "ECE",
    "bias": "mean − share right",
}


def _plan(plan: Plan) -> Iterator[str]:
    yield "<h3>What may pass unread</h3>"
    yield "".join(f"<p>{escape(str(plan.answer(share)))}</p>" for share in (0.01, 0.001))
    yield figure(
        lambda ax: plots.threshold_curve(plan.curve, ax),
        size=(7.2, 3.2), says="Values that pass wrongly, against the share that a person reads.",
    )  # fmt: skip


def _gallery(
    cells: pd.DataFrame,
    pairs: pd.DataFrame,
    limit: int,
    crops: pd.DataFrame | None,
) -> str:
    """The cells that are not right, those of the largest confusion first."""
    groups = _grouped(cells, pairs)
    shown = groups.head(limit)
    chosen = cells.iloc[shown["place"].to_numpy()]
    pictures: Iterable[str | None] = [None] * len(chosen)
    if crops is not None:
        pictures = cut(chosen, crops)
    parts, last = [], ""
    for (label, cell), group, picture in zip(
        zip(chosen.index, chosen.to_dict("records"), strict=True),
        shown["group"],
        pictures,
        strict=True,
    ):
        if group != last:
            size = int((groups["group"] == group).sum())
            parts.append(f"<h3>{escape(group)}: {size:,} {'value' if size == 1 else 'values'}</h3>")
            last = group
        parts.append(_entry(label, cell, picture))
    parts.append(_left_out(len(groups) - limit))
    note = (
        "Each value stands under the confusion that is most common in all, once. "
        "A dot fills in where one side has no letter; ␣ is a blank."
    )
    return section(f"Values that are not right: {len(groups):,}", *parts, note=note)


def _grouped(cells: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Position and group of every cell that is not right, those of the largest group first."""
    both = ["truth_char", "value_char"]
    times = pairs.groupby(both, as_index=False)[["count"]].sum()
    times = times.astype({"truth_char": TEXT, "value_char": TEXT})
    found = letters(cells).merge(times, on=both, how="left")
    found["group"] = [_arrow(t, v) for t, v in found[both].to_numpy()]
    # What happened to the value as a whole explains its letters.
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
    kinds = ", ".join(dict.fromkeys(str(cell.get("mistakes", "")).split(";")))
    sure = cell.get("confidence")
    said = [kinds] if kinds else []
    if isinstance(sure, float) and sure == sure:
        said.append(f"confidence {sure:.2f}")
    return (
        f'<div class="miss"><div class="about"><b>{escape(str(label))}</b> · '
        f"{escape(str(cell['field']))}<br><small>{escape('; '.join(said))}</small></div>"
        f'<div class="text">{aligned(str(cell["truth"]), str(cell["value"]))}'
        + (f'<img alt="the place on the picture" src="{picture}">' if picture else "")
        + "</div></div>\n"
    )


def _pair_entry(label: object, cell: Mapping[Hashable, object], names: tuple[str, str]) -> str:
    lines = "".join(
        f'<p class="note">{escape(name)}: {escape(str(cell[f"outcome_{side}"]))}</p>'
        + aligned(str(cell["truth"]), str(cell[f"value_{side}"]))
        for name, side in zip(names, "ab", strict=True)
        if cell[f"outcome_{side}"] != "correct"
    )
    return (
        f'<div class="miss"><div class="about"><b>{escape(str(label))}</b> · '
        f'{escape(str(cell["field"]))}</div><div class="text">{lines}</div></div>\n'
    )


def _definitions(terms: dict[str, str]) -> str:
    lines = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in terms.items())
    return f"<dl>{lines}</dl>"


def _left_out(rest: int, what: str = "values") -> str:
    return f'<p class="note">{rest:,} more {what} are not shown.</p>' if rest > 0 else ""


def _arrow(truth: str, value: str) -> str:
    shown = {"": plots.NOTHING, " ": "␣"}
    return f"{shown.get(truth, truth)} → {shown.get(value, value)}"
