"""The cloud engine: what it sends, over real sockets to a server on loopback."""

from __future__ import annotations

import base64
import email
import email.message
import io
import json
import threading
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest
from loopback import CARD, Asked, Loopback, Told, loopback
from PIL import Image

import cvocr_lab
from cvocr_lab import wire
from cvocr_lab.cli import main
from cvocr_lab.engines import Request
from cvocr_lab.engines.cached import CachedEngine
from cvocr_lab.engines.cloud import CloudEngine
from cvocr_lab.engines.cloud.request_body import chosen_transport
from cvocr_lab.errors import ArgumentError, FetchError, ImageError
from cvocr_lab.images import Fetch, InputImage, load
from cvocr_lab.results import Extraction

KEY, SECRET = "made-up-key", "made-up-secret"
LINK = "https://giấy-tờ.example/thẻ căn cước & khác.jpg?a=1&b=%20#đầu"


def png(colour: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (colour, 0, 0)).save(file, "PNG")
    return file.getvalue()


def engine(server: Loopback | str, **options: object) -> CloudEngine:
    url = server if isinstance(server, str) else server.url
    chosen: dict[str, object] = {"key": KEY, "secret": SECRET, "base_url": url, **options}
    return CloudEngine(**chosen)  # type: ignore[arg-type]


def undecoded(source: object) -> InputImage:
    return load(source, decode=False, fetch=Fetch(allow_private=True))


def ask(server: Loopback, *sources: object, kind: str = "id_any", **options: object) -> Extraction:
    asking = engine(server, **options)
    try:
        return asking.extract(Request(tuple(map(undecoded, sources)), kind))
    finally:
        asking.close()


def form(asked: Asked) -> dict[str, email.message.Message]:
    head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
    parts = cast(
        "list[email.message.Message]", email.message_from_bytes(head + asked.body).get_payload()
    )
    return {str(p.get_param("name", header="content-disposition")): p for p in parts}


def answer_for(way: wire.Endpoint) -> dict[str, object]:
    if way.kind == "scan":
        return {"result": ["một dòng"], "time": 0.1}
    card = {"type": "cmt", "id": "012345678"}
    match way.shape:
        case "pair":
            return {"data": {"mattruoc": card, "matsau": {}}, "errorCode": "0"}
        case "pages":
            return {"type": "pdf", "data": [{"type": "cmt", "data": card}], "errorCode": "0"}
        case "object":
            paper = {
                "type": "vehicle_registration_front",
                "info": {"id": "123456", "image": "cG5n"},
            }
            return {"data": paper, "errorCode": "0"}
        case "list":
            paper = {"type": "vehicle_registration_front", "info": {"id": "123456"}}
            return {"data": [paper], "errorCode": "0"}
        case _:
            return {"type": "cmt", "data": {"id": "012345678"}, "errorCode": "0"}


