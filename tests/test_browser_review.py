"""The reviewer in a real JupyterLab: by keyboard, with an input method, and nothing ever lost."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from cards import NAMES, cards
from lab import Lab, command, opened, run_cell, until

from cvocr_lab import read_labels, write_frame
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.journal import Journal
from cvocr_lab.results import Document, Extraction, FieldValue

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parent.parent / "sample_data"
START = """
import os, pathlib, cvocr_lab
frame = cvocr_lab.read_frame("review/frame.parquet")
pathlib.Path("pid").write_text(str(os.getpid()))
"""
REVIEW = """
frame.cvocr.review({journal!r}, order="row", fields=["id", "name"], who="an")
"""


@pytest.fixture(scope="module")
def folder(lab: Lab) -> Path:
    frame = cards(lab.folder / "review", 5)
    write_frame(frame, lab.folder / "review" / "frame.parquet")
    return lab.folder


@pytest.fixture
def page(
    browser: Browser, lab: Lab, folder: Path, request: pytest.FixtureRequest
) -> Iterator[Page]:
    journal = f"{request.node.name}.jsonl"
    lab.write("review.ipynb", START, REVIEW.format(journal=journal))
    with opened(browser, lab, "review.ipynb") as page:
        run_cell(page, 0)
        run_cell(page, 1)
        shown(page, 0)
        yield page


def shown(page: Page, at: int) -> None:
    page.locator(f".cvocr[data-shown='{at}']").wait_for()


def answer(page: Page) -> str:
    return page.locator("textarea.answer").input_value()


def lines(path: Path) -> list[tuple[str, str, str | None]]:
    """Field, state and value of every line."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [(d["field"], d["state"], d["value"]) for d in found]


def test_fields_are_decided_by_keyboard_alone(page: Page, folder: Path) -> None:
    path = folder / "test_fields_are_decided_by_keyboard_alone.jsonl"
    page.locator(".cvocr").focus()
    page.keyboard.press("Enter")  # id of the first card is right
    shown(page, 1)
    assert lines(path) == [("id", "confirmed", "001090000000")]
    page.keyboard.press("e")
    page.keyboard.press("End")
    page.keyboard.type(" HOA")
    page.keyboard.press("Enter")
    shown(page, 2)
    assert lines(path)[1:] == [("name", "corrected", f"{NAMES[0]} HOA")]

    page.keyboard.press("Escape")
    page.keyboard.press("u")
    shown(page, 3)
    page.keyboard.press("s")
    shown(page, 4)
    assert lines(path)[2:] == [("id", "unreadable", None), ("name", "skipped", None)]

    # This number lacks a digit: entering it says so, entering it again keeps it.
    page.locator(".verdict.doubt", has_text="Not 12 digits").wait_for()
    page.keyboard.press("Enter")
    page.locator(".verdict.doubt", has_text="Enter again").wait_for()
    assert len(lines(path)) == 4
    page.keyboard.press("Enter")
    shown(page, 5)
    assert lines(path)[4:] == [("id", "confirmed", "00109000000")]

    page.keyboard.press("Backspace")
    shown(page, 4)
    page.locator(".asked .state-prefilled").wait_for()
    page.keyboard.press("n")
    page.keyboard.type("smudged")
    page.keyboard.press("Enter")
    until(lambda: len(lines(path)) == 7, 20, "the note is not written")
    page.keyboard.press("d")
    shown(page, 5)
    standing = Journal(path, who="an").standings.values()
    assert [s.state for s in standing] == [
        "confirmed", "corrected", "unreadable", "skipped", "disputed",
    ]  # fmt: skip
    assert path.stat().st_mode & 0o777 == 0o600
    assert "5 of 10 done" in page.locator(".pace").inner_text()
    page.keyboard.press("ArrowLeft")
    shown(page, 4)
    assert page.locator("input.note").input_value() == "smudged"


def test_an_input_method_is_left_in_peace(page: Page, folder: Path) -> None:
    path = folder / "test_an_input_method_is_left_in_peace.jsonl"
    devtools = page.context.new_cdp_session(page)
    page.locator("textarea.answer").focus()
    page.keyboard.press("PageDown")
    shown(page, 1)
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    for text in ("D", "Du", "Dư", "Dươ", "Dươn", "Dương"):
        devtools.send("Input.imeSetComposition", {
            "text": text, "selectionStart": len(text), "selectionEnd": len(text)})  # fmt: skip
    # Enter and shortcuts belong to the input method while it composes.
    page.evaluate("""() => {
        const box = document.querySelector("textarea.answer");
        for (const key of ["Enter", "Escape"]) box.dispatchEvent(new KeyboardEvent("keydown", {
            key, keyCode: 229, isComposing: true, bubbles: true, cancelable: true}));
    }""")
    page.wait_for_timeout(400)
    assert answer(page) == "Dương"
    assert not path.exists()
    devtools.send("Input.insertText", {"text": "Dương"})
    page.keyboard.type(" ÁNH")
    # A message of the kernel does not write over what is being typed.
    page.locator(".verdict").wait_for(state="attached")
    page.wait_for_timeout(300)
    assert answer(page) == "Dương ÁNH"
    page.keyboard.press("Enter")
    shown(page, 2)
    assert lines(path) == [("name", "corrected", "Dương ÁNH")]
    assert page.evaluate("document.activeElement.className") == "answer"

    # Leaving the box saves what was typed, and stays.
    page.keyboard.press("PageDown")
    shown(page, 3)
    page.keyboard.type("X")
    page.locator(".stage svg").first.click(position={"x": 4, "y": 4})
    until(lambda: len(lines(path)) == 2, 20, "what was typed is not written")
    assert lines(path)[1] == ("name", "corrected", f"{NAMES[1]}X")
    shown(page, 3)


