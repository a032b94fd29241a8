"""Pictures of every state of viewer, gallery, reviewer, sweep and plots, to be looked at by eye.

Run ``python tests/benchmarks/states.py FOLDER`` (needs the extra ``test`` and chromium).  A real
JupyterLab shows `sample_data`, light and dark, in windows 1280 and 1920 pixels wide; FOLDER gets
one PNG for each state, the light theme above the dark one.  ``--only review`` takes a part.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from lab import Lab, need_browser, opened, run_cell, running_browser, running_lab, theme

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent.parent
SIZES = ((1280, 900), (1920, 1080))

READ = """
import os, cvocr_lab
labels = cvocr_lab.read_labels("sample_data/labels.csv")
if os.path.exists("read.parquet"):
    read = cvocr_lab.read_frame("read.parquet")
else:
    pictures = labels.drop_duplicates("image")
    read = pictures.cvocr.extract(column="image", base="sample_data", progress=False)
    cvocr_lab.write_frame(read, "read.parquet")
for name in ("tags", "review", "sweep"):
    if os.path.exists(f"{name}.jsonl"):
        os.remove(f"{name}.jsonl")
other = read.assign(name=read["name"].str.replace("N", "M"), ocr_engine="tesseract vie")
score = read.cvocr.score(labels, on="image")
"""
VIEW = "read.cvocr.view(truth=labels, on='image', journal='tags.jsonl')"
REVIEW = """read.cvocr.review('review.jsonl', truth=labels, on='image', other=other, order='row',
    fields=['id', 'name', 'born', 'address'])"""
FINISH = "read.head(1).cvocr.review('last.jsonl', order='row', fields=['id'])"
SWEEP = "read.cvocr.sweep('id', 'sweep.jsonl', order='row')"
PLAIN = (
    "read.cvocr.show(6, truth=labels, on='image')",
    "read.cvocr.show(6, whole=True)",
    "read.cvocr.show(6, mask=True)",
    *(f"score.plot({kind!r})"
      for kind in ("outcomes", "cer", "confusions", "reliability", "threshold")),
    "cvocr_lab.compare({'a': read, 'b': other}, labels, on='image').plot()",
    "cvocr_lab.compare({'a': read, 'b': other, 'c': read.head(30)}, labels, on='image').plot()",
)  # fmt: skip

Take = Callable[[str], None]


def board(page: Page, at: int) -> None:
    page.locator(f".cvocr[data-shown='{at}']").wait_for()
    page.wait_for_timeout(500)


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)
    page.wait_for_timeout(400)


def view(page: Page, take: Take) -> None:
    board(page, 0)
    take("unfocused")
    page.locator(".cvocr").focus()
    take("first")
    for row, name in ((6, "photo"), (22, "passport"), (33, "vehicle"), (48, "far")):
        keys(page, "g")
        page.keyboard.type(str(row + 1))
        keys(page, "Enter")
        board(page, row)
        take(name)
    keys(page, "v")
    take("values-on-the-picture")
    keys(page, "v", "ArrowDown", "ArrowDown", "z")
    take("field-zoomed")
    keys(page, "0", "F1")
    take("help")
    keys(page, "F1")
    page.locator("select[name=type]").select_option("(failed)")
    page.wait_for_timeout(1500)
    take("failed-row")
    page.locator("select[name=type]").select_option("")
    page.locator("input[name=query]").fill("no such column")
    keys(page, "Enter")
    take("query-not-understood")
    page.locator("input[name=query]").fill("id_confidence < 0")
    keys(page, "Enter")
    page.locator(".stage .message", has_text="No row").wait_for()
    take("no-hits")
    page.locator("button.again").click()
    board(page, 0)
    page.locator(".cvocr").focus()
    keys(page, "t")
    page.keyboard.type("blurred; to ask")
    keys(page, "Enter")
    take("tagged")
    page.locator(".cvocr").focus()
    keys(page, "f")
    page.locator(".facets section").first.wait_for()
    take("bars")
    page.locator("[data-facet=outcome] [data-value=wrong]").click()
    page.wait_for_timeout(1200)
    take("bar-chosen")
    keys(page, "o")
    page.wait_for_timeout(2500)
    take("gallery-and-bars")
    keys(page, "f")
    page.locator(".facets [data-value=wrong]").wait_for(state="hidden")
    page.locator("select[name=outcome]").select_option("")
    page.wait_for_timeout(3000)
    take("gallery")


def review(page: Page, take: Take) -> None:
    board(page, 0)
    take("unfocused")
    page.locator(".cvocr").focus()
    take("selected")
    page.keyboard.type("Uỷ ban")
    page.wait_for_timeout(400)
    take("editing-malformed")
    keys(page, "Enter")
    page.wait_for_timeout(600)
    take("malformed-not-saved")
    keys(page, "Control+Enter")
    board(page, 1)
    keys(page, "ArrowLeft")
    board(page, 0)
    take("malformed-saved")
    keys(page, "ArrowRight")
    board(page, 1)
    keys(page, "Alt+2")
    take("other-answer-taken")
    keys(page, "Enter")
    board(page, 2)
    keys(page, "Alt+n")
    page.keyboard.type("the last digit is doubtful")
    take("note")
    keys(page, "Enter", "Alt+t")
    page.keyboard.type("blurred")
    keys(page, "Enter")
    take("tags")
    page.locator("textarea.answer").focus()
    keys(page, "Alt+b")
    take("box-asked-for")
    stage = page.locator(".stage").first.bounding_box()
    assert stage is not None
    page.mouse.move(stage["x"] + 120, stage["y"] + 120)
    page.mouse.down()
    page.mouse.move(stage["x"] + 320, stage["y"] + 160, steps=4)
    take("box-drawing")
    page.mouse.up()
    page.wait_for_timeout(1000)
    take("box-drawn")
    keys(page, "Alt+d")
    board(page, 3)
    keys(page, "Alt+u")
    board(page, 4)
    keys(page, "Backspace")
    board(page, 3)
    take("undone")
    keys(page, "Alt+z")
    take("zoomed")
    keys(page, "F1")
    take("help")
    keys(page, "F1")
    page.locator(".bar.choose select").first.select_option("skipped")
    page.locator(".stage .message", has_text="No field").wait_for()
    take("none-in-choice")


def finish(page: Page, take: Take) -> None:
    page.locator(".cvocr[data-shown='0']").last.wait_for()
    page.locator(".cvocr").last.focus()
    keys(page, "Control+Enter")
    page.get_by_text("All fields are decided").wait_for()
    take("finished")


def sweep(page: Page, take: Take) -> None:
    page.locator("button.rest", has_text="right").wait_for()
    take("unfocused")
    page.locator(".sweep").focus()
    take("selected")
    page.keyboard.type("0123")
    take("editing")
    keys(page, "Enter")
    page.locator(".cell .doubt", has_text="Not saved").wait_for()
    take("malformed-not-saved")
    keys(page, "Control+Enter", "Alt+u")
    page.wait_for_timeout(500)
    keys(page, "Alt+a")
    page.wait_for_timeout(1500)
    take("others-right")
    keys(page, "F1")
    take("help")


PARTS: dict[str, tuple[tuple[str, ...], Callable[[Page, Take], None]]] = {
    "view": ((VIEW,), view),
    "review": ((REVIEW,), review),
    "finish": ((FINISH,), finish),
    "sweep": ((SWEEP,), sweep),
}


def shots(
    browser: Browser, lab: Lab, part: str, size: tuple[int, int], *, dark: bool
) -> Iterator[tuple[str, bytes]]:
    """Each state's name and PNG."""
    found: list[tuple[str, bytes]] = []
    cells, drive = PARTS.get(part, (PLAIN, None))
    lab.write(f"{part}.ipynb", READ, *cells)
    height = size[1] if drive else 4000  # a picture that is not in sight whole would be cut off
    with opened(browser, lab, f"{part}.ipynb", width=size[0], height=height) as page:
        page.set_default_timeout(300_000)
        theme(page, dark=dark)
        run_cell(page, 0)
        for at in range(1, len(cells) + 1):
            run_cell(page, at)
        if drive is None:
            for at, image in enumerate(page.locator(".jp-OutputArea-output img").all()):
                image.scroll_into_view_if_needed()
                found.append((f"{at}", image.screenshot()))
        else:
            drive(page, lambda name: found.append((name, page.screenshot())))
    yield from found


def main(folder: Path, only: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        running_lab(Path(name)) as lab,
        running_browser(need_browser("jupyterlab")) as browser,
    ):
        (lab.folder / "sample_data").symlink_to(ROOT / "sample_data")
        for part in [*PARTS, "plain"]:
            for size in SIZES if only in ("", part) else ():
                both = (shots(browser, lab, part, size, dark=dark) for dark in (False, True))
                for (state, light), (_, dark) in zip(*both, strict=True):
                    pixels = [np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
                              for png in (light, dark)]  # fmt: skip
                    name = f"{part}-{state}-{size[0]}.png"
                    Image.fromarray(np.vstack(pixels)).save(folder / name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    main(asked.folder, asked.only)
