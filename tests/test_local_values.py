"""Classes of mistakes seen on papers of other hands: captions, blocks, abbreviations, zones."""

from __future__ import annotations

import numpy as np
import pytest

from cvocr_lab import mrz
from cvocr_lab.engines.local import assess, classify, codes, crosscheck, values
from cvocr_lab.engines.local.line_reader import grown
from cvocr_lab.engines.local.parse import Reading, parse
from cvocr_lab.kinds import TYPES
from cvocr_lab.proofs import mrz_proofs
from cvocr_lab.results import Line, box_quad

SCALE = 10.0


def _line(text: str, x: float, y: float, tall: float = 3.0, *, sure: float = 0.99) -> Line:
    """A line whose top left is at `x`, `y` millimetres."""
    box = (x, y, x + 0.42 * tall * len(text), y + tall)
    return Line(text, sure, box_quad(*(v * SCALE for v in box)), (sure,) * len(text))


def _parsed(type_: str, lines: list[Line], layout: str | None = None) -> dict[str, str]:
    model = next(
        m for m in classify.models() if m.type.name == type_ and layout in (None, m.layout.name)
    )
    hits = classify.find_anchors(lines)
    readings = parse(lines, hits, model, np.diag([SCALE, SCALE, 1.0]), skip=set())
    return {name: reading.text for name, reading in readings.items()}


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("P. Vạn Phúc, Q. Hà Đông", "P. Vạn Phúc, Q. Hà Đông"),
        ("TP.HCM", "TP.HCM"),
        ("P.Hoà Hải, Q.Ngũ Hành Sơn . . . .", "P.Hoà Hải, Q.Ngũ Hành Sơn"),
        ("Tổ 4, Bình.Thuận....", "Tổ 4, Bình Thuận"),
        ("P.12, Q.5, TP. Hồ Chí Minh", "P.12, Q.5, TP. Hồ Chí Minh"),
        ("Km 1.5 QL.1A, Đông Hà.", "Km 1.5 QL.1A, Đông Hà"),
    ],
)
def test_a_leader_takes_no_dot_of_an_abbreviation(printed: str, value: str) -> None:
    assert values.take(TYPES["cmt"]["address"], [printed], leader=True) == value


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["Phường 9, Phú Nhuận, TP", "Hồ Chí Minh"], "Phường 9, Phú Nhuận, TP. Hồ Chí Minh"),
        (["P Vĩnh Ninh, Q.Thuận Hóa"], "P. Vĩnh Ninh, Q.Thuận Hóa"),
        (["Số 5, P Vĩnh Ninh, Q", "Thuận Hóa"], "Số 5, P. Vĩnh Ninh, Q. Thuận Hóa"),
        (["Ấp Bình X, Thôn P Lâm, TP"], "Ấp Bình X, Thôn P Lâm, TP"),
    ],
)
def test_a_unit_gets_the_dot_that_the_leader_hides(lines: list[str], value: str) -> None:
    assert values.take(TYPES["cmt"]["address"], lines, leader=True) == value


@pytest.mark.parametrize("value", ["Mông", "MÔNG", "Mường", "H'Mông", "Kinh", "Ê Đê"])
def test_values_of_a_closed_list_stay_as_spelt(value: str) -> None:
    assert values.take(TYPES["matsaucmt"]["dantoc"], [value]) == value


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("KB 934461", "KB 934461"), ("CD897119", "CD897119"), ("N° 68271643", "68271643"),
        ("756294344653", "756294344653"), ("Số: 2176614", "2176614"),
        ("No: D1457253", "D1457253"), ("N 123456", "123456"), ("Số (No): 68 902417", "68 902417"),
        ("Số (Number):7 5849738", "75849738"),
    ],
)  # fmt: skip
def test_a_certificate_keeps_the_letters_of_its_series(printed: str, value: str) -> None:
    assert values.take(TYPES["vehicle_registration_front"]["id"], [printed]) == value


