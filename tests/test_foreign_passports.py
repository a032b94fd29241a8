"""Data pages of other countries' passports: what the zone says, and nothing Vietnamese."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cvocr_lab import images, mrz
from cvocr_lab.engines import Request
from cvocr_lab.engines.local import LocalEngine
from cvocr_lab.synth import fonts

MM = 11
"""Pixels of the drawn page per millimetre."""
PEOPLE = [
    ("UTO", "ERIKSSON", "ANNA MARIA", "F", "740812", "ZE184226B", "Utopia", "Passport"),
    ("D<<", "MUSTERMANN", "ERIKA", "F", "640812", "", "Bundesrepublik Deutschland", "Reisepass"),
    ("FRA", "MARTIN DURAND", "JEAN LUC", "M", "801130", "", "République française", "Passeport"),
    ("JPN", "GAIMU", "SAKURA", "F", "790224", "", "Japan", "Passport"),
    ("THA", "SUKJAI", "SOMCHAI", "M", "910705", "1100400123456", "Thailand", "Passport"),
    ("GBR", "ANGLER", "PAUL", "M", "880303", "", "United Kingdom", "Passport"),
    ("KOR", "HONG", "GILDONG", "M", "950617", "", "Republic of Korea", "Passport"),
    ("USA", "TRAVELER", "HAPPY JANE", "F", "810515", "", "United States", "Passport"),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> LocalEngine:
    return LocalEngine(threads=1)


def _zone(at: int) -> mrz.Mrz:
    country, surname, names, sex, birth, personal, *_ = PEOPLE[at]
    return mrz.Mrz(
        format="TD3", document_code="P", issuer=country.rstrip("<"), number=f"C{at}7L3Z1K{at}",
        birth=birth, sex=sex, expiry="310427", nationality=country.rstrip("<"), surname=surname,
        given_names=names, person_number=personal,
    )  # fmt: skip


def _page(at: int, turns: int) -> NDArray[np.uint8]:
    """A data page on a table, photographed at a slight slant, turned by quarters."""
    zone = _zone(at)
    *_, state, title = PEOPLE[at]
    page = Image.new("RGB", (125 * MM, 88 * MM), (226, 218, 232))
    draw = ImageDraw.Draw(page)
    plain, fixed = (fonts.pick(random.Random(1), style, "shipped") for style in ("sans", "ocrb"))

    def write(x: float, y: float, text: str, tall: float, font: object = plain) -> None:
        face = ImageFont.truetype(str(font), round(tall * MM))
        draw.text((x * MM, y * MM), text, (30, 30, 45), face)

    draw.rectangle((5 * MM, 20 * MM, 37 * MM, 60 * MM), (170, 160, 150))
    draw.ellipse((13 * MM, 26 * MM, 29 * MM, 46 * MM), (225, 190, 170))
    write(6, 5, state.upper(), 3.2)
    write(6, 11, title.upper(), 4.5)
    rows = [
        ("Type", "P"), ("Passport No.", zone.number), ("Surname", zone.surname),
        ("Given names", zone.given_names), ("Nationality", state.upper()), ("Sex", zone.sex),
        ("Date of birth", zone.birth), ("Date of expiry", zone.expiry),
    ]  # fmt: skip
    for row, (caption, value) in enumerate(rows):
        write(42, 17 + 6 * row, caption, 1.8)
        write(42, 19 + 6 * row, value, 3.0)
    for row, line in enumerate(mrz.format(zone)):
        width = ImageFont.truetype(str(fixed), 100).getlength("0") / 100
        write(5, 69 + 8 * row, line, 2.55 / width, fixed)
    table = np.full((1400, 1700, 3), (96, 78, 60), np.uint8)
    table += np.random.default_rng(at).integers(0, 14, table.shape, np.uint8)
    height, width_ = page.size[1], page.size[0]
    corners = np.array([[150, 190], [1540, 160], [1560, 1180], [130, 1150]], np.float32)
    source = np.array([[0, 0], [width_, 0], [width_, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners)
    laid = cv2.warpPerspective(
        np.array(page), matrix, (1700, 1400), table, flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_TRANSPARENT,
    )  # fmt: skip
    return np.ascontiguousarray(np.rot90(cv2.GaussianBlur(laid, (0, 0), 0.7), turns))


@pytest.mark.parametrize("at", range(len(PEOPLE)))
def test_a_foreign_passport_is_what_its_zone_says(engine: LocalEngine, at: int) -> None:
    zone = _zone(at)
    picture = images.load(_page(at, at % 4))
    (document,) = engine.extract(Request((picture,), "id_any")).documents
    read = {name: value.text for name, value in document.fields.items()}
    assert document.type == "passport"
    assert read["mrz"].split() == list(mrz.format(zone))
    assert (read["id"], read["surname"], read["given_name"]) == (
        zone.number, zone.surname, zone.given_names,
    )  # fmt: skip
    assert read["nationality"] == read["country"] == zone.issuer
    assert not {"place_of_birth", "noicap", "name", "quoctich"} & read.keys()
    assert not [w for w in document.warnings if w.startswith("mrz:of_another")]
