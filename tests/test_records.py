"""Frames after what pandas users do to them; `ocr_source`; the pairing of truth."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from contextlib import nullcontext
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from rapidfuzz.distance import Levenshtein

import cvocr_lab
from cvocr_lab.errors import ArgumentError
from cvocr_lab.exchange import (
    from_excel,
    from_image_folder,
    to_excel,
    to_image_folder,
    to_label_studio,
    to_paddle,
)
from cvocr_lab.frames import (
    Reading,
    Records,
    Truth,
    pair,
    read_frame,
    relocate,
    restore,
    source_path,
    to_frame,
    write_frame,
)
from cvocr_lab.journal import Decision, Item
from cvocr_lab.results import Document, Extraction, FieldValue, Quad

PLACE: Quad = (20.0, 20.0, 180.0, 20.0, 180.0, 40.0, 20.0, 40.0)
DAY = "1990-02-01"
NAMES = ["TRẦN VĂN AN", "LÊ THỊ BÌNH", "PHẠM CƯỜNG"]


def face(side: str = "front", /, page: int = 1, **values: str) -> Document:
    kind = "tcc_chip" if side == "front" else "matsautcc_chip"
    fields = {name: FieldValue(text, 0.9, PLACE) for name, text in values.items()}
    return Document(kind, side, fields, page)


def papers(folder: Path, *, base: bool = True) -> pd.DataFrame:
    """Three pairs whose fronts are dark and whose backs are light."""
    (folder / "in").mkdir(exist_ok=True)
    readings = []
    for at, name in enumerate(NAMES):
        for side, shade in (("f", 40), ("b", 220)):
            picture = np.full((60, 200, 3), shade + at, np.uint8)
            assert cv2.imwrite(str(folder / "in" / f"{side}{at}.png"), picture)
        front = face(id=f"00109000000{at}", name=name, born="01/02/1990")
        readings.append(Reading(Extraction((front, face("back", date=f"0{at + 1}/01/2022"))),
                                "fake 1", seconds=at + 0.5))  # fmt: skip
    sources = pd.DataFrame(
        {"front": [f"in/f{n}.png" for n in range(3)], "back": [f"in/b{n}.png" for n in range(3)]}
    )
    return to_frame(readings, sources, base=folder if base else None)


LABELS = pd.DataFrame(
    {
        "front": [f"in/f{n}.png" for n in range(3)], "name": NAMES,
        "date": [f"0{n}/01/2022" for n in (1, 2, 3)],
    }
)  # fmt: skip

CHANGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "as it was made": lambda f: f,
    "sorted": lambda f: f.sort_values("name"),
    "sorted by type": lambda f: f.sort_values("ocr_type"),
    "reset": lambda f: f.reset_index(),
    "reset and dropped": lambda f: f.reset_index(drop=True),
    "joined with itself": lambda f: pd.concat([f.iloc[:2], f.iloc[2:]]),
    "joined under new labels": lambda f: pd.concat([f, f.head(0)], ignore_index=True),
    "merged": lambda f: f.merge(LABELS[["front"]].assign(city="Huế"), on="front"),
    "renamed and more columns": lambda f: f.rename(columns={"back": "rear"}).assign(city="Huế"),
    "without quads": lambda f: f[[c for c in f if not str(c).endswith("_quad")]],
    "without most that was noted": lambda f: f.drop(
        columns=["ocr_warnings", "ocr_attempts", "ocr_seconds", "ocr_page", "ocr_error_code"]
    ),
    "values alone": lambda f: f[["ocr_source", "front", "ocr_type", "id", "name", "date"]],
    "of two levels": lambda f: f.set_index(
        pd.MultiIndex.from_arrays([["a"] * len(f), range(len(f))], names=["site", "n"])
    ),
    "cleaned": lambda f: f.cvocr.clean(),
    "cleaned and sorted": lambda f: f.cvocr.clean(parts=True).sort_values("name_clean"),
    "as csv": lambda f: pd.read_csv(io.StringIO(f.to_csv(index=False)), dtype=str),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_frames_survive_what_pandas_users_do(
    change: Callable[[pd.DataFrame], pd.DataFrame], tmp_path: Path
) -> None:
    frame = change(papers(tmp_path))
    records = Records(frame)
    for record in records:
        own = "b" if record.side == "back" else "f"
        assert Path(record.name).is_file()
        assert Path(record.name).name.startswith(own)
    judged = frame.cvocr.score(LABELS, on="front")
    assert set(judged.cells["outcome"]) == {"correct"}
    assert len(judged.cells) == 6
    page = judged.to_html(crops=frame)
    assert "Score" not in page[:15]
    found = frame.cvocr.changes()
    assert len(found["row"]) == len(found)
    assert len(frame.cvocr.suggestions()) >= 0
    assert len(frame.cvocr.clean()) == len(frame)
    assert len(frame.cvocr.review_queue(fields=["name"])) >= 3
    try:
        count = len(frame.cvocr.wide())
    except ArgumentError as error:  # other labels part a pair, and that is said
        count = 3 if "3 pairs have different" in str(error) else 0
    assert count >= 3
    assert frame.cvocr.show(0).size[0] > 200
    viewer = frame.cvocr.view(truth=LABELS, on="front")
    assert len(viewer) == len(frame)
    for field in ("name", "date"):
        assert len(frame.cvocr.sweep(field, tmp_path / "sweep.jsonl")) == 3
    reviewer = frame.cvocr.review(tmp_path / "review.jsonl", fields=["name"])
    pd.testing.assert_index_equal(reviewer.frame().index, restore(frame).index)
    to_label_studio(frame, tmp_path / "tasks.json", folders=False)
    to_excel(frame, tmp_path / "read.xlsx", crops=True, folders=False)
    to_image_folder(frame, tmp_path / "out")
    placed = any(str(column).endswith("_quad") for column in frame)
    with nullcontext() if placed else pytest.warns(cvocr_lab.exchange.LeftOutWarning):
        to_paddle(frame, tmp_path / "Label.txt", folders=False)
    text = (tmp_path / "tasks.json").read_text() + (tmp_path / "Label.txt").read_text()
    assert str(tmp_path) not in text
    assert "b1.png" in text


def test_a_cleaned_frame_goes_on_to_every_step(tmp_path: Path) -> None:
    frame = papers(tmp_path)
    tidy = frame.cvocr.clean()
    values = ["id", "id_clean", "name", "name_clean"]
    at = tidy.columns.tolist().index("id")
    assert tidy.columns.tolist()[at : at + 4] == values
    assert not [c for c in tidy if c.endswith(("_quad", "_confidence")) and c[:4] != "ocr_"]
    assert {"ocr_error", "ocr_engine", "clean_flags"} <= set(tidy)

    beside = tidy.cvocr.wide()
    assert beside["front_name_clean"].tolist() == NAMES
    assert beside["back_date_clean"].dt.year.tolist() == [2022] * 3
    assert not [c for c in beside if c.endswith(("_quad", "date_confidence")) and "ocr" not in c]

    item = Item("in/f0.png\nin/b0.png", side="front", field="name")
    reviewed = tidy.cvocr.apply([Decision(item, "corrected", "lê an")])
    assert reviewed["name_clean"].tolist()[0] == "LÊ AN"
    added = {"name_confidence", "ocr_reviewed"}
    assert reviewed.columns.drop(list(added)).tolist() == tidy.columns.tolist()

    to_excel(tidy, tmp_path / "tidy.xlsx")
    sheet = pd.read_excel(tmp_path / "tidy.xlsx", dtype=str)
    assert sheet.columns.drop("ocr_index").tolist() == tidy.columns.drop("ocr_corners").tolist()
    to_image_folder(tidy, tmp_path / "set")
    assert from_image_folder(tmp_path / "set")["front_born_clean"].str[:10].tolist()[0] == DAY
    again = from_excel(tmp_path / "tidy.xlsx")
    assert again["name"].tolist()[::2] == NAMES
    assert again["born_clean"].tolist()[0] == pd.Timestamp(DAY)

    for name in ("tidy.csv", "tidy.parquet"):
        write_frame(tidy, tmp_path / name)
        again = read_frame(tmp_path / name)
        pd.testing.assert_frame_equal(again[tidy.columns], tidy, check_like=True)


def test_a_selection_of_picture_and_values_is_scored_and_shown(tmp_path: Path) -> None:
    frame = papers(tmp_path)
    fronts = frame[frame["ocr_side"] == "front"]
    bare = fronts.rename(columns={"ocr_source": "image", "front": "was"})[["image", "id", "name"]]
    judged = bare.cvocr.score(LABELS)
    assert judged.cells["outcome"].tolist() == ["correct", "missing"] * 3
    assert bare.cvocr.show(1).size[0] > 200
    assert len(bare.cvocr.review_queue()) == 6
    assert bare.cvocr.wide()["name"].tolist() == NAMES


def test_the_picture_may_be_the_index(tmp_path: Path) -> None:
    frame = papers(tmp_path)
    fronts = frame[frame["ocr_side"] == "front"].rename(columns={"front": "image"})
    by_picture = fronts.set_index("image")
    truth = LABELS.rename(columns={"front": "image"})
    for found, labels, on in (
        (by_picture, truth.set_index("image"), None),
        (by_picture, truth, "image"),
        (by_picture.drop(columns=["ocr_source"]), truth, "image"),
    ):
        assert set(found.cvocr.score(labels, on=on, fields=["name"]).cells["outcome"]) == {
            "correct"
        }
    items = Records(by_picture.drop(columns=["ocr_source", "back"]))
    assert [items.source(n) for n in range(3)] == truth["image"].tolist()


def test_where_a_step_needs_a_column_the_message_names_it(tmp_path: Path) -> None:
    frame = papers(tmp_path)
    blind = frame.drop(columns=["ocr_source", "front", "back"])
    with pytest.raises(ArgumentError, match="ocr_source"):
        blind.cvocr.view()
    with pytest.raises(ArgumentError, match="ocr_type"):
        frame[["front", "id"]].cvocr.check()
    with pytest.raises(ArgumentError, match="'card'"):
        frame.cvocr.score(LABELS, on="card")
    twice = pd.concat([frame, frame[["id"]]], axis=1)
    with pytest.raises(ArgumentError, match="two columns 'id'"):
        twice.cvocr.score(LABELS)
    with pytest.raises(ArgumentError, match="ocr_type"):
        pd.DataFrame({"x": [1]}).cvocr.view()


# --- ocr_source


def test_extract_writes_what_was_opened(tmp_path: Path) -> None:
    class Named:
        name = "named 1"

        def extract(self, request: cvocr_lab.engines.Request) -> Extraction:  # noqa: ARG002
            return Extraction((face(id="001090000001"), face("back", date="01/01/2022")))

    papers(tmp_path)
    table = pd.DataFrame({"front": ["in/f0.png"], "back": ["in/b0.png"]})
    read = table.cvocr.extract(kind="id_pair", engine=Named(), base=tmp_path, progress=False)
    assert read["ocr_source"].tolist() == [str(tmp_path / "in/f0.png"), str(tmp_path / "in/b0.png")]
    assert list(read.columns[:3]) == ["front", "back", "ocr_source"]
    arrays = cvocr_lab.extract([np.zeros((40, 60, 3), np.uint8)], engine=Named(), progress=False)
    assert arrays["ocr_source"].isna().all()


@pytest.mark.parametrize(
    ("source", "base", "found"),
    [
        ("a.jpg", None, "a.jpg"),
        ("a.jpg", "cards", "cards/a.jpg"),
        (Path("x/a.jpg"), "cards", "cards/x/a.jpg"),
        ("/abs/a.jpg", "cards", "/abs/a.jpg"),
        ("https://example.com/a.jpg", "cards", "https://example.com/a.jpg"),
        ("data:image/png;base64,iVBORw0KGgo=", "cards", None),
        ("/9j/" + "A" * 200, None, None),
        (b"\xff\xd8", "cards", None),
        (None, "cards", None),
        (float("nan"), None, None),
        ("", "cards", None),
    ],
)
def test_what_was_opened_is_a_path_or_a_url_and_never_content(
    source: object, base: str | None, found: str | None
) -> None:
    assert source_path(source, base) == found


def test_crops_of_a_back_are_cut_from_the_back(tmp_path: Path) -> None:
    frame = papers(tmp_path)
    wrong = LABELS.assign(name=NAMES, date="31/12/2029")
    page = frame.cvocr.score(wrong, on="front").to_html(crops=frame)
    found = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", page)
    assert len(found) == 3
    for text in found:
        crop = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
        assert crop is not None
        assert crop.mean() > 200


def test_pictures_that_moved_are_found_again(tmp_path: Path) -> None:
    frame = papers(tmp_path)
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    assert not Path(str(frame["ocr_source"].iloc[0])).exists()
    moved = frame.cvocr.relocate(tmp_path / "in", tmp_path / "elsewhere")
    assert all(Path(source).exists() for source in moved["ocr_source"])
    assert frame["ocr_source"].str.contains("/in/").all(), "the frame itself is not changed"
    with pytest.raises(ArgumentError, match="below '/nowhere'"):
        relocate(frame, "/nowhere", "/here")
    with pytest.raises(ArgumentError, match="below 'card'"):
        relocate(papers_at("cards/a.jpg"), "card", "x")
    assert relocate(papers_at("a.jpg"), "", "cards")["ocr_source"].item() == "cards/a.jpg"
    web = papers_at("https://a.example/x/1.jpg")
    there = relocate(web, "https://a.example/x", "/mnt")
    assert there["ocr_source"].item() == "/mnt/1.jpg"


def papers_at(source: str) -> pd.DataFrame:
    return to_frame([Reading(Extraction((face(id="1"),)))], pd.DataFrame({"image": [source]}))


# --- pairing


def read(*faces: Document) -> pd.DataFrame:
    return to_frame([Reading(Extraction(faces))], pd.DataFrame({"image": ["a.pdf"]}))


@pytest.mark.parametrize("swapped", [False, True])
def test_pairs_are_the_best_on_the_whole_whatever_the_order(swapped: bool) -> None:
    frame = read(face(name="TRẦN VĂN ANN"), face(name="TRẦN VĂN BÌNH", id="001090000002"))
    truth = pd.DataFrame(
        {"name": ["TRẦN VĂN AN", "TRẦN VĂN BÌNH"], "id": ["001090000001", "001090000002"]},
        index=[0, 0],
    )
    if swapped:
        truth = truth.iloc[::-1]
    cells = frame.cvocr.score(truth).cells
    right = cells[cells["outcome"] == "correct"]["truth"].tolist()
    assert sorted(right) == ["001090000002", "TRẦN VĂN BÌNH"]


def test_the_pairing_has_no_better_one() -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        size = int(rng.integers(2, 5))
        names = ["".join(rng.choice(list("ABCD"), 4)) for _ in range(size)]
        given = ["".join(rng.choice(list("ABCD"), 4)) for _ in range(size)]
        records = Records(read(*(face(name=name) for name in given)))
        truth = Truth(pd.DataFrame({"name": names}, index=[0] * size), records)
        first = pair(records, truth).first.tolist()

        def total(order: tuple[int, ...], names=names, given=given) -> float:  # type: ignore[no-untyped-def]
            pairs = zip(names, order, strict=True)
            return float(sum(Levenshtein.normalized_similarity(n, given[k]) for n, k in pairs))

        assert sorted(first) == list(range(size))
        assert total(tuple(first)) == pytest.approx(max(map(total, permutations(range(size)))))


def test_type_side_and_page_go_before_likeness() -> None:
    frame = read(
        face(name="TRẦN VĂN AN"), face(page=2, name="TRẦN VĂN ÂN"), face("back", date="1/1/2020")
    )
    truth = pd.DataFrame(
        {
            "type": ["tcc_chip", "tcc_chip", "matsautcc_chip"], "page": ["2", "1", "1"],
            "name": ["TRẦN VĂN AN", "TRẦN VĂN ÂN", ""], "date": ["", "", "1/1/2020"],
        },
        index=[0] * 3,
    )  # fmt: skip
    records = Records(frame)
    assert pair(records, Truth(truth, records)).first.tolist() == [1, 0, 2]


def test_every_consumer_pairs_alike(tmp_path: Path) -> None:
    frame = read(face(name="TRẦN AM", id="1"), face(page=2, name="LÊ BÌNH", id="2"))
    truth = pd.DataFrame(
        {"page": ["2", "1"], "name": ["LÊ BÌNH", "TRẦN AN"], "id": ["2", "1"]}, index=[0, 0]
    )
    cells = frame.cvocr.score(truth).cells
    wrong = cells[cells["outcome"] == "wrong"][["reading", "field", "truth"]].to_numpy().tolist()
    assert wrong == [[0, "name", "TRẦN AN"]]
    queue = frame.cvocr.review_queue(truth=truth, audit=0, fields=["name"])
    differs = queue[queue["reason"].str.contains("differs from the label")]
    assert differs["row"].tolist() == [0]
    suspects = frame.cvocr.suspects(truth, min_strength=0.0)
    assert suspects[suspects["field"] == "name"]["row"].tolist() == [0]
    viewer = frame.cvocr.view(truth=truth, sort="outcome")
    assert viewer.rows.tolist() == [0, 1]
    other = frame.assign(name=["X", "LÊ BÌNH"])
    both = cvocr_lab.compare(frame, other, truth)
    assert both.fields.loc["name", "exact_a"] == 0.5
