"""One training run, which writes checkpoints and may be resumed; the same for all nets."""

from __future__ import annotations

import ctypes
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from cvocr_lab.files import replacing

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of <malloc.h>
_WARM_STEPS = 250
_COUNTS = ("step", "elapsed", "best", "seen")

Batch = TypeVar("Batch")


def prepare_torch(threads: int) -> None:
    """Set the number of threads, and let glibc keep freed memory.

    Returning large tensors at each step takes a third of the time.
    """
    torch.set_num_threads(threads)
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return
    for option in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
        libc.mallopt(option, 1 << 30)


class Run(Generic[Batch]):
    """State of one run: net, moving average, optimiser and clock.

    The files in `folder` begin with `prefix`.  Subclasses define the loss and the validation; the
    average with the lowest validation figure is exported.
    """

    unit = "pictures"
    memory = 0.998
    """Greatest share of the average that stays at each step."""

    def __init__(
        self, make: Callable[[], nn.Module], folder: Path, prefix: str, minutes: float, device: str,
        *, peak: float, weight_decay: float,
    ) -> None:  # fmt: skip
        self.folder, self.prefix, self.minutes = folder, prefix, minutes
        self.device, self.peak = device, peak
        self.net = make().to(device, memory_format=torch.channels_last)
        self.average = make().to(device, memory_format=torch.channels_last).eval()
        self.optimiser = torch.optim.AdamW(self.net.parameters(), peak, weight_decay=weight_decay)
        self.step, self.elapsed, self.best, self.seen = 0, 0.0, math.inf, 0
        last = self.path("last.pt")
        self.is_resumed = last.exists()
        if self.is_resumed:
            kept = torch.load(last, weights_only=True, map_location=device)
            for part in ("net", "average", "optimiser"):
                getattr(self, part).load_state_dict(kept[part])
            for name in _COUNTS:
                setattr(self, name, kept[name])
        else:
            self.start_from(self.net.state_dict())

    def path(self, name: str) -> Path:
        """Return the path of one of the run's files."""
        return self.folder / (self.prefix + name)

    def start_from(self, weights: Mapping[str, Tensor]) -> None:
        """Set the weights of the net and of the average."""
        self.net.load_state_dict(weights)
        self.average.load_state_dict(weights)

    def loss(self, net: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        raise NotImplementedError

    def size(self, batch: Batch) -> int:
        """Return the number of examples in a batch."""
        raise NotImplementedError

    def validate(self) -> tuple[float, dict[str, float], object]:
        """Return the figure to minimise, what the log shows, and what ``best.pt`` keeps of it."""
        raise NotImplementedError

    def export(self, entry: dict[str, float]) -> None:
        """Write the average as a model file, with this entry of the log in its card."""
        raise NotImplementedError

    def go(self, batches: Iterator[Batch], every_minutes: float) -> None:
        """Train until the time is over."""
        begun = time.monotonic() - 60 * self.elapsed
        checked = time.monotonic()
        losses: list[float] = []
        while self.elapsed < self.minutes:
            losses.append(self._learn(next(batches)))
            now = time.monotonic()
            self.elapsed = (now - begun) / 60
            if now - checked > 60 * every_minutes or self.elapsed >= self.minutes:
                self._check(float(np.mean(losses)))
                losses.clear()
                checked = time.monotonic()

    def _learn(self, batch: Batch) -> float:
        decay = 0.5 * (1 + math.cos(math.pi * min(1.0, self.elapsed / self.minutes))) + 0.005
        for group in self.optimiser.param_groups:
            group["lr"] = self.peak * min((self.step + 1) / _WARM_STEPS, decay)
        self.net.train()
        loss = self.loss(self.net, batch)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.seen += self.size(batch)
        follow(self.average, self.net, min(self.memory, (1 + self.step) / (10 + self.step)))
        return float(loss.detach())

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _check(self, loss: float) -> None:
        figure, shown, kept = self.validate()
        entry = {"minutes": round(self.elapsed, 1), "step": self.step, self.unit: self.seen,
                 "loss": round(loss, 4), **shown}  # fmt: skip
        with self.path("log.jsonl").open("a") as log:
            log.write(json.dumps(entry) + "\n")
        if figure < self.best:
            self.best = figure
            _save({"average": self.average.state_dict(), "figures": kept}, self.path("best.pt"))
            self.export(entry)
        state = {part: getattr(self, part).state_dict() for part in ("net", "average", "optimiser")}
        _save(state | {name: getattr(self, name) for name in _COUNTS}, self.path("last.pt"))


@torch.no_grad()  # type: ignore[untyped-decorator]
def follow(average: nn.Module, net: nn.Module, share: float) -> None:
    """Move the average towards the net; `share` of it stays."""
    theirs = net.state_dict()
    for key, value in average.state_dict().items():
        if value.is_floating_point():
            value.lerp_(theirs[key], 1 - share)
        else:
            value.copy_(theirs[key])


def _save(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint; it appears at `path` complete or not at all."""
    with replacing(path) as temporary:
        torch.save(state, temporary)
