"""Train the nets that find papers, determine their orientation and find their lines.

Worker processes write training pictures into shards on disk.  Training and validation papers have
different seeds, font families and backgrounds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cvocr_lab.training.composing import TYPE_NAMES, UNKNOWN
from cvocr_lab.training.example_workers import draw_finder_shard, feeding
from cvocr_lab.training.export import export_finder
from cvocr_lab.training.nets import PaperNet, TextNet, TurnNet
from cvocr_lab.training.paper_stock import write_flats
from cvocr_lab.training.run import Run, prepare_torch
from cvocr_lab.training.stream import FIRST_SEED, VALIDATION_SEED, wait_for_shards

Finder = Literal["papers", "turns", "text"]
Batch = Mapping[str, NDArray[Any]]
Tensors = Mapping[str, Tensor]
_FLATS, _VALIDATION_FLATS = 4800, 160
_PEAK = 2e-3
_TIE = 0.2
"""Distance of two corners along the diagonal, as a share of the paper's diagonal, below which
either may be the first one."""


def train_finder(
    which: Finder,
    out: str | Path,
    minutes: float,
    device: str = "cpu",
    *,
    workers: int = 1,
    threads: int = 1,
    every_minutes: float = 5.0,
) -> float:
    """Train one of the finders' nets.

    Parameters
    ----------
    which
        ``"papers"`` marks papers on a thumbnail, ``"turns"`` predicts the corners, the orientation
        and the type of each, ``"text"`` finds the lines of a flattened paper.
    out
        Folder for the stock of papers, shards, ``<which>-last.pt``, ``<which>-best.pt``,
        ``<which>-log.jsonl`` and ``<which>.onnx``.  ``"papers"`` and ``"turns"`` share their
        shards, so that both can be trained in one folder at once.
    minutes, device, workers, threads, every_minutes
        See `train`; 0 workers if another run fills the folder.

    Returns
    -------
    float
        The lowest validation loss.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    prepare_torch(threads)
    write_flats(folder / "flats", seed=FIRST_SEED, count=_FLATS, pool="train")
    write_flats(folder / "flats_valid", seed=VALIDATION_SEED, count=_VALIDATION_FLATS, pool="valid")
    with feeding(folder, _TASKS[which].sort, workers) as shards:
        run = _Finder(which, folder, minutes, device)
        run.go(_batches(shards, run.task, random.Random(time.time_ns())), every_minutes)
    return run.best


def _batches(folder: Path, task: _Task, rng: random.Random) -> Iterator[Batch]:
    """Yield batches from shards in random order, each repeatedly for as long as it exists."""
    while True:
        try:
            with np.load(rng.choice(wait_for_shards(folder))) as stored:
                shard = {name: stored[name] for name in task.arrays}
        except (FileNotFoundError, EOFError):  # it was replaced by a newer one
            continue
        yield from _parts(shard, task, task.batch, rng)


def _parts(
    shard: Batch, task: _Task, size: int, rng: random.Random | None = None
) -> Iterator[Batch]:
    """Divide a shard into batches, at random if `rng` is given; a smaller rest is left out."""
    order = list(range(len(shard[task.arrays[0]])))
    if rng is not None:
        rng.shuffle(order)
    for start in range(0, len(order) - size + 1, size):
        pick = order[start : start + size]
        yield {name: shard[name][pick] for name in task.arrays}


def normalised(pictures: Tensor) -> Tensor:
    """Return pictures ``(n, h, w, 3)`` as inputs of the nets."""
    inputs = (pictures.permute(0, 3, 1, 2).float() - 127.5) / 64
    return inputs.contiguous(memory_format=torch.channels_last)


def _dice(chance: Tensor, truth: Tensor) -> Tensor:
    both = (chance * truth).sum((1, 2))
    return 1 - ((2 * both + 1) / (chance.sum((1, 2)) + truth.sum((1, 2)) + 1)).mean()


def _paper_loss(net: nn.Module, batch: Tensors) -> Tensor:
    truth = batch["truth"].float()
    answer = net(normalised(batch["pictures"]))
    mask = functional.binary_cross_entropy_with_logits(answer[:, 0], truth[:, 0])
    inside = truth[:, 0] > 0.5
    ways = _corner_loss(answer[:, 1:], truth[:, 1:])
    way = (ways * inside).sum() / inside.sum().clamp(min=1)
    return mask + 0.5 * _dice(answer[:, 0].sigmoid(), truth[:, 0]) + 0.1 * way


def _corner_loss(answer: Tensor, truth: Tensor) -> Tensor:
    """Return the loss of the offsets to four corners, ``(n, 8, h, w)`` to ``(n, h, w)``.

    If a side of the paper runs from top right to bottom left, two corners are about equally far to
    the top left, and the net may start at either.
    """
    corners = truth.unflatten(1, (4, 2))
    diagonal = corners.sum(2)
    two = diagonal.topk(2, 1, largest=False).values
    spread = diagonal.amax(1) - diagonal.amin(1)
    open_order = two[:, 1] - two[:, 0] < _TIE * spread
    losses = [
        functional.smooth_l1_loss(
            answer, corners.roll(k, 1).flatten(1, 2), reduction="none", beta=0.1
        ).sum(1)
        for k in (0, 1, -1)
    ]
    least = torch.stack(losses).amin(0)
    return torch.where(open_order, least, losses[0])


