"""The nets: one reads lines, three find papers, their orientation and their lines.

The three have less than 0.7 M weights each.  They consist of residual convolutions; the features of
several scales are added up at the finest one (Lin et al., "Feature Pyramid Networks", 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4
"""Pixel columns of a line per output step."""

_STAGES = ((1, 24, 2), (24, 32, 1), (32, 64, 2), (64, 64, 1), (64, 96, (2, 1)), (96, 96, 1),
           (96, 128, (2, 1)))  # fmt: skip


def _convolution(
    inputs: int, outputs: int, size: int, stride: int | tuple[int, int] = 1, groups: int = 1
) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


class _Block(nn.Module):  # type: ignore[misc]
    """A convolution that is added to its input if the shapes allow.

    Full convolutions learn twice as fast on a CPU as depthwise ones of the same quality.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_convolution(inputs, outputs, 3, stride))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return x + out if self.adds else out


class Pyramid(nn.Module):  # type: ignore[misc]
    """Features at a quarter of the picture's size, with coarser ones added.

    `widths` are the channels at 1/4, 1/8, 1/16 and, if given, 1/32 of the size, and `depths` the
    residual blocks at each scale.
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int], out: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_convolution(3, 16, 3, 2))
        stages, inputs = [], 16
        for width, depth in zip(widths, depths, strict=True):
            blocks = [_Block(inputs, width, 2)]
            blocks += [_Block(width, width) for _ in range(depth)]
            stages.append(nn.Sequential(*blocks))
            inputs = width
        self.stages = nn.ModuleList(stages)
        self.sides = nn.ModuleList(nn.Conv2d(width, out, 1) for width in widths)
        self.smooth = nn.Sequential(*_convolution(out, out, 3, 1, out), *_convolution(out, out, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``(n, 3, h, w)`` to features at 1/4 and the coarsest ones."""
        x = self.stem(x)
        seen = []
        for stage in self.stages:
            x = stage(x)
            seen.append(x)
        total = self.sides[-1](seen[-1])
        for features, side in zip(seen[-2::-1], list(self.sides)[-2::-1], strict=True):
            total = side(features) + functional.interpolate(total, scale_factor=2.0, mode="nearest")
        return self.smooth(total), x


class PaperNet(nn.Module):  # type: ignore[misc]
    """Predicts the mask of papers (logits) and the offsets from each pixel to its paper's corners.

    Maps ``(n, 3, 320, 320)`` to ``(n, 9, 80, 80)``; the offsets are in eighths of the canvas, the
    corners clockwise from the one furthest to the top left.
    """

    def __init__(self) -> None:
        super().__init__()
        self.look = Pyramid((24, 40, 72, 112), (2, 3, 3, 2), 48)
        self.tell = nn.Sequential(*_convolution(48, 48, 5, 1, 48), nn.Conv2d(48, 9, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """Apply the net to pictures; see the class."""
        out: Tensor = self.tell(self.look(pictures)[0])
        return out


class TurnNet(nn.Module):  # type: ignore[misc]
    """Predicts the corners of a roughly flattened paper, its orientation and its type.

    Maps ``(n, 3, 144, 224)`` to heat maps of the corners ``(n, 4, 36, 56)`` (logits) and logits
    ``(n, 4 + types)``.
    """

    def __init__(self, types: int) -> None:
        super().__init__()
        self.look = Pyramid((24, 40, 64), (2, 3, 4), 40)
        self.tell = nn.Sequential(*_convolution(40, 40, 5, 1, 40), nn.Conv2d(40, 4, 1))
        self.reduce = nn.Sequential(*_convolution(64, 48, 1))
        self.name = nn.Sequential(
            nn.Linear(48 * 35, 96), nn.ReLU(inplace=True), nn.Dropout(0.1),
            nn.Linear(96, 4 + types),
        )  # fmt: skip

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the net to crops; see the class."""
        fine, coarse = self.look(crops)
        # Reduces 9 by 14 cells to 5 by 7 by an operation that every runtime supports.
        cells = functional.avg_pool2d(self.reduce(coarse), 2, ceil_mode=True)
        return self.tell(fine), self.name(cells.flatten(1))


class TextNet(nn.Module):  # type: ignore[misc]
    """Predicts the cores of text lines (logits) and the logarithm of their heights.

    Maps ``(n, 3, h, w)``, with sides that are multiples of 32, to ``(n, 2, h / 2, w / 2)``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.look = Pyramid((24, 40, 64, 80), (2, 3, 3, 1), 40)
        self.tell = nn.Sequential(*_convolution(40, 40, 3, 1, 40), nn.Conv2d(40, 8, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """Apply the net to pictures; see the class."""
        return torch.pixel_shuffle(self.tell(self.look(pictures)[0]), 2)


class LineNet(nn.Module):  # type: ignore[misc]
    """Net that reads grey lines of 48 rows: convolutions down to one row, LSTM layers, CTC classes.

    It has 1.5 million weights.  The blank is added to the `characters` as class 0.
    """

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            *(
                nn.Sequential(*_convolution(inputs, outputs, 3, stride))
                for inputs, outputs, stride in _STAGES
            ),
            nn.Conv2d(128, 192, (3, 1), bias=False), nn.BatchNorm2d(192), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.mix = nn.LSTM(192, 160, 2, bidirectional=True, batch_first=True)
        self.name = nn.Linear(320, characters + 1)

    def forward(self, lines: Tensor) -> Tensor:
        """Map ``(n, 1, 48, width)`` to logits ``(n, ceil(width / 4), 1 + characters)``."""
        seen = self.look(lines).squeeze(2).transpose(1, 2)
        mixed, _ = self.mix(seen)
        scores: Tensor = self.name(mixed)
        return scores


def steps(widths: Tensor) -> Tensor:
    """Return the number of output steps for lines of these widths."""
    return torch.div(widths + STRIDE - 1, STRIDE, rounding_mode="floor")
