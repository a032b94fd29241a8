"""A score, or a comparison, as one HTML file."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Final

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.scoring import plots
from cvocr_lab.scoring.calibration import Calibration, calibrate
from cvocr_lab.scoring.crops import crops as cut
from cvocr_lab.scoring.differences import aligned, letter_pairs, letters
from cvocr_lab.scoring.page import figure, page, section, table
from cvocr_lab.scoring.thresholds import Plan, plan_review

SHOWN: Final = 200
"""Wrong values a report shows unless asked otherwise."""

_DEFINITIONS: Final = {
    "before comparing": "Unicode NFC, runs of blanks as one, none at the ends; nothing else. Case, "
    "accents and punctuation count.",
    "absent": "None, NaN and the empty text. A truth of ### (on the card, unreadable) is left out.",
    "correct": "truth and value are equal.",
    "wrong": "both are there and differ.",
    "invented": "a value where the truth is absent.",
    "missing": "no value where the truth is present.",
    "exact": "correct / (correct + wrong + missing): share of printed values read exactly. A wrong "
    "value and a missing one count alike.",
    "case": "as exact, but capital and small letters are alike.",
    "diacritics": "as exact, but tone and shape marks, and đ, fall off.",
    "loose": "as exact, but case, marks, punctuation and blanks fall off.",
    "CER": "edits / letters, both summed over the values whose truth is present: pooled, not a "
    "mean of rates. Edits: fewest insertions, deletions and replacements (Levenshtein). A missing "
    "value costs its length; an invented one does not enter.",
    "CER macro": "mean over values of edits / letters; short values weigh as much as long ones.",
    "WER": "as CER, in words between blanks.",
    "ANLS": "mean of 1 − edits / longer length, 0 below one half; capitals count as small.",
    "coverage": "share of printed values for which any value was given.",
    "precision": "correct / (correct + wrong + invented).",
    "recall": "correct / (correct + wrong + missing): a wrong value is not found.",
    "F1": "harmonic mean of precision and recall.",
    "card_exact": "share of cards whose every compared field is correct or rightly absent.",
    "[ … ]": "95 % interval: Wilson's for shares, bootstrap over cards for rates that are pooled.",
}


def score_page(
    cells: pd.DataFrame,
    rows: pd.DataFrame,
    summaries: Mapping[str, pd.DataFrame],
    *,
    title: str,
    headline: str,
    limit: int,
    crops: pd.DataFrame | None,
    base: str | Path | None,
) -> str:
    """Lay out a score: tables, plots, wrong values, definitions.

    Parameters
    ----------
    summaries
        Tables of `Score.summary` by what they group by.
    """
    confused = letters(cells)
    pairs = letter_pairs(confused)
    parts = [
        f"<p>{escape(headline)}</p>",
        *(section(f"Per {by}", *_summary(summary)) for by, summary in summaries.items()),
        section("At a glance", _plots(cells, pairs)),
        section(
            "Mistakes", _classes(cells), _pairs(pairs),
            note="Of the values that are wrong: which kind of letter was taken for which.",
        ),
        *_confidence(cells),
        _gallery(cells, rows, confused, limit, crops, base),
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


_FIRST: Final = ("n", "correct", "wrong", "invented", "missing", "absent")
_HIDDEN: Final = ("edits", "chars", "words", "word_edits")


def _summary(summary: pd.DataFrame) -> Iterator[str]:
    """Counts and strictness in one table, what was found and how far off in a second."""
    rates = [
        c
        for c in summary.columns
        if c not in (*_FIRST, *_HIDDEN) and not str(c).endswith(("_low", "_high", "_n"))
    ]
    first = [c for c in _FIRST if c in summary] + [c for c in rates if c in _STRICT]
    second = [c for c in rates if c not in _STRICT]
    for columns in filter(None, (first, second)):
        shown = {str(c).replace("_", " "): _figures(summary, str(c)) for c in columns}
        yield table(pd.DataFrame(shown, index=summary.index))


_STRICT: Final = (
    "exact",
    "case",
    "diacritics",
    "loose",
    "exact_case",
    "exact_no_diacritics",
    "exact_loose",
)


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
        size = (1.6 + 0.34 * max(top["value"].nunique(), 8), 1.4 + 0.3 * top["truth"].nunique())
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
            "class": pairs["mistake"],
        }
    )
    shown.index = pd.Index(
        [_arrow(t, v) for t, v in zip(pairs["truth"], pairs["value"], strict=True)],
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
    rows: pd.DataFrame,
    confused: pd.DataFrame,
    limit: int,
    crops: pd.DataFrame | None,
    base: str | Path | None,
) -> str:
    """The cells that are not right, those of the largest confusion first."""
    groups = _grouped(cells, confused)
    shown = groups.head(limit)
    chosen = cells.iloc[shown["place"].to_numpy()]
    pictures: Iterable[str | None] = [None] * len(chosen)
    if crops is not None:
        pictures = cut(chosen, rows, crops, base)
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


def _grouped(cells: pd.DataFrame, confused: pd.DataFrame) -> pd.DataFrame:
    """Position and group of every cell that is not right, in the order of the report."""
    counts = letter_pairs(confused)[["truth", "value", "count"]]
    found = confused.merge(counts, on=["truth", "value"])
    found = found.sort_values(
        ["count", "truth", "value", "place"], ascending=[False, True, True, True]
    )
    found = found.drop_duplicates("place")
    found["group"] = [
        f"{_arrow(t, v)}, {n:,} times" for t, v, n in found[["truth", "value", "count"]].to_numpy()
    ]
    parts = [found[["place", "group"]]]
    for outcome, name in (("invented", "invented"), ("missing", "not read")):
        places = [at for at, o in enumerate(cells["outcome"]) if o == outcome]
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
