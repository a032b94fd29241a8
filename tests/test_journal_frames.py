import io
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from PIL import Image

from cvocr_lab import images, scoring
from cvocr_lab.errors import ArgumentError, CvocrError, ImageError
from cvocr_lab.frames import (
    Reading,
    Records,
    read_frame,
    relocate,
    to_frame,
    wide,
    write_frame,
)
from cvocr_lab.journal import Decision, Item, Journal, JournalWarning, State, apply, frame_items
from cvocr_lab.results import Document, Extraction, FieldValue, Quad

QUAD: Quad = (1.0, 2.0, 30.0, 2.0, 30.0, 10.0, 1.0, 10.0)


def face(side: str = "front", **values: str) -> Document:
    fields = {name: FieldValue(text, 0.5, QUAD) for name, text in values.items()}
    kind = "tcc_chip" if side == "front" else "matsautcc_chip"
    return Document(kind, side, MappingProxyType(fields))


def frame_of(*results: tuple[Document, ...] | CvocrError, **sources: list[object]) -> pd.DataFrame:
    readings = [
        Reading(r if isinstance(r, CvocrError) else Extraction(r), "fake", seconds=n + 1.0)
        for n, r in enumerate(results)
    ]
    columns = sources or {"image": [f"{n}.jpg" for n in range(len(results))]}
    return to_frame(readings, pd.DataFrame(columns, index=[f"r{n}" for n in range(len(results))]))


def said(
    source: str, field: str, state: State, value: str | None = None, **item: object
) -> Decision:
    return Decision(
        Item(source, field=field, **{"side": "front", **item}),  # type: ignore[arg-type]
        state, value, who="an",
    )  # fmt: skip


def cells(frame: pd.DataFrame, *columns: str) -> list[list[object]]:
    table = frame[list(columns)].astype(object)
    rows: list[list[object]] = table.where(table.notna(), None).to_numpy().tolist()
    return rows


def test_what_persons_said_stands_in_the_frame() -> None:
    frame = frame_of((face(id="1", name="A", sex="Nam"),), (face(id="2", name="B"),))
    before = frame.copy(deep=True)
    reviewed = apply(
        frame,
        [
            said("0.jpg", "id", "confirmed", "1"),
            said("0.jpg", "name", "corrected", "Â"),
            said("0.jpg", "sex", "corrected"),
            said("1.jpg", "id", "unreadable"),
            said("1.jpg", "name", "skipped"),
            said("1.jpg", "sex", "prefilled", "Nữ"),
            said("1.jpg", "born", "disputed"),
        ],
    )
    assert reviewed.index.tolist() == ["r0", "r1"]
    assert cells(reviewed, "id", "id_confidence", "name", "name_confidence", "sex") == [
        ["1", 1.0, "Â", 1.0, None],
        ["###", None, "B", 0.5, None],
    ]
    assert cells(reviewed, "sex_confidence", "sex_quad", "ocr_reviewed") == [
        [None, None, "id:confirmed;name:corrected;sex:corrected"],
        [None, None, "id:unreadable;name:skipped;sex:prefilled;born:disputed"],
    ]
    assert reviewed.at["r0", "name_quad"] == QUAD
    assert_frame_equal(frame, before)
    assert reviewed.columns.tolist() == [*frame.columns, "ocr_reviewed"]
    assert reviewed.drop(columns="ocr_reviewed").dtypes.equals(frame.dtypes)


def test_a_reviewed_frame_is_a_flat_frame_and_a_truth(tmp_path: Path) -> None:
    frame = frame_of((face(id="1", name="A"), face("back", date="2")), ImageError("broken"))
    reviewed = apply(frame, [said("0.jpg", "id", "corrected", "7")])
    for name in ("x.parquet", "x.csv"):
        write_frame(reviewed, tmp_path / name)
        assert_frame_equal(read_frame(tmp_path / name), reviewed)
    assert len(Records(reviewed).firsts) == 2
    assert Records(reviewed).source_columns == ["image"]
    assert cells(wide(reviewed), "front_id", "front_ocr_reviewed") == [
        ["7", "id:corrected"], [None, None],
    ]  # fmt: skip
    score = scoring.score(frame, reviewed)
    assert score.summary().loc["id", "wrong"] == 1
    assert_frame_equal(apply(reviewed, []), reviewed)


def test_a_person_wins_over_a_later_run_of_another_engine() -> None:
    decisions = [said("0.jpg", "id", "confirmed", "1", type="tcc_chip")]
    other = Document("tcc", "front", {"id": FieldValue("9", 0.99)})
    reviewed = apply(frame_of((other,)), decisions)
    assert cells(reviewed, "id", "id_confidence", "ocr_type") == [["1", 1.0, "tcc"]]


def test_a_failed_row_that_a_person_read_is_no_failure() -> None:
    frame = frame_of(ImageError("broken"), ImageError("broken"))
    reviewed = apply(frame, [said("1.jpg", "id", "corrected", "1", type="tcc_chip", page=2)])
    assert cells(reviewed, "id", "ocr_type", "ocr_side", "ocr_page", "ocr_error_code") == [
        [None, None, None, None, "3"],
        ["1", "tcc_chip", "front", 2, None],
    ]
    assert Records(reviewed).failed.tolist() == [True, False]


def test_the_side_may_be_read_wrong_where_there_is_one_face() -> None:
    frame = frame_of((face("back", date="2"),))
    reviewed = apply(frame, [said("0.jpg", "id", "corrected", "1"),
                             said("0.jpg", "ocr_side", "corrected", "front")])  # fmt: skip
    assert cells(reviewed, "id", "ocr_side") == [["1", "front"]]


