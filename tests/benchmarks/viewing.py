"""How long viewer and reviewer take to open a long frame, and the next picture to be on the screen.

Run ``python tests/benchmarks/viewing.py`` (needs the extra ``test`` and chromium).  Measured in a
real JupyterLab: the frame has 100,000 rows, the pictures are JPEGs of 12 megapixels.  The time to
the next picture runs from the key to the second frame the browser draws after it, the picture
being decoded; it is given for pictures that were loaded ahead, and for a jump to one that was not.
Bars are timed from the key to their being drawn, and from a click on one to the new counts; the
gallery from the key, and from a scroll to the end, to every thumbnail in sight being there.
The reviewer's time is that of the call alone, which ranks every field of the frame.
``--memory N`` also walks through N pictures without a browser and tells the kernel's memory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent))

from cards import cards
from lab import need_browser, opened, run_cell, running_browser, running_lab

from cvocr_lab import review
from cvocr_lab.frames import Records
from cvocr_lab.views.pictures import Pictures

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCALE = 5.62
"""Makes the cards' pictures 4271 by 2810: 12 megapixels."""

WATCH = """() => {
    const board = document.querySelector(".cvocr");
    window.took = [];
    board.focus();
    board.addEventListener("keydown", () => (window.start = performance.now()), true);
    new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(() => (
        window.took.push(performance.now() - window.start))))).observe(
            board, {attributes: true, attributeFilter: ["data-shown"]});
}"""
OPEN = """async () => {
    const app = window.jupyterapp ?? window.jupyterlab;
    document.querySelector(".cvocr")?.remove();
    const start = performance.now();
    app.shell.currentWidget.content.activeCellIndex = 1;
    app.commands.execute("notebook:run-cell");
    while (!document.querySelector(".cvocr[data-shown='0']")) {
        await new Promise((done) => requestAnimationFrame(done));
    }
    return performance.now() - start;
}"""

UNTIL = """async ([key, done]) => {
    const start = performance.now();
    if (key === "End") {
        const gallery = document.querySelector(".gallery");
        gallery.scrollTop = gallery.scrollHeight;
    } else if (key.startsWith(".")) document.querySelector(key).click();
    else document.querySelector(".cvocr").dispatchEvent(
        new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
    const there = new Function(`return ${done}`);
    do await new Promise((next) => requestAnimationFrame(next)); while (!there());
    return performance.now() - start;
}"""
BAR = ".facets [data-value='id:from_qr']"
THUMBS = "[...document.querySelectorAll('.thumb')]"
LOADED = f"{THUMBS}.length && {THUMBS}.every((thumb) => thumb.querySelector('img'))"


def long_frame(folder: Path, rows: int) -> pd.DataFrame:
    frame = cards(folder, 12, scale=SCALE)
    return frame.take(np.arange(rows) % len(frame)).reset_index(drop=True)


def timings(rows: int) -> None:
    with tempfile.TemporaryDirectory() as name, running_lab(Path(name)) as lab:
        frame = long_frame(lab.folder / "cards", rows)
        frame.to_pickle(lab.folder / "frame.pkl")
        start = "import pandas as pd, cvocr_lab\nframe = pd.read_pickle('frame.pkl')"
        lab.write("view.ipynb", start, "frame.cvocr.view()")
        with (
            running_browser(need_browser("jupyterlab")) as browser,
            opened(browser, lab, "view.ipynb", width=1920, height=1080) as page,
        ):
            run_cell(page, 0)
            opens = [float(page.evaluate(OPEN)) for _ in range(5)]
            print(f"{rows} rows open, cell run to picture shown: {told(opens)}")
            page.wait_for_timeout(4000)
            page.evaluate(WATCH)
            for at in range(1, 16):
                page.keyboard.press("ArrowRight")
                page.locator(f".cvocr[data-shown='{at}']").wait_for()
                page.wait_for_timeout(2500)
            print(f"next picture, loaded ahead: {told(page.evaluate('window.took'))}")
            page.evaluate("window.took = []")
            for at in range(1_000, 6_000, 1_001):
                page.keyboard.press("g")
                page.keyboard.type(str(at + 1))
                page.keyboard.press("Enter")
                page.locator(f".cvocr[data-shown='{at}']").wait_for()
                page.wait_for_timeout(2500)
            print(f"a picture not loaded ahead: {told(page.evaluate('window.took'))}")
            many(page, rows)


def many(page: Page, rows: int) -> None:
    def took(key: str, done: str) -> str:
        return f"{page.evaluate(UNTIL, [key, done]):.0f} ms"

    shown = "document.querySelector('.facets section')"
    print(f"bars of {rows} rows: {took('f', shown)}")
    pressed = f'document.querySelector("{BAR}").ariaPressed'
    print(f"a click on a bar, to the new counts: {took(BAR, pressed + ' === `true`')}")
    print(f"another click, to all rows again: {took(BAR, pressed + ' === `false`')}")
    print(f"gallery of {rows} rows, every thumbnail in sight: {took('o', LOADED)}")
    last = f"document.querySelector('[data-at=\"{rows - 1}\"]') && {LOADED}"
    print(f"scrolled to its end, likewise: {took('End', last)}")


def reviewing(rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        frame = long_frame(Path(name), rows)
        took = []
        for _ in range(5):
            start = time.perf_counter()
            review(frame, Path(name) / "review.jsonl")
            took.append(1000 * (time.perf_counter() - start))
        print(f"review() of {rows} rows: {told(took)}")


def told(milliseconds: list[float]) -> str:
    middle, most = median(milliseconds), max(milliseconds)
    return f"median {middle:.0f} ms, most {most:.0f} ms of {len(milliseconds)}"


def memory(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        records = Records(long_frame(Path(name), count))
        pictures = Pictures()
        for row in range(count):
            pictures.sheet(records.record(row), 1200)
            if row + 1 in (20, 50, 100, 200, 500, 1_000, count):
                print(f"after {row + 1} pictures: {resident():.0f} MB")


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--memory", type=int, default=0)
    asked = parser.parse_args()
    timings(asked.rows)
    reviewing(asked.rows)
    if asked.memory:
        memory(asked.memory)
