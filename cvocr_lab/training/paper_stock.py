"""A stock of flat papers on disk, from which the finders' training pictures are composed.

Drawing a paper takes much longer than composing a picture of it, so each paper is drawn once and
used many times.
"""

from __future__ import annotations

import pickle
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.files import write_private
from cvocr_lab.kinds import TYPES
from cvocr_lab.synth import wild
from cvocr_lab.synth.draw_paper import Drawn, draw
from cvocr_lab.synth.fonts import Pool
from cvocr_lab.synth.generate import model_of
from cvocr_lab.synth.handling import Handled, handle, unhandled
from cvocr_lab.synth.papers import paper_values
from cvocr_lab.synth.scenes import scene

SCALE = 8.0
"""Pixels per millimetre of a stored paper."""
_PER_FILE = 40
_MODELS = tuple((kind, layout) for kind in TYPES.values() for layout in kind.layouts)


@dataclass(frozen=True, slots=True)
class Flat:
    """A flat picture of a paper."""

    jpeg: bytes
    """The encoded picture, passed to OpenCV in RGB order."""

    corners: NDArray[np.float32]
    """Corners of the document, ``(4, 2)`` pixels; the other page of a passport is outside them."""

    lines: NDArray[np.float32]
    """Quads of the printed lines, ``(n, 4, 2)`` pixels, each clockwise from its top left."""

    type: str
    """The document type; ``"card"`` or ``"page"`` for papers without a layout."""

    def picture(self) -> NDArray[np.uint8]:
        """Decode the picture, RGB."""
        return decoded(self.jpeg)


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    """Decode a picture of the stock."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


def draw_flat(seed: int, pool: Pool) -> Flat:
    """Draw paper number `seed`; of eight papers four have a layout, three are cards, one a page."""
    turn = seed % 8
    if turn == 7:
        return _flat(wild.draw_page(seed, pool=pool, scale=SCALE), "page")
    if turn >= 4:
        return _flat(wild.draw_card(seed, pool=pool, scale=SCALE), "card")
    kind, layout = _MODELS[(seed // 8 * 4 + turn) % len(_MODELS)]
    model = model_of(kind, layout)
    chance = random.Random(f"flat/{seed}")
    values = paper_values(model, chance)[kind.side == "back"]
    drawn = draw(kind, layout, values, chance, pool=pool, scale=SCALE)
    rng = np.random.default_rng(chance.getrandbits(64))
    return _flat(drawn, kind.name, handle(drawn.picture, kind.family, model, rng))


def _flat(drawn: Drawn, type_name: str, handled: Handled | None = None) -> Flat:
    handled = handled or unhandled(drawn.picture)
    corners = np.array(handled.outline, np.float32).reshape(4, 2)
    lines = np.array([quad for _, quad in drawn.lines], np.float32).reshape(-1, 4, 2)
    shift = np.array(handled.inset, np.float32)
    return Flat(_encoded(handled.picture, 92), corners + shift, lines + shift, type_name)


def _encoded(picture: NDArray[np.uint8], quality: int) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def write_flats(folder: Path, *, seed: int, count: int, pool: Pool) -> None:
    """Draw papers into files of 40 papers, skipping files that exist."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(seed, seed + count, _PER_FILE):
        path = folder / f"flats-{start}.pickle"
        if path.exists():
            continue
        flats = [draw_flat(number, pool) for number in range(start, start + _PER_FILE)]
        rng = np.random.default_rng(start)
        grounds = [_encoded(scene(640, 640, rng), 90) for _ in range(_PER_FILE // 2)]
        write_private(path, pickle.dumps((flats, grounds)))


@cache
def stock(folder: Path) -> tuple[list[Flat], list[bytes]]:
    """Return every paper and every background (a JPEG of 640 by 640 pixels) in the folder."""
    flats: list[Flat] = []
    grounds: list[bytes] = []
    for path in sorted(folder.glob("flats-*.pickle")):
        some_flats, some_grounds = pickle.loads(path.read_bytes())
        flats += some_flats
        grounds += some_grounds
    return flats, grounds
