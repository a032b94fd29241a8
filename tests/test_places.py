import collections

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cvocr_lab.data import rows
from cvocr_lab.places import (
    Era,
    birth_year,
    by_id_code,
    by_plate_code,
    check_citizen_id,
    districts,
    is_abroad,
    match_province,
    parse_address,
    provinces,
    successor,
    wards,
)
from cvocr_lab.text import CHARSET, fold, fold_key, new_tone, old_tone

NEVER_GIVEN = {
    f"{code:03d}"
    for code in (
        *(3, 5, 7, 9, 13, 16, 18, 21, 23, 28, 29, 32, 39, 41, 43, 47, 50, 53, 55, 57, 59, 61, 63),
        *(65, 69, 71, 73, 76, 78, 81, 85, 88, 90),
    )
}


def test_every_code_stands_once() -> None:
    old, new = provinces("old"), provinces("new")
    assert (len(old), len(new)) == (63, 34)
    assert len({place.code for place in old}) == 63
    assert {code for place in new for code in place.id_codes} == {place.code for place in old}
    for era in (old, new):
        plates = [plate for place in era for plate in place.plates]
        assert len(plates) == len(set(plates))
    assert sum(place.kind == "city" for place in old) == 5
    assert sum(place.kind == "city" for place in new) == 6


def test_codes_of_the_number() -> None:
    for number in range(97):
        code = f"{number:03d}"
        assert (by_id_code(code) is None) == (code in NEVER_GIVEN or number == 0)
    assert [is_abroad(code) for code in ("100", "101", "295", "296", "1", "٢٠٠")] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("code", "old_name", "new_name"),
    [
        ("15", "Yên Bái", "Lào Cai"),
        ("24", "Bắc Giang", "Bắc Ninh"),
        ("44", "Quảng Bình", "Quảng Trị"),
        ("52", "Bình Định", "Gia Lai"),
        ("80", "Long An", "Tây Ninh"),
        ("82", "Tiền Giang", "Đồng Tháp"),
        ("91", "Kiên Giang", "An Giang"),
    ],
)
def test_codes_that_changed_hands(code: str, old_name: str, new_name: str) -> None:
    old = by_id_code("0" + code)
    new = next(place for place in provinces("new") if place.code == code)
    assert old is not None
    assert (old.name, new.name) == (old_name, new_name)
    assert successor(old_name) == new
    assert successor(new_name) == new  # the partner went the same way


def plate_owner(code: str, era: Era) -> str | None:
    place = by_plate_code(code, era=era)
    return place.name if place else None


def test_plates() -> None:
    assert [plate_owner("61", era) for era in ("old", "new")] == ["Bình Dương", "Hồ Chí Minh"]
    assert {plate_owner(str(n), "old") for n in range(50, 60)} == {"Hồ Chí Minh"}
    for unused in (10, 13, 42, 44, 45, 46, 80, 87, 91, 96):
        assert plate_owner(str(unused), "new") is None


def test_successor_of_nothing() -> None:
    assert successor("thừa thiên-huế").name == "Huế"
    with pytest.raises(ValueError, match="old era"):
        successor("Atlantis")


@pytest.mark.parametrize("era", ["old", "new"])
def test_every_name_matches_itself(era: Era) -> None:
    for place in provinces(era):
        for spelling in (
            place.name,
            place.name.upper(),
            fold(place.name),
            new_tone(place.name),
            place.name.replace(" ", ""),
            f"Tỉnh {place.name}",
            f"TP. {place.name}",
        ):
            assert match_province(spelling, era=era) == (place, 1.0), spelling


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("TP HCM", "Hồ Chí Minh"),
        ("TPHCM", "Hồ Chí Minh"),
        ("T.P Hồ Chí Minh", "Hồ Chí Minh"),
        ("Thừa Thiên-Huế", "Thừa Thiên Huế"),
        ("Huế", "Thừa Thiên Huế"),
        ("Đăk Lăk", "Đắk Lắk"),
        ("Đắc Nông", "Đắk Nông"),
        ("Bà Rịa-Vũng Tàu", "Bà Rịa - Vũng Tàu"),
        ("BR-VT", "Bà Rịa - Vũng Tàu"),
        ("Kontum", "Kon Tum"),
        ("BN", "Bắc Ninh"),
        ("HN", "Hà Nội"),
    ],
)
def test_other_spellings(spelling: str, name: str) -> None:
    found = match_province(spelling)
    assert found is not None
    assert (found[0].name, found[1]) == (name, 1.0)


