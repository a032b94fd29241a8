"""What the reviewer writes and tells, asked as the page asks it."""

from __future__ import annotations

import cProfile
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cards import NAMES, cards
from page import Page, fields

from cvocr_lab import review
from cvocr_lab.errors import ArgumentError
from cvocr_lab.journal import Decision, Journal, check_value
from cvocr_lab.views import Reviewer, apply

TOKENS = itertools.count()


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return cards(folder, 3)


def start(frame: pd.DataFrame, journal: Path | Journal, folder: Path, **options: object) -> Page:
    options = {"order": "row", "fields": ["id", "name"], "who": "an"} | options
    if isinstance(journal, Journal):
        del options["who"]
    page = Page(review(frame, journal, **options))  # type: ignore[arg-type]
    page.ask("open")
    return page


def decide(page: Page, at: int, value: str = "", **said: object) -> dict[str, object]:
    """Decide, and give the answer that comes before the next item."""
    token = str(next(TOKENS))
    page.ask("decide", at=at, token=token, value=value, go=True, edge=400, **said)
    return next(told for told in page.told if told.get("token") == token)


def test_a_decision_is_on_disk_before_it_is_acknowledged(
    frame: pd.DataFrame, journal: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = start(frame, journal, folder)
    lines_then: list[int] = []
    tell = page.shown.widget.send

    def send(content: object, buffers: object = ()) -> None:
        lines_then.append(len(journal.read_bytes().splitlines()) if journal.exists() else 0)
        tell(content, buffers)

    monkeypatch.setattr(page.shown.widget, "send", send)
    answer = decide(page, 0, "001090000000")
    assert (answer["tell"], answer["state"], answer["next"]) == ("decided", "confirmed", 1)
    assert lines_then[0] == 1


def test_states_and_progress(frame: pd.DataFrame, journal: Path, folder: Path) -> None:
    page = start(frame, journal, folder)
    opened = page.told[0]
    assert isinstance(opened["progress"], dict)
    assert opened["progress"]["counts"]["prefilled"] == 6
    assert (opened["progress"]["left"], opened["progress"]["pace"]) == (6, None)
    decide(page, 0, "001090000000", seconds=3.0)
    decide(page, 1, "TRẦN THỊ ANH", seconds=5.0)
    decide(page, 2, act="unreadable", seconds=1.0)
    decide(page, 3, act="skipped")
    answer = decide(page, 5, act="disputed")
    progress = answer["progress"]
    assert isinstance(progress, dict)
    assert (progress["left"], progress["pace"], progress["seconds_left"]) == (1, 3.0, 3.0)
    assert answer["next"] == 4  # none after it is open, one before is
    standing = {s.item.field + str(s.item.source): s for s in Journal(journal).standings.values()}
    assert standing["name0.jpg"].value == "TRẦN THỊ ANH"
    decision = standing["name0.jpg"].decisions[0]
    assert (decision.engine, decision.engine_value, decision.chance) == ("local 1", NAMES[0], 1.0)
    assert len(decision.item.sha256) == 64
    reviewer = page.shown
    assert isinstance(reviewer, Reviewer)
    assert reviewer.progress["prefilled"] == 1
    reviewed = reviewer.frame()
    assert reviewed["name"].tolist()[0] == "TRẦN THỊ ANH"
    assert reviewed["id"].tolist()[1] == "###"
    pd.testing.assert_frame_equal(reviewed, apply(frame, journal))
    assert repr(reviewer) == "Reviewer of 6 fields, 1 to do, journal review.jsonl; run the cell"


def test_a_message_that_comes_twice_is_one_decision(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    page = start(frame, journal, folder)
    for _ in range(2):
        page.ask("decide", at=0, token="t", value="001090000001", go=True, edge=400)
    # Saying the same again is no news either.
    decide(page, 0, "001090000001")
    assert len(journal.read_bytes().splitlines()) == 1


def test_an_odd_value_is_asked_about_and_then_taken(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    page = start(frame, journal, folder)
    told = page.ask("check", at=0, text="00109")
    assert told["wrong"] == "not 12 digits"
    assert page.ask("check", at=1, text="TRẦN ÂN")["wrong"] == ""
    answer = decide(page, 0, "00109")
    assert (answer["tell"], answer["doubt"]) == ("refused", "not 12 digits")
    assert not journal.exists()
    assert decide(page, 0, "00109", force=True)["state"] == "corrected"
    own = start(frame, journal, folder, checks={"id": lambda text: "" if text else "empty"})
    assert own.ask("check", at=0, text="00109")["wrong"] == ""
    assert check_value("x", "", "anything") == ""
    assert check_value("name", "NAME", "  ") == ""


def test_a_journal_that_cannot_be_written_moves_nothing(
    frame: pd.DataFrame, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = start(frame, tmp_path / "gone" / "review.jsonl", folder)
    answer = decide(page, 0, "001090000000")
    assert answer["tell"] == "refused"
    assert "No such file" in str(answer["refused"])


def test_undo_reaches_into_earlier_sessions(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    first = start(frame, journal, folder)
    decide(first, 0, "001090000000")
    decide(first, 1, "X")
    again = start(frame, journal, folder)
    assert again.told[0]["at"] == 2
    again.ask("undo", edge=400)
    assert [told["at"] for told in again.told if told["tell"] == "undone"] == [1]
    again.ask("undo", edge=400)
    assert Journal(journal).standings == {}
    assert again.ask("undo", edge=400)["tell"] == "trouble"


def test_notes_stay_with_their_field(frame: pd.DataFrame, journal: Path, folder: Path) -> None:
    page = start(frame, journal, folder)
    decide(page, 0, act="note", note="torn")
    told = page.ask("show", at=0, edge=400, have=[0])
    assert (fields(told)["id"]["note"], fields(told)["id"]["state"]) == ("torn", "prefilled")
    decide(page, 0, "001090000000", note="torn")
    decide(page, 0, act="note", note="torn, glued")
    told = page.ask("show", at=0, edge=400, have=[0])
    assert (fields(told)["id"]["note"], fields(told)["id"]["state"]) == ("torn, glued", "confirmed")
    chosen = page.ask("choose", shown="noted", field="")
    assert (chosen["found"], chosen["at"]) == (1, 0)
    assert page.ask("choose", shown="to do", field="name")["at"] == 1
    assert page.ask("choose", shown="nonsense", field="")["tell"] == "trouble"


def test_two_persons_disagree_and_one_settles_it(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    mine, other = journal, journal.with_name("other.jsonl")
    for path, who, value in ((mine, "an", "X"), (other, "binh", "Y")):
        decide(start(frame, path, folder, who=who), 1, value)
    both = journal.with_name("both.jsonl")
    both.write_bytes(mine.read_bytes() + other.read_bytes())
    page = start(frame, both, folder, who="chi")
    told = page.ask("show", at=1, edge=400)
    name = fields(told)["name"]
    assert name["state"] == "disputed"
    assert [v["value"] for v in name["versions"]] == ["X", "Y"]  # type: ignore[attr-defined]
    assert page.ask("choose", shown="disputed", field="")["at"] == 1
    decide(page, 1, "Y")
    assert [s.value for s in Journal(both).standings.values()] == ["Y"]


def test_a_second_engine_and_a_label_are_offered(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    other = frame.assign(name=frame["name"].str.replace("Ầ", "Â"), ocr_engine="cloud")
    page = start(frame, journal, folder, other=other.iloc[::-1], truth=frame, on="image")
    assert "differ" in page.told[0]["shown"]  # type: ignore[operator]
    told = page.ask("show", at=1, edge=400)
    name = fields(told)["name"]
    assert (told["other_engine"], name["other"], name["truth"]) == (
        "cloud", NAMES[0].replace("Ầ", "Â"), NAMES[0],
    )  # fmt: skip
    assert ("replace", "Â", "Ầ") in name["other_edits"]  # type: ignore[operator]
    assert page.ask("choose", shown="differ", field="")["found"] == 1
    with pytest.raises(ArgumentError, match="no row in common"):
        start(frame, journal, folder, other=other.set_axis([7, 8, 9]))


def test_a_queue_of_ones_own(frame: pd.DataFrame, journal: Path, folder: Path) -> None:
    queue = pd.DataFrame(
        {"row": [2, 0], "field": ["id", "sex"], "reason": ["odd", ""], "chance": [0.1, 1.0]}
    )
    made: list[Decision] = []
    page = start(frame, Journal(journal, who="an"), folder, queue=queue, fields=None)
    reviewer = page.shown
    assert isinstance(reviewer, Reviewer)
    reviewer.on_decision(made.append)
    told = page.ask("show", at=0, edge=400)
    assert (told["row"], fields(told)["id"]["reason"], told["before"]) == (2, "odd", None)
    assert fields(told)["name"]["k"] is None
    decide(page, 0, act="unreadable")
    decide(page, 1, "Nam")
    assert [(d.item.field, d.chance, d.value) for d in made] == [
        ("id", 0.1, None), ("sex", 1.0, "Nam"),
    ]  # fmt: skip
    for wrong in (pd.DataFrame({"row": [9], "field": ["id"]}), pd.DataFrame({"row": [0]})):
        with pytest.raises(ArgumentError):
            start(frame, journal, folder, queue=wrong)


def test_a_queue_offers_its_proposals(frame: pd.DataFrame, journal: Path, folder: Path) -> None:
    queue = pd.DataFrame({"row": [0], "field": ["name"], "after": ["TRẦN VĂN Á"]})
    page = start(frame, journal, folder, queue=queue, fields=None)
    told = page.ask("show", at=0, edge=400)
    assert (told["other_engine"], fields(told)["name"]["other"]) == ("suggestions", "TRẦN VĂN Á")


def test_rows_that_are_the_same_face_of_the_same_picture_are_decided_together(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    again = pd.concat([frame, frame.iloc[[0]].set_axis([9])])
    page = start(again, journal, folder, fields=["id"])
    answer = decide(page, 0, "001090000000")
    progress = answer["progress"]
    assert isinstance(progress, dict)
    assert (progress["left"], progress["counts"]["confirmed"]) == (2, 2)


def test_a_long_frame_opens_with_little_work_for_each_row(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    def calls(rows: int) -> int:
        long = frame.take(np.arange(rows) % len(frame)).reset_index(drop=True)
        with cProfile.Profile() as watched:
            review(long, journal)
        return sum(entry.callcount for entry in watched.getstats())

    calls(100)  # what is looked up once for all
    few, many = calls(1000), calls(2000)
    assert many - few < 120 * 1000