@pytest.mark.parametrize(
    "text", ["HỒ CHÍ MINH", "Hồ Chí Minh", "Số nhà 59, ngách 22/8", "Số 4 Ngõ 189"]
)
def test_the_start_of_a_value_is_no_caption(text: str) -> None:
    assert classify.find_anchors([_line(text, 5, 5)]) == []


def test_a_long_caption_is_found_in_capitals_too() -> None:
    lines = [
        _line("ĐẶC ĐIỂM NHẬN DẠNG", 30, 5.0),
        _line("Sẹo thẳng 3cm cằm trái", 30, 9.0),
    ]
    assert _parsed("matsaucmt", lines)["dauvet"] == "Sẹo thẳng 3cm cằm trái"


def test_short_captions_are_still_found() -> None:
    for text in ("Số: 012345678", "Họ / Surname", "Số 161194385"):
        assert classify.find_anchors([_line(text, 5, 5)]), text


def test_a_signers_block_joins_no_value() -> None:
    got = _parsed(
        "matsaucmt",
        [
            _line("Dân tộc: Kinh", 25, 4), _line("Tôn giáo: Không", 55, 4),
            _line("DẤU VẾT RIÊNG VÀ DỊ HÌNH", 38, 9),
            _line("Sẹo chấm C: 2,5cm dưới mắt phải;", 25, 13),
            _line("Nốt ruồi sau gáy", 25, 17), _line("Ngày 11 tháng 07 năm 2000", 38, 22),
            _line("TL. GIÁM ĐỐC CA TP HÀ NỘI", 36, 26), _line("TRƯỞNG PHÒNG PC64", 42, 30),
            _line("Bạch Duy Hiếu", 44, 42),
        ],
    )  # fmt: skip
    assert got["dauvet"] == "Sẹo chấm C: 2,5cm dưới mắt phải; Nốt ruồi sau gáy"
    assert got["date"] == "11/07/2000"
    assert got["noicap"] == "CA TP HÀ NỘI"
    assert got["dantoc"] == "Kinh"


VEHICLE = [
    _line("Tên chủ xe: Hà Quỳnh Châu", 3, 3), _line("Địa chỉ: Tổ 7, ấp Đoài, Tây Ninh", 3, 8),
    _line("Nhãn hiệu: HYUNDAI", 3, 14), _line("Số máy: G4NA767738", 48, 14),
    _line("Màu sơn: Xanh lam", 3, 24), _line("Số khung: MALBA515624033223", 48, 19),
    _line("Biển số: 17G 665.71", 3, 36), _line("Thái Bình, ngày 28 tháng 02 năm 2010", 48, 36, 2.5),
    _line("KT. TRƯỞNG PHÒNG", 54, 40), _line("Thiếu tá Phan Minh Khôi", 52, 50),
]  # fmt: skip


def test_what_stands_beside_another_caption_is_its_value() -> None:
    cars = [*VEHICLE, _line("Số loại: ELANTRA", 3, 19), _line("Loại xe: Ô tô khách", 3, 29)]
    got = _parsed("vehicle_registration_back", cars, "car")
    assert got["model"] == "ELANTRA"
    assert got["color"] == "Xanh lam"
    assert got["issued_at"] == "Thái Bình"
    assert got["last_issue_date"] == "28/02/2010"
    assert got["brand"] == "HYUNDAI"


def test_the_model_of_a_motorbike_may_be_captioned_as_its_kind() -> None:
    got = _parsed("vehicle_registration_back", [*VEHICLE, _line("Loại xe: SIRIUS", 3, 19)])
    assert got["model"] == "SIRIUS"


