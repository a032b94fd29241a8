"""Generate the sample data of the package: ``python tests/make_samples.py OUT``.

Only the shipped fonts are used, so that every machine gives the same pictures.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from cvocr_lab.images.crops import shrunk
from cvocr_lab.kinds import TYPES
from cvocr_lab.synth.generate import Sample, Tier, generate, generate_pair, write_labels, write_pdf
from cvocr_lab.synth.scenes import scene

SEED = 20_260
WIDEST = 1600
"""Pictures are scaled down to this many pixels on their long side."""
_QUALITY = {"scan": 82, "photo": 78, "hard": 60}
_TURNS: tuple[Tier, ...] = ("photo", "scan", "photo", "hard", "scan", "photo")
_PAIRS = ("tcc_chip", "chip_id_card_2024_front", "tcc", "cmt", "vehicle_registration_front")


def samples() -> Iterator[tuple[str, Sample]]:
    """Yield the file names and samples of all single pictures and pairs."""
    number = 0
    for turn in range(3):
        for kind in TYPES.values():
            for layout in kind.layouts:
                tier = _TURNS[(number + (2 if turn == 2 else 0)) % len(_TURNS)]
                if turn < 2 or number % 2:
                    seed = SEED + number
                    sample = generate(kind.name, seed=seed, tier=tier, layout=layout.name)
                    yield f"{number:02d}_{kind.name}_{tier}.jpg", shrink(sample)
                number += 1
    for number, kind_name in enumerate(_PAIRS):
        tier = _TURNS[number]
        pair = generate_pair(kind_name, seed=SEED + 500 + number, tier=tier)
        for side, sample in zip(("front", "back"), pair, strict=True):
            yield f"pair{number}_{side}.jpg", shrink(sample)


def documents() -> Iterator[tuple[str, tuple[Sample, ...]]]:
    """Yield the file names and pages of all PDFs."""
    pair = generate_pair("tcc_chip", seed=SEED + 600, tier="scan")
    yield "pages_identity.pdf", tuple(map(shrink, pair))
    papers = ("vehicle_registration_back", "passport", "cmt")
    pages = (shrink(generate(n, seed=SEED + 700, tier="scan")) for n in papers)
    yield "pages_mixed.pdf", tuple(pages)


def shrink(sample: Sample) -> Sample:
    """Scale the sample and its quads so that no side is longer than `WIDEST`."""
    image = shrunk(sample.image, WIDEST)
    ratios = np.divide(image.shape[1::-1], sample.image.shape[1::-1])
    return sample.moved(image, np.diag([*ratios, 1.0]))


def write_samples(out: Path) -> Path:
    """Write all pictures, PDFs and ``labels.csv``, and return the path of the table."""
    out.mkdir(parents=True, exist_ok=True)
    labelled = []
    for name, sample in samples():
        Image.fromarray(sample.image).save(out / name, quality=_QUALITY[sample.tier], optimize=True)
        labelled.append((name, sample))
    for name, pages in documents():
        write_pdf(out / name, pages)
        labelled += [(name, page) for page in pages]
    rng = np.random.default_rng(random.Random("no document").getrandbits(64))
    Image.fromarray(scene(1200, 900, rng)).save(out / "no_document.jpg", quality=80)
    return write_labels(out / "labels.csv", labelled, none=("no_document.jpg",))


if __name__ == "__main__":
    import sys

    write_samples(Path(sys.argv[1]))
