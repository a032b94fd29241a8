from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from cards import cards
from lab import START, Lab, need_browser, opened, run_cell, running_browser, running_lab

from cvocr_lab import write_frame

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

# A shell that starts the tests in the background has Ctrl-C ignored; some of them send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests go last: Playwright keeps an event loop running in the thread they share."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests that need one."""
    with running_browser(need_browser("jupyterlab")) as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab for them, in a folder of its own."""
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def served(lab: Lab, request: pytest.FixtureRequest) -> Path:
    """The folder that Lab serves, with as many cards in it as the module's `CARDS` says."""
    frame = cards(lab.folder / "cards", request.module.CARDS)
    write_frame(frame, lab.folder / "cards" / "frame.parquet")
    return lab.folder


@pytest.fixture
def decided(served: Path, request: pytest.FixtureRequest) -> Path:
    """The journal of `page`; not there yet."""
    return served / f"{request.node.originalname}.jsonl"


@pytest.fixture
def page(
    browser: Browser, lab: Lab, decided: Path, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A notebook ``page.ipynb`` of two cells, `START` and the module's `SHOW`, both run.

    `SHOW` is completed by the journal's name and the test's parameter, and is ready when there is
    an element of the module's `READY`.
    """
    module, field = request.module, getattr(request, "param", "name")
    lab.write("page.ipynb", START, module.SHOW.format(journal=decided.name, field=field))
    with opened(browser, lab, "page.ipynb") as page:
        run_cell(page, 0)
        run_cell(page, 1)
        page.locator(module.READY).wait_for()
        yield page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a module's pictures lie."""
    return tmp_path_factory.mktemp("cards")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where a test's decisions go; not there yet."""
    return tmp_path / "review.jsonl"
