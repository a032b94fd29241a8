"""Fine-tune the shipped model on a user's own labelled lines, in minutes on a CPU."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from cvocr_lab import images
from cvocr_lab.engines.local.recogniser import crop_line, model_file, normalise, pad, to_height
from cvocr_lab.errors import ArgumentError
from cvocr_lab.training.evaluation import Figures, evaluate
from cvocr_lab.training.export import export
from cvocr_lab.training.loop import loss_of, read
from cvocr_lab.training.model import LineNet
from cvocr_lab.training.restore import restore
from cvocr_lab.training.stream import Batch, Shard, draw_shard, vary

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What fine-tuning did on the user's held-out lines.

    Parameters
    ----------
    model
        The new file; None when it read the held-out lines no better, so that none was written.
    before, after
        Figures on the held-out lines.
    """

    model: Path | None
    before: Figures
    after: Figures


def labelled_lines(
    frame: pd.DataFrame, truth: pd.DataFrame, *, column: str
) -> tuple[list[Picture], list[str]]:
    """Cut the lines whose text is known out of the user's pictures.

    Parameters
    ----------
    frame
        A flat frame of the offline engine: it says where each value stands.
    truth
        The right values under the same index and field names.
    column
        Where `frame` keeps its pictures.

    Returns
    -------
    pictures, texts
        Only values of one line whose reading already resembles the truth, so that the place is
        sure to be right.
    """
    from rapidfuzz.distance import Levenshtein

    pictures: list[Picture] = []
    texts: list[str] = []
    fields = [c for c in truth.columns if f"{c}_quad" in frame.columns]
    known = truth[~truth.index.duplicated()].to_dict("index")
    for label, row in zip(frame.index, frame.to_dict("records"), strict=True):
        right = known.get(label, {})
        wanted = [
            (text, row[f"{f}_quad"])
            for f in fields
            if isinstance(text := right.get(f), str)
            and isinstance(row[f], str)
            and row[f"{f}_quad"] is not None
            and Levenshtein.normalized_similarity(text, row[f]) >= 0.5
        ]
        if not wanted:
            continue
        image = images.load(row[column]).pixels
        for text, quad in wanted:
            crop = crop_line(image, quad, margin=0.08)
            if _one_line(crop, text):
                pictures.append(crop)
                texts.append(text)
    return pictures, texts


def _one_line(crop: Picture, text: str) -> bool:
    height, width = crop.shape[:2]
    return bool(0.18 < width / height / max(1, len(text)) < 1.2)


def finetune(
    pictures: Sequence[Picture],
    texts: Sequence[str],
    out: str | Path,
    *,
    minutes: float = 5.0,
    start: Path | None = None,
    threads: int = 1,
    seed: int = 0,
) -> FineTuned:
    """Teach the model the user's own fonts, grounds and cameras.

    Parameters
    ----------
    pictures, texts
        Line crops and what they say, e.g. from `labelled_lines`; 50 lines are few, 1,000 many.
        A fifth is held out.
    out
        The ONNX file to write.
    minutes
        Wall-clock time.
    start
        The model file to begin from; None for the one in the package.
    threads
        Threads for torch.
    seed
        Of the split and the order.

    Raises
    ------
    ArgumentError
        Fewer than ten lines, or a text holds a character the model does not have.
    """
    torch.set_num_threads(threads)
    net, charset = restore(start or model_file())
    if len(pictures) != len(texts) or len(texts) < 10:
        raise ArgumentError("give at least ten pictures, and a text for each")
    if unknown := {c for text in texts for c in text} - set(charset):
        raise ArgumentError(f"characters the model does not have: {sorted(unknown)}")
    rng = random.Random(seed)
    order = rng.sample(range(len(texts)), len(texts))
    held, kept = order[: len(order) // 5], order[len(order) // 5 :]
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
    export(net, charset, path, figures=card)
    return FineTuned(path, before, after)


def _learn(
    net: LineNet,
    own: list[tuple[Picture, str]],
    drawn: list[tuple[Picture, str]],
    minutes: float,
    rng: random.Random,
) -> None:
    """Half of each batch is the user's, half is drawn, so that nothing is unlearnt."""
    net.eval()  # the normalisations keep their statistics
    peak = 3e-4
    optimiser = torch.optim.AdamW(net.parameters(), peak, weight_decay=0.01)
    average = {k: v.clone() for k, v in net.state_dict().items()}
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
        with torch.no_grad():
            for key, value in net.state_dict().items():
                if value.is_floating_point():
                    average[key].lerp_(value, 0.02)
    net.load_state_dict(average)
