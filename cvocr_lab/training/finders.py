"""Train the nets that find papers, determine their orientation and find their lines.

The procedure is that of the line recogniser's training: worker processes write training pictures
into shards on disk, an interrupted run resumes from its checkpoint, and the checkpoint with the
lowest loss on validation pictures is exported.  Training and validation papers have different
seeds, font families and backgrounds.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
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

from cvocr_lab.training.composite import compose
from cvocr_lab.training.examples import outline_example, turn_examples
from cvocr_lab.training.export import export_finder
from cvocr_lab.training.flats import stock, write_flats
from cvocr_lab.training.laying import TYPE_NAMES, UNKNOWN
from cvocr_lab.training.loop import keep_memory, save
from cvocr_lab.training.nets import PaperNet, TextNet, TurnNet
from cvocr_lab.training.stream import FIRST_SEED
from cvocr_lab.training.text_examples import text_example

Finder = Literal["papers", "turns", "text"]
Shard = Mapping[str, NDArray[Any]]
VALIDATION_SEED = 11_000
"""Seed of the papers that select a checkpoint; training seeds start at `stream.FIRST_SEED`."""
_FLATS, _VALIDATION_FLATS = 4800, 160
_KEPT = 60
_REST = 1.0
_PEAK = 2e-3
_WARM_STEPS = 200
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
    minutes
        Wall-clock time, over which the learning rate decays to zero.
    device
        ``"cpu"`` or ``"cuda"``.
    workers, threads
        Processes that compose pictures (0 if another run fills the folder), and threads for the
        net.
    every_minutes
        How often to validate and save.

    Returns
    -------
    float
        The lowest validation loss.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads)
    keep_memory()
    write_flats(folder / "flats", seed=FIRST_SEED, count=_FLATS, pool="train")
    write_flats(folder / "flats_valid", seed=VALIDATION_SEED, count=_VALIDATION_FLATS, pool="valid")
    sort = "text" if which == "text" else "papers"
    running = [
        subprocess.Popen([
            sys.executable, "-c",
            "import sys; from pathlib import Path; from cvocr_lab.training.finders import feed; "
            "feed(Path(sys.argv[1]), sys.argv[2], seed=int(sys.argv[3]))",
            str(folder), sort, str(FIRST_SEED + 10_000_000 * k + time.time_ns() // 10**9 % 10**6),
        ])
        for k in range(workers)
    ]  # fmt: skip
    try:
        return _Run(which, folder, minutes, device).go(every_minutes)
    finally:
        for process in running:
            process.terminate()
            process.wait()


def draw_shard(folder: Path, sort: str, seed: int, count: int) -> dict[str, NDArray[Any]]:
    """Compose `count` training pictures from the stock in `folder`."""
    flats, grounds = stock(folder)
    rng = np.random.default_rng(seed)
    if sort == "text":
        made = [text_example(flats, grounds, rng) for _ in range(count)]
        return {
            "pictures": np.stack([picture for picture, _ in made]),
            "truth": np.stack([truth for _, truth in made]).astype(np.float16),
        }
    composites = [compose(flats, grounds, rng) for _ in range(count)]
    outlines = [outline_example(composite, rng) for composite in composites]
    turns = [example for composite in composites for example in turn_examples(composite, rng)]
    return {
        "pictures": np.stack([picture for picture, _ in outlines]),
        "truth": np.stack([truth for _, truth in outlines]).astype(np.float16),
        "crops": np.stack([t.crop for t in turns]),
        "corners": np.stack([t.corners for t in turns]),
        "turns": np.array([(t.turn, t.type) for t in turns], np.int64),
    }


def feed(folder: Path, sort: str, *, seed: int, count: int = 64) -> None:
    """Write shards into `folder` while the parent process lives, replacing the oldest.

    Once the folder is full, the process sleeps after each shard: pictures are used several times.
    """
    if hasattr(os, "nice"):
        os.nice(3)
    shards = folder / f"shards_{sort}"
    shards.mkdir(parents=True, exist_ok=True)
    parent = os.getppid()
    while os.getppid() == parent:
        begun = time.monotonic()
        path = shards / f"{seed}.npz"
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **draw_shard(folder / "flats", sort, seed, count))
        partial.replace(path)
        seed += 1
        spent = sorted(shards.glob("*.npz"), key=lambda p: p.stat().st_mtime)[:-_KEPT]
        for old in spent:
            old.unlink(missing_ok=True)
        if spent:
            time.sleep(_REST * (time.monotonic() - begun))


def _shards(folder: Path, rng: random.Random) -> Iterator[Shard]:
    """Yield shards in random order, each repeatedly for as long as it exists."""
    while True:
        there = list(folder.glob("*.npz"))
        if not there:
            time.sleep(1)
            continue
        try:
            with np.load(rng.choice(there)) as stored:
                shard = {name: stored[name] for name in stored.files}
        except (FileNotFoundError, EOFError):  # it was replaced by a newer one
            continue
        yield shard


def normalised(pictures: NDArray[np.uint8]) -> Tensor:
    """Return pictures ``(n, h, w, 3)`` as inputs of the nets."""
    tensor = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()
    return ((tensor - 127.5) / 64).contiguous(memory_format=torch.channels_last)


def _dice(chance: Tensor, truth: Tensor) -> Tensor:
    both = (chance * truth).sum((1, 2))
    return 1 - ((2 * both + 1) / (chance.sum((1, 2)) + truth.sum((1, 2)) + 1)).mean()


def _paper_loss(net: nn.Module, shard: Shard, pick: NDArray[np.intp]) -> Tensor:
    truth = torch.from_numpy(shard["truth"][pick].astype(np.float32))
    answer = net(normalised(shard["pictures"][pick]))
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


def _turn_loss(net: nn.Module, shard: Shard, pick: NDArray[np.intp]) -> Tensor:
    heat, logits = net(normalised(shard["crops"][pick]))
    corners = torch.from_numpy(shard["corners"][pick]) / 4 - 0.5
    turn, kind = torch.from_numpy(shard["turns"][pick]).unbind(1)
    rows, columns = heat.shape[2:]
    y = torch.arange(rows).view(1, 1, rows, 1)
    x = torch.arange(columns).view(1, 1, 1, columns)
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


def _text_loss(net: nn.Module, shard: Shard, pick: NDArray[np.intp]) -> Tensor:
    truth = torch.from_numpy(shard["truth"][pick].astype(np.float32))
    answer = net(normalised(shard["pictures"][pick]))
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
    loss: Callable[[nn.Module, Shard, NDArray[np.intp]], Tensor]
    items: str
    batch: int


_TASKS: dict[str, _Task] = {
    "papers": _Task(PaperNet, _paper_loss, "pictures", 8),
    "turns": _Task(lambda: TurnNet(len(TYPE_NAMES)), _turn_loss, "crops", 24),
    "text": _Task(TextNet, _text_loss, "pictures", 8),
}


class _Run:
    """State of one run: net, moving average, optimiser, clock."""

    def __init__(self, which: Finder, folder: Path, minutes: float, device: str) -> None:
        self.which, self.folder, self.minutes = which, folder, minutes
        self.task = _TASKS[which]
        self.net = self.task.make().to(device, memory_format=torch.channels_last)
        self.average = self.task.make().to(device, memory_format=torch.channels_last).eval()
        self.optimiser = torch.optim.AdamW(self.net.parameters(), _PEAK, weight_decay=0.02)
        self.step, self.elapsed, self.best, self.seen = 0, 0.0, math.inf, 0
        last = folder / f"{which}-last.pt"
        if last.exists():
            kept = torch.load(last, weights_only=True, map_location=device)
            self.net.load_state_dict(kept["net"])
            self.average.load_state_dict(kept["average"])
            self.optimiser.load_state_dict(kept["optimiser"])
            self.step, self.elapsed = kept["step"], kept["elapsed"]
            self.best, self.seen = kept["best"], kept["seen"]
        else:
            self.average.load_state_dict(self.net.state_dict())

    def go(self, every_minutes: float) -> float:
        sort = "text" if self.which == "text" else "papers"
        valid = [
            draw_shard(self.folder / "flats_valid", sort, VALIDATION_SEED + k, 64) for k in range(3)
        ]
        rng = random.Random(time.time_ns())
        begun = time.monotonic() - 60 * self.elapsed
        checked = time.monotonic()
        losses: list[float] = []
        for shard in _shards(self.folder / f"shards_{sort}", rng):
            count, size = len(shard[self.task.items]), self.task.batch
            order = np.array(rng.sample(range(count), count))
            for start in range(0, count - size + 1, size):
                losses.append(self._learn(shard, order[start : start + size]))
            self.elapsed = (time.monotonic() - begun) / 60
            done = self.elapsed >= self.minutes
            if done or time.monotonic() - checked > 60 * every_minutes:
                self._check(valid, float(np.mean(losses)))
                losses.clear()
                checked = time.monotonic()
            if done:
                break
        return self.best

    def _learn(self, shard: Shard, pick: NDArray[np.intp]) -> float:
        rate = _PEAK * min(
            (self.step + 1) / _WARM_STEPS,
            0.5 * (1 + math.cos(math.pi * min(1.0, self.elapsed / self.minutes))) + 0.005,
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        loss = self.task.loss(self.net, shard, pick)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.seen += len(pick)
        share = min(0.998, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            theirs = self.net.state_dict()
            for key, value in self.average.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(theirs[key], 1 - share)
                else:
                    value.copy_(theirs[key])
        return float(loss.detach())

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _check(self, valid: list[dict[str, NDArray[Any]]], loss: float) -> None:
        found = [
            float(self.task.loss(self.average, shard, np.arange(start, start + 16)))
            for shard in valid
            for start in range(0, len(shard[self.task.items]) - 15, 16)
        ]
        figure = float(np.mean(found))
        entry = {
            "minutes": round(self.elapsed, 1), "step": self.step, "pictures": self.seen,
            "loss": round(loss, 4), "validation_loss": round(figure, 4),
        }  # fmt: skip
        with (self.folder / f"{self.which}-log.jsonl").open("a") as log:
            log.write(json.dumps(entry) + "\n")
        if figure < self.best:
            self.best = figure
            save({"average": self.average.state_dict()}, self.folder / f"{self.which}-best.pt")
            export_finder(
                self.which, self.average, self.folder / f"{self.which}.onnx",
                card={"validation": entry, "types": list(TYPE_NAMES)},
            )  # fmt: skip
        save(
            {
                "net": self.net.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "elapsed": self.elapsed,
                "best": self.best,
                "seen": self.seen,
            },
            self.folder / f"{self.which}-last.pt",
        )


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
