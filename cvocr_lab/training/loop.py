"""The training loop of the line recogniser, which writes checkpoints and may be resumed."""

from __future__ import annotations

import ctypes
import json
import math
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cvocr_lab.engines.local.recogniser import normalise, pad
from cvocr_lab.text import CHARSET
from cvocr_lab.training.evaluation import VALIDATION_SEED, Figures, drawn_set, evaluate
from cvocr_lab.training.export import export
from cvocr_lab.training.model import LineNet, steps
from cvocr_lab.training.restore import restore, unfold, widen
from cvocr_lab.training.stream import FIRST_SEED, Batch, batches, draw_shard

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of <malloc.h>
_PEAK = 1.5e-3
_WARM_STEPS = 300
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
    torch.set_num_threads(threads)
    keep_memory()
    run = _Run(folder, minutes, start, device, peak)
    with _workers(folder / "lines", workers):
        run.go(every_minutes)
    best = torch.load(folder / "best.pt", weights_only=True)
    return {sort: Figures(**f) for sort, f in best["figures"].items()}


def keep_memory() -> None:
    """Let glibc keep freed memory; returning large tensors at each step takes a third of the time.

    This does nothing with other C libraries.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return
    for option in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
        libc.mallopt(option, 1 << 30)


class _Run:
    """State of one run: net, moving average, optimiser, clock."""

    def __init__(
        self, folder: Path, minutes: float, start: str | Path | None, device: str, peak: float
    ) -> None:
        self.folder, self.minutes, self.device, self.peak = folder, minutes, device, peak
        self.net = LineNet(len(CHARSET)).to(device, memory_format=torch.channels_last)
        self.average = LineNet(len(CHARSET)).to(device).eval()
        self.optimiser = torch.optim.AdamW(self.net.parameters(), peak, weight_decay=0.01)
        self.step, self.elapsed, self.best, self.seen = 0, 0.0, math.inf, 0
        self.first = draw_shard(FIRST_SEED, 400).pictures
        last = folder / "last.pt"
        if last.exists():
            kept = torch.load(last, weights_only=True, map_location=device)
            self.net.load_state_dict(kept["net"])
            self.optimiser.load_state_dict(kept["optimiser"])
            self.step, self.elapsed, self.best, self.seen = (
                kept["step"], kept["elapsed"], kept["best"], kept["seen"],
            )  # fmt: skip
        elif start is not None and Path(start).suffix == ".onnx":
            whole, charset = restore(Path(start))
            whole = widen(whole, charset, CHARSET)
            unfold(whole, self.first)
            self.net.load_state_dict(whole.state_dict())
        elif start is not None:
            kept = torch.load(start, weights_only=True, map_location=device)
            self.net.load_state_dict(kept["average"])
        self.average.load_state_dict(kept["average"] if last.exists() else self.net.state_dict())

    def go(self, every_minutes: float) -> None:
        valid = drawn_set(VALIDATION_SEED, "valid", 60)
        stream = batches(self.folder / "lines", random.Random(self.step))
        begun = checked = time.monotonic() - 60 * self.elapsed
        checked = time.monotonic()
        losses: list[float] = []
        while self.elapsed < self.minutes:
            losses.append(self._learn(next(stream)))
            now = time.monotonic()
            self.elapsed = (now - begun) / 60
            if now - checked > 60 * every_minutes or self.elapsed >= self.minutes:
                self._check(valid, float(np.mean(losses)))
                losses.clear()
                checked = time.monotonic()

    def _learn(self, batch: Batch) -> float:
        rate = self.peak * min(
            (self.step + 1) / _WARM_STEPS,
            0.5 * (1 + math.cos(math.pi * min(1.0, self.elapsed / self.minutes))) + 0.005,
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        lines = torch.from_numpy(batch.columns).to(self.device, memory_format=torch.channels_last)
        self.net.train()
        with torch.autocast(self.device, torch.bfloat16):
            scores = self.net(lines)
        loss = loss_of(scores, batch)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.seen += len(batch.texts)
        self._follow(min(0.999, (1 + self.step) / (10 + self.step)))
        return float(loss.detach())

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _follow(self, share: float) -> None:
        ours, theirs = self.average.state_dict(), self.net.state_dict()
        for key, value in ours.items():
            if value.is_floating_point():
                value.lerp_(theirs[key], 1 - share)
            else:
                value.copy_(theirs[key])

    def _check(self, valid: Any, loss: float) -> None:
        figures = evaluate(lambda pictures: read(self.average, pictures, self.device), valid)
        overall = figures["all"]
        entry = {
            "minutes": round(self.elapsed, 1), "step": self.step, "lines": self.seen,
            "loss": round(loss, 4), "cer": round(overall.cer, 5), "exact": round(overall.exact, 4),
        }  # fmt: skip
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(entry) + "\n")
        plain = {sort: asdict(f) for sort, f in figures.items()}
        if overall.cer < self.best:
            self.best = overall.cer
            save({"average": self.average.state_dict(), "figures": plain}, self.folder / "best.pt")
            card = {"validation": entry, "fonts": "validation families of cvocr_lab.synth.fonts"}
            export(
                self.average, CHARSET, self.folder / "lines.onnx", figures=card, examples=self.first
            )
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
            self.folder / "last.pt",
        )


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


def save(state: dict[str, object], path: Path) -> None:
    """Write a checkpoint; it appears at `path` complete or not at all."""
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    partial.replace(path)


@contextmanager
def _workers(folder: Path, count: int) -> Iterator[None]:
    """Run processes that draw lines while the block runs."""
    code = (
        "import sys; from pathlib import Path; from cvocr_lab.training.stream import feed; "
        "feed(Path(sys.argv[1]), seed=int(sys.argv[2]))"
    )
    seeds = [
        FIRST_SEED + 10_000_000 * k + time.time_ns() // 10**9 % 1_000_000 * 10 for k in range(count)
    ]
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), str(seed)]) for seed in seeds
    ]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
            process.wait()
