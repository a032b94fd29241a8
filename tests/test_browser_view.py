"""The viewer in a real JupyterLab."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest
from lab import START, Lab, keys_in_sight, opened, run_cell, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CARDS = 6
SHOW = "frame.cvocr.view(truth=truth, on='image')"
READY = ".cvocr[data-shown='0']"


def test_a_row_is_seen_and_the_keyboard_walks_through(page: Page) -> None:
    board = page.locator(".cvocr")
    assert "CCCD gắn chip" in board.inner_text()
    assert "TRẦN THỊ ÁNH" in board.locator(".fields").inner_text()
    href = board.locator(".stage image").first.get_attribute("href")
    assert href is not None
    assert href.startswith("blob:")

    # Value and quad point at each other.
    line = board.locator("li[data-field=name]")
    quad = board.locator(".stage:not(.paper) polygon[data-field=name]")
    line.hover()
    assert "near" in (quad.get_attribute("class") or "")
    quad.hover()
    page.locator("li[data-field=name].near").wait_for()
    quad.click()
    page.locator("li[data-field=name].picked img.crop").wait_for()

    # Wrong values say letter by letter how.
    assert board.locator("li[data-field=name] mark").all_inner_texts() == ["Â", "Ầ"]
    assert "tone-wrong" in (quad.get_attribute("class") or "")

    # Keys are the viewer's, though Lab would cut the cell on x and add others on a and b.
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("ArrowRight", "a", "b", "x", "d", "d", "m", "ArrowRight"):
        page.keyboard.press(key)
    shown(page, 2)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    for key, at in (("ArrowLeft", 1), ("End", 5), ("Home", 0)):
        page.keyboard.press(key)
        shown(page, at)
    page.keyboard.press("g")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    shown(page, 3)
    page.keyboard.press("ArrowDown")
    page.locator("li[data-field=born].picked").wait_for()

    # Zoom, turn, whole.
    world = board.locator(".stage:not(.paper) svg > g")
    seen = {world.get_attribute("transform")}
    for key in ("z", "+", "r", "Shift+ArrowLeft", "0"):
        page.keyboard.press(key)
        seen.add(world.get_attribute("transform"))
    assert len(seen) == 6
    page.keyboard.press("?")
    assert board.locator(".help").is_visible()


def test_rows_are_chosen_and_sorted(page: Page) -> None:
    board = page.locator(".cvocr")
    count = board.locator(".move .soft")
    board.locator("select[name=warning]").select_option("id:from_qr")
    page.get_by_text("/ 3", exact=True).wait_for()
    board.locator(".chip", has_text="id:from").wait_for()
    board.locator("select[name=warning]").select_option("")
    page.get_by_text("/ 6", exact=True).wait_for()
    board.locator(".stage svg").first.click(position={"x": 3, "y": 3})
    page.keyboard.press("/")
    page.keyboard.type("id.str.len() < 12")
    page.keyboard.press("Enter")
    page.get_by_text("/ 2", exact=True).wait_for()
    board.locator("input[name=query]").fill("no such column")
    page.keyboard.press("Enter")
    page.locator(".cvocr .status.error").wait_for()
    assert "query" in board.locator(".status").inner_text()
    assert count.inner_text() == "/ 2"
    board.locator("input[name=query]").fill("")
    page.keyboard.press("Enter")
    page.get_by_text("/ 6", exact=True).wait_for()
    board.locator("select[name=outcome]").select_option("wrong")
    page.get_by_text("/ 2", exact=True).wait_for()
    board.locator("select[name=outcome]").select_option("")
    board.locator("select[name=sort]").select_option("confidence")
    page.wait_for_function("document.querySelector('.cvocr .value')?.textContent.length > 3")


@pytest.mark.usefixtures("served")
def test_neighbours_are_there_before_they_are_asked_for(browser: Browser, lab: Lab) -> None:
    lab.write("ahead.ipynb", START, SHOW)
    with opened(browser, lab, "ahead.ipynb") as page:
        page.evaluate("""() => {
            const make = URL.createObjectURL;
            window.made = 0;
            URL.createObjectURL = (blob) => { window.made += 1; return make.call(URL, blob); };
        }""")
        run_cell(page, 0)
        run_cell(page, 1)
        shown(page, 0)
        # The first row and the next two, each a photo, a paper and three values.
        page.wait_for_function("window.made >= 15")
        # The kernel stands still, so what is shown was on the page already.
        os.kill(lab.kernel, signal.SIGSTOP)
        page.locator(".cvocr").focus()
        page.keyboard.press("ArrowRight")
        shown(page, 1)
        page.locator(".status.error", has_text=re.compile("does not answer")).wait_for()
        os.kill(lab.kernel, signal.SIGCONT)
        page.locator(".status.error").wait_for(state="detached")


@pytest.mark.usefixtures("served")
def test_it_works_in_notebook_7(browser: Browser, lab: Lab) -> None:
    lab.write("seven.ipynb", START, SHOW)
    with opened(browser, lab, "seven.ipynb", app="notebooks") as page:
        run_cell(page, 0)
        run_cell(page, 1)
        shown(page, 0)
        page.locator(".cvocr").focus()
        page.keyboard.press("ArrowRight")
        shown(page, 1)
        keys_in_sight(page)


@pytest.mark.usefixtures("served")
def test_it_works_in_voila(browser: Browser, lab: Lab) -> None:
    lab.write("voila.ipynb", START + SHOW)
    page = browser.new_page()
    page.goto(f"{lab.url}voila/render/voila.ipynb?token={lab.token}", timeout=60_000)
    page.locator(".cvocr[data-shown='0']").wait_for()
    page.locator(".cvocr").focus()
    page.keyboard.press("ArrowRight")
    shown(page, 1)
    keys_in_sight(page)
    page.close()
