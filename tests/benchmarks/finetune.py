"""What fine-tuning on a user's own lines brings on a domain that training never saw.

    python tests/benchmarks/finetune.py [--minutes 4] [--lines 300] [--model FILE]

A held-out font on a dark chequered ground with rules through the text.  One half of the lines is
for fine-tuning, the other half and the usual drawn lines are for figures before and after.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cvocr_lab.engines.local.recogniser import Recogniser, to_height
from cvocr_lab.synth import degrade, fonts, wording
from cvocr_lab.training import TEST_SEED, evaluate, finetune_lines
from cvocr_lab.training.stream import Shard, drawn_set


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--model", type=Path)
    args = parser.parse_args()
    rng = random.Random(TEST_SEED)
    texts = [
        wording.sample(rng, rng.choice(("name", "address", "date")))[1] for _ in range(args.lines)
    ]
    pictures = [shifted(text, rng) for text in texts]
    half = args.lines // 2
    sets = {
        "shifted, held-out half": Shard(
            pictures[half:], texts[half:], ["shifted"] * (len(texts) - half)
        ),
        "drawn lines": drawn_set(TEST_SEED, "test", 40),
    }
    with tempfile.TemporaryDirectory() as folder:
        made = finetune_lines(
            pictures[:half], texts[:half], Path(folder) / "mine.onnx",
            minutes=args.minutes, start=args.model,
        )  # fmt: skip
        rows = [
            f"{half} lines, {args.minutes} minutes",
            "| | before CER % | after CER % |",
            "|---|---|---|",
        ]
        for name, shard in sets.items():
            cers = [figure(shard, model) for model in (args.model, made.model or args.model)]
            rows.append(f"| {name} | {cers[0]:.2f} | {cers[1]:.2f} |")
    sys.stdout.write("\n".join(rows) + "\n")


def figure(shard: Shard, model: Path | None) -> float:
    reader = Recogniser(model)

    def read(some: Sequence[NDArray[np.uint8]]) -> list[str]:
        return [line.text for line in reader.read(some)]

    return 100 * evaluate(read, shard)["all"].cer


def shifted(text: str, rng: random.Random) -> NDArray[np.uint8]:
    face = next(f for f in fonts.faces() if f.family == "Vollkorn" and "BlackItalic" in f.path.stem)
    font = fonts.load(face.path, 30)
    width = round(font.getlength(text)) + 24
    y, x = np.mgrid[0:48, 0:width]
    ground = 110 + 45 * ((x // 6 + y // 6) % 2)
    picture = Image.fromarray(ground.astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    pen.text((12, 34), text, 35, font, anchor="ls")
    for row in (14, 27, 38):
        pen.line((0, row + rng.randint(-2, 2), width, row + rng.randint(-2, 2)), 60, 1)
    blurred = degrade.photograph(
        np.asarray(picture), np.random.default_rng(rng.getrandbits(32)), 0.4
    )
    return to_height(blurred)


if __name__ == "__main__":
    main()
