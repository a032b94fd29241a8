"""Plots of a score, with matplotlib.

Each function takes ``ax=None`` and returns the axes.  A new figure is transparent, with colours
that are readable in light and dark notebooks; given axes keep their style.  The colours are those
of Okabe and Ito, which colour-blind people can distinguish.  DejaVu Sans, which matplotlib
contains, has all Vietnamese letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from cvocr_lab.kinds import captioned
from cvocr_lab.scoring.words import named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = {
    "correct": "#009e73",
    "absent": "#a7a9ac",
    "wrong": "#d55e00",
    "invented": "#cc79a7",
    "missing": "#e69f00",
}
BLUE: Final = "#2f86c5"
INK: Final = "#767676"
_LIGHTER: Final = "#818181"
RULE: Final = "#8a8a8a55"
FONT: Final = "DejaVu Sans"
NOTHING: Final = "∅"
"""Shown for a letter that one side lacks."""

PALETTE: Final = ("#2f86c5", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9")
MARKERS: Final = "osD^vP"
"""Colours and markers of readers, in their order."""

TOP: Final = 24
"""Number of pairs of letters in a heat map."""

STYLE: Final = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
    ),
    "grid.color": RULE,
    "font.family": [FONT],
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.dpi": 100.0,
}


def outcomes(cells: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the shares of the five outcomes per field as bars, the worst field first."""
    counts = pd.crosstab(cells["field"].astype(str), cells["outcome"])
    counts = counts.reindex(columns=list(COLOURS), fill_value=0)
    totals = counts.sum(axis=1).to_numpy()
    fine = (counts["correct"] + counts["absent"]).to_numpy() / np.maximum(totals, 1)
    order = np.argsort(-fine, kind="stable")  # the last row is drawn at the top
    counts, totals = counts.iloc[order], totals[order]
    shares = np.asarray(counts, np.float64) / np.maximum(totals, 1)[:, None] * 100
    with canvas(ax, 1.3 + 0.27 * max(len(counts), 1)) as ax:
        left = np.zeros(len(counts))
        for name, share in zip(COLOURS, shares.T, strict=True):
            at, colour = range(len(counts)), COLOURS[name]
            ax.barh(at, share, left=left, color=colour, label=name, height=0.8)
            left += share
        names = [captioned(str(field)) for field in counts.index]
        _rows(ax, [f"{name}  n={n:,}" for name, n in zip(names, totals, strict=True)])
        ax.set(xlim=(0, 100), xlabel="share of compared cells, %")
        _key_above(ax, len(COLOURS))
        if not len(counts):
            ax.text(50, 0, "no value to compare", ha="center", va="center")
    return ax


