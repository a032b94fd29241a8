from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvocr_lab import kinds
from cvocr_lab.errors import ArgumentError
from cvocr_lab.kinds import FIELD_TYPES, TYPES, DocumentType, FieldError, FieldType

ALL_TYPES = sorted(TYPES)


@pytest.mark.parametrize("name", sorted(FIELD_TYPES))
@given(seed=st.integers(0, 2**32))
def test_parse_undoes_format(name: str, seed: int) -> None:
    kind: FieldType = FIELD_TYPES[name]
    made = kind.sample(random.Random(seed))
    assert kind.parse(kind.format(made)) == made


@pytest.mark.parametrize("name", sorted(FIELD_TYPES))
def test_samples_are_deterministic_and_stay_in_the_alphabet(name: str) -> None:
    kind = FIELD_TYPES[name]
    made = [kind.sample(random.Random(seed)) for seed in range(50)]
    assert made == [kind.sample(random.Random(seed)) for seed in range(50)]
    if kind.alphabet:
        assert set("".join(map(kind.format, made))) <= set(kind.alphabet)


@pytest.mark.parametrize("name", sorted(FIELD_TYPES))
def test_nothing_is_not_a_value(name: str) -> None:
    with pytest.raises(FieldError):
        FIELD_TYPES[name].parse("  ")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("DATE", "24 / 07/1990", "1990-07-24"),
        ("DATE", "Ngày 11 tháng 03 năm 2019", "2019-03-11"),
        ("BIRTH_DATE_CMND", "24-07-1990", "1990-07-24"),
        ("BIRTH_DATE_CMND", "1955", "1955"),
        ("EXPIRY_DATE", "KHÔNG THỜI HẠN", "Không thời hạn"),
        ("EXPIRY_DATE", "Vô thời hạn", "Không thời hạn"),
        ("PLATE_CAR", "99A-123.45", "99A12345"),
        ("PLATE_BIKE", "59X2-123.45", "59X212345"),
        ("PLATE_BIKE", "29-MĐ1 123.45", "29MĐ112345"),
        ("DATE", "1/2/1999", "1999-02-01"),
        ("DATE", "01.02.1999", "1999-02-01"),
        ("DATE", "ngày (date) 5 tháng (month) 3 năm (year) 2019", "2019-03-05"),
        ("PLATE_CAR", "30A-1234", "30A1234"),
        ("PLATE_CAR", "30A 123 45", "30A12345"),
        ("PLATE_CAR", "80-123-NG-45", "80123NG45"),
        ("PAY_LOAD", "720kg", "720"),
        ("PAY_LOAD", "1.250kg", "1250"),
        ("PAY_LOAD", "12,500 kg", "12500"),
        ("CAPACITY", "1.496cm3", "1496"),
        ("CAPACITY", "1 496 cm³", "1496"),
        ("CAPACITY", "2.000cc", "2000"),
        ("SEATS", "5 chỗ ngồi", "5"),
        ("PASSPORT_NUMBER", "C1234567", "C1234567"),
    ],
)
def test_printed_values(name: str, text: str, value: str) -> None:
    assert FIELD_TYPES[name].parse(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DATE", "31/02/2020"),
        ("DATE", "101/02/1999"),
        ("DATE", "01/02/19990"),
        ("DATE", "01/02/20033"),
        ("DATE", "01/02/199"),
        ("DATE", "Ngày sinh: 01/02/1999"),
        ("DATE", "01/02/1999 Nam"),
        ("DATE", "01/02/0999"),
        ("PLATE_CAR", "30A-12"),
        ("PLATE_CAR", "30A-123.4"),
        ("PLATE_CAR", "30A-12.345"),
        ("PLATE_CAR", "30A-1234567"),
        ("PLATE_CAR", "X 30A-123.45"),
        ("PLATE_CAR", "ABS1234"),
        ("PAY_LOAD", "720abc999"),
        ("PAY_LOAD", "1.2500"),
        ("PAY_LOAD", "1.250,5"),
        ("PAY_LOAD", "2 tấn"),
        ("CITIZEN_ID", "12345678901"),
        ("CMND_ID", "0123456789"),
        ("PLATE_CAR", "ABC"),
        ("SEX", "Tên"),
        ("NAME", "NGUYỄN 1"),
    ],
)
def test_refused_values(name: str, text: str) -> None:
    with pytest.raises(FieldError) as caught:
        FIELD_TYPES[name].parse(text)
    assert text not in str(caught.value)


@pytest.mark.parametrize("name", ALL_TYPES)
def test_every_printed_field_stands_on_some_layout_inside_the_paper(name: str) -> None:
    kind: DocumentType = TYPES[name]
    printed = {slot.field for layout in kind.layouts for slot in layout.slots}
    told = {f.name for f in kind.fields if f.source == "print"}
    assert told - printed == _PLACE_UNKNOWN.get(name, set())
    for layout in kind.layouts:
        width, height = layout.size
        for slot in layout.slots:
            assert 0 <= slot.value_x < width
            assert slot.value_x + slot.width <= width + 1
            assert 0 < slot.value_y < height


# Fields the API knows of papers whose layout of them is not: read by caption, never drawn.
_PLACE_UNKNOWN = {
    "vehicle_registration_front": {"name", "address", "plate", "issued_at"},
    "vehicle_registration_back": {"duedate"},
}


@pytest.mark.parametrize("name", ALL_TYPES)
def test_other_sides_point_at_each_other(name: str) -> None:
    kind = TYPES[name]
    if kind.other:
        other = TYPES[kind.other]
        assert other.other == name
        assert {kind.side, other.side} == {"front", "back"}


def test_names_of_both_api_versions_open_a_type() -> None:
    assert kinds.document_type("chip_id_card_front") is kinds.document_type("tcc_chip")
    with pytest.raises(ArgumentError, match="unknown document type 'blx'"):
        kinds.document_type("blx")


def test_field_aliases_are_understood() -> None:
    assert TYPES["tcc_chip"]["dob"].name == "born"
    with pytest.raises(KeyError):
        TYPES["tcc_chip"]["engine"]


def test_request_kinds() -> None:
    assert kinds.request_kind("id_pair").images == 2
    with pytest.raises(ArgumentError, match="id_any"):
        kinds.request_kind("ids")


def test_field_order_names_each_field_once() -> None:
    order = kinds.field_order()
    assert len(order) == len(set(order))
    assert {f.name for kind in TYPES.values() for f in kind.fields} == set(order)
    assert kinds.field_order(["tcc_chip"]) == tuple(f.name for f in TYPES["tcc_chip"].fields)
