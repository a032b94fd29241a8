"""Made-up cards for tests of what people see: quick to draw, with known places."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.results import Document, Extraction, FieldValue, Quad, box_quad

NAMES = ("TRẦN THỊ ÁNH", "NGUYỄN VĂN ƯỚC", "LÊ ĐÌNH QUÝ", "PHẠM HỒNG ĐỨC", "VÕ KIM NGỌC")


def card(at: int, *, scale: float = 1.0) -> Document:
    """The front of a card; every third number is read with one digit missing."""
    number = f"0010900000{at % 100:02d}"
    values = {
        "id": FieldValue(number[:-1] if at % 3 == 2 else number, 0.99, quad(230, 120, scale)),
        "name": FieldValue(NAMES[at % len(NAMES)], 0.7 + 0.05 * (at % 5), quad(230, 180, scale)),
        "born": FieldValue(f"{at % 27 + 1:02d}/04/1990", 0.9, quad(230, 240, scale)),
    }
    corners: Quad = box_quad(60 * scale, 40 * scale, 700 * scale, 440 * scale)
    warnings = ("id:from_qr",) if at % 2 else ()
    return Document("tcc_chip", "front", values, corners=corners, warnings=warnings)


def quad(x: float, y: float, scale: float) -> Quad:
    return box_quad(x * scale, y * scale, (x + 330) * scale, (y + 36) * scale)


def picture(at: int, *, scale: float = 1.0) -> np.ndarray:
    """A photo of it: grey ground, a card, bars where the values stand."""
    size = round(500 * scale), round(760 * scale)
    pixels = np.full((*size, 3), (90, 100, 110 + at % 100), np.uint8)
    noise = np.random.default_rng(at).integers(0, 40, size, np.uint8)
    pixels += noise[..., None]
    document = card(at, scale=scale)
    assert document.corners is not None
    fill(pixels, document.corners, (200, 220, 225))
    for number, value in enumerate(document.fields.values()):
        assert value.quad is not None
        fill(pixels, value.quad, (40, 60 * number, 120))
    return pixels


def fill(pixels: np.ndarray, place: Quad, colour: tuple[int, int, int]) -> None:
    points = np.asarray(place).reshape(4, 2).round().astype(np.int32)
    cv2.fillPoly(pixels, [points], colour)


def cards(folder: Path, count: int, *, scale: float = 1.0) -> pd.DataFrame:
    """A flat frame of `count` cards, and their pictures in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(count):
        assert cv2.imwrite(str(folder / f"{at}.jpg"), picture(at, scale=scale))
    sources = pd.DataFrame({"image": [f"{at}.jpg" for at in range(count)]})
    readings = [Reading(Extraction((card(at, scale=scale),), engine="local 1"), seconds=1.0 + at)
                for at in range(count)]  # fmt: skip
    return to_frame(readings, sources, fields=["id", "name", "born"], base=folder)
