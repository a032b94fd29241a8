"""The vlm engine and functions as engines, the first against a server of its protocol."""

import base64
import io
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from loopback import Asked, Told, loopback
from PIL import Image

import cvocr_lab
from cvocr_lab.engines import FunctionEngine, Request, fields_in, identity_of, open_engine
from cvocr_lab.engines.cached import CachedEngine
from cvocr_lab.engines.vlm import VlmEngine, prompt
from cvocr_lab.errors import (
    AnswerError,
    ArgumentError,
    CredentialsError,
    ImageError,
    NoDocumentError,
    QuotaError,
    RefusalError,
    RowError,
    TransportError,
)
from cvocr_lab.frames import read_frame, write_frame
from cvocr_lab.images import load
from cvocr_lab.kinds import TYPES
from cvocr_lab.results import Extraction, FieldValue

PICTURE = np.zeros((300, 480, 3), np.uint8)
CARD = {"type": "tcc_chip", "picture": 1, "id": "001090000001", "name": "TRẦN ÂN", "sex": None}
Answer = Callable[[Asked], Told]


def completion(content: object, **more: object) -> dict[str, object]:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1200, "completion_tokens": 80}
    return {"choices": [choice | more], "usage": usage}


def told(*papers: object) -> Told:
    return Told(completion(json.dumps({"documents": list(papers)})))


def asked_of(answer: object, **options: object) -> Extraction:
    """What the engine makes of one answer."""
    with loopback(lambda _: answer if isinstance(answer, Told) else Told(answer)) as server:
        given = {"retries": 0, **options}
        engine = VlmEngine(base_url=f"{server.url}/v1", model="m", **given)  # type: ignore[arg-type]
        return engine.extract(Request((load(PICTURE),)))


def test_a_card_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVOCR_VLM_KEY", "made-up")
    with loopback(lambda _: told(CARD)) as server:
        engine = open_engine("vlm", base_url=f"{server.url}/v1", model="m", max_side=240)
        found = engine.extract(Request((load(PICTURE),)))
    (paper,) = found.documents
    assert (paper.type, paper.side, paper.page) == ("tcc_chip", "front", 1)
    assert {n: v.text for n, v in paper.fields.items()} == {"id": "001090000001", "name": "TRẦN ÂN"}
    assert {v.confidence for v in paper.fields.values()} == {None}
    assert found.engine == engine.name == "vlm m"
    assert found.usage is not None
    assert (found.usage.tokens_in, found.usage.tokens_out, found.usage.cost) == (1200, 80, None)
    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["Authorization"] == "Bearer made-up"
    body = json.loads(asked.body)
    assert body["model"] == "m"
    assert body["temperature"] == 0
    uri = body["messages"][1]["content"][0]["image_url"]["url"]
    head, _, content = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (240, 150)
    assert "made-up" not in repr(engine) + repr(identity_of(engine))


def test_prompt_and_schema_come_from_the_specs() -> None:
    text, schema = prompt.instructions("id_any"), json.dumps(prompt.schema("id_any"))
    for name, kind in TYPES.items():
        assert (f'"{name}"' in text) == (f'"{name}"' in schema) == (kind.family != "vehicle")
        if kind.family == "vehicle":
            continue
        for field in kind.fields:
            if field.source == "print":
                assert f'"{field.name}"' in text
                assert f'"{field.name}"' in schema
            if field.vi and field.source == "print":
                assert field.vi[0] in text
    paper = prompt.schema("vehicle")["properties"]["documents"]["items"]["anyOf"][0]  # type: ignore[index]
    assert paper["required"] == list(paper["properties"])
    assert paper["additionalProperties"] is False
    assert [t.side for t in prompt.types_of("id_front")] == ["front"] * len(
        prompt.types_of("id_front")
    )