@pytest.mark.parametrize(
    ("misread", "name"),
    [("Quảng Trj", "Quảng Trị"), ("Ha Nôl", "Hà Nội"), ("Thanh Hoa", "Thanh Hóa")],
)
def test_misread_names(misread: str, name: str) -> None:
    found = match_province(misread)
    assert found is not None
    assert found[0].name == name
    assert 0.8 <= found[1] <= 1


@pytest.mark.parametrize("other", ["", "12", "bn", "QN", "Nguyễn", "Quận 1", "Tân Bình", "ABCD"])
def test_no_province(other: str) -> None:
    assert match_province(other) is None


def test_old_name_is_no_misread_new_one() -> None:
    assert match_province("Hà Giang", era="new") is None


@given(st.text(alphabet=CHARSET, max_size=20))
def test_scores_stay_in_range(anything: str) -> None:
    found = match_province(anything)
    assert found is None or 0.8 <= found[1] <= 1


def test_wards_and_districts() -> None:
    for place in provinces("old"):
        assert len(districts(place.name)) >= 3
        assert len(wards(place.name, "old")) >= 9
    for place in provinces("new"):
        assert districts(place.name, "new") == ()
        assert len(wards(place.name)) >= 38
    assert "Quận 1" in districts("Hồ Chí Minh")
    inside = wards("Hà Nội", "old", district="Ba Vì")
    assert inside
    assert set(inside) < set(wards("Hà Nội", "old"))
    assert wards("Atlantis") == wards("Atlantis", "old") == ()


@pytest.mark.parametrize(
    ("number", "birth", "sex", "problems"),
    [
        ("001099000123", "01/01/1999", "Nam", ()),
        ("001099000123", None, None, ()),
        ("079301000123", "2001-05-06", "Nữ", ()),
        ("079301000123", "2001", "NỮ", ()),
        ("150199000123", "01-01-1999", "F", ()),
        ("001099000123", "01/01/1998", "Nam", ("birth year differs from digits 4 to 6",)),
        ("001099000123", "01/01/1999", "Nữ", ("sex differs from digit 4",)),
        ("003099000123", None, None, ("province code never given",)),
        ("300099000123", None, None, ("province code never given",)),
        ("001999000123", None, None, ("birth year lies ahead",)),
        ("00109900012", None, None, ("not 12 digits",)),
        ("00109900012O", "01/01/1999", "Nam", ("not 12 digits",)),
        ("", None, None, ("not 12 digits",)),
    ],
)
def test_check_citizen_id(
    number: str, birth: str | None, sex: str | None, problems: tuple[str, ...]
) -> None:
    assert check_citizen_id(number, birth=birth, sex=sex) == problems


