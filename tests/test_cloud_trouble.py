"""The cloud engine in trouble: retries, waits, redirects, refusals, and what it never tells."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import CARD, Asked, Loopback, Told, in_turn, loopback

import cvocr_lab
from cvocr_lab.engines import Request
from cvocr_lab.engines.cloud import CloudEngine, retries
from cvocr_lab.engines.cloud.retries import RateLimit, backoff_s, retry_after_s
from cvocr_lab.errors import (
    AnswerError,
    CredentialsError,
    CvocrError,
    FetchError,
    FormatTypeError,
    ImageError,
    NoDocumentError,
    QuotaError,
    RowError,
    TransportError,
)
from cvocr_lab.images import load
from cvocr_lab.results import Extraction

KEY, SECRET = "made-up-key", "made-up-secret"
PICTURE = load(np.zeros((20, 30), np.uint8))
LINK = load("https://example.com/a.jpg", decode=False)
GOOD = Told(CARD)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(retries, "_wait", waited.append)
    return waited


def ask(
    server: Loopback | str, *, image: cvocr_lab.images.InputImage = PICTURE, **options: object
) -> Extraction:
    url = server if isinstance(server, str) else server.url
    chosen: dict[str, object] = {"key": KEY, "secret": SECRET, "base_url": url, **options}
    engine = CloudEngine(**chosen)  # type: ignore[arg-type]
    try:
        return engine.extract(Request((image,)))
    finally:
        engine.close()


def failure(told: Told, *, tries: int = 1, **options: object) -> CvocrError:
    with loopback(lambda _: told) as server, pytest.raises(CvocrError) as caught:
        ask(server, **options)  # type: ignore[arg-type]
    assert len(server.asked) == tries
    if isinstance(caught.value, RowError):
        assert caught.value.attempts == tries
    return caught.value


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    "bad",
    [Told(status=s) for s in (408, 429, 500, 502, 503, 504)]
    + [Told(CARD, breaks=0), Told(CARD, breaks=30), Told({"errorCode": "3"}, status=503)],
    ids=str,
)
def test_what_may_go_better_is_tried_again(bad: Told) -> None:
    with loopback(in_turn(bad, bad, GOOD)) as server:
        found = ask(server)
    assert found.documents[0].fields["id"].text == "001099000123"
    assert found.attempts == 3
    assert len({asked.headers["Idempotency-Key"] for asked in server.asked}) == 1
    assert len({asked.body for asked in server.asked}) == 1
    assert isinstance(failure(bad, tries=3, retries=2), TransportError)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (Told({"data": None, "errorCode": "1"}), NoDocumentError),
        (Told({"errorCode": 2}), FetchError),
        (Told({"error_code": "3"}, status=400), ImageError),
        (Told({"errorCode": "4"}), QuotaError),
        (Told({"errorCode": "4"}, status=429), QuotaError),
        (Told({"error_code": 5}, status=500), CredentialsError),
        (Told({"errorCode": "5"}), CredentialsError),
        (Told({"errorCode": "6"}), FormatTypeError),
        (Told({"errorCode": "77"}), AnswerError),
        (Told({"data": {}, "errorCode": "0"}), NoDocumentError),
        (Told(b"<html>Nguyen Van Mau</html>"), AnswerError),
        (Told(b""), AnswerError),
        (Told(b"\xff\xfe\xfa"), AnswerError),
        (Told(b"[" * 100_000), AnswerError),
        (Told(b"<html>", status=401), CredentialsError),
        (Told(b"<html>", status=402), QuotaError),
        (Told({"message": "no"}, status=403), CredentialsError),
        (Told(b"<html>", status=404), AnswerError),
        (Told(b"<html>", status=413), ImageError),
        (Told(b"<html>", status=418), AnswerError),
    ],
)
def test_an_answer_that_came_is_not_asked_for_again(told: Told, kind: type[CvocrError]) -> None:
    error = failure(told)
    assert type(error) is kind
    assert "Mau" not in str(error)


def test_a_spent_account_stops_a_run_and_keeps_what_was_read() -> None:
    answers = in_turn(GOOD, GOOD, Told({"errorCode": "4"}))
    pictures = [np.full((20, 30), at, np.uint8) for at in range(6)]
    with loopback(answers) as server, pytest.raises(QuotaError) as caught:
        cvocr_lab.extract(
            pictures, engine="cloud", key=KEY, secret=SECRET, base_url=server.url, workers=1,
            progress=False,
        )  # fmt: skip
    assert caught.value.partial is not None
    assert caught.value.partial["id"].tolist() == ["001099000123"] * 2
    assert len(server.asked) == 3


def test_attempts_reach_the_frame(waits: list[float]) -> None:
    with loopback(in_turn(Told(status=500), GOOD)) as server:
        read = cvocr_lab.extract(
            [np.zeros((20, 30), np.uint8)], engine="cloud", key=KEY, secret=SECRET,
            base_url=server.url, progress=False,
        )  # fmt: skip
    assert read["ocr_attempts"].tolist() == [2]
    assert len(waits) == 3


def test_nobody_there(waits: list[float]) -> None:
    with loopback() as server:
        url = server.url
    with pytest.raises(TransportError, match=r"could not be reached.*asked 3 times"):
        ask(url, retries=2)
    backoffs = [wait for wait in waits if wait]
    assert len(backoffs) == 2
    assert all(0 < wait <= most for wait, most in zip(backoffs, (0.5, 1.0), strict=True))


def test_silence_ends_by_itself() -> None:
    still = threading.Event()

    def silent(asked: Asked) -> Told:
        still.wait(5)
        return GOOD

    with loopback(silent) as server:
        start = time.perf_counter()
        with pytest.raises(TransportError, match="in time"):
            ask(server, read_s=0.2, retries=0)
        assert time.perf_counter() - start < 3
        still.set()


def test_drops_of_an_answer_end_by_themselves() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            sock, _ = listening.accept()
            with sock, contextlib.suppress(OSError):
                sock.recv(65536)
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while True:
                    sock.sendall(b" ")
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        start = time.perf_counter()
        with pytest.raises(TransportError, match="in time"):
            ask(f"http://127.0.0.1:{listening.getsockname()[1]}", total_s=0.4, retries=0)
        assert time.perf_counter() - start < 5
        thread.join()


# Waiting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("3", 3, 3.5), ("900", 60, 60.5), ("-1", 0, 0.5), ("soon", 0, 0.5)],
)
def test_retry_after_is_heeded_up_to_a_cap(
    header: str, least: float, most: float, waits: list[float]
) -> None:
    with loopback(in_turn(Told(status=429, headers={"Retry-After": header}), GOOD)) as server:
        ask(server)
    assert least <= max(waits) <= most


@given(st.integers(-10_000, 10_000))
def test_retry_after_as_a_date(seconds: int) -> None:
    now = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    header = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_s(header, now=now) == max(0, seconds)


@pytest.mark.parametrize("header", [None, "", "  ", "later", "1.5", "²", "Mon, 99 Foo", "-3"])
def test_retry_after_that_asks_nothing(header: str | None) -> None:
    assert retry_after_s(header) is None


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_backoff_is_a_part_of_what_doubles(failures: int, part: float) -> None:
    whole = min(8.0, 0.5 * 2.0 ** min(failures - 1, 100))
    assert backoff_s(failures, drawn=lambda: part) == pytest.approx(part * whole)


def test_the_pace_is_shared_by_threads() -> None:
    rate = RateLimit(per_second=50.0)
    turns: list[float] = []
    start = time.monotonic()

    def work() -> None:
        for _ in range(10):
            turns.append(time.monotonic() + rate.reserve() - start)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gaps = np.diff(sorted(turns))
    assert len(turns) == 40
    assert gaps.min() > 0.015
    assert max(turns) == pytest.approx(39 / 50, abs=0.2)
    assert RateLimit().reserve() == 0


# Redirects ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_uploads_follow_a_redirect_on_the_same_host(status: int) -> None:
    moved = Told(status=status, headers={"Location": "/elsewhere?x=1"})
    with loopback(in_turn(moved, GOOD)) as server:
        ask(server)
    first, second = server.asked
    assert (second.method, second.path) == ("POST", "/elsewhere")
    assert second.body == first.body
    assert "Authorization" in second.headers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_uploads_never_go_to_another_host(status: int) -> None:
    with loopback() as other:
        moved = Told(status=status, headers={"Location": f"{other.url}/x"})
        assert "another host" in str(failure(moved))
        assert other.asked == []


@pytest.mark.parametrize("status", [301, 303, 307])
def test_links_go_to_another_host_without_the_login(status: int) -> None:
    with loopback() as other:
        moved = Told(status=status, headers={"Location": f"{other.url}/x"})
        with loopback(lambda _: moved) as server:
            ask(server, image=LINK)
        (asked,) = other.asked
    assert "Authorization" in server.asked[0].headers
    assert not {"Authorization", "Idempotency-Key", "Cookie"} & set(asked.headers)


@pytest.mark.parametrize(
    "where", ["file:///etc/passwd", "//[", "ftp://example.com/", "javascript:1"]
)
def test_redirects_to_nowhere(where: str) -> None:
    moved = Told(status=302, headers={"Location": where})
    assert "redirects" in str(failure(moved, image=LINK))


def test_what_comes_with_a_redirect_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "_LARGEST_ANSWER", 1000)
    moved = Told(b"x" * 5000, status=302, headers={"Location": "/again"})
    assert "larger than" in str(failure(moved, image=LINK))


def test_redirects_in_a_circle() -> None:
    moved = Told(status=307, headers={"Location": "/again"})
    with loopback(lambda _: moved) as server, pytest.raises(TransportError, match="more than 5"):
        ask(server)
    assert len(server.asked) == 6
