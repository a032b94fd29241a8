"""Training lines, drawn into shards on disk by workers and sampled from there endlessly.

Drawing a line costs about as much as training on it, so lines are drawn once, used several times
with small changes, and replaced by new ones as fast as the workers can draw.  Other drawn lines
evaluate a reader.
"""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from cvocr_lab.engines.local.recogniser import HEIGHT, MAX_WIDTH, normalise, pad, to_height
from cvocr_lab.files import replacing
from cvocr_lab.synth import lines, wording
from cvocr_lab.synth.fonts import Pool

FIRST_SEED = 1_000_000
"""Training seeds start here; validation and test seeds are lower."""

_MIXED = 10
"""Shards whose lines are mixed with one another."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shard:
    """Lines of `HEIGHT` rows and their texts."""

    pictures: list[Picture]
    texts: list[str]
    sorts: list[str]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the shard as arrays to write."""
        return {
            "pixels": np.concatenate(self.pictures, axis=1),
            "widths": np.asarray([p.shape[1] for p in self.pictures], np.int32),
            "texts": np.frombuffer(json.dumps([self.texts, self.sorts]).encode(), np.uint8),
        }


def draw_shard(seed: int, count: int, pool: Pool = "train", sort: str | None = None) -> Shard:
    """Draw `count` lines."""
    rng = random.Random(seed)
    drawn = [lines.draw(rng, pool=pool, sort=sort) for _ in range(count)]
    return Shard(
        [to_height(line.picture) for line in drawn],
        [line.text for line in drawn],
        [line.sort for line in drawn],
    )


def write_arrays(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write a shard; it appears at `path` complete or not at all."""
    with replacing(path) as temporary:
        np.savez(temporary, allow_pickle=False, **arrays)


def wait_for_shards(folder: Path) -> list[Path]:
    """Return the shards in a folder, as soon as there is one."""
    while not (drawn := list(folder.glob("drawn-*.npz"))):
        time.sleep(1)
    return drawn


def load_shard(path: Path) -> Shard:
    """Read a shard."""
    with np.load(path) as stored:
        pixels, widths = stored["pixels"], stored["widths"]
        texts, sorts = json.loads(stored["texts"].tobytes())
    return Shard(np.split(pixels, np.cumsum(widths)[:-1], axis=1), texts, sorts)


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded lines as input of the net, their widths in pixels, and their texts."""

    columns: NDArray[np.float32]
    widths: list[int]
    texts: list[str]


def batches(folder: Path, rng: random.Random, *, columns: int = 20_000) -> Iterator[Batch]:
    """Sample batches of similar width from the shards in `folder`, endlessly.

    While the folder is empty, the function waits.  `columns` are the pixel columns per batch,
    padding included.
    """
    while True:
        drawn = wait_for_shards(folder)
        pool: list[tuple[Picture, str]] = []
        for file in rng.sample(drawn, min(_MIXED, len(drawn))):
            try:
                shard = load_shard(file)
            except FileNotFoundError:  # it was replaced by a newer one
                continue
            pool += zip(shard.pictures, shard.texts, strict=True)
        rng.shuffle(pool)
        yield from _grouped(pool, rng, columns)


def _grouped(pool: list[tuple[Picture, str]], rng: random.Random, columns: int) -> Iterator[Batch]:
    groups: list[list[tuple[Picture, str]]] = []
    for start in range(0, len(pool), 2000):
        group: list[tuple[Picture, str]] = []
        for item in sorted(pool[start : start + 2000], key=lambda item: item[0].shape[1]):
            width = item[0].shape[1]
            if width > MAX_WIDTH or width < 6 * len(item[1]):
                continue  # rare and slow, or too narrow for its text
            if (len(group) + 1) * width > columns:
                groups.append(group)
                group = []
            group.append(item)
        if group:
            groups.append(group)
    rng.shuffle(groups)
    for group in groups:
        varied = [normalise(vary(picture, rng)) for picture, _ in group]
        # Few different widths, because torch prepares its kernels for every new shape.
        yield Batch(pad(varied, 32), [v.shape[1] for v in varied], [text for _, text in group])


def vary(picture: Picture, rng: random.Random) -> Picture:
    """Change a line a little, so that no two uses of it are alike."""
    if rng.random() < 0.5:
        top, bottom, left, right = (rng.randint(-2, 3) for _ in range(4))
        height, width = picture.shape
        # Rows and columns outside the picture repeat its edge.
        rows = np.arange(-top, height + bottom).clip(0, height - 1)
        columns = np.arange(-left, width + right).clip(0, width - 1)
        framed = picture[np.ix_(rows, columns)]
        size = (max(8, round(width * rng.uniform(0.92, 1.08))), HEIGHT)
        picture = np.asarray(cv2.resize(framed, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.12:
        sigma = rng.uniform(0.3, 1.1)
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
    if rng.random() < 0.2:
        noise = np.random.default_rng(rng.getrandbits(32)).standard_normal(
            picture.shape, np.float32
        )
        noisy = picture + noise * rng.uniform(1, 12)
        picture = np.clip(noisy, 0, 255).astype(np.uint8)
    return picture


VALIDATION_SEED = 11_000
"""Seed of the lines and papers that select a checkpoint (validation font families)."""

TEST_SEED = 12_000
"""Seed of the lines that are used for figures only (held-out font families)."""

Read = Callable[[Sequence[NDArray[np.uint8]]], list[str]]


@dataclass(frozen=True, slots=True)
class Figures:
    """Accuracy of reading lines.

    Parameters
    ----------
    cer
        Character error rate: edits over characters of the truth, pooled.
    exact
        Share of lines without any error.
    lines
        Number of lines.
    """

    cer: float
    exact: float
    lines: int


def drawn_set(seed: int, pool: Pool, per_sort: int) -> Shard:
    """Draw the same number of lines of every sort; the same seed returns the same set."""
    shards = [draw_shard(seed + i, per_sort, pool, sort) for i, sort in enumerate(wording.SORTS)]
    return Shard(
        [p for s in shards for p in s.pictures],
        [x for s in shards for x in s.texts],
        [x for s in shards for x in s.sorts],
    )


def evaluate(read: Read, shard: Shard) -> dict[str, Figures]:
    """Return the figures by sort of text, and ``"all"`` weighted as the sorts are in training."""
    edits: dict[str, list[int]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    for text, sort, got in zip(shard.texts, shard.sorts, read(shard.pictures), strict=True):
        edits[sort].append(Levenshtein.distance(text, got))
        sizes[sort] += len(text)
    figures = {
        sort: Figures(sum(found) / sizes[sort], found.count(0) / len(found), len(found))
        for sort, found in edits.items()
    }
    shares = [wording.SORTS[sort][0] if sort in wording.SORTS else 1.0 for sort in figures]
    lengths = np.array([sizes[sort] / found.lines for sort, found in figures.items()])
    figures["all"] = Figures(
        float(np.average([f.cer for f in figures.values()], weights=lengths * shares)),
        float(np.average([f.exact for f in figures.values()], weights=shares)),
        sum(f.lines for f in figures.values()),
    )
    return figures
