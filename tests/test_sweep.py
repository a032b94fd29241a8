"""What the sweep writes and tells, asked as the page asks it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd
import pytest
from cards import NAMES, cards
from page import Page

from cvocr_lab.errors import ArgumentError
from cvocr_lab.journal import Journal
from cvocr_lab.views import Sweeper, sweep

TOKENS = itertools.count()


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return cards(folder, 5)


def start(frame: pd.DataFrame, field: str, journal: Path, folder: Path) -> Page:
    shown = sweep(frame, field, journal, order="row", per_page=3, who="an")
    page = Page(shown)
    page.ask("open")
    return page


def decide(page: Page, at: int, value: str = "", **said: object) -> dict[str, object]:
    token = str(next(TOKENS))
    page.ask("decide", at=at, token=token, value=value, **said)
    return next(told for told in page.told if told.get("token") == token)


def states(told: dict[str, object]) -> list[str]:
    cells = told["cells"]
    assert isinstance(cells, list)
    return [cell["state"] for cell in cells]


def test_decisions_go_to_the_journal_and_come_back_by_undoing(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    page = start(frame, "name", journal, folder)
    assert states(decide(page, 0, f"{NAMES[0]} AN")) == ["corrected"]
    assert states(decide(page, 1, act="unreadable")) == ["unreadable"]
    for _ in range(2):  # a message that comes twice is one decision
        page.ask("decide", at=2, token="t", value=NAMES[2], seconds=2)
    assert len(journal.read_bytes().splitlines()) == 3
    assert isinstance(page.shown, Sweeper)
    assert page.shown.frame()["name"].tolist() == [f"{NAMES[0]} AN", "###", *NAMES[2:]]
    assert page.shown.progress.to_dict() == {
        "prefilled": 2, "corrected": 1, "unreadable": 1, "confirmed": 1,
    }  # fmt: skip
    again = start(frame, "name", journal, folder)
    for at in (2, 1, 0):
        again.ask("undo")
        undone = [told for told in again.told if told["tell"] == "undone"][-1]
        assert (undone["at"], states(undone)) == (at, ["prefilled"])
    again.ask("undo")
    assert "There is nothing to undo." in [told.get("text") for told in again.told]


def test_the_rest_of_a_page_is_what_the_page_names(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    page = start(frame, "name", journal, folder)
    decide(page, 1, act="skipped")
    page.ask("rest", at=[0, 1, 2, 99, "x"], seconds=1)
    told = [told for told in page.told if told.get("rest")][-1]
    assert states(told) == ["confirmed"] * 2
    assert [s.state for s in Journal(journal).standings.values()] == [
        "skipped", "confirmed", "confirmed",
    ]  # fmt: skip


def test_an_odd_value_is_asked_about_and_then_taken(
    frame: pd.DataFrame, journal: Path, folder: Path
) -> None:
    page = start(frame, "id", journal, folder)
    assert decide(page, 0, "00109")["doubt"] == "not 12 digits"
    assert not journal.exists()
    assert states(decide(page, 0, "00109", force=True)) == ["corrected"]


def test_a_journal_that_cannot_be_written_moves_nothing(
    frame: pd.DataFrame, tmp_path: Path, folder: Path
) -> None:
    page = start(frame, "name", tmp_path / "gone" / "review.jsonl", folder)
    assert "No such file" in str(decide(page, 0, "X")["refused"])
    page.ask("rest", at=[0, 1])
    troubles = [told["text"] for told in page.told if told["tell"] == "trouble"]
    assert "No such file" in str(troubles)
    assert isinstance(page.shown, Sweeper)
    assert set(page.shown.progress.index) == {"prefilled"}


def test_what_cannot_be_swept_is_refused(frame: pd.DataFrame, journal: Path) -> None:
    with pytest.raises(ArgumentError, match="unknown field 'sex'"):
        sweep(frame, "sex", journal)
    with pytest.raises(ArgumentError, match="order"):
        sweep(frame, "name", journal, order="worst")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="per_page"):
        sweep(frame, "name", journal, per_page=0)
