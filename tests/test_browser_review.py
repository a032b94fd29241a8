"""The reviewer in a real JupyterLab: by keyboard, with an input method, and nothing ever lost."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from cards import NAMES
from lab import (
    Lab,
    command,
    compose,
    keys_in_sight,
    lines,
    opened,
    run_cell,
    shown,
    until,
    until_idle,
)

from cvocr_lab import read_labels, write_frame
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.journal import Journal
from cvocr_lab.results import Document, Extraction, FieldValue

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parent.parent / "sample_data"
CARDS = 5
SHOW = 'frame.cvocr.review({journal!r}, order="row", fields=["id", "name"], who="an")'
READY = ".cvocr[data-shown='0']"


def answer(page: Page) -> str:
    return page.locator("textarea.answer").input_value()


def mode(page: Page, name: str) -> None:
    page.locator(f".cvocr[data-doing='{name}'] .mode").wait_for()


def test_fields_are_decided_by_keyboard_alone(page: Page, decided: Path) -> None:
    page.locator(".hints", has_text="click").wait_for()
    page.locator(".cvocr").focus()
    mode(page, "Selected")
    page.keyboard.press("Enter")  # id of the first card is right
    shown(page, 1)
    assert lines(decided) == [("id", "confirmed", "001090000000")]
    # A letter begins a new value, F2 goes on with the old one.
    page.keyboard.type("Uỷ ban")
    mode(page, "Editing")
    assert answer(page) == "Uỷ ban"
    page.keyboard.press("Escape")
    mode(page, "Selected")
    assert answer(page) == NAMES[0]
    page.keyboard.press("F2")
    page.keyboard.type(" HOA")
    page.keyboard.press("Enter")
    shown(page, 2)
    mode(page, "Selected")
    assert lines(decided)[1:] == [("name", "corrected", f"{NAMES[0]} HOA")]

    page.keyboard.press("Alt+u")
    shown(page, 3)
    page.keyboard.press("Alt+s")
    shown(page, 4)
    assert lines(decided)[2:] == [("id", "unreadable", None), ("name", "skipped", None)]

    # This number lacks a digit: Enter never saves it, however often; a key of its own does.
    page.locator(".verdict.doubt", has_text="Not 12 digits").wait_for()
    for _ in range(3):
        page.keyboard.press("Enter")
        page.locator(".verdict.doubt", has_text="Not saved").wait_for()
    assert len(lines(decided)) == 4
    page.keyboard.press("Control+Enter")
    shown(page, 5)
    assert lines(decided)[4:] == [("id", "confirmed", "00109000000")]
    assert json.loads(decided.read_text().splitlines()[4])["doubt"] == "not 12 digits"
    page.locator("li[data-field=id] .malformed").wait_for()

    page.keyboard.press("Backspace")
    shown(page, 4)
    page.locator(".asked .state-prefilled").wait_for()
    page.keyboard.press("Alt+n")
    page.keyboard.type("smudged")
    page.keyboard.press("Enter")
    until(lambda: len(lines(decided)) == 7, 20, "the note is not written")
    page.keyboard.press("Alt+d")
    shown(page, 5)
    standing = Journal(decided, who="an").standings.values()
    assert [s.state for s in standing] == [
        "confirmed", "corrected", "unreadable", "skipped", "disputed",
    ]  # fmt: skip
    assert decided.stat().st_mode & 0o777 == 0o600
    assert "5 of 10 done" in page.locator(".pace").inner_text()
    page.keyboard.press("ArrowLeft")
    shown(page, 4)
    assert page.locator("input.note").input_value() == "smudged"
    page.keyboard.press("Tab")
    shown(page, 5)
    page.keyboard.press("Delete")
    mode(page, "Editing")
    page.keyboard.press("Enter")  # no name is on this card
    shown(page, 6)
    assert lines(decided)[-1] == ("name", "corrected", None)


def test_a_malformed_value_is_not_saved_by_leaving_it(page: Page, decided: Path) -> None:
    page.locator(".cvocr").focus()
    page.keyboard.type("0010")
    page.keyboard.press("Tab")
    page.locator(".verdict.doubt", has_text="Not saved").wait_for()
    page.locator(".stage svg").first.click(position={"x": 4, "y": 4})
    page.locator(".review:not([data-pending])").wait_for()
    assert answer(page) == "0010"
    assert not decided.exists()
    # What is typed goes on where it ended, not over it.
    page.keyboard.type("90000009")
    page.keyboard.press("Enter")
    shown(page, 1)
    assert lines(decided) == [("id", "corrected", "001090000009")]


def test_letters_reach_neither_the_notebook_nor_a_command(page: Page) -> None:
    page.locator(".cvocr").focus()
    place = "document.querySelector('.jp-WindowedPanel-outer, .jp-Notebook').scrollTop"
    before = page.evaluate(place)
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    page.keyboard.type("Tổ 34 usdn abx?/+-0rz")
    assert answer(page) == "Tổ 34 usdn abx?/+-0rz"
    shown(page, 0)
    assert page.evaluate(place) == before
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert page.locator(".cvocr .help").is_hidden()


def test_the_wheel_scrolls_the_notebook_unless_ctrl_is_held(page: Page) -> None:
    world = page.locator(".stage:not(.paper) svg > g").first
    page.locator(".cvocr").focus()
    page.locator(".stage").first.hover()
    before = world.get_attribute("transform")
    page.evaluate("""() => {
        window.wheels = 0;
        window.addEventListener("wheel", () => { window.wheels += 1; });
    }""")
    page.mouse.wheel(0, -200)
    page.wait_for_function("window.wheels === 1")
    assert world.get_attribute("transform") == before
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_function(
        "before => document.querySelector('.stage svg > g').getAttribute('transform') !== before",
        arg=before,
    )


def test_nothing_is_cut_off_at_1280_pixels(page: Page) -> None:
    page.locator(".cvocr").focus()
    assert page.evaluate(CUT_OFF) == []
    page.keyboard.type("x")
    mode(page, "Editing")
    assert page.evaluate(CUT_OFF) == []
    page.keyboard.press("Escape")
    mode(page, "Selected")
    # A key pressed brings the keys in sight, in a low window too.
    page.set_viewport_size({"width": 1280, "height": 640})
    page.locator(".jp-Cell").first.scroll_into_view_if_needed()
    page.keyboard.press("F2")
    mode(page, "Editing")
    keys_in_sight(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    shown(page, 1)
    page.locator(".pace", has_text="left").wait_for()
    assert page.evaluate(CUT_OFF) == []
    buttons = page.locator(".acts:not(.place) button").all()
    assert len({round((b.bounding_box() or {"y": -1})["y"]) for b in buttons}) == 1


CUT_OFF = """() => [...document.querySelectorAll(
    ".cvocr :is(button, select, .pace, .hints, .hints span, .status, .asked b, .verdict)")]
    .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
    .map((e) => e.className + e.textContent)"""


def test_an_input_method_is_left_in_peace(page: Page, decided: Path) -> None:
    page.locator(".cvocr").focus()
    page.keyboard.press("PageDown")
    shown(page, 1)
    mode(page, "Selected")
    # Nobody pressed a key to edit: the first letter composed replaces the value.
    compose(page, "D", "Du", "Dư", "Dươ", "Dươn", "Dương", end=False)
    mode(page, "Editing")
    # Enter and shortcuts belong to the input method while it composes.
    page.evaluate("""() => {
        const box = document.querySelector("textarea.answer");
        for (const key of ["Enter", "Escape"]) box.dispatchEvent(new KeyboardEvent("keydown", {
            key, keyCode: 229, isComposing: true, bubbles: true, cancelable: true}));
    }""")
    assert page.locator(".review[data-pending]").count() == 0
    assert answer(page) == "Dương"
    compose(page, "Dương")
    page.keyboard.type(" ÁNH")
    assert answer(page) == "Dương ÁNH"
    page.keyboard.press("Enter")
    shown(page, 2)
    assert lines(decided) == [("name", "corrected", "Dương ÁNH")]
    mode(page, "Selected")

    # Leaving the box saves what was typed, and stays.
    page.keyboard.press("PageDown")
    shown(page, 3)
    page.keyboard.press("F2")
    page.keyboard.type("X")
    page.locator(".stage svg").first.click(position={"x": 4, "y": 4})
    until(lambda: len(lines(decided)) == 2, 20, "what was typed is not written")
    assert lines(decided)[1] == ("name", "corrected", f"{NAMES[1]}X")
    shown(page, 3)


def test_unikey_sends_backspaces_and_letters(page: Page, decided: Path) -> None:
    """Unikey composes nothing: it deletes what stands before the caret and types it anew."""
    page.locator(".cvocr").focus()
    page.keyboard.press("ArrowRight")
    shown(page, 1)
    for key, mended in (("t", ""), ("o", ""), ("r", "ỏ"), ("o", "ổ")):
        page.keyboard.press(key)
        if mended:
            page.keyboard.press("Backspace")
            page.keyboard.press("Backspace")
            page.keyboard.insert_text(mended)
    page.keyboard.type(" AN")
    assert answer(page) == "tổ AN"
    page.keyboard.press("Enter")
    shown(page, 2)
    assert lines(decided) == [("name", "corrected", "tổ AN")]


def test_what_is_typed_while_the_kernel_works_is_the_next_fields(
    page: Page, lab: Lab, decided: Path
) -> None:
    page.locator(".cvocr").focus()
    os.kill(lab.kernel, signal.SIGSTOP)
    page.keyboard.press("Enter")
    page.keyboard.type("LÊ ÂN")
    page.keyboard.press("Enter")  # speaks of a field that nobody has seen yet
    os.kill(lab.kernel, signal.SIGCONT)
    shown(page, 1)
    mode(page, "Editing")
    assert answer(page) == "LÊ ÂN"
    assert lines(decided) == [("id", "confirmed", "001090000000")]
    page.keyboard.press("Enter")
    shown(page, 2)
    assert lines(decided)[1:] == [("name", "corrected", "LÊ ÂN")]


def test_a_killed_kernel_costs_nothing(page: Page, lab: Lab, decided: Path) -> None:
    page.locator(".cvocr").focus()
    page.keyboard.press("Enter")
    shown(page, 1)
    page.keyboard.press("F2")
    page.keyboard.type(" LAN")
    os.kill(lab.kernel, signal.SIGKILL)
    page.keyboard.press("Enter")
    page.locator(".status.error", has_text=re.compile("kept on this page")).wait_for()
    shown(page, 1)
    assert answer(page) == f"{NAMES[0]} LAN"
    assert lines(decided) == [("id", "confirmed", "001090000000")]

    page.locator(".jp-Dialog", has_text="will restart automatically").get_by_role("button").click()
    until_idle(page)
    run_cell(page, 0)
    run_cell(page, 1)
    shown(page, 1)
    page.locator(".verdict", has_text="is restored").wait_for()
    assert answer(page) == f"{NAMES[0]} LAN"
    page.locator(".cvocr").focus()
    page.keyboard.press("Enter")
    shown(page, 2)
    assert lines(decided)[1:] == [("name", "corrected", f"{NAMES[0]} LAN")]

    # Undoing reaches back into the session that was killed.
    page.keyboard.press("Backspace")
    shown(page, 1)
    page.keyboard.press("Backspace")
    shown(page, 0)
    assert Journal(decided, who="an").standings == {}


def test_a_saved_notebook_holds_neither_pictures_nor_values(
    page: Page, browser: Browser, lab: Lab, served: Path
) -> None:
    page.locator(".cvocr").focus()
    page.keyboard.press("Enter")
    shown(page, 1)
    command(page, "docmanager:save")
    path = served / "page.ipynb"
    until(lambda: "widget-view" in path.read_text(), 30, "the notebook is not saved")
    saved = path.read_text()
    state = json.loads(saved)["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]
    assert any("render" in str(s["state"].get("_esm", "")) for s in state["state"].values())
    for trace in ("/9j/", "iVBORw0KGgo", "UklGR", "data:image", "blob:", "0010900000", *NAMES):
        assert trace not in saved, trace
    assert "Reviewer of 10 fields" in saved

    for kernel in lab.kernels():
        lab.ask(f"api/kernels/{kernel['id']}", "DELETE")
    with opened(browser, lab, "page.ipynb") as again:
        again.get_by_text("neither pictures nor values").wait_for()


WORDS = (
    ("U", "Ủ", "Ủy"), ("b", "ba", "ban"), ("T", "To", "Tô", "Tổ"), ("Đ", "Đươ", "Đườ", "Đường"),
    ("N", "Ng", "Ngh", "Nghi", "Nghĩ", "Nghĩa"), ("S", "Sa", "Sá", "Sáu"),
)  # fmt: skip
"""Words as an input method shows them while they are typed; some begin with what were commands."""


def test_sixty_papers_are_reviewed_with_vietnamese_typed_at_once(
    browser: Browser, lab: Lab
) -> None:
    labels = read_labels(SAMPLES / "labels.csv").head(60)
    # Two papers in one picture are two faces of one input.
    inputs = pd.factorize(labels["image"])[0].tolist()
    readings = [
        Reading(
            Extraction(
                tuple(
                    Document(str(kind), str(side), {"note": FieldValue("khong dau", 0.9)})
                    for kind, side, own in zip(labels["type"], labels["side"], inputs, strict=True)
                    if own == at
                )
            ),
            seconds=1.0 + at,
        )
        for at in sorted(set(inputs))
    ]
    sources = pd.DataFrame({"image": labels["image"].drop_duplicates().tolist()})
    made = to_frame(readings, sources, fields=["note"], base=SAMPLES)
    write_frame(made, lab.folder / "samples.parquet")
    lab.write(
        "samples.ipynb",
        'import cvocr_lab\nframe = cvocr_lab.read_frame("samples.parquet")\n'
        'r = frame.cvocr.review("samples.jsonl", fields=["note"], order="row")',
        "r",
    )
    typed = []
    with opened(browser, lab, "samples.ipynb") as page:
        run_cell(page, 0)
        run_cell(page, 1)
        shown(page, 0)
        page.locator(".cvocr").focus()
        for at in range(60):
            shown(page, at)
            mode(page, "Selected")
            word = WORDS[at % len(WORDS)]
            if at % 3 == 0:  # by an input method
                compose(page, *word)
                page.keyboard.type(f" {at}")
            elif at % 3 == 1:  # by a keyboard with Vietnamese letters
                page.keyboard.type(f"{word[-1]} {at}")
            typed.append(("note", "confirmed", "khong dau") if at % 3 == 2
                         else ("note", "corrected", f"{word[-1]} {at}"))  # fmt: skip
            page.keyboard.press("Enter")
        page.get_by_text("All fields are decided").wait_for()
    assert lines(lab.folder / "samples.jsonl") == typed
