"""The line net: convolutions down to one row, two bidirectional LSTM layers, CTC classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDE = 4
"""Pixel columns per output step."""


def _convolution(inputs: int, outputs: int, stride: tuple[int, int] = (1, 1)) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class LineNet(nn.Module):  # type: ignore[misc]
    """Net that reads grey lines of 48 rows; it has 1.5 million weights.

    Parameters
    ----------
    characters
        Size of the character set; the blank is added as class 0.
    """

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            _convolution(1, 24, (2, 2)),
            _convolution(24, 32),
            _convolution(32, 64, (2, 2)),
            _convolution(64, 64),
            _convolution(64, 96, (2, 1)),
            _convolution(96, 96),
            _convolution(96, 128, (2, 1)),
            nn.Conv2d(128, 192, (3, 1), bias=False),
            nn.BatchNorm2d(192),
            nn.ReLU(inplace=True),
        )
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
