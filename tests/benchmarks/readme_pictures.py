"""The pictures of the README and of notebook 01, taken of ``sample_data`` in a real JupyterLab.

Run ``python tests/benchmarks/readme_pictures.py`` (needs the extra ``test`` and chromium).  It
writes ``notebooks/pictures/viewer.png``, ``sweep.png`` and ``report.png``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from lab import need_browser, opened, run_cell, running_browser, running_lab

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "notebooks" / "pictures"

READ = """
import cvocr_lab
labels = cvocr_lab.read_labels("sample_data/labels.csv")
pictures = labels.drop_duplicates("image").head(8)
read = pictures.cvocr.extract(column="image", base="sample_data", progress=False)
truth = labels[labels["image"].isin(pictures["image"])]
read.cvocr.score(truth, on="image").to_html("report.html")
"""


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, running_lab(Path(name)) as lab:
        (lab.folder / "sample_data").symlink_to(ROOT / "sample_data")
        view = "read.cvocr.view(truth=labels, on='image', height=620)"
        sweep = "read.cvocr.sweep('name', 'review.jsonl')"
        lab.write("n.ipynb", READ, view, sweep)
        with running_browser(need_browser("jupyterlab")) as browser:
            with opened(browser, lab, "n.ipynb", width=1440, height=1000) as page:
                page.set_default_timeout(300_000)
                run_cell(page, 0)
                run_cell(page, 1)
                board = page.locator(".cvocr").first
                page.locator(".cvocr[data-shown='0']").wait_for()
                board.focus()
                page.keyboard.press("g")
                page.keyboard.type("7")  # a card with chip
                page.keyboard.press("Enter")
                page.locator(".cvocr[data-shown='6']").wait_for()
                page.wait_for_timeout(2000)
                board.screenshot(path=PICTURES / "viewer.png")
                run_cell(page, 2)
                page.locator("button.rest", has_text="right").wait_for()
                page.locator(".sweep").screenshot(path=PICTURES / "sweep.png")
            page = browser.new_page(viewport={"width": 1100, "height": 760})
            page.goto((lab.folder / "report.html").as_uri())
            page.screenshot(path=PICTURES / "report.png")


if __name__ == "__main__":
    main()
