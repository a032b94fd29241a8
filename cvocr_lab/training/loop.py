"""The training loop of the line recogniser, which writes checkpoints and may be resumed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cvocr_lab.engines.local.recogniser import normalise, pad
from cvocr_lab.text import CHARSET
from cvocr_lab.training.example_workers import feeding
from cvocr_lab.training.export import export
from cvocr_lab.training.nets import LineNet, steps
from cvocr_lab.training.restore import restore, unfold, widen
from cvocr_lab.training.run import Run, prepare_torch
from cvocr_lab.training.stream import (
    FIRST_SEED,
    VALIDATION_SEED,
    Batch,
    Figures,
    batches,
    draw_shard,
    drawn_set,
    evaluate,
)

_PEAK = 1.5e-3
_INDEX = {c: i + 1 for i, c in enumerate(CHARSET)}


def train(
    out: str | Path,
    minutes: float,
    start: str | Path | None = None,
    device: str = "cpu",
    *,
    workers: int = 1,
    threads: int = 1,
    every_minutes: float = 5.0,
    peak: float = _PEAK,
) -> dict[str, Figures]:
    """Train a line recogniser.

    Parameters
    ----------
    out
        Folder for shards, ``last.pt`` and ``best.pt``, ``log.jsonl`` and ``lines.onnx``.  An
        interrupted run resumes from its ``last.pt``.
    minutes
        Wall-clock time, over which the learning rate decays to zero.
    start
        Checkpoint or model file with the initial weights; None for random weights.
    device
        ``"cpu"`` or ``"cuda"``.
    workers, threads
        Processes that draw lines, and threads for the net.
    every_minutes
        How often to validate and save.
    peak
        Highest learning rate.

    Returns
    -------
    dict of Figures
        Validation figures of the best checkpoint, by sort of text and ``"all"``.

    Raises
    ------
    ArgumentError
        `start` is an ONNX file but not one of our line models.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    prepare_torch(threads)
    run = _Lines(folder, minutes, start, device, peak)
    with feeding(folder, "lines", workers) as shards:
        run.go(batches(shards, random.Random(run.step)), every_minutes)
    best = torch.load(folder / "best.pt", weights_only=True)
    return {sort: Figures(**f) for sort, f in best["figures"].items()}


class _Lines(Run[Batch]):
    unit = "lines"
    memory = 0.999

    def __init__(
        self, folder: Path, minutes: float, start: str | Path | None, device: str, peak: float
    ) -> None:
        super().__init__(partial(LineNet, len(CHARSET)), folder, "", minutes, device, peak=peak,
                         weight_decay=0.01)  # fmt: skip
        self.first = draw_shard(FIRST_SEED, 400).pictures
        self.valid = drawn_set(VALIDATION_SEED, "valid", 60)
        if self.is_resumed or start is None:
            return
        if Path(start).suffix == ".onnx":
            net, charset = restore(Path(start))
            net = widen(net, charset, CHARSET)
            unfold(net, self.first)
            self.start_from(net.state_dict())
        else:
            kept = torch.load(start, weights_only=True, map_location=device)
            self.start_from(kept["average"])

    def loss(self, net: nn.Module, batch: Batch) -> Tensor:
        lines = torch.from_numpy(batch.columns).to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device, torch.bfloat16):
            scores = net(lines)
        return loss_of(scores, batch)

    def size(self, batch: Batch) -> int:
        return len(batch.texts)

    def validate(self) -> tuple[float, dict[str, float], object]:
        figures = evaluate(lambda some: read(self.average, some, self.device), self.valid)
        cer, exact = figures["all"].cer, figures["all"].exact
        kept = {sort: asdict(each) for sort, each in figures.items()}
        return cer, {"cer": round(cer, 5), "exact": round(exact, 4)}, kept

    def export(self, entry: dict[str, float]) -> None:
        card = {"validation": entry, "fonts": "validation families of cvocr_lab.synth.fonts"}
        path = self.path("lines.onnx")
        export(self.average, CHARSET, path, figures=card, examples=self.first)


def loss_of(scores: Tensor, batch: Batch) -> Tensor:
    """Return the CTC loss of the net's logits, averaged over lines."""
    targets = torch.tensor([_INDEX[c] for text in batch.texts for c in text])
    return nn.functional.ctc_loss(
        scores.float().log_softmax(-1).transpose(0, 1),
        targets.to(scores.device),
        steps(torch.tensor(batch.widths)),
        torch.tensor([len(text) for text in batch.texts]),
        zero_infinity=True,
    )


@torch.no_grad()  # type: ignore[untyped-decorator]
def read(net: LineNet, pictures: Sequence[NDArray[np.uint8]], device: str = "cpu") -> list[str]:
    """Read lines of 48 rows greedily with a net in evaluation mode."""
    texts = [""] * len(pictures)
    order = sorted(range(len(pictures)), key=lambda i: pictures[i].shape[1])
    for start in range(0, len(order), 32):
        some = order[start : start + 32]
        lines = torch.from_numpy(pad([normalise(pictures[i]) for i in some])).to(device)
        best = net(lines).argmax(-1).cpu()
        for i, row in zip(some, best, strict=True):
            kept = row[: -(-pictures[i].shape[1] // 4)].unique_consecutive().tolist()
            texts[i] = "".join(CHARSET[k - 1] for k in kept if k).strip()
    return texts