@given(st.integers(1900, 2399), st.booleans())
def test_birth_year(year: int, female: bool) -> None:
    digit = (year // 100 - 19) * 2 + female
    assert birth_year(f"001{digit}{year % 100:02d}000123") == year


@pytest.mark.parametrize(
    "table",
    [
        "provinces",
        "wards_new",
        "wards_old",
        "places_sample",
        "names",
        "ethnic_groups",
        "religions",
        "authorities",
    ],
)
def test_tables_hold_readable_text(table: str) -> None:
    table_rows = rows(f"{table}.csv")
    assert table_rows
    for row in table_rows:
        assert None not in row
        assert set("".join(row.values())) <= set(CHARSET), row
    assert rows(f"{table}.csv") is table_rows


def test_name_lists() -> None:
    kinds: dict[str, list[str]] = {}
    for row in rows("names.csv"):
        kinds.setdefault(row["kind"], []).append(row["name"])
        assert int(row["weight"]) > 0
    assert len(kinds["surname"]) >= 60
    assert sum(len(names) for kind, names in kinds.items() if kind.startswith("given")) >= 150
    assert all(len(names) == len(set(names)) for names in kinds.values())
    assert len(rows("ethnic_groups.csv")) == 54


Parts = tuple[str, str, str, str]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        # the comma before a district or a province is lost
        ("Số 3, Phường 4 Quận 5, Hồ Chí Minh", ("Số 3", "Phường 4", "Quận 5", "Hồ Chí Minh")),
        ("Bến Nghé, Quận 1 Hồ Chí Minh", ("", "Bến Nghé", "Quận 1", "Hồ Chí Minh")),
        ("Vinh Nghệ An", ("", "", "Vinh", "Nghệ An")),
        ("Xóm 2, Phúc Xá Ba Đình Hà Nội", ("Xóm 2", "Phúc Xá", "Ba Đình", "Hà Nội")),
        ("Tổ 5 Phúc Xá, Ba Đình, Hà Nội", ("Tổ 5", "Phúc Xá", "Ba Đình", "Hà Nội")),
        ("Chánh Lộ Quảng Ngãi Quảng Ngãi", ("", "Chánh Lộ", "Quảng Ngãi", "Quảng Ngãi")),
        ("xã Yên Trung huyện Thạnh Thất tp hà nội", ("", "Yên Trung", "Thạch Thất", "Hà Nội")),
        # no unit word, another unit word, words glued
        ("9 Hàng Bè, P8Q10, HCM", ("9 Hàng Bè", "Phường 8", "Quận 10", "Hồ Chí Minh")),
        ("số 4 đường 9 phường 6 quận 4", ("số 4 đường 9", "Phường 6", "Quận 4", "Hồ Chí Minh")),
        ("5 Lê Lợi, F.14,Q10 HCM", ("5 Lê Lợi", "Phường 14", "Quận 10", "Hồ Chí Minh")),
        ("Cầu Giấy District, Ha Noi City", ("", "", "Cầu Giấy", "Hà Nội")),
        ("Phường: Cô Giang - Quận: 1", ("", "Cô Giang", "Quận 1", "Hồ Chí Minh")),
        ("Phường 12 Quận X", ("", "Phường 12", "Quận 10", "Hồ Chí Minh")),
        # something stands behind the units
        ("5 Láng, Cầu Giấy, Hà Nội 100000", ("5 Láng, 100000", "", "Cầu Giấy", "Hà Nội")),
        ("P5 Q8, HCM (gần chợ)", ("gần chợ", "Phường 5", "Quận 8", "Hồ Chí Minh")),
        ("Ngõ 2, Hanoi, quận Thanh Xuân", ("Ngõ 2", "", "Thanh Xuân", "Hà Nội")),
        # the province is told twice, or is that of the only district of the name
        ("7 Võ Thị Sáu, Ho Chi Minh City, Ho Chi Minh", ("7 Võ Thị Sáu", "", "", "Hồ Chí Minh")),
        ("Tp. Thái Bình, Thái Bình", ("", "", "Thái Bình", "Thái Bình")),
        ("Nghĩa Tân, Cầu Giấy", ("", "Nghĩa Tân", "Cầu Giấy", "Hà Nội")),
        ("12 Hòa Bình, Q. Tân Phú", ("12 Hòa Bình", "", "Tân Phú", "Hồ Chí Minh")),
        # a street is no ward, a district of the past is one of 2025
        ("02 Kim Giang, Thanh Xuân, Hà Nội", ("02 Kim Giang", "", "Thanh Xuân", "Hà Nội")),
        ("Ngõ 4 Kim Giang, Thanh Xuân, Hà Nội", ("Ngõ 4 Kim Giang", "", "Thanh Xuân", "Hà Nội")),
        ("An Khánh, Quận 2, HCM", ("", "An Khánh", "Thủ Đức", "Hồ Chí Minh")),
        ("5 Lê Lai, Phường 07, Quận 03, TPHCM", ("5 Lê Lai", "Phường 7", "Quận 3", "Hồ Chí Minh")),
        ("Phố Huế, Hà Đông, Tỉnh Hà Tây", ("Phố Huế", "", "Hà Đông", "Hà Nội")),
        ("Tổ 9, Hai Phong, Haiphong", ("Tổ 9", "", "", "Hải Phòng")),
        ("Số 9 - Tỉnh Thừa Thiên - Huế", ("Số 9", "", "", "Thừa Thiên Huế")),
        # initials of the only district that has them; a house is no district
        ("Ngõ 8 - ĐĐ - Hà Nội", ("Ngõ 8", "", "Đống Đa", "Hà Nội")),
        ("Tầng 3, 24 Láng, Hà Nội", ("Tầng 3, 24 Láng", "", "", "Hà Nội")),
        # the ward is in the district of nearly the same name
        ("Xuân Phương, Bắc Từ Liêm, Hà Nội", ("", "Xuân Phương", "Nam Từ Liêm", "Hà Nội")),
    ],
)  # fmt: skip
def test_addresses_without_their_commas(text: str, parts: Parts) -> None:
    found = parse_address(text, era="old")
    assert (found.house, found.ward, found.district, found.province) == parts


