"""The sweep in a real JupyterLab: a grid of crops, only the wrong ones touched, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cards import NAMES
from lab import command, compose, lines, run_cell, until

from cvocr_lab.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

CARDS = 7
SHOW = 'frame.cvocr.sweep("{field}", {journal!r}, order="row", per_page=4, who="an")'
READY = "button.rest:has-text('right')"


def ready(page: Page, number: int) -> None:
    """Wait for a page of the grid with all its crops."""
    page.locator(f".sweep[data-page='{number}']").wait_for()
    page.locator("button.rest", has_text="right").wait_for()


def test_only_the_wrong_ones_are_touched(page: Page, decided: Path) -> None:
    assert page.locator(".cell img").count() == 4
    # Turning the page and back confirms nothing.
    page.locator(".sweep").focus()
    page.keyboard.press("PageDown")
    ready(page, 1)
    page.keyboard.press("PageUp")
    ready(page, 0)
    assert lines(decided) == []

    page.keyboard.press("ArrowRight")
    page.keyboard.press("F2")
    page.keyboard.type(" AN")
    page.keyboard.press("Enter")
    page.locator(".cell").nth(1).locator(".chip", has_text="corrected").wait_for()
    assert lines(decided) == [("name", "corrected", f"{NAMES[1]} AN")]
    page.keyboard.press("Alt+u")  # the next one
    page.locator(".cell").nth(2).locator(".chip", has_text="unreadable").wait_for()

    page.locator("button.rest", has_text="the other 2 are right").wait_for()
    page.keyboard.press("Alt+a")
    ready(page, 1)
    assert lines(decided)[2:] == [("name", "confirmed", NAMES[0]), ("name", "confirmed", NAMES[3])]
    page.keyboard.press("Backspace")
    ready(page, 0)
    page.locator(".cell").nth(3).locator(".chip").wait_for(state="detached")
    standing = Journal(decided, who="an").standings.values()
    assert [s.state for s in standing] == ["corrected", "unreadable", "confirmed"]

    # Opened anew, it goes on where it ended.
    run_cell(page, 1)
    ready(page, 0)
    page.locator(".pace", has_text="3 of 7 done").wait_for()
    page.locator("button.rest", has_text="the other one is right").wait_for()


def test_what_is_being_typed_is_put_down_by_enter_alone(page: Page, decided: Path) -> None:
    page.locator(".cell").first.click()
    box = page.locator(".cell textarea")
    # An input method composes; its Enter ends the word, not the answer.
    compose(page, "ư", end=False)
    page.evaluate("""() => {
        const box = document.querySelector(".cell textarea");
        for (const key of ["Enter", "Escape"]) box.dispatchEvent(new KeyboardEvent("keydown", {
            key, keyCode: 229, isComposing: true, bubbles: true, cancelable: true}));
    }""")
    compose(page, "Ư")
    page.locator(".sweep[data-doing=Editing]").wait_for()
    assert box.input_value() == "Ư"
    page.keyboard.press("Escape")
    page.locator(".sweep[data-doing=Selected]").wait_for()
    assert lines(decided) == []
    assert box.input_value() == NAMES[0]
    # Letters that were commands once begin a value.
    page.keyboard.type("usd And n")
    page.keyboard.press("Enter")
    page.locator(".cell").first.locator(".chip", has_text="corrected").wait_for()
    assert lines(decided) == [("name", "corrected", "usd And n")]
    page.locator(".cell.at").nth(0).locator("textarea").wait_for()
    assert page.locator(".cell").nth(1).locator("textarea").input_value() == NAMES[1]


@pytest.mark.parametrize("page", ["id"], indirect=True)
def test_a_value_of_the_wrong_form_has_a_key_of_its_own(page: Page, decided: Path) -> None:
    # The third number was read with a digit missing: it is none of the right ones.
    page.locator("button.rest", has_text="the other 3 are right").wait_for()
    page.locator(".cell textarea").click()  # selects the box; a second click would edit
    page.keyboard.type("00109")
    for _ in range(2):
        page.keyboard.press("Enter")
        page.locator(".cell .doubt", has_text="Not saved").wait_for()
    assert lines(decided) == []
    page.keyboard.press("Control+Enter")
    page.locator(".cell").first.locator(".chip", has_text="malformed").wait_for()
    assert lines(decided) == [("id", "corrected", "00109")]
    page.keyboard.press("Alt+a")
    page.locator(".status", has_text="1 left on this page").wait_for()
    assert lines(decided)[1:] == [
        ("id", "confirmed", "001090000001"),
        ("id", "confirmed", "001090000003"),
    ]
    page.locator(".cell").nth(2).click()
    page.locator(".cell textarea").click(position={"x": 160, "y": 10})
    page.locator(".sweep[data-doing=Editing]").wait_for()
    page.keyboard.type("5")
    assert page.locator(".cell textarea").input_value() == "001090000005"


def test_a_saved_notebook_holds_neither_picture_nor_value(page: Page, served: Path) -> None:
    command(page, "docmanager:save")
    path = served / "page.ipynb"
    until(lambda: "widget-view" in path.read_text(), 20, "the notebook is not saved")
    saved = path.read_text()
    assert "Sweeper of 7" in saved
    for secret in (NAMES[0], "JFIF", "/9j/", "0010900000"):
        assert secret not in saved
