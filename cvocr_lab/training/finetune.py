"""Fine-tunes the model in the package on a user's own labelled lines, in minutes on a CPU."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from torch import nn

from cvocr_lab import images
from cvocr_lab.engines.local.recogniser import crop_line, model_file, normalise, pad, to_height
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Records, Truth, truth_by_row
from cvocr_lab.training.export import export
from cvocr_lab.training.loop import loss_of, read
from cvocr_lab.training.nets import LineNet
from cvocr_lab.training.restore import restore
from cvocr_lab.training.run import follow, prepare_torch
from cvocr_lab.training.stream import Batch, Figures, Shard, draw_shard, evaluate, vary


@dataclass(frozen=True, slots=True)
class FineTuned:
    """Result of fine-tuning, measured on the user's held-out lines.

    Parameters
    ----------
    model
        The new file; None if it was not better on the held-out lines and so was not written.
    before, after
        Figures on the held-out lines.
    """

    model: Path | None
    before: Figures
    after: Figures


def finetune(
    frame: pd.DataFrame,
    truth: pd.DataFrame,
    out: str | Path,
    *,
    on: str | None = None,
    minutes: float = 5.0,
    start: Path | None = None,
    threads: int = 1,
    seed: int = 0,
) -> FineTuned:
    """Adapt the model to the user's own fonts, backgrounds and cameras.

    Lines are cropped where `truth` is known and mixed with drawn ones.  Training starts from the
    model in the package; a fifth of the cards is held out.  Pass the result to `extract` as
    `model`.

    Parameters
    ----------
    frame, truth, on
        A flat frame of the offline engine and the right values; see `labelled_lines`.
    out
        The ONNX file to write.
    minutes
        Wall-clock time; a few minutes are enough for a hundred cards.
    start
        The model file to begin from; None for the one in the package.
    threads
        Threads for torch.
    seed
        Of the split and the order.

    Raises
    ------
    ArgumentError
        Too few lines are known (`finetune_lines`), or a column is missing.
    """
    found = labelled_lines(frame, truth, on=on)
    return finetune_lines(
        found.pictures, found.texts, out, cards=found.cards,
        minutes=minutes, start=start, threads=threads, seed=seed,
    )  # fmt: skip


def finetune_lines(
    pictures: Sequence[Picture],
    texts: Sequence[str],
    out: str | Path,
    *,
    cards: Sequence[int] | None = None,
    minutes: float = 5.0,
    start: Path | None = None,
    threads: int = 1,
    seed: int = 0,
) -> FineTuned:
    """Adapt the model to line crops.

    Parameters
    ----------
    pictures, texts
        Line crops and their texts; 50 lines are few, 1,000 are many.
    cards
        For each line the card it was cropped from: a fifth of the cards is held out.  None if every
        line is from another card.
    out, minutes, start, threads, seed
        See `finetune`.

    Raises
    ------
    ArgumentError
        There are fewer than ten lines, or a text contains a character the model does not have.
    """
    prepare_torch(threads)
    net, charset = restore(start or model_file())
    if len(pictures) != len(texts) or len(texts) < 10:
        raise ArgumentError(
            f"{len(texts)} lines with known text: give at least ten pictures, and a text for each"
        )
    if unknown := {c for text in texts for c in text} - set(charset):
        raise ArgumentError(f"characters the model does not have: {sorted(unknown)}")
    rng = random.Random(seed)
    held, kept = _part(cards or range(len(texts)), rng)
    scaled = [to_height(p) for p in pictures]
    aside = Shard([scaled[i] for i in held], [texts[i] for i in held], ["own"] * len(held))
    before = evaluate(lambda some: read(net, some), aside)["own"]
    own = [(scaled[i], texts[i]) for i in kept]
    drawn = draw_shard(rng.getrandbits(32), 400)
    _learn(net, own, list(zip(drawn.pictures, drawn.texts, strict=True)), minutes, rng)
    after = evaluate(lambda some: read(net, some), aside)["own"]
    if (after.cer, -after.exact) >= (before.cer, -before.exact):
        return FineTuned(None, before, after)
    path = Path(out)
    card: dict[str, Any] = {"fine_tuned_on": len(kept), "held_out": asdict(after)}
    examples = [*(picture for picture, _ in own[:400]), *drawn.pictures]
    export(net, charset, path, figures=card, examples=examples)
    return FineTuned(path, before, after)


def _part(cards: Sequence[int], rng: random.Random) -> tuple[list[int], list[int]]:
    """Return positions to hold out, of at least a fifth of the cards, and positions to train on."""
    several = sorted(set(cards))
    aside = set(rng.sample(several, max(1, len(several) // 5)))
    held = [i for i, card in enumerate(cards) if card in aside]
    kept = [i for i, card in enumerate(cards) if card not in aside]
    if not kept:
        raise ArgumentError("all lines are of one card: give more, as a fifth is held out")
    return held, rng.sample(kept, len(kept))


def _learn(
    net: LineNet,
    own: list[tuple[Picture, str]],
    drawn: list[tuple[Picture, str]],
    minutes: float,
    rng: random.Random,
) -> None:
    """Train on batches of half the user's and half drawn lines, so that nothing is forgotten."""
    net.eval()  # the normalisations keep their statistics
    peak = 3e-4
    optimiser = torch.optim.AdamW(net.parameters(), peak, weight_decay=0.01)
    average = deepcopy(net)
    begun = time.monotonic()
    while (passed := (time.monotonic() - begun) / (60 * minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = peak * min(1.0, 10 * passed + 0.05) * (1 - passed)
        some = [*rng.choices(own, k=12), *rng.choices(drawn, k=12)]
        columns = [normalise(vary(picture, rng)) for picture, _ in some]
        batch = Batch(pad(columns), [c.shape[1] for c in columns], [text for _, text in some])
        loss = loss_of(net(torch.from_numpy(batch.columns)), batch)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        follow(average, net, 0.98)
    net.load_state_dict(average.state_dict())


Picture = NDArray[np.uint8]

_ALIKE = 0.5
"""Similarity of reading and truth required to trust the position."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Line crops, their texts, and the card each was cropped from.

    Parameters
    ----------
    pictures
        Grey or RGB crops of one line each.
    texts
        Their texts.
    cards
        For each crop the row of the frame it came from, counted from 0.
    """

    pictures: list[Picture]
    texts: list[str]
    cards: list[int]


def labelled_lines(frame: pd.DataFrame, truth: pd.DataFrame, *, on: str | None = None) -> Labelled:
    """Crop the lines whose text is known from the user's pictures.

    Parameters
    ----------
    frame
        A flat frame of the offline engine, which has the position of each value.
    truth
        The true values, paired with the readings as by `cvocr_lab.score`.
    on
        Column that identifies rows that belong together; None for the index.

    Returns
    -------
    Labelled
        Only values of one line whose reading already resembles the truth, so that the position
        is certainly right; ``###`` counts as unknown.

    Raises
    ------
    ArgumentError
        A column is missing.
    ImageError
        A picture can no longer be read.
    """
    records = Records(frame)
    labels = truth_by_row(records, Truth(truth, records, on=on), on=on)
    rows = labels.fillna("").to_dict("records")
    found = Labelled([], [], [])
    for record, row in zip(records, rows, strict=True):
        sure = {
            name: str(row[name])
            for name, cell in record.cells.items()
            if cell.quad is not None and cell.text and _alike(str(row.get(name, "")), cell.text)
        }
        if not sure:
            continue
        pixels = images.load(record.source, pages=(record.page,)).pixels
        for name, text in sure.items():
            crop = crop_line(pixels, record.quads[name], margin=0.08)
            height, width = crop.shape[:2]
            if 0.18 < width / height / len(text) < 1.2:  # one line
                found.pictures.append(crop)
                found.texts.append(text)
                found.cards.append(record.row)
    return found


def _alike(text: str, read: str) -> bool:
    """Return whether a label is known and resembles what was read."""
    return bool(text.strip("# ")) and Levenshtein.normalized_similarity(text, read) >= _ALIKE
