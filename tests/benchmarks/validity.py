"""How well the offline engine tells pictures that are not fit, and what telling costs.

    python tests/benchmarks/validity.py --papers 20      a picture of each paper, and one per fault
    python tests/benchmarks/validity.py --speed 6        CPU with and without, same readings

Each paper is drawn and photographed (tiers photo, hard and scan by 3 : 1 : 1; seeds from 920000 up
are for measuring only; 910000 up were, until their misses were looked at), then spoilt by each of
`cvocr_lab.synth.faults.FAULTS`; where it can be it is drawn once more with each of `FORGERIES`.

Table, one row per reason: pictures *made* with it; of these *unread* (no paper was found: the row
is an error that asks for a whole and sharp picture); of those read *found*, by the reason's own
warning, and *refused*, for whatever reason; pictures *without* it, and *alarms* on these.

A picture counts as without a reason where nothing of it is in sight: photocopies are not sought
among scans, some of which the generator copies; blur, glare and fingers not in the tier ``hard``,
which has its own; nearness to the edge only from 2 mm up, a clipped corner only where none is, and
wrong numbers not under fingers and glare, which hide some of the digits.

Nor is a picture made with a reason that it would not show: stripes of a screen are at least 3 % of
the light; a wrong number is one of no valid form (of a passport's 8 digits two are left out, for 7
are well formed).
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np

from cvocr_lab.engines import Request, local
from cvocr_lab.engines.local.quality_measures import QualityMeasures
from cvocr_lab.errors import NoDocumentError
from cvocr_lab.images import load
from cvocr_lab.kinds import TYPES
from cvocr_lab.results import Document
from cvocr_lab.synth import Sample, Tier, generate
from cvocr_lab.synth.faults import FAULTS, FORGERIES, pixels_per_mm, spoil

SEED = 920_000
TIERS: tuple[Tier, ...] = ("photo", "photo", "hard", "photo", "scan")
MODELS = [(kind.name, layout.name) for kind in TYPES.values() for layout in kind.layouts]
TOLD = {
    "recaptured": "picture:screen", "photocopied": "picture:photocopy",
    "clipped": "picture:clipped", "crowded": "picture:near_edge", "blurred": "picture:blurred",
    "glared": ":glare", "covered": ":covered", "number": "id:malformed", "zone": "mrz:malformed",
    "print": "contradicts",
}  # fmt: skip
"""The warning of each fault and forgery, or a part of it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A picture, what is wrong with it, and how far its corners are from the edge."""

    sample: Sample
    wrong: str

    @property
    def gap_mm(self) -> float:
        corners = np.reshape(self.sample.truths[0].corners, (4, 2))
        size = np.array(self.sample.image.shape[1::-1])
        return float(min(corners.min(), (size - corners).min())) / pixels_per_mm(self.sample)

    def without(self, reason: str) -> bool:
        """Whether nothing of that reason is in sight."""
        if self.wrong == reason:
            return False
        match reason:
            case "photocopied":
                return self.sample.tier != "scan"
            case "blurred" | "glared" | "covered":
                return self.sample.tier != "hard"
            case "number":
                return self.wrong not in ("covered", "glared")
            case "clipped":
                return self.gap_mm >= 0 and self.wrong != "crowded"
            case "crowded":
                return self.gap_mm >= 2
        return True


def papers(count: int) -> Iterator[tuple[str, str, Tier, int]]:
    """Types, layouts, tiers and seeds of pictures with one paper each."""
    for number in range(count):
        kind, layout = MODELS[number * 5 % len(MODELS)]
        yield kind, layout, TIERS[number % len(TIERS)], SEED + 17 * number


def cases(kind: str, layout: str, tier: Tier, seed: int) -> Iterator[Case]:
    sample = generate(kind, seed=seed, tier=tier, layout=layout)
    while len(sample.truths) > 1:
        seed += 1
        sample = generate(kind, seed=seed, tier=tier, layout=layout)
    yield Case(sample, "")
    for fault in FAULTS:
        yield Case(spoil(sample, fault, seed=seed), fault)
    shown = sample.truths[0].quads
    proven = "born" in shown and (kind == "passport" or "qr" in shown)
    for name, can in (("number", "id" in shown), ("zone", "mrz" in shown), ("print", proven)):
        if can and (name != "number" or TYPES[kind].family != "vehicle"):
            forged = generate(kind, seed=seed, tier=tier, layout=layout, forge=FORGERIES[name])
            yield Case(forged, name)


def read(engine: local.LocalEngine, sample: Sample) -> Document | None:
    """The paper as read, the nearest to where it is; None where none was found."""
    image = load(np.ascontiguousarray(sample.image))
    try:
        documents = engine.extract(Request((image,), "id_any")).documents
    except NoDocumentError:
        return None
    there = np.array(sample.truths[0].corners)
    return min(documents, key=lambda d: float(np.abs(np.array(d.corners) - there).max()))


def measure(count: int) -> None:
    """Tell the table after every paper, for a run may be cut short."""
    engine = local.LocalEngine(threads=1)
    tally: dict[str, Counter[str]] = {wrong: Counter() for wrong in TOLD}
    for number, paper in enumerate(papers(count)):
        for case in cases(*paper):
            found = read(engine, case.sample)
            warnings = found.warnings if found else ()
            told = {w for w, word in TOLD.items() if any(word in warning for warning in warnings)}
            for reason, counts in tally.items():
                if case.wrong == reason:
                    counts["made"] += 1
                    counts["unread"] += found is None
                    counts["found"] += reason in told
                    counts["refused"] += bool(told)
                elif found is not None and case.without(reason):
                    counts["without"] += 1
                    counts["alarms"] += reason in told
                    if reason in told:
                        print(f"alarm: {reason} on {paper} {case.wrong or 'sound'}", flush=True)
            if case.wrong and found is not None and case.wrong not in told:
                print(f"missed: {case.wrong} on {paper}, told {sorted(told)}", flush=True)
        print(f"{number + 1} papers of {count}")
        show(tally)


def show(tally: dict[str, Counter[str]]) -> None:
    columns = ("made", "unread", "found", "refused", "without", "alarms")
    print(f"{'reason':<12}" + "".join(f"{c:>9}" for c in columns) + "   recall  false alarms")
    for reason, counts in tally.items():
        seen = counts["made"] - counts["unread"]
        print(
            f"{reason:<12}" + "".join(f"{counts[c]:>9}" for c in columns)
            + f"{counts['found'] / max(seen, 1):>9.1%}"
            + f"{counts['alarms'] / max(counts['without'], 1):>14.1%}",
            flush=True,
        )  # fmt: skip


def speed(count: int) -> None:
    """CPU of the engine with the measures and without, and whether readings are the same."""
    engine = local.LocalEngine(threads=1)
    seconds, same = {True: 0.0, False: 0.0}, True
    idle = QualityMeasures(99.0, 0.0, 99.0, None, {}, {})
    samples = [generate(k, seed=s, tier=t, layout=lay) for k, lay, t, s in papers(count)]
    read(engine, samples[0])
    for sample in samples:
        texts = []
        for looking in (False, True, True, False):
            with nullcontext() if looking else patch.object(local, "measure", return_value=idle):
                start = time.process_time()
                found = read(engine, sample)
                seconds[looking] += time.process_time() - start
            texts.append(found and replace(found, warnings=(), valid=None, invalid_code=None,
                                           invalid_message=""))  # fmt: skip
        same &= all(text == texts[0] for text in texts)
    more = seconds[True] / seconds[False] - 1
    print(f"{seconds[False] / 2 / count:.2f} s of CPU per picture; looking adds {more:.1%}; "
          f"readings {'the same' if same else 'DIFFER'}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--papers", type=int, default=16)
    parser.add_argument("--speed", type=int, default=0, help="pictures for the speed run")
    options = parser.parse_args()
    if options.speed:
        speed(options.speed)
    else:
        measure(options.papers)


if __name__ == "__main__":
    main()
