import pickle
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from cvocr_lab import frames
from cvocr_lab.cleaning import clean
from cvocr_lab.errors import ArgumentError, CvocrError, FetchError, ImageError, TransportError
from cvocr_lab.frames import (
    Reading,
    Records,
    documents_of,
    read_frame,
    to_frame,
    wide,
    write_frame,
)
from cvocr_lab.frames.columns import column_types
from cvocr_lab.kinds import TYPES
from cvocr_lab.results import Document, Extraction, FieldValue, Line, Quad

QUAD: Quad = (1.5, 2.0, 30.25, 2.0, 30.25, 10.0, 1.5, 10.0)


def sources_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the source columns of each input."""
    return frame.drop(columns=list(column_types(frame.columns))).take(Records(frame).firsts)


def card(side: str = "front", **values: str) -> Document:
    kind = "tcc_chip" if side == "front" else "matsautcc_chip"
    fields = {name: FieldValue(text, 0.75, QUAD) for name, text in values.items()}
    return Document(kind, side, MappingProxyType(fields), confidence=0.5, corners=QUAD)


def frame_of(*results: Extraction | CvocrError, **sources: list[str]) -> pd.DataFrame:
    columns = sources or {"image": [f"{n}.jpg" for n in range(len(results))]}
    readings = [Reading(r, "fake", seconds=float(n + 1)) for n, r in enumerate(results)]
    return to_frame(readings, pd.DataFrame(columns))


def test_columns_stand_in_the_order_of_the_spec() -> None:
    frame = frame_of(Extraction((card(name="AN", id="001"),), engine="fake 1"))
    names = [f.name for f in TYPES["tcc_chip"].fields]
    triples = [c for n in names for c in (n, f"{n}_confidence", f"{n}_quad")]
    assert list(frame.columns) == [
        "image", "ocr_source", *triples, *frames.READING_COLUMNS[1:]
    ]  # fmt: skip
    assert frame.loc[0, "id"] == "001"
    assert frame["id"].dtype == frames.TEXT
    assert frame["id_confidence"].dtype == "float64"
    assert frame.at[0, "id_quad"] == QUAD
    assert frame[["born", "born_confidence"]].isna().all(axis=None)
    assert frame.at[0, "born_quad"] is None
    assert frame.at[0, "ocr_engine"] == "fake 1"


def test_a_pair_gives_two_rows_of_one_label_and_a_failure_one_row() -> None:
    pair = Extraction((card(id="1"), card("back", date="2")))
    frame = frame_of(pair, ImageError("broken"), front=["a.jpg", "c.jpg"], back=["b.jpg", "d.jpg"])
    assert frame.index.tolist() == [0, 0, 1]
    assert frame["front"].tolist() == ["a.jpg", "a.jpg", "c.jpg"]
    assert frame["ocr_side"].fillna("-").tolist() == ["front", "back", "-"]
    assert frame["ocr_error"].fillna("-").tolist() == ["-", "-", "ImageError: broken"]
    assert frame["ocr_error_code"].fillna("-").tolist() == ["-", "-", "3"]
    assert frame["ocr_page"].tolist() == [1, 1, pd.NA]


def test_an_extraction_of_nothing_is_a_failed_row() -> None:
    frame = frame_of(Extraction())
    assert frame["ocr_error_code"].tolist() == ["1"]


def test_a_scan_gives_its_lines_as_text() -> None:
    lines = (Line("một", 1.0), Line("hai", 0.5))
    frame = frame_of(Extraction(lines=lines))
    row = frame[["ocr_type", "text", "text_confidence"]].to_numpy().tolist()
    assert row == [["scan", "một\nhai", 0.75]]


def test_fields_unknown_to_the_spec_are_kept() -> None:
    odd = Document("odd", fields={"new": FieldValue("x")}, extra={"quequan_tinh": "01", "id": "9"})
    frame = frame_of(Extraction((odd,)))
    assert frame.at[0, "new"] == "x"
    assert frame.at[0, "ocr_extra_quequan_tinh"] == "01"
    assert documents_of(frame) == [odd]


def test_asked_fields_have_columns_even_when_every_row_failed() -> None:
    sources = pd.DataFrame({"image": ["a"]})
    frame = to_frame([Reading(ImageError("x"))], sources, fields=["id"])
    assert list(frame.columns[:5]) == ["image", "ocr_source", "id", "id_confidence", "id_quad"]


@pytest.mark.parametrize("name", ["id", "name_confidence", "address_quad", "ocr_x", "text"])
def test_a_source_column_cannot_take_a_result_name(name: str) -> None:
    with pytest.raises(ArgumentError, match="rename"):
        frames.check_source_columns([name])


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="1 readings for 2 sources"):
        to_frame([Reading(ImageError("x"))], pd.DataFrame({"image": ["a", "b"]}))


def test_what_is_no_flat_frame_is_refused() -> None:
    with pytest.raises(ArgumentError, match="flat frame"):
        documents_of(pd.DataFrame({"id": ["1"]}))


@pytest.mark.parametrize("error", [FetchError("gone"), TransportError("down"), ImageError("a: b")])
def test_errors_are_written_with_their_class_and_code(error: CvocrError) -> None:
    frame = frame_of(error)
    assert frame["ocr_error"].tolist() == [f"{type(error).__name__}: {error}"]
    assert frame["ocr_error_code"].fillna("").tolist() == [error.code or ""]


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, 11, 2),
        pd.Index(["x", "x", "y"]),
        pd.date_range("2026-01-01", periods=3, name="day"),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["site", "n"]),
        pd.CategoricalIndex(["p", "q", "p"]),
    ],
)
def test_every_kind_of_index_is_kept(index: pd.Index) -> None:
    sources = pd.DataFrame({"image": ["a", "b", "c"]}, index=index)
    two = Extraction((card(id="1"), card("back")))
    frame = to_frame([Reading(ImageError("x")), Reading(two), Reading(two)], sources)
    assert frame.index.equals(index.take([0, 1, 1, 2, 2]))
    assert frame.index.names == index.names
    assert_frame_equal(sources_of(frame), sources, check_freq=False)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=20)
SHARES = st.none() | st.floats(0, 1)
QUADS = st.none() | st.tuples(*[st.floats(-1e4, 1e4)] * 8)
VALUES = st.builds(FieldValue, TEXTS, SHARES, QUADS)
DOCUMENTS = st.sampled_from(sorted(TYPES)).flatmap(
    lambda name: st.builds(
        Document,
        type=st.just(name),
        side=st.just(TYPES[name].side),
        fields=st.dictionaries(
            st.sampled_from([f.name for f in TYPES[name].fields] + ["unheard_of"]), VALUES
        ),
        page=st.integers(1, 9),
        confidence=SHARES,
        valid=st.none() | st.booleans(),
        invalid_code=st.none() | st.integers(0, 6),
        invalid_message=st.just("") | TEXTS,
        warnings=st.lists(st.sampled_from(["id:from_qr", "born:mrz"]), max_size=2).map(tuple),
        corners=QUADS,
        extra=st.dictionaries(st.sampled_from(["a", "b_c"]), TEXTS, max_size=2),
    )
)
RESULTS = st.builds(Extraction, st.lists(DOCUMENTS, min_size=1, max_size=3).map(tuple)) | (
    st.builds(ImageError, TEXTS)
)
READINGS = st.lists(
    st.builds(Reading, RESULTS, st.sampled_from(["", "fake 1"]), st.integers(1, 3),
              st.floats(0, 9)),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(READINGS, st.data())
def test_documents_and_sources_come_back_from_a_frame(
    readings: list[Reading], data: st.DataObject
) -> None:
    labels = data.draw(
        st.lists(st.sampled_from("ab"), min_size=len(readings), max_size=len(readings))
    )
    sources = pd.DataFrame({"image": [f"{n}.jpg" for n in range(len(readings))]}, index=labels)
    frame = to_frame(readings, sources)
    assert_frame_equal(sources_of(frame), sources)
    results = [reading.result for reading in readings]
    wanted = [d for r in results for d in (r.documents if isinstance(r, Extraction) else [None])]
    assert [d if d.type else None for d in documents_of(frame)] == wanted


def by_parquet(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    write_frame(frame, folder / "x.parquet")
    return read_frame(folder / "x.parquet")


def by_csv(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    write_frame(frame, folder / "x.csv")
    return read_frame(folder / "x.csv")


def by_csv_of_pandas(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    frame.to_csv(folder / "x.csv")
    return read_frame(folder / "x.csv")


def by_pickle(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    back: pd.DataFrame = pickle.loads(pickle.dumps(frame))
    return back


@pytest.mark.parametrize("by", [by_parquet, by_csv, by_csv_of_pandas, by_pickle])
def test_frames_survive_files(
    by: Callable[[pd.DataFrame, Path], pd.DataFrame], tmp_path: Path
) -> None:
    judged = Document(
        "passport", valid=False, invalid_code=4, invalid_message="mrz", warnings=("a", "b")
    )
    frame = frame_of(
        Extraction((card(id="001090000001", name="NA", address="Số 1,\nTổ 2"), judged)),
        ImageError("không đọc được"),
        Extraction((card(id="nan"),)),
    )
    assert_frame_equal(by(frame, tmp_path), frame)


@pytest.mark.parametrize("by", [by_parquet, by_csv, by_csv_of_pandas])
@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(3),
        pd.Index([7, 7, 3]),
        pd.Index(["x", "007", "1"]),
        pd.Index(["007", "008", "009"]),
        pd.Index([0.5, 1.0, 1.0]),
    ],
)
def test_faces_of_one_input_stay_together_in_files(
    index: pd.Index, by: Callable[[pd.DataFrame, Path], pd.DataFrame], tmp_path: Path
) -> None:
    pair = Extraction((card(id="001"), card("back", date="2")))
    sources = pd.DataFrame({"front": ["a", "b", "c"], "back": ["d", "e", "f"]}, index=index)
    readings = [Reading(pair, seconds=1.0), Reading(ImageError("x")), Reading(pair, seconds=2.0)]
    frame = to_frame(readings, sources)
    back = by(frame, tmp_path)
    assert_frame_equal(wide(back), wide(frame))
    assert_frame_equal(sources_of(back), sources)


@pytest.mark.parametrize("by", [by_parquet, by_csv])
@pytest.mark.parametrize(
    "index",
    [
        pd.Index(["a", "a", "b"], name="file id"),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["site", "n"]),
    ],
)
def test_files_keep_the_names_of_an_index(
    index: pd.Index, by: Callable[[pd.DataFrame, Path], pd.DataFrame], tmp_path: Path
) -> None:
    sources = pd.DataFrame({"image": ["a", "b", "c"]}, index=index)
    frame = to_frame([Reading(Extraction((card(id="1"), card("back"))))] * 3, sources)
    assert_frame_equal(by(frame, tmp_path), frame)


def test_plain_pandas_reads_the_csv(tmp_path: Path) -> None:
    frame = frame_of(Extraction((card(id="1"), card("back"))), ImageError("x"))
    write_frame(frame, tmp_path / "x.csv")
    plain = pd.read_csv(tmp_path / "x.csv")
    assert plain.columns.tolist() == ["ocr_index", *frame.columns]
    assert len(wide(plain)) == 2


def test_a_csv_of_no_rows_is_read(tmp_path: Path) -> None:
    assert len(by_csv(frame_of(ImageError("x")).iloc[:0], tmp_path)) == 0


def test_quads_come_back_from_plain_pandas_parquet(tmp_path: Path) -> None:
    frame_of(Extraction((card(id="1"),))).to_parquet(tmp_path / "x.parquet")
    raw = pd.read_parquet(tmp_path / "x.parquet")
    assert [type(quad) for quad in raw["id_quad"]] == [np.ndarray]
    assert documents_of(raw)[0].fields["id"].quad == QUAD


def test_file_names_decide_the_format(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"\.parquet or \.csv"):
        write_frame(frame_of(ImageError("x")), tmp_path / "x.xlsx")
    with pytest.raises(ArgumentError, match=r"\.parquet or \.csv"):
        read_frame(tmp_path / "x")


def test_wide_sets_sides_side_by_side() -> None:
    frame = frame_of(
        Extraction((card(id="1"), card("back", date="2"))),
        ImageError("broken"),
        Extraction((card("back", date="3"), card("back", date="4"), card(id="5"))),
        Extraction((Document("passport", fields={"id": FieldValue("C1")}),)),
    )
    flat = wide(frame)
    assert flat.index.tolist() == [0, 1, 2, 3]
    assert flat["front_id"].fillna("-").tolist() == ["1", "-", "5", "-"]
    assert flat["back_date"].fillna("-").tolist() == ["2", "-", "3", "-"]
    assert flat["back2_date"].fillna("-").tolist() == ["-", "-", "4", "-"]
    assert flat["id"].fillna("-").tolist() == ["-", "-", "-", "C1"]
    assert flat["front_ocr_type"].fillna("-").tolist() == ["tcc_chip", "-", "tcc_chip", "-"]
    assert flat["ocr_error"].notna().tolist() == [False, True, False, False]
    assert flat["image"].tolist() == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert "front_date" not in flat


def test_wide_of_nothing_is_empty() -> None:
    empty = wide(frame_of(ImageError("x")).iloc[:0])
    assert len(empty) == 0
    assert "ocr_error" in empty


def test_pairs_whose_labels_were_changed_are_told_not_split() -> None:
    front = Document("tcc_chip", "front", {"id": FieldValue("001090000001")})
    back = Document("matsautcc_chip", "back", {"date": FieldValue("01/02/2022")})
    for sources in (
        pd.DataFrame({"front": ["a.jpg", "c.jpg"], "back": ["b.jpg", "d.jpg"]}),
        pd.DataFrame({"image": ["a.jpg", "c.jpg"]}),  # both sides on one picture
    ):
        frame = to_frame([Reading(Extraction((front, back)))] * 2, sources)
        assert len(wide(frame)) == 2
        assert len(wide(frame.sort_values("ocr_side"))) == 2
        with pytest.raises(ArgumentError, match="2 pairs have different"):
            wide(frame.reset_index(drop=True))
        of_two = [frame[frame["ocr_side"] == side] for side in ("front", "back")]
        of_two = [rows.assign(ocr_engine=str(at)) for at, rows in enumerate(of_two)]
        assert len(wide(pd.concat(of_two))) == 4, "each engine read one side"


def test_a_cleaned_frame_keeps_its_dtypes_through_csv(tmp_path: Path) -> None:
    paper = Document("tcc_chip", "front", {"born": FieldValue("1/2/1999"), "id": FieldValue("001")})
    frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    made = clean(frame, fields=["born", "id"], parts=True)
    write_frame(made, tmp_path / "x.csv")
    read = read_frame(tmp_path / "x.csv")
    assert read["born_clean"].tolist() == [pd.Timestamp("1999-02-01")]
    assert read["born_clean"].dtype == made["born_clean"].dtype
    assert read["id_clean"].tolist() == ["001"]
