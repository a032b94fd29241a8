from __future__ import annotations

import csv
import datetime as dt
import random
from pathlib import Path

import numpy as np
import pytest

from cvocr_lab import mrz, places, qr
from cvocr_lab.kinds import TYPES, document_type
from cvocr_lab.synth import fonts
from cvocr_lab.synth.draw_text import typeface
from cvocr_lab.synth.generate import (
    TIERS,
    Tier,
    generate,
    generate_folder,
    generate_many,
    generate_pair,
    write_pdf,
)
from cvocr_lab.synth.persons import make_person

LAYOUTS = [(kind.name, layout.name) for kind in TYPES.values() for layout in kind.layouts]


@pytest.mark.parametrize(("name", "layout"), LAYOUTS)
def test_truth_follows_the_spec(name: str, layout: str) -> None:
    sample = generate(name, seed=3, tier="scan", layout=layout)
    truth = sample.truths[0]
    kind = document_type(name)
    height, width = sample.image.shape[:2]
    assert (truth.type, truth.side, truth.layout) == (name, kind.side, layout)
    assert set(truth.fields) <= {field.name for field in kind.fields}
    for field, value in truth.fields.items():
        assert kind[field].type.accepts(value), (field, value)
    printed = {n for n in truth.fields if kind[n].source == "print"}
    assert printed <= set(truth.quads)
    for _, quad in truth.lines:
        points = np.reshape(quad, (4, 2))
        assert (points > -12).all()
        assert (points < (width + 12, height + 12)).all()


@pytest.mark.parametrize("tier", TIERS)
def test_same_seed_same_picture(tier: Tier) -> None:
    first, again, other = (generate("tcc", seed=s, tier=tier) for s in (5, 5, 6))
    assert np.array_equal(first.image, again.image)
    assert first.truths == again.truths
    assert first.truths[0].fields != other.truths[0].fields


def test_quads_point_at_the_code_in_any_orientation() -> None:
    import zxingcpp

    turned, read = set(), 0
    for seed in range(8):
        sample = generate("tcc_chip", seed=seed, tier="scan")
        truth = sample.truths[0]
        quad = np.reshape(truth.quads["qr"], (4, 2))
        turned.add(int(quad[1][0] > quad[0][0]) * 2 + int(quad[1][1] > quad[0][1]))
        for code in zxingcpp.read_barcodes(sample.image):
            if code.text == truth.fields["qr"]:
                p = code.position
                corners = [
                    (c.x, c.y) for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)
                ]
                assert np.abs(np.array(corners) - quad).max() < 0.2 * np.ptp(quad)
                read += 1
    assert read >= 5
    assert len(turned) > 1


def test_lines_of_a_value_read_in_order() -> None:
    for sample in generate_many(["tcc_chip"], 6, seed=1, tier="scan"):
        truth = sample.truths[0]
        texts = {quad: text for text, quad in truth.lines}
        parts = [texts.get(quad, "") for quad in truth.line_quads["address"]]
        assert " ".join(parts) == truth.fields["address"]


@pytest.mark.parametrize("name", ["matsautcc_chip", "chip_id_card_2024_back", "passport"])
def test_zones_are_sound(name: str) -> None:
    for seed in range(4):
        fields = generate(name, seed=seed, tier="scan").truths[0].fields
        zone = mrz.parse(fields["mrz"].split())
        assert all(zone.checks.values())
        assert fields["person_number"] == zone.person_number


def test_both_sides_are_of_one_person() -> None:
    front, back = (s.truths[0].fields for s in generate_pair("tcc_chip", seed=2, tier="scan"))
    code = qr.parse(front["qr"])
    assert front["id"] == back["person_number"] == code.number
    assert code.name.upper() == front["name"]
    assert code.issued == "-".join(reversed(back["date"].split("/")))


def test_persons_keep_the_law_of_the_number() -> None:
    for seed in range(200):
        person = make_person(random.Random(seed))
        assert (
            places.check_citizen_id(person.number, birth=person.birth.isoformat(), sex=person.sex)
            == ()
        )
        assert isinstance(person.birth, dt.date)


def test_cards_expire_on_a_birthday() -> None:
    for seed in range(10):
        fields = generate("tcc_chip", seed=seed, tier="scan").truths[0].fields
        if fields["duedate"] != "Không thời hạn":
            assert fields["duedate"][:5] == fields["born"][:5] or fields["born"][:5] == "29/02"
            assert int(fields["duedate"][6:]) - int(fields["born"][6:]) in {25, 40, 60}


def test_shipped_fonts_suffice() -> None:
    shipped = {face.path for face in fonts.shipped()}
    for seed in range(10):
        for style in ("sans", "serif", "mono"):
            made = typeface(random.Random(seed), style, "shipped")
            assert {made.regular, made.bold, made.italic} <= shipped


def test_folder_and_table(tmp_path: Path) -> None:
    table = generate_folder(tmp_path, types=["cmt", "passport"], count=3, seed=4, tier="photo")
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["type"] for row in rows} == {"cmt", "passport"}
    assert all((tmp_path / row["image"]).stat().st_size > 5000 for row in rows)
    assert all(row["id"] and row["tier"] == "photo" for row in rows)


def test_pdf_has_a_page_for_each(tmp_path: Path) -> None:
    import pypdfium2

    pages = list(generate_many(["tcc"], 2, seed=1, tier="scan"))
    document = pypdfium2.PdfDocument(write_pdf(tmp_path / "a.pdf", pages))
    assert len(document) == 2
    document.close()
