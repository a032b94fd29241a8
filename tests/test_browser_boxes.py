"""Boxes in a real JupyterLab: corrected, drawn and given to other fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lab import lines, until

from cvocr_lab import read_frame

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

CARDS = 5
SHOW = 'frame.cvocr.review({journal!r}, order="row", fields=["id", "name"], who="an")'
READY = ".cvocr[data-shown='0']"


def test_boxes_are_corrected_drawn_and_given_away(page: Page, served: Path, decided: Path) -> None:
    page.locator(".cvocr").focus()
    corner = page.locator(".handles circle").nth(2).bounding_box()
    assert corner is not None
    drag(page, corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2, 20, 10)
    until(lambda: lines(decided), 20, "the box is not written")
    ((field, state, value),) = lines(decided)
    assert (field, state) == ("id_quad", "corrected")
    quad = [float(part) for part in (value or "").split()]
    # The other corners stay where they were; this one went right and down.
    assert quad[:4] + quad[6:] == [230, 120, 560, 120, 230, 156]
    assert quad[4] > 565
    assert quad[5] > 158

    page.locator(".place button", has_text="Remove").click()
    page.locator(".close-up", has_text="not known").wait_for()
    assert page.locator(".handles circle").count() == 0
    page.keyboard.press("Alt+b")
    stage = page.locator(".stage").first.bounding_box()
    assert stage is not None
    drag(page, stage["x"] + 120, stage["y"] + 330, 150, 30)
    page.locator(".close-up img").wait_for()
    assert page.locator(".handles circle").count() == 4
    drawn = [float(part) for part in (lines(decided)[2][2] or "").split()]
    assert drawn[0] == drawn[6] < drawn[2] == drawn[4]
    assert drawn[1] == drawn[3] < drawn[5] == drawn[7]
    page.locator(".place select").select_option("born")
    page.locator(".close-up", has_text="not known").wait_for()
    assert [(f, v) for f, _, v in lines(decided)[3:]] == [
        ("born_quad", lines(decided)[2][2]), ("id_quad", None),
    ]  # fmt: skip
    frame = read_frame(served / "cards" / "frame.parquet").cvocr.apply(decided)  # type: ignore[call-overload]
    assert frame["born_quad"].tolist()[0] == tuple(drawn)
    assert frame["id_quad"].isna().tolist() == [True, False, False, False, False]
    # Undoing reaches boxes as it reaches values.
    page.keyboard.press("Backspace")
    page.locator(".close-up img").wait_for()


def drag(page: Page, x: float, y: float, right: float, down: float) -> None:
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up()
