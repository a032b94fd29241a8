"""How well `locate` finds values that came without a place, on fresh generated documents.

Run: ``python tests/benchmarks/locate.py --count 34`` (pictures per tier, three tiers).  Seeds from
920000 up are for measuring this only.  The values are the true ones (``--noise 0``) or such as
another reader may give: every picture is asked twice, once with the true values and once with a
character in ten lost, doubled or read as another, and a third of the marks gone.  A place is right
where it covers the generator's own quad of the value (intersection over union at least 0.5).
"""

from __future__ import annotations

import argparse
import random
import time

import cv2
import numpy as np
import pandas as pd

from cvocr_lab import images
from cvocr_lab.engines import Request, open_engine
from cvocr_lab.errors import RowError
from cvocr_lab.kinds import TYPES
from cvocr_lab.locating import locate_values
from cvocr_lab.results import Line, Quad
from cvocr_lab.synth import TIERS
from cvocr_lab.synth.generate import Sample, generate_many
from cvocr_lab.text import fold

SEED = 920_000
_LETTERS = "ABCDEGHIKLMNOPQRSTUVXYaeghinotu0123456789"


def overlap(a: Quad, b: Quad) -> float:
    """Intersection over union of two quads."""
    one, two = (np.array(q, np.float32).reshape(4, 2) for q in (a, b))
    both, _ = cv2.intersectConvexConvex(cv2.convexHull(one), cv2.convexHull(two))
    area = cv2.contourArea(cv2.convexHull(one)) + cv2.contourArea(cv2.convexHull(two)) - both
    return both / area if area > 0 else 0.0


def noised(text: str, chance: random.Random, share: float) -> str:
    """The text as a poor reader would give it."""
    made = []
    for letter in text:
        kept = fold(letter) if chance.random() < 3.3 * share else letter
        if letter.isalnum() and chance.random() < share:
            kept = chance.choice(["", kept * 2, chance.choice(_LETTERS)])
        made.append(kept)
    return "".join(made) or text


def rows_of(sample: Sample, lines: tuple[Line, ...], share: float) -> list[dict[str, object]]:
    """What was found of each value in one picture."""
    chance = random.Random(f"locate/{sample.seed}/{sample.tier}")
    rows: list[dict[str, object]] = []
    for truth in sample.truths:
        values = {f: v for f, v in truth.fields.items() if f in truth.quads and f != "qr"}
        for noise in dict.fromkeys((0.0, share)):
            told = {f: noised(v, chance, noise) if noise else v for f, v in values.items()}
            for field, place in locate_values(told, lines, TYPES[truth.type]).items():
                iou = overlap(place.quad, truth.quads[field]) if place.quad else 0.0
                rows.append(
                    {
                        "tier": sample.tier, "type": truth.type, "field": field, "noise": noise,
                        "how": place.how, "iou": iou, "long": len(truth.fields[field]) > 3,
                    }
                )  # fmt: skip
    return rows


def table(found: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Shares per group."""
    groups = found.groupby(by)
    given = found[found["how"] != "not_found"].groupby(by)
    sure = found[found["how"] == "located"].groupby(by)
    return pd.DataFrame(
        {
            "values": groups.size(),
            "right": groups["iou"].apply(lambda i: (i >= 0.5).mean()),
            "median_iou": given["iou"].median(),
            "right_of_located": sure["iou"].apply(lambda i: (i >= 0.5).mean()),
            "elsewhere_of_located": sure["iou"].apply(lambda i: (i < 0.1).mean()),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=34)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--noise", type=float, default=0.1)
    asked = parser.parse_args()
    engine = open_engine("local", threads=1)
    rows, seconds, faces = [], 0.0, 0
    for tier in TIERS:
        for sample in generate_many(None, asked.count, asked.seed, tier):
            picture = images.load(np.ascontiguousarray(sample.image))
            try:
                lines = engine.extract(Request((picture,), "scan")).lines
            except RowError:
                lines = ()
            start = time.perf_counter()
            rows += rows_of(sample, lines, asked.noise)
            seconds += time.perf_counter() - start
            faces += 2 * len(sample.truths)
    found = pd.DataFrame(rows)
    pd.set_option("display.width", 140)
    for by in (
        ["noise"],
        ["noise", "tier"],
        ["noise", "how"],
        ["noise", "long"],
        ["noise", "field"],
    ):
        print(table(found, by).to_string(float_format="{:.3f}".format), "\n")
    print(f"{1000 * seconds / faces:.0f} ms per face beside the reading")


if __name__ == "__main__":
    main()