def test_the_police_body_of_a_cover_is_read_from_its_header() -> None:
    got = _parsed(
        "vehicle_registration_front",
        [
            _line("BỘ CÔNG AN", 6, 2), _line("CA TỈNH TÂY NINH", 5, 6),
            _line("PHÒNG CẢNH SÁT GIAO THÔNG", 3, 10),
            _line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 48, 2),
            _line("CHỨNG NHẬN ĐĂNG KÝ XE", 30, 18), _line("Số (Number): 75849738", 30, 23),
            _line("Biển số đăng ký (No plate): 70-Y5 764.31", 3, 30),
        ],
    )  # fmt: skip
    assert got["issued_at"] == "CA TỈNH TÂY NINH PHÒNG CẢNH SÁT GIAO THÔNG"
    assert got["id"] == "75849738"
    assert got["plate"] == "70-Y5 764.31"


def test_a_residence_under_an_abbreviated_caption_is_no_origin() -> None:
    got = _parsed(
        "cmt",
        [
            _line("SỐ 111601556", 40, 16), _line("Họ tên: TẠ ĐINH THỊ NGOAN", 27, 22),
            _line("Sinh ngày: 19-06-1963", 27, 27), _line("Nguyên quán: Tân Hòa, Hòa Bình", 27, 32),
            _line("HKTT: Phú Lai, Yên Thủy", 27, 37),
        ],
    )  # fmt: skip
    assert got["country"] == "Tân Hòa, Hòa Bình"
    assert got["address"] == "Phú Lai, Yên Thủy"


def test_words_without_an_end_stay_words() -> None:
    zone = mrz.parse(
        mrz.format(
            mrz.Mrz(
                format="TD1", document_code="ID", issuer="VNM", number="099000123", birth="600101",
                sex="M", expiry="991231", nationality="VNM", surname="NGUYEN",
                given_names="VAN MAU", person_number="001060000123",
            )
        )
    )  # fmt: skip
    kind = TYPES["chip_id_card_2024_back"]
    read = {"duedate": Reading("Không thời hạn", None, (0.9,), 0.0, True)}
    made, proven, warnings = crosscheck.reconcile(read, mrz_proofs(zone, kind))
    assert made["duedate"].text == "Không thời hạn"
    assert "duedate" in proven
    assert warnings == []


def test_a_repaired_zone_proves_nothing_against_clear_print() -> None:
    found = codes.parse_zone(
        ["P<VNMDOAN<<THI<MY<LOAN<<<<<<<<<<<<<<<<<<<<<<",
         "P578689758VNM7703252F3401103040477277763<<70"]
    )  # fmt: skip  # printed is 048177277763: two digits were misread, and a third one "mended"
    assert found is not None
    zone, repaired = found
    assert repaired
    assert zone.person_number == "040477277753"
    read = {
        "person_number": Reading("048177277763", None, (1.0,) * 12, 0.0, True),
        "born": Reading("25/03/1977", None, (1.0,) * 10, 0.0, True),
    }
    said = mrz_proofs(zone, TYPES["passport"])
    wrong = assess.contradictions(read, said)
    made, proven, _ = crosscheck.reconcile(read, crosscheck.uncontradicted(said, wrong))
    assert made["person_number"].text == "048177277763"
    assert made["born"].text == "25/03/1977"
    assert "person_number" not in proven


def test_letters_stand_where_a_zone_has_letters_only() -> None:
    found = codes.parse_zone(
        ["P<UT0ERIKSS0N<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
         "L898902C36UT07408122F1204159ZE184226B<<<<<10"]
    )  # fmt: skip
    assert found is not None
    zone, _ = found
    assert (zone.issuer, zone.nationality, zone.surname) == ("UTO", "UTO", "ERIKSSON")
    assert zone.number == "L898902C3"


def test_boxes_grow_along_their_own_direction() -> None:
    upright = grown(np.array([[[10, 10], [110, 10], [110, 30], [10, 30]]], np.float32))
    assert upright[0, 0, 0] < 10
    assert upright[0, 0, 1] < 10
    assert upright[0, 2, 0] > 110
    assert grown(np.zeros((0, 4, 2), np.float32)).shape == (0, 4, 2)