def test_a_street_that_is_named_like_a_ward_is_told() -> None:
    assert parse_address("02 Kim Giang, Thanh Xuân, Hà Nội", era="old").unknown == ("ward",)


@pytest.mark.parametrize(
    ("text", "parts", "era"),
    [
        ("Số 5 Trần Hưng Đạo, Phường Hoàn Kiếm, Thành phố Hà Nội",
         ("Số 5 Trần Hưng Đạo", "Hoàn Kiếm", "", "Hà Nội"), "new"),
        ("Số 5 Trần Hưng Đạo, Quận Hoàn Kiếm, Thành phố Hà Nội",
         ("Số 5 Trần Hưng Đạo", "", "Hoàn Kiếm", "Hà Nội"), "old"),
        ("Phường Trần Hưng Đạo, Quận Hoàn Kiếm, Hà Nội",
         ("", "Trần Hưng Đạo", "Hoàn Kiếm", "Hà Nội"), "old"),
        ("Quán Thánh, Ba Đình, Hà Nội", ("", "Quán Thánh", "Ba Đình", "Hà Nội"), "old"),
    ],
)  # fmt: skip
def test_unit_words_tell_the_era(text: str, parts: Parts, era: str) -> None:
    found = parse_address(text)
    assert (found.house, found.ward, found.district, found.province) == parts
    assert found.era == era
    assert found.score == 1


@pytest.mark.parametrize(
    "country", [", Việt Nam", ", Vietnam", " - VN", " Viet Nam", ", VIỆT NAM."]
)
def test_a_country_at_the_end_hides_nothing(country: str) -> None:
    found = parse_address(f"Tổ 5, Phúc Xá, Ba Đình, Hà Nội{country}")
    assert str(found) == "Tổ 5, Phúc Xá, Ba Đình, Hà Nội"
    assert found.country == country.lstrip(" ,-")
    assert parse_address("Việt Nam").country == ""


OLD_WARDS = [row for row in rows("wards_old.csv") if row["ward"] and not row["until"]]
NUMBERED = [row for row in OLD_WARDS if row["ward"].startswith("Phường ")]
OLD_NAMES = {place.code: place.name for place in provinces("old")}


