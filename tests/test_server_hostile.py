"""What strangers send: schemathesis, malformed uploads, raw bytes.  Never a 500, never a hang."""

import json
import logging
import random
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import schemathesis
from fake_engine import AUTH, V1, V2, Fake, png, text
from hypothesis import HealthCheck, given, settings
from malformed import malformed
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from cvocr_lab.server import Bounds, Keys, make_app, serving

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
        except ConnectionError:
            pass
    assert b" 500 " not in told[:64]
    assert b"Traceback" not in told
    assert requests.get(host + "/healthz", timeout=9).ok
