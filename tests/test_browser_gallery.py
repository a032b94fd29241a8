"""Gallery, bars, tags and the dark theme in a real JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cards import NAMES
from lab import START, Lab, command, lines, opened, theme, until, within

from cvocr_lab.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CARDS = 40
SHOW = "frame.cvocr.view(truth=truth, on='image', journal={journal!r})"
READY = ".cvocr[data-shown='0']"


def test_thumbnails_come_into_sight_and_open_a_paper(page: Page) -> None:
    page.locator(".cvocr").focus()
    page.keyboard.press("o")
    page.locator(".thumb[data-at='0'] img").wait_for()
    # Only what is in sight is there, and what comes into sight comes.
    assert page.locator(".thumb").count() < 40
    assert page.locator(".thumb[data-at='39']").count() == 0
    page.locator(".thumb[data-at='0']", has_text="1 wrong").wait_for()
    page.locator(".gallery").evaluate("gallery => (gallery.scrollTop = gallery.scrollHeight)")
    page.locator(".thumb[data-at='39'] img").wait_for()
    assert page.locator(".thumb[data-at='0']").count() == 0
    page.locator(".thumb[data-at='38']").click()
    page.locator(".cvocr[data-shown='38']").wait_for()
    assert page.locator(".gallery").is_hidden()
    # By keyboard: the paper that was open is the one selected.
    page.keyboard.press("o")
    page.locator(".thumb.at[data-at='38']").wait_for()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.locator(".cvocr[data-shown='37']").wait_for()


def test_bars_choose_rows(page: Page) -> None:
    page.locator(".cvocr").focus()
    page.keyboard.press("f")
    page.keyboard.press("o")
    bar = page.locator(".facets [data-value='id:from_qr']")
    bar.click()
    page.get_by_text("/ 20", exact=True).wait_for()
    page.locator(".facets [data-value='id:from_qr'][aria-pressed=true]").wait_for()
    assert page.locator("select[name=warning]").input_value() == "id:from_qr"
    # The other bars say what is left of them; their own say what there is.
    page.locator("[data-facet=type] b", has_text="20").wait_for()
    page.locator("[data-facet=outcome] [data-value=wrong]").click()
    page.get_by_text("/ 4", exact=True).wait_for()
    bar.click()
    page.get_by_text("/ 8", exact=True).wait_for()
    page.locator("[data-facet=outcome] [data-value=wrong]").click()
    page.get_by_text("/ 40", exact=True).wait_for()
    # Confidence: a bar of 5 %.
    page.locator("[data-facet=confidence] [data-value='0.75']").click()
    page.get_by_text("/ 8", exact=True).wait_for()
    assert "75% to 80%" in page.locator("select[name=below] option:checked").inner_text()


def test_a_filter_without_hits_says_so_in_the_middle(page: Page) -> None:
    page.locator("input[name=query]").fill("id_confidence < 0.1")
    page.keyboard.press("Enter")
    page.locator(".stage .message", has_text="No row matches").wait_for()
    assert page.locator(".number").input_value() == "0"
    assert page.locator(".move .soft").inner_text() == "/ 0"
    assert page.locator(".stage polygon").count() == 0
    assert page.locator(".fields li").count() == 0
    page.locator("button.again").click()
    page.locator(".cvocr[data-shown='0']").wait_for()
    assert page.locator(".move .soft").inner_text() == "/ 40"


def test_rows_are_sorted_both_ways(page: Page) -> None:
    offered = page.locator("select[name=sort] option").all_inner_texts()
    assert offered[:6] == [
        "frame order", "by confidence", "by outcome", "by CER", "by type", "by index",
    ]  # fmt: skip
    assert not [name for name in offered if name.endswith("_quad")]
    page.locator("select[name=sort]").select_option("index")
    page.locator("button.direction", has_text="lowest first").click()
    page.locator("button.direction", has_text="highest first").wait_for()
    page.locator(".heading", has_text="row 0").wait_for()  # the row shown stays shown
    number = page.locator(".number")
    until(lambda: number.input_value() == "40", 20, "the rows are not in the other order")
    page.locator(".stage svg").first.click(position={"x": 3, "y": 3})
    page.keyboard.press("Home")
    page.locator(".heading", has_text="row 39").wait_for()


def test_tags_are_decisions_and_choose_rows(page: Page, served: Path, decided: Path) -> None:
    page.locator(".cvocr").focus()
    page.keyboard.press("t")
    page.keyboard.type("mờ; hỏi lại")
    page.keyboard.press("Enter")
    until(lambda: lines(decided), 20, "the tags are not written")
    standing = list(Journal(decided).standings.values())
    assert [(s.item.field, s.value) for s in standing] == [("ocr_tags", "mờ;hỏi lại")]
    page.locator("select[name=tag]").select_option("mờ")
    page.get_by_text("/ 1", exact=True).wait_for()
    command(page, "docmanager:save")
    saved = served / "page.ipynb"
    until(lambda: "widget-view" in saved.read_text(), 30, "the notebook is not saved")
    for trace in ("hỏi lại", "/9j/", "data:image", "blob:", "0010900000", *NAMES):
        assert trace not in saved.read_text(), trace


@pytest.mark.usefixtures("served")
def test_it_follows_the_theme_after_restart_and_run_all(browser: Browser, lab: Lab) -> None:
    sweep, show = "frame.cvocr.sweep('name', 'dark.jsonl')", "frame.cvocr.show(0)"
    lab.write("dark.ipynb", START, sweep, show, "frame.cvocr.score(truth, on='image').plot()")
    with opened(browser, lab, "dark.ipynb", height=1400) as page:
        theme(page, dark=True)
        within(
            page,
            """async () => {
            const app = window.jupyterapp ?? window.jupyterlab;
            const {sessionContext, content} = app.shell.currentWidget;
            await sessionContext.restartKernel();
            app.commands.execute("notebook:run-all-cells");
        }""",
        )
        page.locator(".sweep[data-page='0'][data-dark]").wait_for()
        # JupyterLab may render a widget before it is part of the page.
        page.locator(".sweep").evaluate("""(sweep) => {
            const [parent, next] = [sweep.parentNode, sweep.nextSibling];
            sweep.remove();
            sweep.removeAttribute("data-dark");
            setTimeout(() => parent.insertBefore(sweep, next), 100);
        }""")
        page.locator(".sweep[data-dark]").wait_for()
        pictures = page.locator(".jp-RenderedImage img")
        pictures.nth(1).wait_for()
        # Neither has a ground of its own, nor lays the notebook one under it.
        for at in range(2):
            alpha, ground = pictures.nth(at).evaluate("""async (image) => {
                await image.decode();
                const canvas = document.createElement("canvas");
                [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
                const pen = canvas.getContext("2d");
                pen.drawImage(image, 0, 0);
                const corner = pen.getImageData(2, 2, 1, 1).data;
                return [corner[3], getComputedStyle(image).backgroundColor];
            }""")
            assert (alpha, ground) == (0, "rgba(0, 0, 0, 0)")
        theme(page, dark=False)
        page.locator(".sweep[data-page='0']:not([data-dark])").wait_for()