def test_words_of_a_caption_that_no_layout_prints_join_no_value() -> None:
    lines = [
        _line("Nguyên quán: Đức Hòa, Mộ Đức", 25, 26),
        _line("Nơi đăng ký HKTT: Xóm 16, Sơn Hà", 25, 33),
        _line("Quảng Ngãi", 25, 37),
    ]
    got = _parsed("cmt", lines)
    assert got["country"] == "Đức Hòa, Mộ Đức"
    assert got["address"] == "Xóm 16, Sơn Hà Quảng Ngãi"


def test_the_rest_of_a_title_is_no_owner() -> None:
    lines = [
        _line("CHỨNG NHẬN ĐĂNG KÝ XE", 30, 3),
        _line("Tên chủ xe: Hà Quỳnh Châu", 2, 7),
        _line("Biển số: 70F-008.77", 2, 28),
    ]
    assert _parsed("vehicle_registration_back", lines)["name"] == "Hà Quỳnh Châu"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Họ và tên: HÀ DIỆU MAI", ["ho va ten"]),  # not "Họ và tên cha"
        ("Họ và tên cha: HÀ VĂN AN", ["ho va ten cha"]),
        ("Kiết, H. Chợ Gạo, Tiền Giang", []),  # not "Có giá trị đến"
        ("Số CD", ["so"]),
    ],
)
def test_a_caption_has_its_marks_and_ends_at_its_colon(text: str, keys: list[str]) -> None:
    assert [hit.key for hit in classify.find_anchors([_line(text, 2, 3)])] == keys


def test_a_word_of_a_closed_list_does_not_go_on_in_the_next_row() -> None:
    lines = [
        _line("Dân tộc: Kinh", 2, 3),
        _line("Tôn giáo: Không", 2, 7),
        _line("DẤU VẾT RIÊNG VÀ DỊ HÌNH", 16, 11),
        _line("Sẹo chấm trên sống", 3, 14.5),
        _line("mũi", 3, 18),
    ]
    got = _parsed("matsaucmt", lines)
    assert (got["dantoc"], got["tongiao"]) == ("Kinh", "Không")
    assert got["dauvet"] == "Sẹo chấm trên sống mũi"


def test_a_value_stands_beside_the_caption_of_a_date() -> None:
    lines = [
        _line("Quê quán / Place of origin:", 25, 34, 2.5),
        _line("Hưng Mỹ, Cái Nước, Cà Mau", 25, 37),
        _line("Nơi thường trú / Place of residence:", 25, 40, 2.5),
        _line("Thị trấn Sông Đốc, Tỉnh Cà", 25, 43),
        _line("Mau", 25.5, 46),
        _line("Có giá trị đến/ Date of", 0.9, 46.5, 2.5),
        _line("20/10/2031", 0.9, 50),
    ]
    got = _parsed("tcc_chip", lines)
    assert got["country"] == "Hưng Mỹ, Cái Nước, Cà Mau"
    assert got["address"] == "Thị trấn Sông Đốc, Tỉnh Cà Mau"


def test_a_nationality_in_capitals_is_one() -> None:
    field = TYPES["passport"]["nationality"]
    assert values.misfit(field, "VIỆT NAM / VIETNAMESE") < 0 < values.misfit(field, "HẢI DƯƠNG")


def test_what_is_hardly_read_joins_no_value_that_is_clearly_read() -> None:
    lines = [
        _line("Nguyên quán: Đức Hòa, Mộ Đức", 25, 26),
        _line("WA T SÚN C", 25, 29.5, sure=0.6),
    ]
    assert _parsed("cmt", lines)["country"] == "Đức Hòa, Mộ Đức"
    faint = [_line("Nguyên quán: Đức Hòa, Mộ Đức", 25, 26, sure=0.6)]
    assert _parsed("cmt", faint)["country"] == "Đức Hòa, Mộ Đức"