def cer_distribution(cells: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of values and cards up to a given CER; the worst 2 % may be cut off."""
    present = cells[cells["chars"] > 0]
    per_card = present.groupby(present["row"].to_numpy())[["edits", "chars"]].sum()
    with canvas(ax, 3.4) as ax:
        reach = 0.05
        for what, table, colour in (
            ("values", present, BLUE),
            ("cards", per_card, COLOURS["wrong"]),
        ):
            rates = np.sort(np.minimum(np.asarray(table["edits"] / table["chars"], np.float64), 1))
            reach = max(reach, float(np.quantile(rates, 0.98)) if len(rates) else 0.0)
            share = np.arange(1, len(rates) + 1) / max(len(rates), 1) * 100
            exact = float((rates == 0).mean()) if len(rates) else float("nan")
            ax.step(
                np.r_[0, rates, 1] * 100, np.r_[exact * 100, share, 100], where="post",
                color=colour, linewidth=1.8, label=f"{what}: {exact:.1%} at CER 0",
            )  # fmt: skip
        edge = min(100.0, reach * 120)
        ax.set(xlabel="CER at most, %", xlim=(-edge / 100, edge * 1.01))
        ax.set(ylabel="share, %", ylim=(0, 102))
        ax.grid(axis="y")
        ax.legend(loc="lower right", frameon=False)
    return ax


def confusions(pairs: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw a heat map of the most confused letters, with the printed letters as rows."""
    from matplotlib.patches import Rectangle

    top = pairs.sort_values("count", ascending=False, kind="stable").head(TOP)
    truth, value = ([visible(c) for c in top[f"{side}_char"]] for side in ("truth", "value"))
    down, across = sorted(set(truth)), sorted(set(value))
    counts = np.zeros((len(down), len(across)))
    places = [down.index(c) for c in truth], [across.index(c) for c in value]
    np.add.at(counts, places, top["count"].to_numpy(np.float64))
    with canvas(ax, 1.4 + 0.3 * max(len(down), 3), width=1.6 + 0.36 * max(len(across), 8)) as ax:
        most = counts.max(initial=1)
        ink = ax.xaxis.label.get_color()
        for i, j in zip(*np.nonzero(counts), strict=True):
            depth = min(1.0, 0.2 + 0.8 * counts[i, j] / most)  # rounding may pass 1
            square = Rectangle((j - 0.5, i - 0.5), 1, 1, color=BLUE, alpha=depth, linewidth=0)
            ax.add_patch(square)
            colour = "white" if depth > 0.55 else ink
            ax.text(j, i, f"{counts[i, j]:.0f}", ha="center", va="center", fontsize=8, color=colour)
        ax.set_xticks(range(len(across)), across)
        ax.set_yticks(range(len(down)), down)
        ax.set(xlabel=f"read ({NOTHING}: nothing, ␣: a blank)", ylabel="printed")
        ax.set(xlim=(-0.5, max(len(across), 1) - 0.5), ylim=(max(len(down), 1) - 0.5, -0.5))
        if not len(pairs):
            ax.text(0, 0, "no letter confused", ha="center", va="center")
    return ax


def reliability(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of right values by confidence, with 95 % intervals and the diagonal."""
    with canvas(ax, 4.2, width=5.2) as ax:
        ink = ax.xaxis.label.get_color()
        dashes = (0, (4, 3))
        ax.plot(
            [0, 1], [0, 1], color=ink, linewidth=0.9, linestyle=dashes, label="perfectly calibrated"
        )
        right = table["right"].to_numpy(np.float64)
        reach = np.maximum([right - table["low"], table["high"] - right], 0)
        ax.errorbar(
            table["confidence"], right, yerr=reach, fmt="o", markersize=5, color=BLUE,
            capsize=2.5, linewidth=1.3, label="bands of about equal count",
        )  # fmt: skip
        edges = (-0.03, 1.03)
        ax.set(xlabel="mean confidence", ylabel="share right", xlim=edges, ylim=edges)
        ax.set_aspect("equal")
        ax.grid()
        ax.legend(loc="upper left", frameon=False)
    return ax


def threshold_curve(curve: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of accepted wrong values by the share reviewed, with the 95 % interval."""
    step = max(1, len(curve) // 500)
    some = pd.concat([curve.iloc[::step], curve.tail(1)])
    review = some["review_share"].to_numpy() * 100
    with canvas(ax, 3.4) as ax:
        ax.fill_between(
            review, some["low"] * 1000, some["high"] * 1000, color=BLUE, alpha=0.25, linewidth=0,
            label="95 % interval",
        )  # fmt: skip
        ax.plot(review, some["silent_share"] * 1000, color=BLUE, linewidth=1.8, label="seen here")
        ax.set(xlabel="share of values reviewed, least sure first, %", xlim=(-1, 101))
        ax.set(ylabel="wrong in 1,000\nafter the review", ylim=(0, None))
        ax.grid(axis="y")
        ax.legend(loc="upper right", frameon=False)
    return ax


def differences(fields: pd.DataFrame, names: tuple[str, str], ax: Axes | None = None) -> Axes:
    """Draw the difference in the share exact per field, with its 95 % interval."""
    colour_of = {"better": COLOURS["correct"], "worse": COLOURS["wrong"], "alike": BLUE}
    rows = fields.sort_values("difference", ascending=False, kind="stable")
    with canvas(ax, 1.5 + 0.3 * max(len(rows), 1)) as ax:
        ink = ax.xaxis.label.get_color()
        ax.axvline(0, color=ink, linewidth=0.9)
        for at, (_, row) in enumerate(rows.iterrows()):
            colour = colour_of.get(str(row["verdict"]), COLOURS["absent"])
            ax.plot([row["low"] * 100, row["high"] * 100], [at, at], color=colour, linewidth=2.2)
            ax.plot([row["difference"] * 100], [at], "o", color=colour, markersize=6)
        figures = rows[["fixed", "broke", "n"]].itertuples(name=None)
        _rows(ax, [f"{named(f)}  +{fixed} −{broke} of {n}" for f, fixed, broke, n in figures])
        ends = rows[["low", "high"]].to_numpy(np.float64)
        edge = max(5.0, float(np.abs(ends).max(initial=0)) * 105)
        told = f"points exact: ← {names[0]} ahead   |   {names[1]} ahead →"
        ax.set(xlim=(-edge, edge), xlabel=told)
        ax.grid(axis="x")
        ax.set_axisbelow(True)
        for word, colour in (
            (f"{names[1]} better", COLOURS["correct"]),
            (f"{names[0]} better", COLOURS["wrong"]),
            ("alike", BLUE),
            ("too few to tell", COLOURS["absent"]),
        ):
            ax.plot([], [], "o-", color=colour, label=word)
        _key_above(ax, 4)
    return ax


def readers(fields: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share exact per field and reader, with 95 % intervals, the worst field first."""
    names = list(dict.fromkeys(fields.index.get_level_values("reader")))
    shares = fields["exact"].unstack("reader")[names]
    order = shares.mean(axis=1).sort_values(ascending=False, kind="stable").index
    step = 0.7 / max(len(names), 1)
    with canvas(ax, 1.5 + (0.16 + 0.13 * len(names)) * max(len(order), 1)) as ax:
        for number, name in enumerate(names):
            own = fields.xs(name, level="reader").reindex(order)
            at = np.arange(len(order)) + (len(names) - 1) * step / 2 - number * step
            middle = own["exact"].to_numpy(np.float64) * 100
            ends = own[["exact_low", "exact_high"]].to_numpy(np.float64).T * 100
            reach = np.maximum([middle - ends[0], ends[1] - middle], 0)
            ax.errorbar(
                middle, at, xerr=reach, fmt=MARKERS[number % len(MARKERS)], markersize=5.5,
                color=PALETTE[number % len(PALETTE)], linewidth=1.5, label=name,
            )  # fmt: skip
        _rows(ax, [named(field) for field in order])
        ax.set(xlim=(-2, 102), xlabel="share exact, %")
        ax.grid(axis="x")
        for line in np.arange(len(order) - 1) + 0.5:
            ax.axhline(line, color=ax.xaxis.label.get_color(), linewidth=0.3)
        _key_above(ax, min(len(names), 5))
    return ax


def _rows(ax: Axes, labels: list[str]) -> None:
    """Set the labels of the rows; long lists get a smaller font."""
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(-0.6, max(len(labels), 1) - 0.4)
    height = ax.get_window_extent().height * 72 / ax.figure.dpi
    ax.tick_params(axis="y", labelsize=float(np.clip(0.8 * height / max(len(labels), 1), 4, 10)))


@contextmanager
def canvas(ax: Axes | None, height: float, *, width: float = 7.2) -> Iterator[Axes]:
    """Yield the axes to draw on: the given ones, or those of a new transparent figure."""
    if ax is not None:
        yield _inked(ax)
        return
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):  # type: ignore[arg-type]
        _, own = plt.subplots(figsize=(width, height), layout="constrained")
        interactive = plt.isinteractive()
        # A notebook shows the figure itself, so the line `<Axes: …>` above it is not needed.
        own._ipython_display_ = lambda: None  # type: ignore[attr-defined]
        _inked(own)
        # If all tick labels have the same lightness, a notebook adds a white background.
        own.tick_params(axis="y", labelcolor=_LIGHTER)
        yield own
    # The backend of a notebook turns the interactive mode on with the first figure.  It must stay
    # on, or later figures would not be shown.
    mpl.interactive(interactive)


def _inked(ax: Axes) -> Axes:
    """Set the style of parts that matplotlib creates only when drawing."""
    import matplotlib as mpl

    ax.tick_params(
        color=mpl.rcParams["xtick.color"], labelcolor=mpl.rcParams["text.color"],
        labelfontfamily=FONT,
    )  # fmt: skip
    ax.set_axisbelow(True)
    return ax


def _key_above(ax: Axes, columns: int) -> None:
    if not ax.get_legend_handles_labels()[0]:
        return
    # There is room on the left, above the names of the fields.
    ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1.0), ncols=columns, frameon=False, borderaxespad=0.2,
        handlelength=1.2, columnspacing=1.2, fontsize=9,
    )  # fmt: skip


def visible(letter: str) -> str:
    """Return a letter, or the sign for a blank or for no letter."""
    return {"": NOTHING, " ": "␣"}.get(letter, letter)
