"""What strangers send: schemathesis, malformed uploads, raw bytes.  Never a 500, never a hang."""

import io
import json
import logging
import random
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import requests
import schemathesis
from fake_engine import AUTH, SAMPLES, V1, V2, Fake, file_server, png, text
from hypothesis import HealthCheck, given, settings
from malformed import malformed
from PIL import Image
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from cvocr_lab.images import Fetch
from cvocr_lab.server import Bounds, Keys, make_app, run_server, serving

ANY = V1 + "get_infor_all"
BOUNDS = Bounds(body_s=5, queue=64)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    logger = logging.getLogger("cvocr_lab.server")
    failures = Errors()
    logger.addHandler(failures)
    with serving(make_app(Fake(), keys=Keys(dict([AUTH])), workers=4, bounds=BOUNDS)) as url:
        yield url
        assert requests.post(url + ANY, auth=AUTH, files={"image": png()}, timeout=9).ok
    logger.removeHandler(failures)
    assert failures.told == []


class Errors(logging.Handler):
    """Whatever the server would show a traceback for."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


def test_schemathesis_finds_no_server_error(host: str) -> None:
    described = schemathesis.openapi.from_url(host + "/openapi.json")
    asked = []
    operations = [found.ok() for found in described.get_all_operations()]  # type: ignore[union-attr]
    for operation in operations:
        calm = settings(
            max_examples=15, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip

        @calm
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            asked.append(case)
            case.call_and_validate(
                headers={"Authorization": "Basic a2V5OnNlY3JldA=="},
                timeout=20,
                checks=[not_a_server_error, status_code_conformance, content_type_conformance],
            )

        call()
    assert len(asked) >= 15 * 15


def is_refusal(response: requests.Response) -> bool:
    answer = response.json()
    assert 400 <= response.status_code < 500, response.text
    return answer["errorCode"] in ("1", "2", "3", "6") and answer["data"] is None


def test_five_hundred_malformed_uploads_are_refused(host: str) -> None:
    bodies = [data for _, data in malformed() if len(data) < 2**21][:170]
    session = requests.Session()
    session.auth = AUTH

    def upload(at: int) -> bool:
        data = bodies[at // 3]
        if at % 3 == 0:
            response = session.post(host + ANY, files={"image": data}, timeout=60)
        elif at % 3 == 1:
            response = session.post(host + ANY + "base64", json={"image": text(data)}, timeout=60)
        else:
            path = f"{host}{V2}vehicle_registration?format_type=file&get_thumb=true"
            response = session.post(path, files={"img": data}, timeout=60)
        return is_refusal(response)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(upload, range(3 * len(bodies)))) == [True] * 3 * len(bodies)
    assert 3 * len(bodies) >= 500


def good_form() -> tuple[bytes, str]:
    prepared = requests.Request("POST", "http://x", files={"image": png()}).prepare()
    assert isinstance(prepared.body, bytes)
    return prepared.body, prepared.headers["Content-Type"]


def good_json() -> tuple[bytes, str]:
    return json.dumps({"image": text(png())}).encode(), "application/json"


@pytest.mark.parametrize(("path", "good"), [(ANY, good_form), (ANY + "base64", good_json)])
def test_damaged_bodies_are_answered(
    host: str, path: str, good: Callable[[], tuple[bytes, str]]
) -> None:
    rng = random.Random(1)
    body, kind = good()
    session = requests.Session()
    session.auth = AUTH
    for _ in range(150):
        damaged = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(damaged))
            match rng.randrange(3):
                case 0:
                    damaged[at] = rng.randrange(256)
                case 1:
                    del damaged[at : at + rng.randint(1, 40)]
                case _:
                    damaged[at:at] = rng.randbytes(rng.randint(1, 9))
        headers = {"Content-Type": kind}
        response = session.post(host + path, data=bytes(damaged), headers=headers, timeout=20)
        assert response.status_code == 200 or is_refusal(response)


RAW = [
    b"",
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
    b"POST " + ANY.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST " + ANY.encode() + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST " + ANY.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
    b"GET /%ff%fe%00?%ff=%fe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET " + ANY.encode() + b"?url=%ff%00&url=%zz HTTP/1.1\r\nHost: x\r\nAuthorization: "
    b"Basic a2V5OnNlY3JldA==\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    bytes(range(256)) * 40,
]


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
def test_raw_bytes_end_in_an_answer_or_a_closed_connection(host: str, raw: bytes) -> None:
    name, port = host.removeprefix("http://").split(":")
    told = b""
    with socket.create_connection((name, int(port)), timeout=20) as sock:
        try:
            sock.sendall(raw)
            sock.shutdown(socket.SHUT_WR)
            while piece := sock.recv(65536):
                told += piece
        except OSError:  # the server has closed the connection
            pass
    assert b" 500 " not in told[:64]
    assert b"Traceback" not in told
    assert requests.get(host + "/healthz", timeout=9).ok


def connected(host: str) -> socket.socket:
    name, port = host.removeprefix("http://").split(":")
    return socket.create_connection((name, int(port)), timeout=20)


LOGIN = b"Host: x\r\nAuthorization: Basic a2V5OnNlY3JldA==\r\n"


def test_what_is_no_http_is_refused(host: str) -> None:
    with connected(host) as sock:
        sock.sendall(b"junk\r\n\r\n")
        told = b"".join(iter(lambda: sock.recv(65536), b""))
    assert told.startswith(b"HTTP/1.1 400 ")


def test_links_come_as_they_are_written() -> None:
    """As curl sends the pages' own example: its letters are not escaped."""
    bounds = Bounds(fetch=Fetch(allow_private=True))
    with (
        file_server(SAMPLES) as files,
        serving(make_app(Fake(), keys=Keys(dict([AUTH])), bounds=bounds)) as host,
        connected(host) as sock,
    ):
        link = f"{files}/02_tcc_photo.jpg?tên=thẻ-căn-cước&b=1"
        request = f"GET {ANY}?url={link} HTTP/1.1\r\nConnection: close\r\n".encode()
        sock.sendall(request[:150])
        time.sleep(0.05)
        sock.sendall(request[150:] + LOGIN + b"\r\n")
        told = b"".join(iter(lambda: sock.recv(65536), b""))
    assert json.loads(told.partition(b"\r\n\r\n")[2])["data"]["name"].startswith("900 ")