def test_no_key_is_sent_where_there_is_none_and_schemas_can_be_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CVOCR_VLM_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-this-server")
    with loopback(lambda _: told(CARD)) as server:
        for structured in (True, False):
            engine = VlmEngine(base_url=server.url, model="m", structured=structured)
            engine.extract(Request((load(PICTURE),)))
    assert all("Authorization" not in asked.headers for asked in server.asked)
    assert not any(b"not-for-this-server" in asked.body for asked in server.asked)
    assert ["response_format" in json.loads(a.body) for a in server.asked] == [True, False]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", AnswerError),
        (None, AnswerError),
        (17, AnswerError),
        ("not JSON", AnswerError),
        ('{"documents": [', AnswerError),
        ("[" * 100_000, AnswerError),
        ('{"papers": []}', AnswerError),
        ('{"documents": {}}', AnswerError),
        ('{"documents": []}', NoDocumentError),
        ('{"documents": ["x"]}', AnswerError),
        ('{"documents": [{"id": "1"}]}', AnswerError),
        ('{"documents": [{"type": ["cmt"]}]}', AnswerError),
        ('{"documents": [{"type": "driving_licence"}]}', AnswerError),
        ('{"documents": [{"type": "cmt", "id": 1090000001}]}', AnswerError),
        ('{"documents": [{"type": "cmt", "id": NaN}]}', AnswerError),
        ('{"documents": [{"type": "cmt", "id": ["1"]}]}', AnswerError),
        ('{"documents": [{"type": "cmt", "id": {"value": "1"}}]}', AnswerError),
        ('{"documents": [{"type": "cmt", "picture": 2, "id": "1"}]}', AnswerError),
        ('{"documents": [{"type": "cmt", "picture": true, "id": "1"}]}', AnswerError),
        (json.dumps({"documents": [{"type": "cmt", "name": "A" * 100_000}]}), AnswerError),
        (json.dumps({"documents": [{"type": "cmt", "id": "1"}] * 500}), AnswerError),
        ("I'm sorry, I can't help with identity documents.", RefusalError),
        ("Xin lỗi, tôi không thể đọc giấy tờ tùy thân.", RefusalError),
    ],
)  # fmt: skip
def test_hostile_answers_are_errors_of_the_row(content: object, error: type[RowError]) -> None:
    with pytest.raises(error) as caught:
        asked_of(completion(content))
    assert type(caught.value) is error
    assert "1090000001" not in str(caught.value)
    assert len(str(caught.value)) < 200
    assert caught.value.usage is not None
    assert caught.value.usage.tokens_in == 1200


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"\xff\xfe", b"null", b"[]", b"<html>", {"choices": []}, {"choices": [None]},
        {"choices": "x"}, {"choices": [{"message": "x"}]}, {"error": "x"},
        {"choices": [{}], "usage": {"prompt_tokens": -1, "completion_tokens": "many"}},
    ],
)  # fmt: skip
def test_no_completion_at_all_is_an_error_of_the_row(answer: object) -> None:
    with pytest.raises(AnswerError):
        asked_of(answer)


def test_refusals_by_flag_and_answers_cut_off() -> None:
    refusal = completion(None, message={"content": None, "refusal": "I will not."})
    with pytest.raises(RefusalError):
        asked_of(refusal)
    with pytest.raises(RefusalError):
        asked_of(completion('{"documents": []}', finish_reason="content_filter"))
    with pytest.raises(AnswerError, match="max_tokens"):
        asked_of(completion('{"documents": [', finish_reason="length"))