@pytest.mark.parametrize("way", wire.ENDPOINTS, ids=lambda e: f"{e.kind}-{e.transport}")
def test_every_endpoint_is_asked_as_its_page_says(way: wire.Endpoint, tmp_path: Path) -> None:
    pictures = [png(at) for at in range(len(way.images))]
    sources: list[object] = list(pictures)
    if way.transport == "url":
        sources = [f"{LINK}{at}" for at in range(len(pictures))]
    if way.transport == "file":
        for at, picture in enumerate(pictures):
            (tmp_path / f"{at}.dat").write_bytes(picture)
        sources = [tmp_path / f"{at}.dat" for at in range(len(pictures))]
    with loopback(answer_for(way)) as server:
        found = ask(server, *sources, kind=way.kind, get_thumb=True)
    (asked,) = server.asked
    assert found.documents or found.lines
    assert (asked.method, asked.path) == (way.method, way.path)
    assert (
        asked.headers["Authorization"]
        == "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    )
    options = {"format_type": way.transport, "get_thumb": "true"} if way.version == "v2" else {}
    if way.transport == "url":
        assert asked.query == dict(zip(way.images, sources, strict=True)) | options
        assert asked.body == b""
        return
    assert asked.query == options
    assert asked.headers["Content-Type"].partition(";")[0] == way.content_type
    assert int(asked.headers["Content-Length"]) == len(asked.body)
    if way.transport == "base64":
        sent = {name: base64.b64decode(text) for name, text in json.loads(asked.body).items()}
    else:
        parts = form(asked)
        sent = {name: cast("bytes", part.get_payload(decode=True)) for name, part in parts.items()}
        assert [part.get_content_type() for part in parts.values()] == ["image/png"] * len(parts)
        assert [p.get_filename() for p in parts.values()] == [f"{n}.png" for n in way.images]
    assert sent == dict(zip(way.images, pictures, strict=True))


def test_pixels_go_as_png() -> None:
    pixels = np.arange(40 * 30 * 3, dtype=np.uint8).reshape(30, 40, 3)
    with loopback() as server:
        ask(server, pixels)
        ask(server, Image.fromarray(pixels), transport="file")
    as_json = base64.b64decode(json.loads(server.asked[0].body)["image"])
    as_file = cast("bytes", form(server.asked[1])["image"].get_payload(decode=True))
    for sent in (as_json, as_file):
        with Image.open(io.BytesIO(sent)) as picture:
            assert picture.format == "PNG"
            assert (np.asarray(picture) == pixels).all()


def test_a_large_file_is_sent_in_pieces_and_whole(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1200, 1200, 3), dtype=np.uint8)
    path = tmp_path / "large.png"
    Image.fromarray(noise).save(path, compress_level=0)
    with loopback() as server:
        ask(server, path)
    assert form(server.asked[0])["image"].get_payload(decode=True) == path.read_bytes()


@pytest.mark.parametrize(
    ("sources", "kind", "transport"),
    [
        ((LINK,), "id_any", "url"),
        ((LINK,), "id_pdf", "file"),
        (("bytes",), "scan", "file"),
        (("bytes",), "id_any", "base64"),
        (("path", "path"), "id_pair", "file"),
        (("path", LINK), "id_pair", "file"),
        (("bytes", "path"), "vehicle_pair", "base64"),
        ((LINK, LINK), "vehicle_pair", "url"),
    ],
)
def test_the_source_chooses_the_transport(
    sources: tuple[str, ...], kind: str, transport: str, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png())
    known = {"bytes": png(), "path": tmp_path / "a.png"}
    images = [undecoded(known.get(source, source)) for source in sources]
    assert chosen_transport(images, kind) == transport


def test_a_link_can_be_forced_into_a_file() -> None:
    with (
        loopback(lambda _: Told(png(7))) as pictures,
        loopback() as server,
    ):
        ask(server, f"{pictures.url}/a.png", transport="base64")
        ask(server, f"{pictures.url}/a.png", transport="url")
    assert base64.b64decode(json.loads(server.asked[0].body)["image"]) == png(7)
    assert server.asked[1].query == {"url": f"{pictures.url}/a.png"}
    assert len(pictures.asked) == 1


def test_what_cannot_be_sent_so_is_refused_before_anything_is_sent() -> None:
    with loopback() as server:
        with pytest.raises(ArgumentError, match="not a link"):
            ask(server, png(), transport="url")
        with pytest.raises(ArgumentError, match="as file, not as base64"):
            ask(server, png(), kind="id_pdf", transport="base64")
        with pytest.raises(ArgumentError, match="takes 2 pictures, not 1"):
            ask(server, png(), kind="id_pair")
        with pytest.raises(ImageError, match="is text"):
            undecoded(b"no picture at all, but long enough")
        with pytest.raises(FetchError):
            ask(server, "http://127.0.0.1:9/a.png", transport="file")
    assert server.asked == []


def test_the_same_pictures_have_the_same_token_and_others_another() -> None:
    with loopback() as server:
        for picture in (png(1), png(1), png(2)):
            ask(server, picture)
        ask(server, png(1), kind="id_front")
    tokens = [asked.headers["Idempotency-Key"] for asked in server.asked]
    assert tokens[0] == tokens[1]
    assert len(set(tokens)) == 3