def test_an_offer_of_another_protocol_leaves_the_body(host: str) -> None:
    """As Java's own client makes it with every request."""
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEA"}
    for _ in range(2):
        answer = requests.post(
            host + ANY, auth=AUTH, files={"image": png()}, headers=offer, timeout=9
        )
        assert answer.json()["errorCode"] == "0"


def test_a_trailer_without_end_is_refused(host: str) -> None:
    with connected(host) as sock, suppress(ConnectionError):
        head = f"POST {ANY} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n".encode()
        sock.sendall(head + LOGIN + b"\r\n2\r\nab\r\n0\r\nX: ")
        for _ in range(200):
            sock.sendall(b"a" * 10_000)
        sock.settimeout(9)
        while sock.recv(65536):
            pass


def test_half_a_request_after_a_whole_one_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_server, "_HEAD_S", 0.4)
    app = make_app(Fake(), keys=Keys(dict([AUTH])))
    with serving(app) as host, connected(host) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nG")
        assert b" 200 " in sock.recv(4096)
        sock.sendall(b"E")
        sock.settimeout(5)
        with suppress(ConnectionError):
            while sock.recv(4096):
                pass


@pytest.mark.parametrize("way", ["GET /healthz", "GET /nowhere", f"POST {ANY}"])
def test_a_body_that_is_not_read_holds_no_connection(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_server, "_HEAD_S", 0.4)
    app = make_app(Fake(), keys=Keys(dict([AUTH])), bounds=Bounds(body_s=0.5))
    with serving(app) as host, connected(host) as sock:
        sock.sendall(f"{way} HTTP/1.1\r\nContent-Length: 100\r\n".encode() + LOGIN + b"\r\nx")
        sock.settimeout(9)
        with suppress(ConnectionError):
            assert sock.recv(4096).startswith(b"HTTP/1.1 ")
            while sock.recv(4096):
                pass


@pytest.mark.parametrize("odd", ["%0d%0aX-Y: 1", "%00", "\u202e", "%1b[2J", "\t"])
def test_a_link_with_control_characters_is_refused_as_documented(host: str, odd: str) -> None:
    link = f"http://a{unquote(odd)}b/c.jpg"
    answer = requests.get(f"{host}{ANY}", auth=AUTH, params={"url": link}, timeout=20)
    assert (answer.status_code, answer.json()["errorCode"]) == (422, "2")
    assert answer.headers["x-reason"].isprintable()


def test_slow_heads_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_server, "_HEAD_S", 0.4)
    app = make_app(Fake(), keys=Keys(dict([AUTH])))
    with serving(app) as host, connected(host) as silent, connected(host) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        told = b""
        while b"fake 1" not in told:
            told += slow.recv(4096)
        slow.sendall(b"GET /healthz HTTP/1.1\r\nx: ")
        time.sleep(0.2)
        with suppress(ConnectionError):
            slow.sendall(b"y")
            assert slow.recv(4096) == b""
        assert silent.recv(4096) == b""


def test_those_who_do_not_read_hold_up_nobody() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (900, 1200, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    sent = requests.Request("POST", "http://x", files={"img": file.getvalue()}).prepare()
    assert isinstance(sent.body, bytes)
    head = f"POST {V2}vehicle_registration?get_thumb=true HTTP/1.1\r\n".encode() + LOGIN
    head += f"Content-Length: {len(sent.body)}\r\n".encode()
    head += f"Content-Type: {sent.headers['Content-Type']}\r\n\r\n".encode()
    app = make_app(Fake(), keys=Keys(dict([AUTH])), workers=2, bounds=Bounds(queue=2))
    with serving(app) as host:
        lazy = [connected(host) for _ in range(3)]
        for sock in lazy:
            sock.sendall(head + sent.body)
            assert sock.recv(15) == b"HTTP/1.1 200 OK"
        start = time.monotonic()
        for _ in range(5):
            assert requests.post(host + ANY, auth=AUTH, files={"image": png()}, timeout=9).ok
        assert time.monotonic() - start < 9
        for sock in lazy:
            sock.close()


def test_ten_thousand_headers_are_refused(host: str) -> None:
    with connected(host) as sock:
        with suppress(ConnectionError):
            sock.sendall(b"GET /healthz HTTP/1.1\r\n" + b"x-a: bcd\r\n" * 10_000 + b"\r\n")
        with suppress(ConnectionError):
            assert sock.recv(4096).startswith(b"HTTP/1.1 4")
    assert requests.get(host + "/healthz", timeout=9).ok