def test_a_killed_kernel_costs_nothing(page: Page, folder: Path) -> None:
    path = folder / "test_a_killed_kernel_costs_nothing.jsonl"
    page.locator(".cvocr").focus()
    page.keyboard.press("Enter")
    shown(page, 1)
    page.keyboard.press("e")
    page.keyboard.type(" LAN")
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    page.keyboard.press("Enter")
    page.locator(".status.error", has_text=re.compile("kept on this page")).wait_for()
    shown(page, 1)
    assert answer(page) == f"{NAMES[0]} LAN"
    assert lines(path) == [("id", "confirmed", "001090000000")]

    dialog = page.locator(".jp-Dialog button.jp-mod-accept")
    page.wait_for_timeout(1000)
    if dialog.count():
        dialog.first.click()
    page.evaluate("""async () => {
        const app = window.jupyterapp ?? window.jupyterlab;
        await app.shell.currentWidget.sessionContext.restartKernel();
    }""")
    run_cell(page, 0)
    run_cell(page, 1)
    shown(page, 1)
    page.locator(".verdict", has_text="put back").wait_for()
    assert answer(page) == f"{NAMES[0]} LAN"
    page.locator(".cvocr").focus()
    page.keyboard.press("Enter")
    shown(page, 2)
    assert lines(path)[1:] == [("name", "corrected", f"{NAMES[0]} LAN")]

    # Undoing reaches back into the session that was killed.
    page.keyboard.press("Backspace")
    shown(page, 1)
    page.keyboard.press("Backspace")
    shown(page, 0)
    assert Journal(path, who="an").standings == {}


def test_a_saved_notebook_holds_neither_pictures_nor_values(
    page: Page, browser: Browser, lab: Lab, folder: Path
) -> None:
    page.locator(".cvocr").focus()
    page.keyboard.press("Enter")
    shown(page, 1)
    command(page, "docmanager:save")
    path = folder / "review.ipynb"
    until(lambda: "widget-view" in path.read_text(), 30, "the notebook is not saved")
    saved = path.read_text()
    state = json.loads(saved)["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]
    assert any("render" in str(s["state"].get("_esm", "")) for s in state["state"].values())
    for trace in ("/9j/", "iVBORw0KGgo", "UklGR", "data:image", "blob:", "0010900000", *NAMES):
        assert trace not in saved, trace
    assert "Reviewer of 10 fields" in saved

    for kernel in lab.kernels():
        lab.ask(f"api/kernels/{kernel['id']}", "DELETE")
    with opened(browser, lab, "review.ipynb") as again:
        again.get_by_text("Neither pictures nor values are kept").wait_for()


def test_sixty_sample_documents_are_reviewed_from_start_to_end(
    browser: Browser, lab: Lab, folder: Path
) -> None:
    labels = read_labels(SAMPLES / "labels.csv")
    # Two papers in one picture are two faces of one input.
    inputs = pd.factorize(labels["image"])[0].tolist()
    readings = [
        Reading(
            Extraction(
                tuple(
                    Document(str(kind), str(side), {"id": FieldValue("001090000001", 0.9)})
                    for kind, side, own in zip(labels["type"], labels["side"], inputs, strict=True)
                    if own == at
                )
            ),
            seconds=1.0 + at,
        )
        for at in sorted(set(inputs))
    ]
    sources = pd.DataFrame({"image": labels["image"].drop_duplicates().tolist()})
    made = to_frame(readings, sources, fields=["id"], base=SAMPLES)
    write_frame(made, folder / "samples.parquet")
    lab.write(
        "samples.ipynb",
        'import cvocr_lab\nframe = cvocr_lab.read_frame("samples.parquet")\n'
        'r = frame.cvocr.review("samples.jsonl", fields=["id"], '
        'checks={"id": None})',
        "r",
    )
    with opened(browser, lab, "samples.ipynb") as page:
        run_cell(page, 0)
        run_cell(page, 1)
        shown(page, 0)
        page.locator(".cvocr").focus()
        for at in range(60):
            shown(page, at)
            page.keyboard.press("Enter")
        page.get_by_text("All fields are decided").wait_for()
    path = folder / "samples.jsonl"
    assert [state for _, state, _ in lines(path)] == ["confirmed"] * 60