def test_what_can_be_understood_is() -> None:
    fenced = f"```json\n{json.dumps({'documents': [CARD]})}\n```"
    assert asked_of(completion(fenced)).documents[0].fields["id"].text == "001090000001"
    parts = [{"type": "text", "text": json.dumps({"documents": [CARD]})}]
    assert len(asked_of(completion(parts)).documents) == 1
    odd = {
        "type": "chip_id_card_front", "dob": "01/02/1990", "name": " TRA\u0302\u0300N \u0000\n ÂN ",
        "sex": "N/A", "country": "null", "ocr_engine": "x", "favourite colour": "red",
    }  # fmt: skip
    (paper,) = asked_of(told(odd)).documents
    assert paper.type == "tcc_chip"
    assert {n: v.text for n, v in paper.fields.items()} == {"born": "01/02/1990", "name": "TRẦN ÂN"}
    assert paper.warnings == ("answer:unknown_fields",)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "x"}, AnswerError),
        (401, {}, CredentialsError),
        (402, {}, QuotaError),
        (404, {}, ArgumentError),
        (413, {}, ImageError),
        (429, {"error": {"code": "insufficient_quota"}}, QuotaError),
        (429, {"error": {"code": "rate_limit"}}, TransportError),
        (500, {}, TransportError),
    ],
)
def test_statuses(status: int, body: object, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        asked_of(Told(body, status))
    assert type(caught.value) is error


def test_wrong_calls_say_so() -> None:
    with pytest.raises(ArgumentError, match="base_url"):
        cvocr_lab.extract([PICTURE], engine="vlm", model="m", progress=False)
    with pytest.raises(ArgumentError, match="is http"):
        VlmEngine(base_url="http://example.com/v1", model="m")
    with pytest.raises(ArgumentError, match="max_side"):
        VlmEngine(base_url="http://127.0.0.1/v1", model="m", max_side=0)
    engine = VlmEngine(base_url="http://127.0.0.1:1/v1", model="m")
    with pytest.raises(ArgumentError, match="scan"):
        engine.extract(Request((load(PICTURE),), "scan"))


def pictures(count: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    return [np.full((40, 60, 3), shade, np.uint8) for shade in range(count)]


def test_tokens_cost_and_refusals_stand_in_the_frame_and_nothing_is_paid_twice(
    tmp_path: Path,
) -> None:
    def answer(asked: Asked) -> Told:
        return (
            Told(completion("Sorry, no."))
            if len(server.asked) == 2
            else told(CARD, {"type": "matsautcc_chip", "date": "01/02/2020"})
        )

    pytest.importorskip("distributed")  # changes how exceptions are copied
    options: dict[str, Any] = {
        "model": "m",
        "price_in": 2.0,
        "price_out": 10.0,
        "progress": False,
        "workers": 1,
    }
    data, run = [*pictures(3), pictures(1)[0]], tmp_path / "run.sqlite"
    with loopback(answer) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore", cvocr_lab.batch.RowsFailedWarning)
        given = options | {"engine": "vlm", "base_url": server.url}
        first = cvocr_lab.extract(data, store=run, **given)
        again = cvocr_lab.extract(data, store=run, **given)
    assert len(server.asked) == 3
    assert first["ocr_error"].fillna("").str.startswith("RefusalError").sum() == 1
    # Two faces of one input cost once, and so do equal pictures.
    answered = first[first["ocr_error"].isna()]
    assert answered["ocr_tokens_in"].fillna(0).tolist() == [1200, 0, 1200, 0, 0, 0]
    assert answered["ocr_cost"].sum() == pytest.approx(2 * (1200 * 2 + 80 * 10) / 1e6)
    assert str(first["ocr_tokens_out"].dtype) == "Int64"
    pd.testing.assert_frame_equal(first, again)
    write_frame(first.drop(columns="image"), tmp_path / "read.csv")
    back = read_frame(tmp_path / "read.csv")
    pd.testing.assert_series_equal(back["ocr_tokens_in"], first["ocr_tokens_in"])


def test_a_refusal_costs_its_tokens() -> None:
    with pytest.raises(RefusalError) as refused:
        asked_of(completion("Sorry, no."), price_in=2.0, price_out=10.0)
    used = refused.value.usage
    assert used is not None
    assert (used.tokens_in, used.tokens_out) == (1200, 80)
    assert used.cost == pytest.approx(0.0032)


def test_it_is_cached_like_every_engine(tmp_path: Path) -> None:
    with loopback(lambda _: told(CARD)) as server:
        inner = VlmEngine(base_url=server.url, model="m")
        cached = CachedEngine(inner, tmp_path / "answers.sqlite")
        request = Request((load(PICTURE),))
        assert cached.extract(request).documents == cached.extract(request).documents
        assert len(server.asked) == 1
        other = CachedEngine(VlmEngine(base_url=server.url, model="n"), tmp_path / "answers.sqlite")
        other.extract(request)
    assert len(server.asked) == 2


# --- functions


def test_a_function_is_an_engine() -> None:
    def mine(picture: Image.Image) -> Mapping[str, object]:
        return {
            "type": "tcc_chip", "name": f"{picture.mode} {picture.width}", "name_confidence": 0.7,
            "sex": None, "id": "", "name_quad": (0, 0, 9, 0, 9, 5, 0, 5),
        }  # fmt: skip

    frame = cvocr_lab.extract([PICTURE], engine=mine, progress=False)
    row = frame.iloc[0]
    assert [row["ocr_type"], row["ocr_side"], row["name"]] == ["tcc_chip", "front", "RGB 480"]
    assert row["name_confidence"] == 0.7
    assert row["name_quad"] == (0, 0, 9, 0, 9, 5, 0, 5)
    assert row["ocr_engine"] == "mine"
    assert frame["id"].isna().all()


def test_several_papers_no_paper_and_nonsense() -> None:
    answers: list[object] = [
        [{"id": "1"}, {"id": "2", "side": "back"}], None, {}, "text", {"id": 5}, {"sit": 5},
        {"id": FieldValue("7", 0.5)},
    ]  # fmt: skip

    def mine(picture: Image.Image) -> object:
        return answers[picture.getpixel((0, 0))[0]]  # type: ignore[index]

    with pytest.warns(cvocr_lab.batch.RowsFailedWarning):
        frame = cvocr_lab.extract(pictures(7), engine=mine, progress=False)
    assert frame.index.tolist() == [0, 0, 1, 2, 3, 4, 5, 6]
    assert frame["id"].tolist()[:2] == ["1", "2"]
    assert frame["ocr_side"].tolist()[1] == "back"
    errors = frame["ocr_error"].fillna("").tolist()
    assert all(e.startswith("NoDocumentError") for e in errors[2:4])
    assert "must return a dict" in errors[4]
    assert "field 'id' as int" in errors[5]
    assert frame["sit"].tolist()[6] == "5"
    assert frame["id_confidence"].tolist()[7] == 0.5


def test_a_function_that_raises_fails_its_row_and_tells_no_value() -> None:
    def mine(picture: Image.Image) -> object:
        raise ValueError("001090000001")

    with pytest.warns(cvocr_lab.batch.RowsFailedWarning):
        frame = cvocr_lab.extract([PICTURE], engine=mine, progress=False)
    assert frame["ocr_error"].tolist() == ["RowError: engine 'mine' failed (ValueError)"]


def test_pairs_go_to_functions_of_two_pictures() -> None:
    def both(front: Image.Image, back: Image.Image) -> object:
        return [{"name": str(front.width)}, {"date": str(back.width), "side": "back"}]

    frame = cvocr_lab.extract(
        pd.DataFrame({"front": [PICTURE], "back": [PICTURE[:, :100]]}),
        kind="id_pair", engine=both, progress=False,
    )  # fmt: skip
    assert frame["name"].tolist()[0] == "480"
    assert frame["date"].tolist()[1] == "100"


def test_a_changed_function_is_another_engine(tmp_path: Path) -> None:
    def reader(text: str) -> FunctionEngine:
        space: dict[str, Callable[..., object]] = {}
        exec(f"def mine(picture): return {{'id': {text!r}}}", space)
        return FunctionEngine(space["mine"])

    path = tmp_path / "answers.sqlite"
    request = Request((load(PICTURE),))
    read = [CachedEngine(reader(t), path).extract(request) for t in ("1", "2", "1")]
    assert [r.documents[0].fields["id"].text for r in read] == ["1", "2", "1"]
    assert len(CachedEngine(reader("1"), path)) == 1


def test_makers_and_objects_stay_what_they_were() -> None:
    class Mine:
        name = "mine 1"

        def extract(self, request: Request) -> Extraction:  # noqa: ARG002
            raise NoDocumentError("none")

    assert isinstance(open_engine(Mine()), Mine)
    with pytest.raises(ArgumentError, match="not an engine"):
        open_engine(lambda: None)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (
            "CĂN CƯỚC CÔNG DÂN\nSố/ No.: 001090000001\nHọ và tên / Full name:\nTRẦN THỊ ÂN\n"
            "Ngày sinh / Date of birth: 01/02/1990\n"
            "Giới tính / Sex: Nữ Quốc tịch / Nationality: Việt Nam",
            {
                "type": "tcc_chip", "id": "001090000001", "name": "TRẦN THỊ ÂN",
                "born": "01/02/1990", "sex": "Nữ", "quoctich": "Việt Nam",
            },
        ),
        ("Nhãn hiệu: HONDA\nSố máy: JF1", {
            "type": "vehicle_registration_back", "brand": "HONDA", "engine": "JF1"}),
        ("nothing here", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_fields_by_their_captions(text: str, fields: dict[str, str]) -> None:
    found = fields_in(text)
    if "brand" in fields:
        assert found.pop("type").startswith("vehicle_registration")
        fields = {k: v for k, v in fields.items() if k != "type"}
    assert found == fields
