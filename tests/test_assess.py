"""The offline engine's verdict on a picture, and the faults it is measured on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cvocr_lab import mrz
from cvocr_lab.engines import Request
from cvocr_lab.engines.local import LocalEngine, assess
from cvocr_lab.engines.local.parse import Reading
from cvocr_lab.engines.local.quality_measures import QualityMeasures
from cvocr_lab.frames import Reading as Row
from cvocr_lab.frames import documents_of, to_frame
from cvocr_lab.images import load
from cvocr_lab.kinds import TYPES
from cvocr_lab.proofs import Proof
from cvocr_lab.results import Document, Extraction, Line
from cvocr_lab.synth import Sample, generate
from cvocr_lab.synth.faults import FAULTS, FORGERIES, spoil

SOUND = QualityMeasures(colour=20.0, stripes=1.5, gap_mm=8.0, steepness=4.0, glare={}, cover={})


@pytest.fixture(scope="module")
def engine() -> LocalEngine:
    return LocalEngine(threads=1)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate("tcc_chip", seed=800_700, tier="photo")


def read(engine: LocalEngine, sample: Sample) -> Document:
    image = load(np.ascontiguousarray(sample.image))
    return engine.extract(Request((image,), "id_any")).documents[0]


def test_what_is_noticed() -> None:
    assert assess.notice(SOUND) == []
    assert assess.notice(replace(SOUND, colour=1.0)) == ["picture:photocopy"]
    assert assess.notice(replace(SOUND, stripes=4.5)) == ["picture:screen"]
    assert assess.notice(replace(SOUND, gap_mm=-4.0)) == ["picture:clipped"]
    assert assess.notice(replace(SOUND, gap_mm=-0.5)) == ["picture:near_edge"]
    assert assess.notice(replace(SOUND, steepness=1.0)) == ["picture:blurred"]
    assert assess.notice(replace(SOUND, steepness=None)) == []
    assert assess.notice(replace(SOUND, cover={"id": 0.9, "name": 0.1})) == ["id:covered"]
    assert assess.notice(replace(SOUND, glare={"id": 0.9, "name": 0.1})) == ["id:glare"]


@pytest.mark.parametrize(
    ("warnings", "code"),
    [
        (["id:from_qr"], 0),
        (["picture:screen", "picture:near_edge"], 1),
        (["picture:photocopy"], 2),
        (["id:malformed"], 3),
        (["mrz:check_digits", "mrz:malformed"], 4),
        (["picture:clipped", "id:malformed"], 5),
        (["picture:near_edge"], 6),
        (["picture:blurred"], None),
        (["name:covered"], None),
        (["name:glare"], None),
        (["qr:of_another"], None),
        (["born:contradicts_qr"], None),
    ],
)
def test_the_verdict_follows_the_weightiest_reason(warnings: list[str], code: int | None) -> None:
    verdict = assess.judge(warnings)
    assert verdict.valid is (code == 0)
    assert verdict.code == code
    assert bool(verdict.message) is (code != 0)


def test_a_zone_that_may_be_misread_is_doubted_but_not_refused() -> None:
    lines = ["IDVNM0990001232001099000123<<3", "9901018M3901016VNM<<<<<<<<<<<8",
             "NGUYEN<<VAN<MAU<<<<<<<<<<<<<<<"]  # fmt: skip
    good, bad = mrz.parse(lines), mrz.parse([lines[0], "9" + "8" + lines[1][2:], lines[2]])
    sure = [Line(text, 0.99) for text in lines]
    assert assess.zone_warnings(None, []) == []
    assert assess.zone_warnings(good, sure) == []
    assert assess.zone_warnings(bad, sure) == ["mrz:check_digits", "mrz:malformed"]
    assert assess.zone_warnings(bad, [Line(lines[0], 0.8)]) == ["mrz:check_digits"]


def test_print_contradicts_a_code_where_two_signs_were_read_surely() -> None:
    def said(text: str, sure: float) -> list[str]:
        reading = Reading(text, None, (sure,) * len(text), 0.0, True)
        return assess.contradictions({"born": reading}, {"born": Proof("01/01/1999", "qr")})

    assert said("01/01/1999", 1.0) == []
    assert said("01/01/1998", 1.0) == [], "one sign may be misread"
    assert said("01/04/1989", 1.0) == ["born:contradicts_qr"]
    assert said("01/04/1989", 0.5) == []


def test_a_sound_picture_is_valid(engine: LocalEngine, sample: Sample) -> None:
    document = read(engine, sample)
    assert (document.valid, document.invalid_code, document.invalid_message) == (True, 0, "")
    assert not [w for w in document.warnings if w.startswith("picture:")]


@pytest.mark.parametrize(
    ("fault", "warning", "code"),
    [
        ("recaptured", "picture:screen", 1),
        ("photocopied", "picture:photocopy", 2),
        ("clipped", "picture:clipped", 5),
        ("glared", ":glare", None),
        ("covered", ":covered", None),
    ],
)
def test_a_spoilt_picture_is_not(
    engine: LocalEngine, sample: Sample, fault: str, warning: str, code: int | None
) -> None:
    document = read(engine, spoil(sample, fault, seed=1))
    assert any(warning in w for w in document.warnings)
    assert (document.valid, document.invalid_code) == (False, code)
    frame = to_frame([Row(Extraction((document,)))], pd.DataFrame({"image": ["a.jpg"]}))
    assert frame["ocr_valid"].tolist() == [False]
    assert documents_of(frame) == [document]


def test_a_forged_number_is_wrongly_formed(engine: LocalEngine) -> None:
    forged = generate("tcc_chip", seed=800_700, tier="scan", forge=FORGERIES["number"])
    document = read(engine, forged)
    assert "id:malformed" in document.warnings
    assert document.valid is False


def test_a_number_is_judged_as_printed_before_a_code_mends_it() -> None:
    kind = TYPES["tcc_chip"]
    layout = kind.layouts[0]

    def said(text: str, sure: float) -> list[str]:
        reading = Reading(text, None, (sure,) * len(text), 0.0, True)
        return assess.number_warnings(kind, {"id": reading}, [], layout, np.eye(3))

    assert said("001099000123", 1.0) == []
    assert said("00109900012", 1.0) == ["id:malformed"]
    assert said("00109900012", 0.9) == [], "a digit may have been overlooked"


def test_a_number_without_form_is_looked_for_in_its_place() -> None:
    kind = TYPES["passport"]
    layout = kind.layouts[0]
    slot = next(slot for slot in layout.slots if slot.field == "id")

    def said(text: str, down: float = 0.0) -> list[str]:
        left, bottom = slot.value_x, slot.value_y + down
        right, top = left + 0.6 * slot.size * len(text), bottom - 0.7 * slot.size
        quad = (left, top, right, top, right, bottom, left, bottom)
        line = Line(text, 1.0, quad, (1.0,) * len(text))
        return assess.number_warnings(kind, {}, [line], layout, np.eye(3))

    assert said("C123456") == ["id:malformed"]
    assert said("C1234567") == []
    assert said("VIETNAM") == []
    assert said("C123456", down=3 * slot.size) == [], "elsewhere it is another field's"


def test_vehicles_have_no_verdict(engine: LocalEngine) -> None:
    document = read(engine, generate("vehicle_registration_back", seed=800_701, tier="scan"))
    assert (document.valid, document.invalid_code, document.invalid_message) == (None, None, "")


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_follow_their_seed_and_move_the_truth_along(sample: Sample, fault: str) -> None:
    before = sample.image.copy()
    one, two = (spoil(sample, fault, seed=3) for _ in range(2))
    assert (one.image == two.image).all()
    assert (sample.image == before).all()
    corners, there = (np.array(s.truths[0].corners) for s in (one, sample))
    moves = fault in ("clipped", "crowded", "recaptured")
    assert bool(np.abs(corners - there).max() > 0.5) <= moves
    assert one.image.shape == sample.image.shape or moves
    assert (one.image.shape != before.shape) or (one.image != before).any()


def test_forgeries_change_one_field() -> None:
    for name, field in (("number", "id"), ("zone", "mrz"), ("print", "born")):
        zone = "IDVNM0990001232001099000123<<3 9901018M3901016VNM<<<<<<<<<<<8 X"
        values = {"id": "001099000123", "born": "01/01/1999", "mrz": zone}
        made = FORGERIES[name](values)
        assert [k for k in values if made[k] != values[k]] == [field]
    for number, kind in (("001099000123", "tcc_chip"), ("E12345678", "passport"),
                         ("C1234567", "passport"), ("012345678", "cmt")):  # fmt: skip
        forged = FORGERIES["number"]({"id": number})["id"]
        assert TYPES[kind]["id"].type.accepts(number)
        assert not TYPES[kind]["id"].type.accepts(forged)
