"""The cloud engine's credentials: where they come from, where they go, what never tells them."""

from __future__ import annotations

import gzip
import json
import logging
import pickle
import traceback

import numpy as np
import pytest
from loopback import CARD, Told, loopback

from cvocr_lab.engines import Request
from cvocr_lab.engines.cloud import CloudEngine, retries
from cvocr_lab.errors import ArgumentError, CvocrError
from cvocr_lab.images import load

KEY, SECRET = "made-up-key", "made-up-secret"
ENCODED = "bWFkZS11cC1rZXk6bWFkZS11cC1zZWNyZXQ="
PICTURE = load(np.zeros((20, 30), np.uint8))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(retries, "_wait", waited.append)
    return waited


def everything_of(error: BaseException) -> str:
    """All that a report of the error could show: messages, chains, and the locals of each frame."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(told.format()) + repr(error.__context__) + repr(error.__cause__)


def assert_untold(text: str) -> None:
    assert not any(secret in text for secret in (SECRET, KEY, ENCODED))


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("told", [
    Told(status=500), Told(CARD, breaks=0), Told(CARD, breaks=30), Told({"errorCode": "5"}),
    Told(b"?"), Told(CARD, headers={"X": "y" * 100_000}), Told(status=302, headers={"Location": "http://example.com"}),
], ids=str)  # fmt: skip
def test_credentials_are_in_no_error_and_no_log(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with loopback(lambda _: told) as server:
        engine = CloudEngine(key=KEY, secret=SECRET, base_url=server.url, retries=1)
        with pytest.raises(CvocrError) as caught:
            engine.extract(Request((PICTURE,)))
        engine.close()
    own = everything_of(caught.value).replace(f'KEY, SECRET = "{KEY}", "{SECRET}"', "")
    assert_untold(own)
    assert_untold(caplog.text)
    assert caught.value.__context__ is None


def test_credentials_are_in_no_error_of_an_answer_that_is_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "_LARGEST_ANSWER", 10)
    with loopback() as server:
        engine = CloudEngine(key=KEY, secret=SECRET, base_url=server.url)
        with pytest.raises(CvocrError, match="larger than 10 bytes") as caught:
            engine.extract(Request((PICTURE,)))
        engine.close()
    assert_untold(everything_of(caught.value).replace(f'KEY, SECRET = "{KEY}", "{SECRET}"', ""))


def test_credentials_are_in_no_repr_and_no_pickle() -> None:
    engine = CloudEngine(key=KEY, secret=SECRET)
    assert_untold(repr(engine) + repr(vars(engine)) + repr(engine.options) + engine.name)
    with pytest.raises(TypeError, match="cannot be pickled") as caught:
        pickle.dumps(engine)
    assert_untold(str(caught.value))
    with pytest.raises(ArgumentError) as refused:
        CloudEngine(key="a:b", secret=SECRET)
    assert_untold(str(refused.value))


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CVOCR_API_KEY", raising=False)
    monkeypatch.setenv("CVOCR_API_SECRET", SECRET)
    with pytest.raises(ArgumentError, match="CVOCR_API_KEY"):
        CloudEngine()
    monkeypatch.setenv("CVOCR_API_KEY", KEY)
    with loopback() as server:
        engine = CloudEngine(base_url=server.url)
        engine.extract(Request((PICTURE,)))
        engine.close()
    assert server.asked[0].headers["Authorization"] == f"Basic {ENCODED}"


def test_no_cookie_is_kept() -> None:
    with loopback(lambda _: Told(CARD, headers={"Set-Cookie": "a=b; Path=/"})) as server:
        engine = CloudEngine(key=KEY, secret=SECRET, base_url=server.url)
        for _ in range(2):
            engine.extract(Request((PICTURE,)))
        engine.close()
    assert not any("Cookie" in asked.headers for asked in server.asked)


@pytest.mark.parametrize("url", [
    "", "example.com", "ftp://example.com", "https://", "https://k:s@example.com", "https://a/?q=1",
    "http://example.com", "http://8.8.8.8", "https://[", "https://a:x/",
])  # fmt: skip
def test_base_urls_that_are_refused(url: str) -> None:
    with pytest.raises(ArgumentError, match="base_url"):
        CloudEngine(key=KEY, secret=SECRET, base_url=url)


@pytest.mark.parametrize("options", [
    {"transport": "pigeon"}, {"read_s": 0}, {"connect_s": float("nan")}, {"per_second": 0},
    {"retries": -1}, {"retry_after_s": -1},
], ids=str)  # fmt: skip
def test_options_out_of_range(options: dict[str, object]) -> None:
    with pytest.raises(ArgumentError):
        CloudEngine(key=KEY, secret=SECRET, **options)  # type: ignore[arg-type]


def test_a_base_path_stands_before_the_pages_own() -> None:
    with loopback() as server:
        engine = CloudEngine(key=KEY, secret=SECRET, base_url=f"{server.url}/proxy/")
        engine.extract(Request((PICTURE,)))
        engine.close()
    assert server.asked[0].path.startswith("/proxy/backend/api/v1/request/ocr/")


def test_the_answer_may_be_packed() -> None:
    told = Told(gzip.compress(json.dumps(CARD).encode()), headers={"Content-Encoding": "gzip"})
    with loopback(lambda _: told) as server:
        engine = CloudEngine(key=KEY, secret=SECRET, base_url=server.url)
        assert engine.extract(Request((PICTURE,))).documents[0].type == "tcc_chip"
        engine.close()
