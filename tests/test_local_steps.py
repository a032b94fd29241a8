"""The offline engine's steps, each alone and without a recogniser."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from cvocr_lab import mrz, proofs
from cvocr_lab.engines.local import classify, confidence, crosscheck, line_reader, values
from cvocr_lab.engines.local.parse import Reading
from cvocr_lab.kinds import TYPES
from cvocr_lab.results import Line


def _boxes(angle_deg: float, count: int = 6, *, length: float = 120) -> NDArray[np.float32]:
    """Parallel lines 120 by 12 pixels, corners in no order anyone promised."""
    u = np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))])
    v = np.array([-u[1], u[0]])
    quads = []
    for i in range(count):
        start = np.array([400.0, 400.0]) + v * 20 * i
        quad = np.array([start, start + length * u, start + length * u + 12 * v, start + 12 * v])
        quads.append(np.roll(quad, i, axis=0)[:: 1 if i % 2 else -1])
    return np.array(quads, np.float32)


@pytest.mark.parametrize("angle", [-170, -90, -45, -3, 0, 7, 30, 88, 90, 135, 179])
def test_direction_of_lines_up_to_half_a_turn(angle: float) -> None:
    groups = line_reader.directions(_boxes(angle))
    assert len(groups) == 1
    off = (groups[0][0] - angle + 90) % 180 - 90
    assert abs(off) < 0.5


def test_two_directions_are_two_groups() -> None:
    groups = line_reader.directions(np.concatenate([_boxes(0, 9), _boxes(90, 5)]))
    assert [sorted(g.tolist()) for _, g in groups] == [list(range(9)), list(range(9, 14))]


@pytest.mark.parametrize("angle", [-120, -90, -20, 0, 45, 90, 160, 180])
def test_corners_start_at_the_texts_own_top_left(angle: float) -> None:
    ordered = line_reader.along(_boxes(angle), angle)
    u = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    across, down = ordered[:, 1] - ordered[:, 0], ordered[:, 3] - ordered[:, 0]
    assert np.allclose(across @ u, 120, atol=0.1)
    assert np.allclose(down @ np.array([-u[1], u[0]]), 12, atol=0.1)


def test_the_surer_way_round_wins() -> None:
    quads = _boxes(0)

    def read(_: object, some: NDArray[np.float32]) -> list[Line]:
        # Legible only when read leftwards: the picture stands on its head.
        leftwards = some[:, 1, 0] < some[:, 0, 0]
        return [Line("chữ" if x else "#", 0.95 if x else 0.4) for x in leftwards]

    image = np.zeros((8, 8, 3), np.uint8)
    assert abs(line_reader.reading_angle(image, quads, 0.0, read)) == 180


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("CĂN CƯỚC CÔNG DÂN", ["can cuoc cong dan"]),
        ("Giới tính / Sex: Nam   Quốc tịch / Nationality: Việt Nam",
         ["gioi tinh sex", "quoc tich nationality"]),
        ("Ho và tén / Full narne:", ["ho va ten full name"]),
        ("NGUYỄN VĂN QUÂN", []),
        ("HỒ VĂN TÈO", []),
        ("Họ và tên: PHẠM AN H'LINH", ["ho va ten"]),
        ("Họ và tên PHÙNG VĂN CÔNG NGHĨA", ["ho va ten"]),
        ("Họ và tên khai sinh: LÊ AN", ["ho va ten khai sinh"]),
        ("Đức Trọng, Lâm Đồng", []),
        ("LƯU CÔNG TRƯỜNG", []),
        ("CỤC TRƯỞNG CỤC CẢNH SÁT", ["cuc truong"]),
    ],
)  # fmt: skip
def test_anchors_in_a_line(text: str, keys: list[str]) -> None:
    hits = classify.find_anchors([Line(text, 0.9)])
    assert [h.key for h in sorted(hits, key=lambda h: h.start)] == keys


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("GIẤY PHÉP LÁI XE / DRIVER'S LICENSE", True),
        ("GIAY PHEP LÁI XE", True),
        ("THẺ SINH VIÊN", True),
        ("CĂN CƯỚC CÔNG DÂN", False),
        ("GIẤY CHỨNG MINH NHÂN DÂN", False),
        ("CHỨNG NHẬN ĐĂNG KÝ XE Ô TÔ", False),
        ("SỐ", False),
        ("V", False),
    ],
)
def test_titles_of_other_papers(text: str, other: bool) -> None:
    assert classify.is_other_paper([Line(text, 0.9)]) is other


@pytest.mark.parametrize(
    ("type_", "field", "texts", "value"),
    [
        ("tcc_chip", "id", ["No.: 0010 9900 0123"], "001099000123"),
        ("tcc_chip", "id", ["O01O99000l23"], "001099000123"),
        ("tcc_chip", "born", ["24/O7/l990"], "24/07/1990"),
        ("tcc_chip", "born", ["24107/1990"], "24/07/1990"),
        ("cmt", "born", ["24-07-1990"], "24-07-1990"),
        ("cmt", "born", ["1955"], "1955"),
        ("matsautcc", "date", ["Ngày 5 tháng 3 năm 2019"], "05/03/2019"),
        ("matsautcc", "date", ["Ngày oI thảng 0l năm 2O05"], "01/01/2005"),
        ("matsautcc", "date", ["Ngày, tháng, năm"], ""),
        ("tcc_chip", "duedate", ["Khóng thời han"], "Không thời hạn"),
        ("tcc_chip", "sex", ["Nam"], "Nam"),
        ("passport", "sex", ["NỮ / F"], "NỮ"),
        ("tcc_chip", "sex", ["Việt Nam"], ""),
        ("vehicle_registration_back", "capacity", ["124.9 cm3"], "124.9"),
        ("vehicle_registration_back", "pay_load", ["1.490 kg"], "1490"),
        ("passport", "nationality", ["VIỆT NAM / VIETNAMESE"], "VIỆT NAM"),
        ("passport", "id", ["C1234567"], "C1234567"),
        ("tcc_chip", "address", ["Tổ 5, Khu 2,", "Mẫu , Hà Nội"], "Tổ 5, Khu 2, Mẫu, Hà Nội"),
        ("cmt", "name", ["....NGUYỄN VĂN MẪU......"], "NGUYỄN VĂN MẪU"),
        ("tcc_chip", "duedate", ["Cúc. phàn doãn li lí ol IO"], ""),
        ("vehicle_registration_back", "pay_load", ["720kg"], "720"),
        ("vehicle_registration_back", "plate", ["99A-123.45"], "99A-123.45"),
        ("vehicle_registration_back", "plate", ["59X2-123.45"], "59X2-123.45"),
    ],
)
def test_values_taken_out_of_text(type_: str, field: str, texts: list[str], value: str) -> None:
    assert values.take(TYPES[type_][field], texts) == value


def test_dots_of_a_leader_are_no_part_of_the_value() -> None:
    field = TYPES["cmt"]["address"]
    texts = ["Tổ.11,.Cầu. Kho..,", "Quận..1,. Hồ. Chí. Minh...."]
    assert values.take(field, texts, leader=True) == "Tổ 11, Cầu Kho, Quận 1, Hồ Chí Minh"
    assert values.take(TYPES["cmt"]["born"], ["01.02.1980..."], leader=True) == "01/02/1980"


def test_place_and_date_of_one_sentence() -> None:
    kind = TYPES["vehicle_registration_back"]
    template = "{place}, ngày (date) {d} tháng {m} năm {y}"
    text = "Hà Nội, ngày (date) 05 tháng 11 năm 2019"
    assert values.from_sentence(kind["issued_at"], template, text) == "Hà Nội"
    assert values.from_sentence(kind["last_issue_date"], template, text) == "05/11/2019"
    assert values.from_sentence(kind["last_issue_date"], template, "Hà Nội, ngày mai") == ""


def test_authorities() -> None:
    back = TYPES["matsaucmt"]["noicap"]
    assert values.authority(back, "GIÁM ĐỐC CA TỈNH NGHÊ AN") == (1.0, "CA TỈNH NGHỆ AN")
    assert values.authority(back, "Phan Văn Hùng")[0] == 0
    chip = TYPES["matsautcc_chip"]["noicap"]
    score, text = values.authority(
        chip, "CUC TRUONG CUC CẢNH SÁT QUAN LÝ HANH CHINH VỀ TRẬT TỰ XÃ HỘI"
    )
    assert score > 0.9
    assert text == "CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI"


def _reading(text: str) -> Reading:
    return Reading(text, None, (0.9,) * len(text), 0.1, True)


QR = "001099000123||Nguyễn Văn Mẫu|01011999|Nam|Số 1, Phường Ví Dụ, Quận Mẫu, Hà Nội|01072021"


def test_qr_corrects_and_confirms_the_print() -> None:
    kind = TYPES["tcc_chip"]
    readings = {
        "id": _reading("001099000128"),
        "name": _reading("NGUYÊN VĂN MẪU"),
        "born": _reading("01/01/1999"),
        "address": _reading("Số 1, Ví Du, Mâu, Hà Nội"),
    }
    made, proven, warnings = crosscheck.reconcile(readings, proofs.qr_proofs(QR, kind))
    assert {k: r.text for k, r in made.items()} == {
        "id": "001099000123", "name": "NGUYỄN VĂN MẪU", "born": "01/01/1999", "sex": "Nam",
        "address": "Số 1, Ví Dụ, Mẫu, Hà Nội",
    }  # fmt: skip
    assert proven == {"id", "name", "born", "sex", "address"}
    assert set(warnings) == {"id:from_qr", "name:from_qr", "sex:from_qr", "address:from_qr"}


def test_another_persons_code_proves_nothing() -> None:
    readings = {"id": _reading("079185001234"), "name": _reading("TRẦN THỊ BÍCH"),
                "born": _reading("02/03/1985"), "sex": _reading("Nữ")}  # fmt: skip
    made, proven, warnings = crosscheck.reconcile(readings, proofs.qr_proofs(QR, TYPES["tcc_chip"]))
    assert {k: r.text for k, r in made.items()} == {k: r.text for k, r in readings.items()}
    assert not proven
    assert warnings == ["qr:of_another"]


def test_a_lost_line_of_an_address_is_not_proven() -> None:
    _, proven, _ = crosscheck.reconcile(
        {"address": _reading("Mẫu, Hà Nội")}, {"address": proofs.Proof(
            "Số 1, Phường Ví Dụ, Quận Mẫu, Hà Nội", "qr", "words")}
    )  # fmt: skip
    assert not proven


def test_names_without_marks_prove_no_mark() -> None:
    proof = proofs.Proof("NGUYEN VAN MAU", "mrz", "folded")
    made, proven, warnings = crosscheck.reconcile(
        {"name": _reading("NGUYỄN VĂN MÂU")}, {"name": proof}
    )
    assert made["name"].text == "NGUYỄN VĂN MÂU"
    assert not proven
    assert not warnings
    _, _, warnings = crosscheck.reconcile({"name": _reading("NGUYỄN VĂN AN")}, {"name": proof})
    assert warnings == ["name:differs_from_mrz"]


def test_a_link_in_the_code_proves_nothing() -> None:
    assert proofs.qr_proofs("https://example.com/x", TYPES["tcc_chip"]) == {}


def test_mrz_proves_only_what_its_check_digits_hold() -> None:
    kind = TYPES["passport"]
    lines = (
        "P<VNMNGUYEN<<VAN<MAU<<<<<<<<<<<<<<<<<<<<<<<<",
        "E012345676VNM9901018M3401011001099000123<<30",
    )
    good = proofs.mrz_proofs(mrz.parse(lines), kind)
    assert good["id"].text == "E01234567"
    assert good["born"].text == "01/01/1999"
    assert good["duedate"].text == "01/01/2034"
    assert good["person_number"].text == "001099000123"
    assert good["sex"].how == "guess"  # no check digit guards it
    bad = proofs.mrz_proofs(mrz.parse((lines[0], lines[1].replace("990101", "990107"))), kind)
    assert "born" not in bad
    assert bad["id"].text == "E01234567"


def test_number_against_birth_and_sex() -> None:
    kind = TYPES["tcc_chip"]
    readings = {"id": _reading("001099000123"), "born": _reading("01/01/1999"),
                "sex": _reading("Nam")}  # fmt: skip
    assert crosscheck.number_agrees(kind, readings) is True
    assert crosscheck.number_agrees(kind, readings | {"sex": _reading("Nữ")}) is False
    assert crosscheck.number_agrees(TYPES["cmt"], {"id": _reading("012345678")}) is None


def test_confidence_falls_with_doubt() -> None:
    field = TYPES["tcc_chip"]["id"]

    def chance(characters: float, text: str = "001099000123") -> float:
        reading = Reading(text, None, (characters,) * 12, 0.1, True)
        return confidence.chance(field, reading, proven=False, agrees=None, zone=None)

    assert chance(0.999) > chance(0.9) > chance(0.5)
    assert chance(0.99) > chance(0.99, text="00109900012")
    sure = Reading("001099000123", None, (0.4,) * 12, 0.1, True)
    assert confidence.chance(field, sure, proven=True, agrees=None, zone=None) > 0.99
