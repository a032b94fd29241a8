"""What the rules of field types forgive, and what a mistake is called."""

from pathlib import Path

import pandas as pd
import pytest

from cvocr_lab import cli
from cvocr_lab.errors import DriftError
from cvocr_lab.frames import Reading, to_frame, write_frame
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.scoring import Score, accuracy_from_review, score


def judged(field: str, truth: object, value: str, kind: str = "tcc_chip", **more: str) -> Score:
    given = {n: FieldValue(v, 0.9) for n, v in {field: value, **more}.items()}
    sources = pd.DataFrame({"image": ["0.jpg"]})
    frame = to_frame([Reading(Extraction((Document(kind, "front", given),)))], sources)
    labels = pd.DataFrame({field: pd.Series([truth], dtype=object), "type": [kind]})
    return score(frame, labels.assign(**more))


@pytest.mark.parametrize(
    ("field", "truth", "value", "verdict"),
    [
        ("born", "01/02/1990", "1-2-1990", "same value"),
        ("born", "01/02/1990", "02/01/1990", "different"),
        ("address", "P.7, Q.3, TP.HCM", "Phường 7, Quận 3, Thành phố Hồ Chí Minh", "same value"),
        ("address", "Dĩ An, Bình Dương", "Dĩ An, Hồ Chí Minh", "other era"),
        ("address", "Dĩ An, Bình Dương", "Dĩ An, Tây Ninh", "different"),
        ("address", "Khánh Hoà", "Khánh Hòa", "style"),
        ("name", "TRẦN HOÀ", "TRẦN HÒA", "different"),
        ("name", "TRẦN AN", "Trần An", "different"),
        ("sex", "Nữ", "NU", "same value"),
        ("id", "001 099 000 123", "001099000123", "same value"),
    ],
)
def test_rules_of_field_types(field: str, truth: str, value: str, verdict: str) -> None:
    cell = judged(field, truth, value).cells.iloc[0]
    assert (cell["verdict"], cell["outcome"]) == (verdict, "wrong")


@pytest.mark.parametrize(
    ("field", "truth", "value", "mistakes"),
    [
        ("name", "TRẦN", "TRẤN", "tone"),
        ("name", "TRẦN", "TRÀN", "shape"),
        ("name", "TRẦN", "TRÁN", "tone+shape"),
        ("name", "ĐAN", "DAN", "shape"),
        ("name", "AN", "An", "case"),
        ("id", "0012", "OO12", "lookalike;lookalike"),
        ("id", "0012", "0072", "digit"),
        ("name", "AN", "AM", "letter"),
        ("name", "LÊ AN", "LÊAN", "space"),
        ("name", "AN", "ANH", "insertion"),
        ("name", "ANH", "AN", "deletion"),
        ("address", "Số 9, An Phú", "Số 9. An Phú", "punctuation"),
        ("address", "Hoà Bình", "Hòa Bình", "placement"),
        ("name", "TRẦN AN", "Họ và tên TRẦN AN", "label text"),
        ("address", "Thôn Đông, Xã Bắc Sơn, Lạng Sơn", "Xã Bắc Sơn, Lạng Sơn", "dropped line"),
    ],
)
def test_classes(field: str, truth: str, value: str, mistakes: str) -> None:
    assert judged(field, truth, value).cells["mistakes"].tolist() == [mistakes]


def test_a_value_from_another_line_is_called_so() -> None:
    cells = judged("address", "Lạng Sơn", "Hà Nội", country="Hà Nội").cells
    assert cells.set_index("field").loc["address", "mistakes"] == "wrong line"


def test_the_nearest_of_several_truths_counts_and_the_unreadable_do_not() -> None:
    both = judged("name", ["TRẦN AN", "TRẦN ÂN"], "TRẦN ÂN").cells.iloc[0]
    assert (both["outcome"], both["truth"]) == ("correct", "TRẦN ÂN")
    unreadable = judged("name", "###", "TRẦN ÂN", id="001")
    assert unreadable.unreadable == 1
    assert "name" not in set(unreadable.cells["field"].astype(str))


def test_tone_placement_is_unified_only_when_asked() -> None:
    frame = to_frame(
        [Reading(Extraction((Document("tcc_chip", "front", {"name": FieldValue("HÒA")}),)))],
        pd.DataFrame({"image": ["0.jpg"]}),
    )
    labels = pd.DataFrame({"name": ["HOÀ"]})
    assert score(frame, labels).cells["outcome"].tolist() == ["wrong"]
    assert score(frame, labels, tone_style="unify").cells["outcome"].tolist() == ["correct"]


def numbers(wrong: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    papers = [
        Document("tcc_chip", "front", {"id": FieldValue(f"{n + 500 * (n < wrong):012d}", 0.9)})
        for n in range(100)
    ]
    sources = pd.DataFrame({"image": [f"{n}.jpg" for n in range(100)]})
    labels = sources.assign(id=[f"{n:012d}" for n in range(100)])
    return to_frame([Reading(Extraction((p,))) for p in papers], sources), labels


def test_a_field_that_fell_is_told(tmp_path: Path) -> None:
    frozen = tmp_path / "frozen.parquet"
    score(*numbers(5), on="image").freeze(frozen)
    assert frozen.stat().st_mode & 0o777 == 0o600
    score(*numbers(8), on="image", baseline=frozen)
    with pytest.raises(DriftError, match="id: exact"):
        score(*numbers(30), on="image", baseline=frozen)


def test_the_command_has_a_code_for_each_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, labels = numbers(5)
    read, truth = str(tmp_path / "read.parquet"), str(tmp_path / "truth.csv")
    write_frame(frame, tmp_path / "read.parquet")
    labels.to_csv(truth, index=False)
    call = ["score", read, truth, "--on", "image"]
    html, json = tmp_path / "r.html", tmp_path / "r.json"
    assert cli.main([*call, "--html", str(html), "--json", str(json)]) == 0
    assert "</html>" in html.read_text(encoding="utf-8")
    assert pd.read_json(json)["rates"]["id"]["exact"] == pytest.approx(0.95)
    assert cli.main([*call, "--fail-under", "cer=0.02", "--fail-under", "id.exact=0.9"]) == 0
    capsys.readouterr()
    assert cli.main([*call, "--fail-under", "cer=0.001"]) == 4
    assert "cer is 0.42%, but must be at most 0.001" in capsys.readouterr().err
    assert cli.main([*call, "--fail-under", "nay.exact=0.5"]) == 2


def test_a_review_of_the_worst_alone_is_called_biased() -> None:
    worst = pd.DataFrame({"right": [False] * 6 + [True] * 4, "chance": 1.0})
    assert "biased: worst first" in repr(accuracy_from_review(worst, total=100))
    audit = pd.DataFrame({"right": [True] * 9 + [False], "chance": 0.1})
    found = accuracy_from_review(pd.concat([worst, audit]), total=110).table.loc["all"]
    assert found["accuracy"] == pytest.approx((4 + 100 * 0.9) / 110)


def test_a_plan_answers_in_seconds_or_refuses() -> None:
    plan = score(*numbers(0), on="image").plan("id", seconds=4)
    assert plan.answer(0.05).review_share == 0
    refused = plan.answer(0.001)
    assert refused.threshold != refused.threshold
    assert "2,995 and more" in str(refused)
