"""Faults on purpose, and the command that serves."""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import requests
from fake_engine import AUTH, SAMPLES, V1, V2, Fake, png

from cvocr_lab.cli import main
from cvocr_lab.errors import ArgumentError
from cvocr_lab.server import FAULTS, Keys, make_app, parse_faults, serving

ANY = V1 + "get_infor_all"


def outcome(host: str, path: str = ANY) -> str:
    name = "image" if path == ANY else "img"
    try:
        response = requests.post(host + path, auth=AUTH, files={name: png()}, timeout=20)
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        return "closed"
    if response.status_code in (429, 503):
        assert response.headers["retry-after"] == "1"
    try:
        answer = response.json()
    except ValueError:
        return f"{response.status_code} garbage"
    known = isinstance(answer, dict) and "errorCode" in answer
    return f"{response.status_code} {answer['errorCode'] if known else 'garbage'}"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("drop", "closed"),
        ("lose", "closed"),
        ("429", "429 garbage"),
        ("500", "500 garbage"),
        ("503", "503 garbage"),
        ("garbage", "200 garbage"),
        ("quota", "402 4"),
        ("slow", "200 0"),
    ],
)
def test_each_fault(fault: str, told: str) -> None:
    keys = Keys(dict([AUTH]))
    spec = f"{fault}=1:0.3" if fault == "slow" else f"{fault}=1"
    with serving(make_app(Fake(), keys=keys, faults=parse_faults(spec))) as host:
        start = time.monotonic()
        assert outcome(host) == told
        assert fault != "slow" or time.monotonic() - start > 0.3
        assert outcome(host, V2 + "vehicle_registration") == told
        assert requests.get(host + "/healthz", timeout=9).ok
        counted = requests.get(host + "/metrics", timeout=9).text
        assert f'cvocr_faults_total{{fault="{fault}"}} 2.0\n' in counted
    # A lost answer was read and is charged, a dropped request never came in.
    assert keys.charged("key") == (2 if fault in ("lose", "slow") else 0)
    assert fault in FAULTS


def test_a_lost_answer_is_given_again() -> None:
    keys = Keys(dict([AUTH]))
    faults = parse_faults("lose=0.5,seed=3")
    with serving(make_app(Fake(), keys=keys, faults=faults)) as host:
        told = None
        for _ in range(20):
            try:
                told = requests.post(
                    host + ANY, auth=AUTH, files={"image": png()},
                    headers={"Idempotency-Key": "abc"}, timeout=20,
                )  # fmt: skip
                break
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                continue
    assert told is not None
    assert told.json()["errorCode"] == "0"
    assert keys.charged("key") == 1


def test_rates_are_kept_and_a_seed_repeats_them() -> None:
    told = []
    for _ in range(2):
        faults = parse_faults("429=0.2,garbage=0.1,seed=5")
        with serving(make_app(Fake(), keys=Keys(dict([AUTH])), faults=faults)) as host:
            told.append([outcome(host) for _ in range(80)])
    assert told[0] == told[1]
    counted = Counter(told[0])
    assert 6 <= counted["429 garbage"] <= 28
    assert 2 <= counted["200 garbage"] <= 18
    assert set(counted) == {"429 garbage", "200 garbage", "200 0"}


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "is not NAME=RATE"),
        ("drop", "is not NAME=RATE"),
        ("drop=often", "is not NAME=RATE"),
        ("drop=0.1:2", "is not NAME=RATE"),
        ("seed=x", "is not NAME=RATE"),
        ("fire=0.1", "unknown fault 'fire'"),
        ("drop=2", "from 0 to 1"),
        ("drop=-1", "from 0 to 1"),
        ("drop=nan", "from 0 to 1"),
        ("drop=0.6,lose=0.6", "more than 1"),
        ("slow=0.1:-1", "3600"),
    ],
)
def test_faults_that_make_no_sense_are_refused(spec: str, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        parse_faults(spec)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--key", "nonsense"], "--key must be KEY:SECRET"),
        (["--key", "a:b", "--engine", "nobody"], "unknown engine 'nobody'"),
        (["--key", "a:b", "--faults", "fire=1"], "unknown fault 'fire'"),
        (["--key", "a:b", "--queue", "-1"], "queue"),
        (["--key", "a:b", "--engine", "cached", "--option", "path=/nowhere/x"], "no such store"),
    ],
)
def test_the_command_refuses_wrong_calls(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", *arguments]) in (2, 3)
    assert told in capsys.readouterr().err


def test_the_command_serves_and_keeps_quotas(tmp_path: Path) -> None:
    """Recorded answers of a fake engine, served by the command as a user would."""
    from cvocr_lab.engines import Request
    from cvocr_lab.engines.cached import CachedEngine
    from cvocr_lab.images import load

    picture = SAMPLES / "02_tcc_photo.jpg"
    store = tmp_path / "answers.sqlite"
    CachedEngine(Fake(), store).extract(Request((load(picture),)))
    command = [
        sys.executable, "-c", "from cvocr_lab.cli import main; main()", "serve",
        "--engine", "cached", "--workers", "1",
        "--option", f"path={store}", "--port", "0", "--quota", "1",
    ]  # fmt: skip
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path), "XDG_STATE_HOME": str(tmp_path / "state"),
        "CVOCR_API_KEY": AUTH[0], "CVOCR_API_SECRET": AUTH[1],
    }  # fmt: skip
    logged = tmp_path / "log.txt"
    told = []
    for _ in range(2):
        with logged.open("w") as log, subprocess.Popen(command, env=env, stderr=log) as process:
            try:
                for _ in range(600):
                    found = re.search(r"http://127\.0\.0\.1:\d+", logged.read_text())
                    if found or process.poll() is not None:
                        break
                    time.sleep(0.1)
                assert found, logged.read_text()
                with picture.open("rb") as file:
                    answer = requests.post(
                        found[0] + ANY, auth=AUTH, files={"image": file}, timeout=60
                    )
                told.append((answer.status_code, answer.json()["errorCode"]))
            finally:
                process.terminate()
    assert told == [(200, "0"), (402, "4")]
    assert "errorCode 4" in logged.read_text()
    assert "secret" not in logged.read_text()
    assert (tmp_path / "state" / "cvocr-lab" / "quota.sqlite").stat().st_mode & 0o77 == 0
