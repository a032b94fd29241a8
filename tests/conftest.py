from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from lab import Lab, need_browser, running_browser, running_lab

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a module's pictures lie."""
    return tmp_path_factory.mktemp("cards")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where a test's decisions go; not there yet."""
    return tmp_path / "review.jsonl"