def test_decisions_without_a_row_are_told_but_not_those_of_other_pictures() -> None:
    frame = frame_of((face(id="1"), face("back", date="2")))
    elsewhere = said("other.jpg", "id", "corrected", "1")
    assert cells(apply(frame, [elsewhere]), "id", "ocr_reviewed") == [["1", None], [None, None]]
    with pytest.warns(JournalWarning, match="ignored 1 decisions about faces"):
        apply(frame, [said("0.jpg", "id", "corrected", "1", page=3)])


def test_two_papers_of_one_side_are_told_apart() -> None:
    frame = frame_of((face(id="1"), face(id="2"), face("back", date="3")))
    assert [(i.side, i.nth) for i in frame_items(frame)] == [("front", 1), ("front", 2),
                                                             ("back", 1)]  # fmt: skip
    reviewed = apply(frame, [said("0.jpg", "id", "corrected", "9", nth=2)])
    assert cells(reviewed, "id") == [["1"], ["9"], [None]]


def test_pairs_go_by_both_paths() -> None:
    frame = frame_of((face(id="1"), face("back", date="2")), front=["a.jpg"], back=["b.jpg"])
    items = frame_items(frame)
    assert [i.source for i in items] == ["a.jpg\nb.jpg"] * 2
    back = Decision(Item(items[1].source, side="back", field="date"), "corrected", "5")
    assert cells(apply(frame, [back]), "date") == [[None], ["5"]]


def test_equal_pictures_share_decisions_and_labels_matter_only_without_either() -> None:
    frame = frame_of((face(id="1"),), (face(id="2"),), image=["a.jpg", "a.jpg"])
    assert cells(apply(frame, [said("a.jpg", "id", "corrected", "9")]), "id") == [["9"], ["9"]]
    by_label = Decision(Item(label="r1", side="front", field="id"), "corrected", "9")
    assert cells(apply(frame, [by_label]), "id") == [["1"], ["2"]]


def test_pictures_in_memory_go_by_their_content() -> None:
    one, two = (np.full((20, 30, 3), shade, np.uint8) for shade in (0, 255))
    frame = frame_of((face(id="1"),), (face(id="2"),), image=[one, two])
    items = frame_items(frame)
    assert items[0].source == ""
    assert items[0].sha256 == images.digest(one)
    decision = Decision(Item(sha256=items[1].sha256, side="front", field="id"), "corrected", "9")
    assert cells(apply(frame, [decision]), "id") == [["1"], ["9"]]


def png(shade: int) -> bytes:
    """A picture file of one shade."""
    file = io.BytesIO()
    Image.new("L", (4, 4), shade).save(file, "PNG")
    return file.getvalue()


def test_pictures_that_moved_are_found_by_content(tmp_path: Path) -> None:
    (tmp_path / "new.png").write_bytes(png(10))
    frame = frame_of((face(id="1"),), (face(id="2"),), image=["new.png", "gone.png"])
    digest = images.digest(png(10))
    decision = Decision(Item("old.jpg", digest, side="front", field="id"), "corrected", "9")
    assert cells(apply(frame, [decision]), "id") == [["1"], ["2"]]
    by_content = apply(relocate(frame, "", tmp_path), [decision], match="content")
    assert cells(by_content, "id") == [["9"], ["2"]]


def test_two_pictures_known_under_one_path_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(20))
    frame = frame_of((face(id="1"),), image=["a.png"])
    decisions = [
        Decision(Item("a.png", images.digest(content), side="front", field="id"), "corrected", v)
        for content, v in ((png(10), "8"), (png(20), "9"))
    ]
    assert cells(apply(relocate(frame, "", tmp_path), decisions), "id") == [["9"]]


def test_by_path_is_found_where_a_digest_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    frame = frame_of((face(id="1"),), image=["a.jpg"])
    decision = said("a.jpg", "id", "corrected", "9")
    assert cells(apply(relocate(frame, "", tmp_path), [decision], match="content"), "id") == [["9"]]


def test_fields_the_frame_lacks_are_added_before_what_is_about_the_reading() -> None:
    frame = frame_of(ImageError("x"))
    reviewed = apply(frame, [said("0.jpg", "id", "corrected", "1")])
    assert reviewed.columns.tolist()[:6] == [
        "image", "ocr_source", "id", "id_confidence", "id_quad", "ocr_type",
    ]  # fmt: skip
    assert cells(apply(frame, [said("0.jpg", "image", "corrected", "1")]), "image") == [["0.jpg"]]


def test_the_journal_may_be_a_path_several_or_open(tmp_path: Path) -> None:
    frame = frame_of((face(id="1"),))
    item = frame_items(frame)[0]
    logs = [Journal(tmp_path / name, who=name) for name in ("an", "binh")]
    for log in logs:
        log.decide(Item(item.source, side=item.side, field="id"), "corrected", value=log.who)
    assert cells(apply(frame, logs[0]), "id") == [["an"]]
    assert cells(apply(frame, logs[0].path), "id") == [["an"]]
    both = apply(frame, [log.path for log in logs])
    assert cells(both, "id", "ocr_reviewed") == [["1", "id:disputed"]]


def test_wrong_calls_are_refused(tmp_path: Path) -> None:
    frame = frame_of((face(id="1"),))
    with pytest.raises(ArgumentError, match="no journal"):
        apply(frame, tmp_path / "none")
    with pytest.raises(ArgumentError, match="match must be"):
        apply(frame, [], match="name")  # type: ignore[arg-type]


def test_a_renamed_source_column_among_others_is_known_by_what_it_holds() -> None:
    more = frame_of((face(id="1"),)).rename(columns={"image": "photo"}).assign(city="Huế")
    decision = said("0.jpg", "id", "corrected", "9")
    assert cells(apply(more, [decision]), "id") == [["9"]]
    assert cells(apply(more.drop(columns="photo"), [decision]), "id") == [["9"]]