def test_thumbnails_are_asked_for_only_when_wanted() -> None:
    (way,) = (e for e in wire.ENDPOINTS if (e.kind, e.transport) == ("vehicle", "base64"))
    with loopback(answer_for(way)) as server:
        found = ask(server, png(), kind="vehicle")
    assert server.asked[0].query["get_thumb"] == "false"
    assert found.documents[0].thumb == b"png"


# A run -------------------------------------------------------------------------------------------


def test_a_run_sends_sources_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    sources = ["a.png", LINK, png(3), np.zeros((20, 20, 3), np.uint8), "gone.png", None]
    df = pd.Series(sources, list("abcdef"), dtype=object).to_frame("image")
    with loopback() as server, pytest.warns(cvocr_lab.batch.RowsFailedWarning):
        read = df.cvocr.extract(
            engine="cloud", key=KEY, secret=SECRET, base_url=server.url, workers=3,
            base=tmp_path, progress=False,
        )  # fmt: skip
    assert list(read.index) == list("abcdef")
    assert read["id"].tolist()[:4] == ["001099000123"] * 4
    assert read["ocr_error_code"].tolist()[4:] == ["3", "3"]
    assert set(read["ocr_engine"]) == {f"cloud {server.url[7:]}"}
    assert sorted(a.method for a in server.asked) == ["GET", "POST", "POST", "POST"]


def test_threads_share_the_connections() -> None:
    seen: set[str] = set()
    with loopback() as server:
        asking = engine(server)
        images = (undecoded(png()),)

        def work() -> None:
            for _ in range(20):
                seen.add(asking.extract(Request(images)).documents[0].fields["id"].text)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asking.close()
    assert seen == {CARD["data"]["id"]}  # type: ignore[index]
    assert len(server.asked) == 160


def test_cached_keeps_what_was_paid_for(tmp_path: Path) -> None:
    store = tmp_path / "answers.sqlite"
    sources = [png(1), png(3)]
    with loopback() as server:
        for _ in range(2):
            asking = engine(server)
            read = cvocr_lab.extract(sources, engine=CachedEngine(asking, store), progress=False)
            asking.close()
    again = cvocr_lab.extract(sources, engine=CachedEngine(None, store), progress=False)
    assert len(server.asked) == 2
    assert again["id"].tolist() == read["id"].tolist() == ["001099000123"] * 2
    assert SECRET.encode() not in store.read_bytes()


def test_pages_cannot_be_taken_out_of_what_is_sent_whole() -> None:
    with loopback() as server, pytest.raises(ArgumentError, match="whole files"):
        cvocr_lab.extract(
            [png()], engine="cloud", key=KEY, secret=SECRET, base_url=server.url, pages=[1],
            progress=False,
        )  # fmt: skip


def test_the_command_takes_credentials_from_the_environment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    monkeypatch.setenv("CVOCR_API_KEY", KEY)
    monkeypatch.setenv("CVOCR_API_SECRET", SECRET)
    with loopback() as server:
        call = ["extract", str(tmp_path / "a.png"), "--engine", "cloud", "--quiet"]
        call += ["--option", f"base_url={server.url}"]
        assert main(call) == 0
        assert "001099000123" in capsys.readouterr().out
        with pytest.raises(SystemExit):
            main([*call, "--option", f"secret={SECRET}"])
        told = capsys.readouterr().err
    assert "set CVOCR_API_SECRET instead" in told
    assert SECRET not in told
    assert len(server.asked) == 1


def test_another_pace_goes_on_with_the_same_store(tmp_path: Path) -> None:
    with loopback() as server:
        for pace in (None, 100.0):
            cvocr_lab.extract(
                [png(1)], engine="cloud", key=KEY, secret=SECRET, base_url=server.url,
                store=tmp_path / "run.sqlite", per_second=pace, progress=False,
            )  # fmt: skip
    assert len(server.asked) == 1