@pytest.mark.parametrize("read", ["CÔNG AN", "ÔNG AN", "XÔNG AN"])
def test_the_police_is_known_without_its_first_letter(read: str) -> None:
    field = TYPES["matsaucmt"]["noicap"]
    assert values.authority(field, f"GIÁM ĐỐC {read} TỈNH HOÀ BÌNH")[1] == "CÔNG AN TỈNH HOÀ BÌNH"


def test_values_without_readable_captions_are_found_where_the_other_captions_place_them() -> None:
    higher = 7.0  # millimetres; the layout's own places would name the next row's fields
    lines = [
        _line("Số / No.: 079064994946", 27, 27.0 - higher),
        _line("Họ và tên / Full name:", 27, 30.0 - higher),
        _line("PHẠM KHẮC BÌNH", 27, 33.0 - higher),
        _line("ih / Dare of bim 06/11/1964", 27, 36.0 - higher),
        _line("Nam", 33, 39.0 - higher),
        _line("Quốc tịch / Nationality: Việt Nam", 46, 39.0 - higher),
        _line("Quê quán / Place of origin:", 27, 42.5 - higher),
        _line("Thạnh Lộc, Quận 12", 27, 46.0 - higher),
    ]
    got = _parsed("tcc_chip", lines)
    assert got["born"] == "06/11/1964"
    assert got["sex"] == "Nam"
    assert got["name"] == "PHẠM KHẮC BÌNH"
    assert got["country"] == "Thạnh Lộc, Quận 12"


def test_a_caption_read_ill_counts_where_it_should_stand() -> None:
    lines = [
        _line("Giới tính / Sex: Nam", 27, 39.0),
        _line("Quốc na / natly: Việt Nam", 54, 39.0),
        _line("Quê quán / Place of origin:", 27, 42.5),
        _line("Thạnh Lộc, Quận 12", 27, 46.0),
    ]
    assert _parsed("tcc_chip", lines)["quoctich"] == "Việt Nam"


def test_small_print_that_is_hardly_read_joins_no_value() -> None:
    lines = [
        _line("Đặc điểm nhân dạng / Personal identification:", 2, 1.0, 2.4),
        _line("Sẹo dài 1cm ngang cằm, cách mép phải", 2, 4.0, 3.4),
        _line("Ieft idex Fndet", 56, 3.6, 1.9, sure=0.69),
    ]
    assert _parsed("matsautcc_chip", lines)["dauvet"] == "Sẹo dài 1cm ngang cằm, cách mép phải"


def test_a_value_found_in_two_parts_stays_together() -> None:
    lines = [
        _line("Họ và tên: HÀ CÔNG THUỴ", 24, 18.0),
        _line("Nguyên quán: Xuân Sơn, Hóc Môn, TP.", 24, 25.0),
        _line("Hồ", 68.6, 25.0),
        _line("Chí Minh", 24, 29.0),
    ]
    got = _parsed("cmt", lines)
    assert got["country"] == "Xuân Sơn, Hóc Môn, TP. Hồ Chí Minh"
    assert got["name"] == "HÀ CÔNG THUỴ"


def test_lines_that_follow_one_another_are_parted() -> None:
    boxes = np.array(
        [[[10, 10], [110, 10], [110, 40], [10, 40]], [[112, 11], [160, 11], [160, 41], [112, 41]]],
        np.float32,
    )
    first, second = grown(boxes)
    assert first[1, 0] == second[0, 0] == pytest.approx(111, abs=1)


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        (
            "ễm nhân dạng: Nốt ruồi cách 3cm sau cánh mũi phải",
            "Nốt ruồi cách 3cm sau cánh mũi phải",
        ),
        ("ễm nhân dạng Nốt ruồi cách 3cm sau cánh mũi phải", "Nốt ruồi cách 3cm sau cánh mũi phải"),
        ("nhân dạng: Sẹo chấm trên trán", "Sẹo chấm trên trán"),
    ],
)
def test_the_end_of_a_caption_is_no_value_where_its_beginning_is_hidden(
    printed: str, value: str
) -> None:
    assert _parsed("matsautcc", [_line(printed, 24, 5.0)])["dauvet"] == value


