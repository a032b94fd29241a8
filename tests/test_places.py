import pytest
from hypothesis import given
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
    provinces,
    successor,
    wards,
)
from cvocr_lab.text import CHARSET, fold, new_tone

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