def test_every_numbered_ward_is_found_without_the_comma_before_its_district() -> None:
    assert len(NUMBERED) > 200
    for row in NUMBERED:
        text = f"Số 3, {row['ward']} {row['district']}, {OLD_NAMES[row['province_code']]}"
        found = parse_address(text, era="old")
        assert (found.house, found.ward, found.district) == ("Số 3", row["ward"], row["district"])


UNIT_WORDS = {
    "phường",
    "xã",
    "quận",
    "huyện",
    "tp",
    "p",
    "q",
    "thành",
    "phố",
    "tỉnh",
    "thị",
    "trấn",
}


def test_a_near_name_of_a_province_gives_way_to_the_one_at_the_end() -> None:
    found = parse_address("Thanh Hối, Tân Lạc Hòa Bình", era="new")
    assert str(found) == "Thanh Hối, Tân Lạc Hòa Bình"  # not in Thanh Hóa


@settings(max_examples=60, deadline=None)
@given(
    row=st.sampled_from(OLD_WARDS),
    house=st.sampled_from(["", "Hạ", "Thượng", "Số 12 Lê Lợi", "Xóm 3", "Quỳnh", "45/7 Kim Giang"]),
    gaps=st.lists(st.sampled_from([", ", " ", ",", " - ", ", , "]), min_size=3, max_size=3),
    end=st.sampled_from(["", ", Việt Nam", " 0912345678", " (gần chợ Mới)", ", VN"]),
    era=st.sampled_from([None, "old", "new"]),
    letter=st.sampled_from(["", "", "A ", "B ", "Đ ", "K ", " B", " C", " Y"]),
    beside=st.integers(0, 3),
)
def test_no_word_of_an_address_is_lost(
    row: dict[str, str],
    house: str,
    gaps: list[str],
    end: str,
    era: Era | None,
    letter: str,
    beside: int,
) -> None:
    province = OLD_NAMES[row["province_code"]]
    assume(era != "new" or row["district"] != province)  # there it is the province told twice
    parts = [p for p in (house, row["ward"], row["district"], province) if p]
    at = min(beside, len(parts) - 1)
    parts[at] = letter + parts[at] if letter.endswith(" ") else parts[at] + letter
    text = parts[0] + "".join(g + p for g, p in zip(gaps, parts[1:], strict=False)) + end
    found = parse_address(text, era=era)
    written = f"{found} {found.country}"
    kept = collections.Counter(fold_key(written).split())
    lost = collections.Counter(fold_key(old_tone(text)).split()) - kept
    units = {fold(word) for word in UNIT_WORDS}
    assert not set(lost) - units - {"an", "thua", "thien"}, (text, written)
    assert str(parse_address(str(found), era=era)) == str(found)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Thị xã Kỳ Anh tỉnh Hà Tĩnh", ("", "", "Kỳ Anh", "Hà Tĩnh")),
        ("Tổ 5, TT Định An huyện Trà Cú, Trà Vinh", ("Tổ 5", "Định An", "Trà Cú", "Trà Vinh")),
        ("Trung Thành Phổ Yên, Thái Nguyên", ("", "Trung Thành", "Phổ Yên", "Thái Nguyên")),
        ("15/135 Cát Bi, Hai Phong, Haiphong, Vietnam", ("15/135 Cát Bi", "", "", "Hải Phòng")),
        (
            "48TT8B Khu đô thị Văn Quán Hà Nội",
            ("48TT8B Khu đô thị", "Văn Quán", "Hà Đông", "Hà Nội"),
        ),
        ("Ngõ 86, Cầu Diễn, Việt Nam", ("Ngõ 86", "Cầu Diễn", "Nam Từ Liêm", "Hà Nội")),
        (
            "Phường Hải Châu 1, Hải Châu, Thành phố Đà Nẵng",
            ("", "Hải Châu I", "Hải Châu", "Đà Nẵng"),
        ),
    ],
)
def test_units_are_told_by_their_words_and_by_what_is_unique(text: str, parts: Parts) -> None:
    found = parse_address(text)
    assert (found.house, found.ward, found.district, found.province) == parts
    assert not found.unknown


