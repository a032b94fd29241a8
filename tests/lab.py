"""A JupyterLab on loopback and a browser that opens it, for tests of what people see.

Debian's chromium, driven by Playwright; nothing is downloaded.  Without either the tests skip and
say why; with ``CVOCR_REQUIRE_BROWSER=1`` that is a failure.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE: Final = 40_000
"""Milliseconds to wait for anything; a slow machine that starts a kernel takes some."""

START: Final = """
import os, pathlib, cvocr_lab, pandas as pd
pathlib.Path("pid").write_text(str(os.getpid()))
frame = cvocr_lab.read_frame("cards/frame.parquet")
truth = pd.DataFrame({"image": frame["image"], "name": frame["name"].str.replace("Ầ", "Â")})
"""
"""First cell of a notebook: made-up cards, and labels that differ in some names."""

_SETTINGS: Final = {
    "@jupyter-widgets/jupyterlab-manager/plugin.jupyterlab-settings": {"saveState": True},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True,
    },
}  # fmt: skip


def need_browser(*parts: str) -> str:
    """Where chromium is; skips the test, or fails it, where it or a part is missing."""
    missing = [part for part in ("playwright", *parts) if find_spec(part) is None]
    chromium = shutil.which("chromium")
    if chromium is None:
        missing.append("chromium")
    if missing:
        reason = f"not installed: {', '.join(missing)}"
        if os.environ.get("CVOCR_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    assert chromium is not None
    return chromium


@dataclass(frozen=True)
class Lab:
    """A running server.

    Parameters
    ----------
    url
        Of its root.
    token
        What its API asks for.
    folder
        What it serves.
    """

    url: str
    token: str
    folder: Path

    def write(self, name: str, *cells: str) -> Path:
        """Write a notebook of code cells."""
        made: list[dict[str, object]] = [
            {
                "cell_type": "code", "id": f"cell{at}", "metadata": {}, "outputs": [],
                "execution_count": None, "source": source,
            }
            for at, source in enumerate(cells)
        ]  # fmt: skip
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self.folder / name
        path.write_text(
            json.dumps(
                {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4,
                 "nbformat_minor": 5}
            )
        )  # fmt: skip
        return path

    @property
    def kernel(self) -> int:
        """Process number of the kernel that ran `START` last."""
        return int((self.folder / "pid").read_text())

    def kernels(self) -> list[dict[str, object]]:
        """The kernels that run."""
        found = json.loads(self.ask("api/kernels"))
        assert isinstance(found, list)
        return found

    def ask(self, path: str, method: str = "GET") -> str:
        """Ask the server's API."""
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.read().decode())


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Start a server of `folder` on a free port of loopback."""
    home = folder / ".home"
    for name, settings in _SETTINGS.items():
        path = home / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    served = folder / "notebooks"
    served.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={served}", "--allow-root",
        "--ServerApp.port_retries=0", "--ServerApp.log_level=WARN",
        "--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]  # fmt: skip
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"), "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"), "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    environment.pop("MPLBACKEND", None)  # plots go into the notebook
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        lab = Lab(f"http://127.0.0.1:{port}/", token, served)
        try:
            until(lambda: server.poll() is not None or _answers(lab), 180, "the server is slow")
            assert server.poll() is None, (folder / "lab.log").read_text()
            yield lab
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _answers(lab: Lab) -> bool:
    try:
        lab.ask("api/status")
    except OSError:
        return False
    return True


def until(true: Callable[[], object], seconds: float, otherwise: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(otherwise)
        time.sleep(0.05)


@contextmanager
def running_browser(chromium: str) -> Iterator[Browser]:
    """Start a browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, lab: Lab, name: str, *, width: int = 1280, height: int = 900,
    app: str = "lab/tree", dark: bool = False,
) -> Iterator[Page]:  # fmt: skip
    """Open a notebook, in a window of its own."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(PATIENCE)
    try:
        page.goto(f"{lab.url}{app}/{name}?token={lab.token}&reset")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        within(page, _READY)
        yield page
    finally:
        page.close()


_APP: Final = "const app = window.jupyterapp ?? window.jupyterlab;"
_READY: Final = f"""async () => {{
    {_APP}
    await app.restored;
    const pause = () => new Promise((done) => setTimeout(done, 50));
    while (!app.shell.currentWidget?.sessionContext) await pause();
    await app.shell.currentWidget.sessionContext.ready;
    while (!app.shell.currentWidget.sessionContext.session?.kernel) await pause();
    await app.shell.currentWidget.sessionContext.session.kernel.info;
}}"""


def within(page: Page, script: str, argument: object = None) -> object:
    """Evaluate an async function, and fail if it does not return within `PATIENCE`.

    `Page.evaluate` itself waits for ever.
    """
    return page.evaluate(
        f"""(argument) => Promise.race([
            ({script})(argument),
            new Promise((_, fail) => setTimeout(() => fail(new Error("too slow")), {PATIENCE})),
        ])""",
        argument,
    )


def until_idle(page: Page) -> None:
    """Wait until the kernel of the notebook is idle."""
    page.wait_for_function(f"""() => {{
        {_APP}
        return app.shell.currentWidget.sessionContext.session?.kernel?.status === "idle";
    }}""")


def run_cell(page: Page, at: int = 0) -> None:
    """Run one cell, and wait till it is done."""
    within(
        page,
        f"""async (at) => {{
            {_APP}
            app.shell.currentWidget.content.activeCellIndex = at;
            await app.commands.execute("notebook:run-cell");
        }}""",
        at,
    )


def command(page: Page, name: str) -> None:
    """Run one of Lab's commands."""
    within(page, f"async (name) => {{ {_APP} await app.commands.execute(name); }}", name)


def theme(page: Page, *, dark: bool) -> None:
    """Change the theme, as a person does in the menu."""
    name = "JupyterLab Dark" if dark else "JupyterLab Light"
    within(
        page,
        f"""async (theme) => {{ {_APP}
            await app.commands.execute("apputils:change-theme", {{theme}});
        }}""",
        name,
    )


def shown(page: Page, at: int) -> None:
    """Wait till viewer or reviewer shows a row or an item."""
    page.locator(f".cvocr[data-shown='{at}']").wait_for()


def compose(page: Page, *texts: str, end: bool = True) -> None:
    """What an input method such as IBus does: a word underlined as it grows, then put down."""
    devtools = page.context.new_cdp_session(page)
    for text in texts:
        place = {"selectionStart": len(text), "selectionEnd": len(text)}
        devtools.send("Input.imeSetComposition", {"text": text, **place})
    if end:
        devtools.send("Input.insertText", {"text": texts[-1]})
    devtools.detach()


def keys_in_sight(page: Page) -> None:
    """Wait till the keys at the bottom of a widget are seen whole, and nothing is over them."""
    page.wait_for_function("""() => {
        const {left, top, bottom} = document.querySelector(".cvocr .foot").getBoundingClientRect();
        const at = (y) => document.elementFromPoint(left + 20, y)?.closest(".foot");
        return at(top + 1) && at(bottom - 1);
    }""")


def lines(path: Path) -> list[tuple[str, str, str | None]]:
    """Field, state and value of every decision in a journal."""
    found = map(json.loads, path.read_text().splitlines() if path.exists() else [])
    return [(d["field"], d["state"], d["value"]) for d in found]