def _turn_loss(net: nn.Module, batch: Tensors) -> Tensor:
    heat, logits = net(normalised(batch["crops"]))
    corners = batch["corners"] / 4 - 0.5
    turn, kind = batch["turns"].unbind(1)
    rows, columns = heat.shape[2:]
    y = torch.arange(rows, device=heat.device).view(1, 1, rows, 1)
    x = torch.arange(columns, device=heat.device).view(1, 1, 1, columns)
    gap = (x - corners[..., 0, None, None]) ** 2 + (y - corners[..., 1, None, None]) ** 2
    inside = (
        (corners > -0.5).all(-1)
        & (corners[..., 0] < columns - 0.5)
        & (corners[..., 1] < rows - 0.5)
    )
    target = torch.exp(-gap.nan_to_num(1e4) / 2).flatten(2)
    target = target / target.sum(-1, keepdim=True).clamp(min=1e-6)
    place = -(target * heat.flatten(2).log_softmax(-1)).sum(-1)
    loss = (place * inside).sum() / inside.sum().clamp(min=1)
    loss = loss + functional.cross_entropy(logits[:, :4], turn, ignore_index=UNKNOWN)
    if bool((kind != UNKNOWN).any()):
        loss = loss + 0.5 * functional.cross_entropy(logits[:, 4:], kind, ignore_index=UNKNOWN)
    return cast("Tensor", loss)


def _text_loss(net: nn.Module, batch: Tensors) -> Tensor:
    truth = batch["truth"].float()
    answer = net(normalised(batch["pictures"]))
    core, height, counts = truth.unbind(1)
    single = functional.binary_cross_entropy_with_logits(answer[:, 0], core, reduction="none")
    weight = counts * (1 + 1.5 * core)
    loss = (single * weight).sum() / weight.sum()
    inside = (core > 0.5) & (counts > 0)
    heights = functional.smooth_l1_loss(answer[:, 1], height, reduction="none", beta=0.1)
    loss = loss + (heights * inside).sum() / inside.sum().clamp(min=1)
    return cast("Tensor", loss + 0.5 * _dice(answer[:, 0].sigmoid() * counts, core * counts))


@dataclass(frozen=True, slots=True)
class _Task:
    make: Callable[[], nn.Module]
    loss: Callable[[nn.Module, Tensors], Tensor]
    sort: str
    arrays: tuple[str, ...]
    batch: int


_TASKS: dict[str, _Task] = {
    "papers": _Task(PaperNet, _paper_loss, "papers", ("pictures", "truth"), 8),
    "turns": _Task(
        lambda: TurnNet(len(TYPE_NAMES)), _turn_loss, "papers", ("crops", "corners", "turns"), 24
    ),
    "text": _Task(TextNet, _text_loss, "text", ("pictures", "truth"), 8),
}


class _Finder(Run[Batch]):
    def __init__(self, which: Finder, folder: Path, minutes: float, device: str) -> None:
        self.which, self.task = which, _TASKS[which]
        super().__init__(self.task.make, folder, f"{which}-", minutes, device, peak=_PEAK,
                         weight_decay=0.02)  # fmt: skip
        shards = (
            draw_finder_shard(folder / "flats_valid", self.task.sort, VALIDATION_SEED + k)
            for k in range(3)
        )
        self.valid = [batch for shard in shards for batch in _parts(shard, self.task, 16)]

    def loss(self, net: nn.Module, batch: Batch) -> Tensor:
        tensors = {name: torch.from_numpy(array).to(self.device) for name, array in batch.items()}
        return self.task.loss(net, tensors)

    def size(self, batch: Batch) -> int:
        return len(batch[self.task.arrays[0]])

    def validate(self) -> tuple[float, dict[str, float], object]:
        figure = float(np.mean([float(self.loss(self.average, batch)) for batch in self.valid]))
        return figure, {"validation_loss": round(figure, 4)}, figure

    def export(self, entry: dict[str, float]) -> None:
        card = {"validation": entry, "types": list(TYPE_NAMES)}
        export_finder(self.which, self.average, self.folder / f"{self.which}.onnx", card=card)


def average_checkpoints(which: Finder, checkpoints: Mapping[str, float], out: str | Path) -> None:
    """Export the weighted mean of the nets in several checkpoints of one run.

    On unfamiliar pictures the mean is often better than each of them (Wortsman et al., "Robust
    fine-tuning of zero-shot models", 2022).

    Parameters
    ----------
    which
        The net.
    checkpoints
        Paths of files that training wrote, ``papers-best.pt`` or ``papers-last.pt``, each with its
        weight; the weights add up to 1.
    out
        The ONNX file.

    Examples
    --------
    >>> average_checkpoints(
    ...     "papers", {"early/papers-best.pt": 0.7, "papers-best.pt": 0.3}, "papers.onnx"
    ... )  # doctest: +SKIP
    """
    kept = [torch.load(path, weights_only=True)["average"] for path in checkpoints]
    net = _TASKS[which].make().eval()
    net.load_state_dict(
        {
            key: sum(
                share * one[key] for share, one in zip(checkpoints.values(), kept, strict=True)
            )
            if value.is_floating_point()
            else value
            for key, value in kept[-1].items()
        }
    )
    card = {"averaged": list(checkpoints.values()), "types": list(TYPE_NAMES)}
    export_finder(which, net, Path(out), card=card)