def test_a_ward_before_the_country_is_placed_only_where_its_name_is_unique() -> None:
    assert "province" in parse_address("Ngõ 86, Tân Lập, Việt Nam").unknown
    assert "province" in parse_address("Ngõ 86, Cầu Diễn").unknown


def test_the_house_does_not_change_where_the_units_are_found() -> None:
    units = "P. Phúc Xá, Q.Ba Đinh, TP Hà Nội"
    bare = parse_address(units)
    for house in ("Tổ 5", "Số 12 Lê Lợi", "SN 8, Ngõ 15"):
        assert parse_address(f"{house}, {units}") == bare._replace(house=house)


@pytest.mark.parametrize("behind", [" (cũ)", " - cũ", " cũ", ", cũ", " (mới)", " mới", ", Lô 5"])
@pytest.mark.parametrize(
    ("units", "parts"),
    [
        ("Nguyễn Văn Cừ, Quy Nhơn, Bình Định", ("Nguyễn Văn Cừ", "Quy Nhơn", "Bình Định")),
        ("P. Phúc Xá, Q. Ba Đình, Hà Nội", ("Phúc Xá", "Ba Đình", "Hà Nội")),
        ("Sịa, Quảng Điền, Thừa Thiên Huế", ("Sịa", "Quảng Điền", "Thừa Thiên Huế")),
    ],
)
def test_words_behind_the_province_stay_in_the_rest(
    units: str, parts: tuple[str, str, str], behind: str
) -> None:
    found = parse_address(f"Tổ 5, {units}{behind}")
    assert (found.ward, found.district, found.province) == parts
    assert found.house == f"Tổ 5, {behind.strip(' -,()')}"


@pytest.mark.parametrize("country", ["(Việt Nam)", "[Vietnam]", "(VN)"])
def test_a_country_may_stand_in_brackets(country: str) -> None:
    found = parse_address(f"Long Tân, Đất Đỏ, Bà Rịa - Vũng Tàu {country}")
    assert str(found) == "Long Tân, Đất Đỏ, Bà Rịa - Vũng Tàu"
    assert found.country == country[1:-1]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Phúc Xá B, Ba Đình, Hà Nội", ("B", "Phúc Xá", "Ba Đình", "Hà Nội")),
        ("Phúc Xá, B Ba Đình, Hà Nội", ("B", "Phúc Xá", "Ba Đình", "Hà Nội")),
        ("Tổ 5, Phúc Xá, Ba Đình, Hà Nội B", ("B Tổ 5", "Phúc Xá", "Ba Đình", "Hà Nội")),
        ("B Nưa, Triệu Sơn, Thanh Hóa", ("B", "Nưa", "Triệu Sơn", "Thanh Hóa")),
        # a letter that a blank parts from its word is kept in it
        ("Phúc X á, B a Đình, Hà Nội", ("", "Phúc Xá", "Ba Đình", "Hà Nội")),
        ("Số 4A, P. Phúc Xá, Q. Ba Đinh, T. Hà Nội", ("Số 4A", "Phúc Xá", "Ba Đình", "Hà Nội")),
    ],
)
def test_a_letter_that_stands_alone_stays_in_the_rest(text: str, parts: Parts) -> None:
    found = parse_address(text, era="old")
    assert (found.house, found.ward, found.district, found.province) == parts


@pytest.mark.parametrize(
    "text",
    [
        "Thượng Tân Hóa, Minh Hóa, Quảng Bình",
        "Hạ Pờ Y, Ngọc Hồi Kon Tum",
        "Bình Tân Lập, Mộc Châu, Sơn La",
    ],
)
def test_a_short_hamlet_is_no_misread_unit_word(text: str) -> None:
    """Thượng is one letter from phường, Hạ from xã; the hamlet must not vanish."""
    found = parse_address(text, era="old")
    assert fold_key(str(found)) == fold_key(text)
