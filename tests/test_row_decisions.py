"""Boxes, tags, and decisions made by code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cards import NAMES, cards
from page import Page
from pandas.testing import assert_frame_equal

from cvocr_lab import exchange, open_engine, read_frame, read_labels, review, score, view
from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames import Records
from cvocr_lab.journal import Decision, Journal, frame_items, quad_of
from cvocr_lab.scoring.pairing_checks import PairingWarning
from cvocr_lab.views import apply
from cvocr_lab.views.row_filter import RowFilter, RowSelector
from cvocr_lab.views.tags import Tags
from cvocr_lab.views.truth_overlay import TruthOverlay


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return cards(folder, 6)


def test_a_warning_points_to_the_line_that_called(frame: pd.DataFrame) -> None:
    labels = pd.concat([frame, frame.assign(image=frame["image"] + ".png")])
    with pytest.warns(PairingWarning) as told:
        frame.cvocr.score(labels, on="image")
    assert [warning.filename for warning in told] == [__file__]


def test_values_are_confirmed_and_corrected_by_code(frame: pd.DataFrame, journal: Path) -> None:
    book = Journal(journal, who="an")
    book.correct(frame.iloc[1], "name", "NGUYỄN VĂN ƯỚC A")
    assert book.correct(frame.iloc[2], "name", NAMES[2]).state == "confirmed"
    made = book.confirm(frame.head(3), ["id", "name"])
    # What was decided before stays as it is.
    assert [(d.item.source, d.item.field) for d in made] == [
        ("0.jpg", "id"), ("0.jpg", "name"), ("1.jpg", "id"), ("2.jpg", "id"),
    ]  # fmt: skip
    reviewed = apply(frame, book)
    assert reviewed["name"].tolist()[:3] == [NAMES[0], "NGUYỄN VĂN ƯỚC A", NAMES[2]]
    assert reviewed["ocr_reviewed"].tolist()[1] == "name:corrected;id:confirmed"
    assert pd.isna(apply(frame, [book.correct(frame.iloc[[3]], "name", np.nan)])["name"].iloc[3])
    with pytest.raises(ArgumentError, match="did you mean 'name'"):
        book.confirm(frame, "nmae")
    with pytest.raises(ArgumentError, match="did you mean 'name'"):
        book.correct(frame.iloc[0], "nmae", "X")
    assert book.correct(frame.iloc[4], "born", "31/02/2009").doubt
    assert not book.correct(frame.iloc[4], "born", "28/02/2009").doubt
    with pytest.raises(ArgumentError, match="one row"):
        book.correct(frame, "name", "X")


def test_a_box_is_a_decision_and_is_exported(
    frame: pd.DataFrame, journal: Path, folder: Path, tmp_path: Path
) -> None:
    page = Page(review(frame, journal, order="row", fields=["id", "name"], who="an"))
    page.ask("open")
    drawn = [10.0, 20.0, 110.0, 20.0, 110.0, 60.5, 10.0, 60.5]
    told = page.ask("box", at=0, quad=drawn, edge=400, have=[])
    assert [f["quad"] for f in told["fields"] if f["name"] == "id"] == [tuple(drawn)]  # type: ignore[attr-defined]
    page.ask("box", at=1, quad=None, edge=400, have=[])
    page.ask("box", at=2, to="name", quad=None, edge=400, have=[])
    count = len(journal.read_bytes().splitlines())
    for odd in ([1, 2], ["a"] * 8, "x"):  # is no box, and takes none away
        page.shown.widget._handle_custom_msg({"ask": "box", "view": "v", "at": 3, "quad": odd}, [])
    assert len(journal.read_bytes().splitlines()) == count
    reviewed = apply(frame, journal)
    assert reviewed["id_quad"].iloc[0] == tuple(drawn)
    assert reviewed["name_quad"].iloc[0] is None
    assert reviewed["name_quad"].iloc[1] == frame["id_quad"].iloc[1]
    assert reviewed["id_quad"].iloc[1] is None
    assert reviewed["id"].tolist() == frame["id"].tolist()
    exchange.to_paddle(reviewed.iloc[[0]].drop(columns=["name"]), tmp_path / "Label.txt")
    boxes = json.loads((tmp_path / "Label.txt").read_text().split("\t")[1])
    assert boxes[0]["points"] == [[10, 20], [110, 20], [110, 60.5], [10, 60.5]]
    page.ask("undo", edge=400, have=[])
    assert apply(frame, journal)["id_quad"].iloc[1] == frame["id_quad"].iloc[1]
    assert quad_of("1 2 3") is None
    assert quad_of("x") is None


def test_a_reviewed_frame_is_exported_as_annotations(
    frame: pd.DataFrame, journal: Path, tmp_path: Path
) -> None:
    book = Journal(journal, who="an")
    book.confirm(frame.head(2), "name")
    book.correct(frame.iloc[0], "id", "001090000009")
    book.correct(frame.iloc[0], "born", None)
    exchange.to_label_studio(apply(frame, book), tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())

    def told(task: dict[str, object], kind: str) -> set[str]:
        work = task.get(kind, [])
        assert isinstance(work, list)
        return {part["id"] for one in work for part in one["result"]}

    assert [told(task, "annotations") for task in tasks[:3]] == [{"id", "name"}, {"name"}, set()]
    assert [told(task, "predictions") for task in tasks[:3]] == [
        set(), {"id", "born"}, {"id", "name", "born"},
    ]  # fmt: skip
    # Read back, the values that nobody has reviewed are there with the reviewed ones.
    back = exchange.from_label_studio(tmp_path / "tasks.json", outside=True)
    expected = frame[["id", "name", "born"]].copy()
    expected.loc[0, ["id", "born"]] = ["001090000009", None]
    assert_frame_equal(back[["id", "name", "born"]], expected, check_dtype=False)
    assert back["id_quad"].tolist() == frame["id_quad"].tolist()
    done = exchange.from_label_studio(tmp_path / "tasks.json", take="annotations", outside=True)
    assert done["name"].isna().tolist() == [False, False, True, True, True, True]
    assert done["born"].isna().all()
    # A value that a person annotates there wins, and one deleted by a person stays deleted.
    tasks[1]["annotations"][0]["result"] += [
        {**part, "value": {**part["value"], "text": ["X"]}} if part["type"] == "textarea" else part
        for part in tasks[1]["predictions"][0]["result"] if part["id"] == "id"
    ]  # fmt: skip
    tasks[2]["annotations"] = [{"result": []}]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    back = exchange.from_label_studio(tmp_path / "tasks.json", outside=True)
    assert back.loc[1, ["id", "born"]].tolist() == ["X", frame.at[1, "born"]]  # type: ignore[operator]
    assert back.loc[2, ["id", "name", "born"]].isna().all()
    exchange.to_label_studio(frame, tmp_path / "plain.json")
    assert all("annotations" not in t for t in json.loads((tmp_path / "plain.json").read_text()))


def test_boxes_are_exported_to_label_studio(
    frame: pd.DataFrame, journal: Path, tmp_path: Path
) -> None:
    page = Page(review(frame, journal, order="row", fields=["id", "name"], who="an"))
    page.ask("open")
    upright = [100.0, 50.0, 300.0, 50.0, 300.0, 90.5, 100.0, 90.5]
    skewed = [100.0, 50.0, 300.0, 60.0, 310.0, 100.0, 90.0, 80.0]
    page.ask("box", at=0, quad=upright, edge=400, have=[])
    page.ask("box", at=1, quad=skewed, edge=400, have=[])
    page.ask("box", at=2, quad=None, edge=400, have=[])
    reviewed = apply(frame, journal)
    exchange.to_label_studio(reviewed, tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())

    def places(task: dict[str, Any], field: str) -> list[dict[str, Any]]:
        works = task.get("annotations", []) + task.get("predictions", [])
        return [part for work in works for part in work["result"]
                if part["id"] == field and part["type"] in ("rectangle", "polygon")]  # fmt: skip

    (box,) = places(tasks[0], "id")
    assert (box["original_width"], box["original_height"]) == (760, 500)
    percent = {"x": 100 / 7.6, "y": 10, "width": 200 / 7.6, "height": 8.1, "rotation": 0}
    assert box["value"] == pytest.approx(percent)
    (outline,) = places(tasks[0], "name")
    points = [[100 / 7.6, 10], [300 / 7.6, 12], [310 / 7.6, 20], [90 / 7.6, 16]]
    assert np.asarray(outline["value"]["points"]) == pytest.approx(np.asarray(points))
    assert not places(tasks[1], "id")  # its box was taken away; the value is a text beside
    back = exchange.from_label_studio(tmp_path / "tasks.json", outside=True)
    for name in ("id_quad", "name_quad", "id", "name"):
        assert back[name].tolist() == reviewed[name].tolist()


def test_tags_are_put_found_and_applied(frame: pd.DataFrame, journal: Path) -> None:
    page = Page(view(frame, journal=journal))
    assert page.ask("open")["tagging"] is True
    told = page.ask("tag", at=2, tags="mờ;  hỏi   lại;mờ;")
    assert told["tags"] == ["mờ", "hỏi lại"]
    assert page.ask("choose", tag="mờ")["count"] == 1
    page.ask("choose")
    page.ask("tag", at=3, tags="mờ")
    page.ask("tag", at=2, tags="")
    assert apply(frame, journal)["ocr_tags"].fillna("").tolist() == ["", "", "", "mờ", "", ""]
    again = Tags(Records(apply(frame, journal)))
    assert again.known() == ["mờ"]
    assert again.having("mờ").tolist() == [False, False, False, True, False, False]
    assert Page(view(frame)).ask("open")["tagging"] is False
    reviewer = Page(review(frame, journal, order="row", fields=["id"]))
    assert reviewer.ask("tag", at=3, tags="mờ; xong")["tags"] == ["mờ", "xong"]


def test_bars_count_what_the_other_filters_leave(frame: pd.DataFrame) -> None:
    truth = frame[["image", "name"]].assign(name=frame["name"].str.replace("Ầ", "Â"))
    records = Records(frame)
    selector = RowSelector(records, TruthOverlay(records, truth, on="image"))

    def bars(wish: RowFilter, name: str) -> list[tuple[object, object, object]]:
        of = next(facet["bars"] for facet in selector.facets(wish) if facet["name"] == name)
        assert isinstance(of, list)
        return [(bar.get("value", bar.get("above")), bar["all"], bar["kept"]) for bar in of]

    wish = RowFilter(warning="id:from_qr")
    assert bars(wish, "type") == [("tcc_chip", 6, 3)]
    assert bars(wish, "warning") == [("id:from_qr", 3, 3)]
    assert bars(RowFilter(outcome="wrong"), "warning") == [("id:from_qr", 3, 1)]
    assert bars(wish, "outcome")[0] == ("wrong", 2, 1)
    confidence = [bar for bar in bars(wish, "confidence") if bar[1]]
    assert confidence == [(0.7, 2, 1), (0.75, 1, 1), (0.8, 1, 0), (0.85, 1, 1), (0.9, 1, 0)]
    # A click on a bar chooses the rows that it counts: 0.7 + 0.1 belongs to 0.8, not below.
    for above, count, _ in confidence:
        assert isinstance(above, float)
        assert (
            len(view(frame)._selector.select(RowFilter(above=above, below=round(above + 0.05, 2))))
            == count
        )


def test_orders_by_outcome_and_letters(frame: pd.DataFrame) -> None:
    truth = frame[["image", "name", "id"]].copy()
    truth.loc[1, "name"] = "X"
    truth.loc[3, ["name", "id"]] = ["PHẠM HỒNG ĐỨA", "001090000004"]
    shown = view(frame, truth=truth, on="image", sort="outcome")
    assert shown.rows.tolist()[:2] == [3, 1]
    assert view(frame, truth=truth, on="image", sort="cer").rows.tolist()[:2] == [1, 3]
    assert view(frame, truth=truth, on="image", sort="cer", reverse=True).rows.tolist()[-1] == 1


def test_a_thumbnail_is_the_paper_alone(frame: pd.DataFrame) -> None:
    page = Page(view(frame))
    page.ask("open")
    told = page.ask("thumbs", at=[1], choice=3)
    assert (told["tell"], told["at"], told["row"], told["warnings"]) == ("thumb", 1, 1, 1)
    # The page drops answers to questions that it asked before other rows were chosen.
    assert told["choice"] == 3
    assert page.ask("show", at=0, edge=400, choice=2)["choice"] == 2
    told = page.ask("thumbs", at=[1])
    import cv2

    thumb = cv2.imdecode(np.frombuffer(page.pictures[0], np.uint8), cv2.IMREAD_COLOR)
    assert thumb is not None
    # 640 by 400 with 4 % of the shorter side around it.
    assert thumb.shape[1] == 260
    assert abs(thumb.shape[0] - 260 * 432 / 672) <= 1


def test_a_saved_malformed_value_is_marked(frame: pd.DataFrame, journal: Path) -> None:
    page = Page(review(frame, journal, order="row", fields=["id"], who="an"))
    page.ask("decide", at=2, token="t", value="00109000000", go=True, force=True, edge=400)
    (standing,) = Journal(journal).standings.values()
    assert (standing.state, standing.decisions[0].doubt) == ("confirmed", "not 12 digits")
    assert page.ask("choose", shown="malformed", field="")["at"] == 2
    assert isinstance(standing.decisions[0], Decision)
    assert frame_items(frame)[2].source == "2.jpg"


def test_readings_of_one_engine_have_names_of_their_own(frame: pd.DataFrame, journal: Path) -> None:
    page = Page(review(frame, journal, order="row", fields=["name"], other=frame))
    told = page.ask("show", at=0, edge=400)
    assert (told["engine"], told["other_engine"]) == ("local 1 (frame)", "local 1 (other)")


def test_errors_name_what_there_is(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"\.xlsx.*write_frame"):
        exchange.to_excel(frame, tmp_path / "o.csv")
    with pytest.raises(ArgumentError, match="reader='tesseract'"):
        frame.cvocr.extract(column="image", engine="tesseract")
    for wrong, right in (("column", "imgae"), ("kind", "id_ayn"), ("option", "theads")):
        given: dict[str, dict[str, Any]] = {
            "column": {"column": right}, "kind": {"kind": right}, "option": {right: 1},
        }  # fmt: skip
        options = {"column": "image"} | given[wrong]
        with pytest.raises(ArgumentError, match=f"unknown {wrong} '{right}'.*did you mean"):
            frame[["image"]].cvocr.extract(**options)
    with pytest.raises(ArgumentError, match="unknown field 'idd': did you mean 'id'"):
        frame.cvocr.sweep("idd", tmp_path / "j.jsonl")
    for read in (lambda path: view(frame, truth=path), read_frame, read_labels):
        with pytest.raises(ArgumentError, match="there is no file"):
            read(str(tmp_path / "labels.csv"))
    scored = score(frame, frame)
    for call, said in (
        (lambda: scored.plot("outcome"), "plot 'outcome': did you mean 'outcomes'"),  # type: ignore[arg-type]
        (lambda: scored.summary("typ"), "column to group by 'typ': did you mean 'type'"),
        (lambda: frame.cvocr.check(rules=["date_odrer"]), "rule 'date_odrer': did you mean"),
        (lambda: frame.cvocr.clean(fields=["nmae"]), "field 'nmae': did you mean 'name'"),
        (lambda: open_engine("local", theads=1), "option 'theads': did you mean 'threads'"),
    ):
        with pytest.raises(ArgumentError, match=f"unknown {said}"):
            call()
    for write, name in ((scored.to_html, "o.pdf"), (frame.cvocr.to_label_studio, "o.xlsx")):
        with pytest.raises(ArgumentError, match=name):
            write(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"no folder.*nowhere'"):
        scored.to_html(tmp_path / "nowhere" / "o.html")
    frame[["image", "name"]].to_csv(tmp_path / "labels.csv", index=False)
    judged = view(frame, truth=tmp_path / "labels.csv", on="image", sort="outcome")
    assert len(judged) == 6
    assert str(unknown("kind", "zzz", ["a", "b"])) == "unknown kind 'zzz'; there are a, b"
