"""What a report does in a browser: it fits, sorts, searches, and runs under its own policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_scoring_report import made_up

from cvocr_lab.scoring import compare, score

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_fits_sorts_and_searches(browser: Browser, tmp_path: Path, scheme: str) -> None:
    frame, truth = made_up()
    path = score(frame, truth).to_html(tmp_path / "report.html")
    page = browser.new_page(
        viewport={"width": 1280, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (colour == "rgb(255, 255, 255)") == (scheme == "light")
    table = page.locator("h2#s-figures-per-field ~ .scroll table").first
    exact = "[...document.querySelector('h2#s-figures-per-field ~ .scroll table').tBodies[0].rows]"
    column = f"{exact}.map((row) => parseFloat(row.cells[8].textContent))"
    table.get_by_role("button", name="exact", exact=True).click()
    rising = page.evaluate(column)
    assert rising == sorted(rising)
    table.get_by_role("button", name="exact", exact=True).click()
    assert page.evaluate(column) == rising[::-1]
    letters = page.get_by_role("searchbox").first
    letters.fill("→ ∅")
    shown = "[...document.querySelectorAll('table.lively tr:not([hidden]) th')]"
    found = page.evaluate(
        f"{shown}.map((cell) => cell.textContent).filter((t) => t.includes('→ '))"
    )
    assert found
    assert all(text.endswith("→ ∅") or text.startswith("printed") for text in found)
    page.get_by_role("link", name="Definitions").click()
    assert page.url.endswith("#s-definitions")
    assert said == []
    assert asked == [path.as_uri()]
    page.close()


def test_a_comparison_opens_with_its_verdict(browser: Browser, tmp_path: Path) -> None:
    frame, truth = made_up()
    other = frame.assign(name=truth["name"].where(truth["name"] != "###", ""))
    path = compare({"a": frame, "b": other, "c": frame}, truth).to_html(tmp_path / "r.html")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    box = page.get_by_text("b reads most printed values exactly").bounding_box()
    assert box is not None
    assert box["y"] < 400
    page.close()
