"""How many wrong labels `suspects` finds, and how many right ones it accuses.

Run: ``python tests/benchmarks/suspects.py --papers 2000``.  Values are those of made-up persons
and vehicles (no picture is drawn); seeds from 930000 up are for measuring this only.  One label in
fifty is made wrong the way people get them wrong: a digit or letter mistyped, marks lost or wrong,
the label of another paper, none at all.  The first reader gets 3 values in 100 wrong and knows it
roughly; the second gets 5 wrong and knows nothing; every third of the second's mistakes on a value
that the first got wrong, too, is the first's.  ``--real`` takes the offline engine's own readings
of the samples in ``sample_data/`` instead, and plants mistakes in their labels.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import pandas as pd
from check import papers

import cvocr_lab
from cvocr_lab.frames import Reading, Records, Truth, pair, to_frame
from cvocr_lab.kinds import field_order
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.text import LETTERS, fold
from cvocr_lab.views.suspects import suspects

SEED = 930_000
CODES = ("qr", "mrz")
SAMPLES = Path(__file__).parents[2] / "sample_data"


def mistyped(text: str, chance: random.Random) -> str:
    """The text with one character wrong, of the same sort."""
    at = chance.choice([i for i, c in enumerate(text) if c.isalnum()] or [0])
    pool = "0123456789" if text[at].isdigit() else LETTERS[:73]
    letter = chance.choice([c for c in pool if c != text[at].lower()])
    letter = letter.upper() if text[at].isupper() else letter
    return text[:at] + letter + text[at + 1 :]


def mislabelled(text: str, others: list[str], chance: random.Random) -> str:
    """The text as a careless person would label it; never the text itself."""
    how = chance.random()
    made = text
    if how < 0.2 and fold(text) != text:
        made = fold(text)
    elif how < 0.35 and len(set(others)) > 1:
        made = chance.choice([o for o in others if o != text])
    elif how < 0.4:
        return ""
    return made if made != text else mistyped(text, chance)


def plant(truth: pd.DataFrame, share: float) -> tuple[pd.DataFrame, set[tuple[int, str]]]:
    """Labels with mistakes, and the cells (position, field) that have one."""
    chance = random.Random(f"suspects/{SEED}")
    labels, wrong = truth.copy(), set()
    for field in [f for f in field_order() if f in truth and f not in CODES]:
        others = [v for v in truth[field].tolist() if isinstance(v, str) and v]
        cells = labels[field].astype(object).tolist()
        for at, text in enumerate(cells):
            if isinstance(text, str) and text and text != "###" and chance.random() < share:
                cells[at] = mislabelled(text, others, chance) or None
                wrong.add((at, field))
        labels[field] = pd.Series(cells, index=labels.index, dtype=truth[field].dtype)
    return labels, wrong


def readers(truth: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two flat frames of readings with mistakes of their own."""
    chance = random.Random(f"readers/{SEED}")
    frames: list[list[Reading]] = [[], []]
    for row in truth.to_dict("records"):
        found: list[dict[str, FieldValue]] = [{}, {}]
        for field, text in row.items():
            if str(field).startswith("ocr_") or not isinstance(text, str) or not text:
                continue
            first = mistyped(text, chance) if chance.random() < 0.03 else text
            missed = first != text
            sure = 1 - chance.random() ** (0.8 if missed else 4) * (0.9 if missed else 0.3)
            second = mistyped(text, chance) if chance.random() < 0.05 else text
            if missed and second != text and chance.random() < 1 / 3:
                second = first
            if field in CODES:
                first, second, sure = text, "", 1.0
            found[0][str(field)] = FieldValue(first, sure)
            if second:
                found[1][str(field)] = FieldValue(second)
        for frame, values in zip(frames, found, strict=True):
            paper = Document(str(row["ocr_type"]), str(row["ocr_side"]), values)
            frame.append(Reading(Extraction((paper,))))
    sources = pd.DataFrame({"image": [f"{n}.jpg" for n in range(len(truth))]}, index=truth.index)
    return to_frame(frames[0], sources), to_frame(frames[1], sources)


def report(
    name: str,
    found: pd.DataFrame,
    frame: pd.DataFrame,
    truth: pd.DataFrame,
    wrong: set[tuple[int, str]],
) -> dict[str, object]:
    """Precision and recall at a strength of a half, and of the first as many as there are."""
    row_of = pair(Records(frame), Truth(truth, Records(frame))).rows.tolist()
    hits = [(row_of[r], f) in wrong for r, f in zip(found["row"], found["field"], strict=True)]
    cells = int(truth[[f for f in field_order() if f in truth]].notna().sum().sum())
    strong = int((found["strength"] >= 0.5).sum())
    top = hits[: len(wrong)]
    ranks = [at for at, hit in enumerate(hits) if hit]
    average = sum((n + 1) / (at + 1) for n, at in enumerate(ranks)) / max(len(wrong), 1)
    return {
        "evidence": name, "labels": cells, "wrong": len(wrong), "accused": strong,
        "precision": sum(hits[:strong]) / max(strong, 1),
        "recall": sum(hits[:strong]) / max(len(wrong), 1),
        "precision_of_first": sum(top) / max(len(top), 1),
        "average_precision": average,
        "recall_of_all": sum(hits) / max(len(wrong), 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=2000)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--real", action="store_true")
    asked = parser.parse_args()
    frames: dict[str, tuple[pd.DataFrame, pd.DataFrame | None]] = {}
    if asked.real:
        truth = cvocr_lab.read_labels(SAMPLES / "labels.csv")
        one = truth[["image"]].cvocr.extract(base=SAMPLES, progress=False)
        truth = truth.drop(columns=list(CODES))
        frames["the offline engine, codes, rules"] = (one, None)
    else:
        truth = papers(asked.papers, SEED).reset_index(drop=True)
        one, two = readers(truth)
        truth = truth.drop(columns=list(CODES))
        bare = one.copy()
        for field in [f for f in field_order() if f in bare and f not in CODES]:
            bare[[field, f"{field}_confidence"]] = None
        codeless = one.assign(**dict.fromkeys(CODES))
        frames = {
            "codes and rules alone": (bare, None),
            "one engine": (codeless, None),
            "one engine, codes, rules": (one, None),
            "two engines": (codeless, two),
            "two engines, codes, rules": (one, two),
        }
    labels, wrong = plant(truth, asked.share)
    rows = [
        report(name, suspects(frame, labels, other=other, min_strength=0.0), frame, labels, wrong)
        for name, (frame, other) in frames.items()
    ]
    print(pd.DataFrame(rows).set_index("evidence").T.to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