def test_the_second_line_of_a_value_is_no_end_of_a_caption() -> None:
    line = _line("quản lý hành chính về trật tự xã hội", 40, 30)
    assert classify.find_anchors([line]) == []


def test_ill_read_print_at_the_edge_joins_no_value() -> None:
    strange = "QỊ 8ƯQA"
    lines = [
        _line("Nguyên quán: Phổng Lái, Thuận Châu,", 25, 26),
        _line("Sơn La", 25, 30),
        Line(strange, 0.71, box_quad(780, 300, 855, 330), (0.71,) * len(strange)),
    ]
    assert _parsed("cmt", lines)["country"] == "Phổng Lái, Thuận Châu, Sơn La"


def test_a_number_of_a_chassis_joins_no_address() -> None:
    lines = [
        _line("Địa chỉ (Address): Tổ 11, Phường", 3, 8), _line("Hà Tu, Quảng Ninh", 3, 12),
        _line("MNBUMFFTL21387614", 48, 12), _line("Nhãn hiệu: FORD", 3, 16),
    ]  # fmt: skip
    got = _parsed("vehicle_registration_back", lines)
    assert got["address"] == "Tổ 11, Phường Hà Tu, Quảng Ninh"


def test_an_authority_follows_the_title_of_a_deputy() -> None:
    field = TYPES["matsaucmt"]["noicap"]
    signer = "KT. GIÁM ĐỐC PHÓ GIÁM ĐỐC"
    assert values.authority(field, f"{signer} CA. TỈNH SƠN LA")[1] == "CA. TỈNH SƠN LA"
    assert values.authority(field, signer)[0] == 0.0


def test_a_day_that_is_half_read_joins_no_value() -> None:
    lines = [
        _line("Đặc điểm nhân dạng:", 24, 5), _line("Sẹo chấm dưới mắt phải", 24, 9),
        _line("Ngày 21 tháng ()", 28, 13),
    ]  # fmt: skip
    assert _parsed("matsautcc", lines)["dauvet"] == "Sẹo chấm dưới mắt phải"


def test_an_ill_read_caption_under_a_short_value_is_no_part_of_it() -> None:
    lines = [
        _line("Họ tên: ĐẶNG ĐỨC KHOA", 25, 16), _line("Sinh ngày: 07/01/1985", 25, 21),
        _line("Nguyên quán: Phước Hữu, Ninh Thuận", 25, 26),
        _line("Nơi CNN thườờng srúc Ấp Mỹ Phước, Cẩm", 25, 31), _line("Giàng, Hải Dương", 30, 36),
    ]  # fmt: skip
    got = _parsed("cmt", lines)
    assert got["country"] == "Phước Hữu, Ninh Thuận"
    assert got["address"] == "Ấp Mỹ Phước, Cẩm Giàng, Hải Dương"


@pytest.mark.parametrize(
    ("printed", "value"),
    [("H' LOAN ÊBAN", "H' LOAN ÊBAN"), ("H'LOAN ÊBAN", "H'LOAN ÊBAN"), ("' VŨ AN'", "VŨ AN")],
)
def test_a_name_keeps_the_apostrophe_of_a_word_of_one_letter(printed: str, value: str) -> None:
    assert values.take(TYPES["tcc"]["name"], [printed]) == value


def test_a_speck_before_the_police_body_is_no_part_of_it() -> None:
    lines = ["C CÔNG AN TỈNH NINH THUẬN", "PHÒNG CẢNH SÁT GIAO THÔNG", "Độc lập - Tự do"]
    assert values.police_body(lines) == "CÔNG AN TỈNH NINH THUẬN PHÒNG CẢNH SÁT GIAO THÔNG"
