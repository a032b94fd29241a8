from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvocr_lab.dates import YEARS, is_no_end, iso_date, parse_date, printed_date, split_date

days = st.dates(date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31))


@given(days, st.sampled_from("/-. ,"))
def test_what_is_printed_is_read(day: date, separator: str) -> None:
    iso = day.isoformat()
    assert parse_date(printed_date(iso, separator)) == iso
    assert parse_date(f"{day.day}{separator}{day.month}{separator}{day.year}") == iso
    assert parse_date(f"Ngày {day.day} tháng {day.month:02d} năm {day.year}") == iso
    for text in (
        iso,
        printed_date(iso, ""),
        f"{iso} 00:00:00",
        f"Huế, ngày {day:%d tháng %m năm %Y}",
    ):
        assert parse_date(text, loose=True) == iso
        assert parse_date(text) == ""


@given(days, st.text("0123456789", min_size=1, max_size=3), st.booleans())
def test_a_date_with_a_digit_too_many_is_none(day: date, more: str, before: bool) -> None:
    printed = f"{day:%d/%m/%Y}"
    assert split_date(more + printed if before else printed + more) is None
    assert split_date(f"Ngày sinh: {printed}", loose=True) is None


@pytest.mark.parametrize(
    "text", ["", "01/02", "01/02-1999", "2020", "1/2/20", "a/b/cccc", "٠١/٠٢/٢٠٢٠"]
)
def test_other_texts_are_no_dates(text: str) -> None:
    assert parse_date(text, loose=True) == ""


def test_days_that_no_calendar_has() -> None:
    assert split_date("31/02/2020") == ("2020", "02", "31")
    assert parse_date("31/02/2020") == iso_date(1500, 1, 1) == iso_date("x", 1, 1) == ""
    assert printed_date("2020") == printed_date(None) == ""


def test_no_end() -> None:
    assert is_no_end("KHÔNG THỜI HẠN")
    assert is_no_end("Vô thời hạn")
    assert not is_no_end("01/02/2020")
