"""The offline engine whole, with its own recogniser, on generated pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cvocr_lab
from cvocr_lab.engines import Request, open_engine
from cvocr_lab.engines.local import LocalEngine
from cvocr_lab.errors import ArgumentError, NoDocumentError
from cvocr_lab.images import load
from cvocr_lab.kinds import TYPES
from cvocr_lab.synth import generate, generate_pair

MODELS = [(t.name, layout.name) for t in TYPES.values() for layout in t.layouts]


@pytest.fixture(scope="module")
def engine() -> LocalEngine:
    return LocalEngine(threads=1)


def _mostly_read(engine: LocalEngine, kind: str, layout: str, seed: int) -> bool:
    """Whether type, side and place are right, and three fields of five."""
    sample = generate(kind, seed=seed, tier="photo", layout=layout)
    image = load(np.ascontiguousarray(sample.image))
    try:
        documents = engine.extract(Request((image,), "id_any")).documents
    except NoDocumentError:
        return False
    truth = sample.truths[0]
    document = min(
        documents, key=lambda d: float(np.abs(np.array(d.corners) - np.array(truth.corners)).max())
    )
    assert document.corners is not None
    for value in document.fields.values():
        assert value.confidence is not None
        assert 0 <= value.confidence <= 1
    right = [n for n, v in truth.fields.items() if n in document.fields
             and document.fields[n].text == v]  # fmt: skip
    size = np.hypot(*np.ptp(np.array(truth.corners).reshape(4, 2), axis=0))
    off = np.abs(np.array(document.corners) - np.array(truth.corners)).max()
    known = (document.type, document.side) == (truth.type, truth.side)
    return bool(known and len(right) >= 0.6 * len(truth.fields) and off < 0.15 * size)


@pytest.mark.parametrize(("kind", "layout"), MODELS)
def test_every_paper_is_known_and_most_of_it_read(
    engine: LocalEngine, kind: str, layout: str
) -> None:
    # Of three photographs one may be too hard: how many are is the accuracy gate's business.
    read = [_mostly_read(engine, kind, layout, seed) for seed in (41, 42, 43)]
    assert sum(read) >= 2


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_any_orientation_reads_alike(engine: LocalEngine, turns: int) -> None:
    sample = generate("tcc_chip", seed=7, tier="scan")
    image = load(np.ascontiguousarray(np.rot90(sample.image, turns)))
    (document,) = engine.extract(Request((image,), "id_any")).documents
    assert document.type == "tcc_chip"
    assert document.fields["id"].text == sample.truths[0].fields["id"]


def test_a_value_stands_where_its_quad_says(engine: LocalEngine) -> None:
    sample = generate("tcc_chip", seed=41, tier="photo")
    image = load(np.ascontiguousarray(sample.image))
    (document,) = engine.extract(Request((image,), "id_any")).documents
    for name in ("id", "name", "born"):
        found = np.array(document.fields[name].quad).reshape(4, 2)
        true = np.array(sample.truths[0].quads[name]).reshape(4, 2)
        height = np.hypot(*(true[3] - true[0]))
        assert np.hypot(*(found.mean(0) - true.mean(0))) < 1.2 * height


def test_a_pair_gives_both_sides(engine: LocalEngine) -> None:
    pair = generate_pair("chip_id_card_2024_front", seed=5, tier="scan")
    images = tuple(load(np.ascontiguousarray(s.image)) for s in pair)
    documents = engine.extract(Request(images, "id_pair")).documents
    assert [d.side for d in documents] == ["front", "back"]
    assert documents[0].fields["id"].text == documents[1].fields["person_number"].text
    assert not any("sides:differ" in d.warnings for d in documents)
    stranger = generate_pair("chip_id_card_2024_front", seed=6, tier="scan")[1]
    mixed = (images[0], load(np.ascontiguousarray(stranger.image)))
    documents = engine.extract(Request(mixed, "id_pair")).documents
    assert all("sides:differ" in d.warnings for d in documents)


def test_every_paper_of_a_picture_is_a_document(engine: LocalEngine) -> None:
    one = generate("tcc", seed=3, tier="scan", layout="cccd")
    two = generate("tcc_chip", seed=4, tier="scan")
    width = max(one.image.shape[1], two.image.shape[1])
    padded = [
        np.pad(i, ((0, 0), (0, width - i.shape[1]), (0, 0)), constant_values=255)
        for i in (one.image, two.image)
    ]
    image = load(np.ascontiguousarray(np.concatenate(padded)))
    documents = engine.extract(Request((image,), "id_any")).documents
    true = [t.type for t in (*one.truths, *two.truths)]
    assert sorted(d.type for d in documents) == sorted(true)
    assert len(true) > 1


@pytest.mark.parametrize("degrees", [-150, -60, 33, 120])
def test_scan_reads_a_slanted_paper(engine: LocalEngine, degrees: int) -> None:
    sample = generate("tcc_chip", seed=7, tier="scan")
    slanted = Image.fromarray(sample.image).rotate(
        degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 80, 70)
    )
    lines = engine.extract(Request((load(np.asarray(slanted)),), "scan")).lines
    assert any(sample.truths[0].fields["id"] in line.text for line in lines)


def test_scan_gives_lines_in_reading_order(engine: LocalEngine) -> None:
    sample = generate("vehicle_registration_front", seed=2, tier="scan", layout="car")
    image = load(np.ascontiguousarray(sample.image))
    lines = engine.extract(Request((image,), "scan")).lines
    texts = [line.text for line in lines]
    state = texts.index("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
    assert state < next(i for i, t in enumerate(texts) if t.startswith("CHỨNG NHẬN"))


@pytest.mark.parametrize(
    "picture",
    [
        np.full((300, 400, 3), 255, np.uint8),
        np.zeros((40, 4000, 3), np.uint8),
        np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8),
        np.full((9, 9, 3), 128, np.uint8),
    ],
    ids=["white", "long", "noise", "tiny"],
)
def test_no_paper_says_so(engine: LocalEngine, picture: np.ndarray) -> None:
    with pytest.raises(NoDocumentError):
        engine.extract(Request((load(picture),), "id_any"))


def test_crops_of_lines_are_read(tmp_path: Path) -> None:
    from PIL import ImageDraw, ImageFont

    from cvocr_lab.synth import fonts

    path = next(face.path for face in fonts.faces() if face.vietnamese)
    picture = Image.new("RGB", (420, 56), "white")
    font = ImageFont.truetype(str(path), 36)
    ImageDraw.Draw(picture).text((6, 4), "Nguyễn Văn Mẫu", "black", font)
    picture.save(tmp_path / "line.png")
    (line,) = cvocr_lab.engines.read_lines([tmp_path / "line.png"])
    assert line.text == "Nguyễn Văn Mẫu"
    assert line.confidence > 0.8


def test_wrong_reader_or_model_is_told_at_once() -> None:
    with pytest.raises(ArgumentError, match="unknown reader"):
        open_engine("local", reader="best")
    with pytest.raises(ArgumentError, match="no recogniser model"):
        open_engine("local", model="missing.onnx")


def test_a_paper_found_askew_is_turned_until_its_lines_are_level() -> None:
    folder = Path(__file__).parents[1] / "sample_data"
    picture = folder / "00_chip_id_card_2024_front_photo.jpg"  # a card on a printed page
    labels = cvocr_lab.read_labels(folder / "labels.csv")
    truth = labels[labels["image"] == picture.name]
    read = cvocr_lab.extract([picture], progress=False)
    for field in ("id", "name", "born", "sex", "quoctich"):
        assert read[field].tolist() == truth[field].tolist()
