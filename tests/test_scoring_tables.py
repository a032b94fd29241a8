"""Any two tables are scored, and those that do not fit together are noticed."""

import unicodedata
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cvocr_lab.errors import ArgumentError
from cvocr_lab.scoring import PairingWarning, compare, read_labels, score

NAMES = ["TRẦN AN", "LÊ BÌNH", "VŨ CHI", "ĐỖ DUNG", "HỒ GIANG", "LÝ HÀ", "MAI HOA", "BÙI KHANH"]


def truth_of(count: int = 8) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": [f"{n}.jpg" for n in range(count)],
            "id": [f"00109000{n:04d}" for n in range(count)],
            "name": [f"{NAMES[n % 8]} {'I' * (n // 8)}".strip() for n in range(count)],
        }
    )


def exact(frame: object, truth: object, **options: object) -> float:
    """Share exact over all cells."""
    judged = score(frame, truth, **options)  # type: ignore[arg-type]
    return float(judged.summary(())["exact"]["all"])


def test_plain_tables_of_any_reader() -> None:
    truth = truth_of()
    read = truth.assign(name=["TRẦN ÂN", *truth["name"][1:]], noise=1.5).sample(
        frac=1, random_state=3
    )
    judged = score(read, truth, on="image")
    summary = judged.summary()
    assert summary.loc["id", "correct"] == 8
    assert [summary[what]["name"] for what in ("correct", "wrong")] == [7, 1]
    assert judged.extra.empty
    assert judged.headline()


def test_type_and_side_of_plain_tables_tell_faces_apart() -> None:
    truth = pd.DataFrame(
        {
            "image": ["a.jpg"] * 2,
            "type": ["tcc_chip", "matsautcc_chip"],
            "side": ["front", "back"],
            "id": ["001090000001", ""],
            "date": ["", "11/03/2019"],
        }
    )
    assert exact(truth[::-1], truth, on="image") == 1


def test_columns_of_other_names_are_compared_when_asked() -> None:
    truth = truth_of().rename(columns={"name": "ho_ten"})
    assert score(truth, truth, fields="ho_ten").summary().loc["ho_ten", "correct"] == 8
    with pytest.raises(ArgumentError, match="fields="):
        score(truth[["ho_ten"]], truth[["ho_ten"]])


def test_other_spellings_of_both_tables_are_understood() -> None:
    truth = pd.DataFrame({"id": ["1"], "born": ["01/02/1990"], "sex": ["Nữ"]})
    read = pd.DataFrame(
        {"id": ["1"], "dob": ["01/02/1990"], "gender": ["Nam"], "dob_confidence": [0.5]}
    )
    cells = score(read, truth).cells.set_index("field")
    assert cells["outcome"].tolist() == ["correct", "correct", "wrong"]
    assert cells.loc["born", "confidence"] == 0.5


@pytest.mark.parametrize("what", ["columns", "dict", "list", "by label", "series", "paper"])
def test_truth_in_other_shapes(what: str) -> None:
    truth = truth_of()
    match what:
        case "columns":
            assert exact(truth, truth.to_dict(), on="image") == 1
        case "dict":
            assert exact(truth, truth.to_dict("list"), on="image") == 1
        case "list":
            assert exact(truth.to_dict("records"), truth, on="image") == 1
        case "by label":
            of_images = truth.set_index("image").to_dict("index")
            assert exact(truth.set_index("image"), of_images) == 1
        case "series":
            assert exact(truth, truth["name"]) == 1
        case "paper":
            assert exact({"name": "AN", "id": "1"}, pd.Series({"name": "ÂN", "id": "1"})) == 0.5


def test_shapes_that_say_nothing_are_refused() -> None:
    truth = truth_of()
    with pytest.raises(ArgumentError, match="name of a field"):
        score(truth, truth["name"].rename("x"))
    with pytest.raises(ArgumentError, match=r"no file labels\.csv"):
        score(truth, "labels.csv")
    wide = pd.concat({"read": truth}, axis=1)
    with pytest.raises(ArgumentError, match="2 levels"):
        score(wide, truth)


def test_several_index_levels_pair_rows() -> None:
    truth = truth_of().assign(page=[1, 2] * 4, image=[f"{n // 2}.pdf" for n in range(8)])
    by = truth.set_index(["image", "page"])
    assert exact(by.sample(frac=1, random_state=1), by) == 1
    assert exact(by, truth, on="image") == 1
    with pytest.raises(ArgumentError, match="on='image'"):
        score(by, truth)


def test_paths_and_unicode_forms_pair() -> None:
    truth = truth_of().assign(image=[f"ảnh {n}.jpg" for n in range(8)])
    paths = [Path(unicodedata.normalize("NFD", p)) for p in truth["image"]]
    other = truth.assign(image=pd.Series(paths, dtype=object))
    assert exact(other.iloc[::-1], truth, on="image") == 1
    assert (
        exact(truth.assign(image=range(8))[::-1], truth.assign(image=[*"01234567"]), on="image")
        == 1
    )


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_unicode_forms_of_names_meet(tmp_path: Path) -> None:
    truth = truth_of().rename(columns={"image": "ảnh", "name": "tên"})
    read = truth.assign(tên=["X", *truth["tên"][1:]], thẻ="a")
    other = truth.rename(columns=nfd)
    other.to_csv(tmp_path / "labels.csv", index=False)
    assert read_labels(tmp_path / "labels.csv").columns.tolist() == ["ảnh", "id", "tên"]
    for labels in (truth, other, tmp_path / "labels.csv", other.set_index(nfd("ảnh"))):
        for on, field in ((nfd("ảnh"), "tên"), ("ảnh", nfd("tên"))):
            judged = score(read, labels, on=on, fields=[field, "id"], by=nfd("thẻ"))
            assert judged.summary()["correct"].to_dict() == {"a": 15}
            assert judged.summary()["wrong"].to_dict() == {"a": 1}
            judged.plot(fields=field)
            both = compare(read.rename(columns=nfd), truth, labels, on=on, fields=field)
            assert both.fields["fixed"].to_dict() == {"tên": 1, "card_exact": 1}
    accepted = score(
        read, truth.assign(khác="X").rename(columns=nfd), on="ảnh", fields="tên",
        alternatives={nfd("tên"): "khác"},
    )  # fmt: skip
    assert accepted.summary()["correct"]["tên"] == 8


def test_a_field_that_is_not_there_is_told_with_what_is() -> None:
    truth = truth_of()
    for fields in ("nay", ["id", "nay"]):
        said = r"unknown column 'nay': did you mean 'name'\? There are: image, id, name"
        with pytest.raises(ArgumentError, match=said):
            score(truth, truth, on="image", fields=fields)
        with pytest.raises(ArgumentError, match=said):
            compare({"a": truth, "b": truth}, truth, on="image", fields=fields)
    with pytest.raises(ArgumentError, match="did you mean 'name'"):
        score(truth.assign(nay="x"), truth, fields="nay")
    assert exact(truth.assign(born="x"), truth.assign(dob="x"), fields="dob") == 1


@pytest.mark.parametrize(
    ("field", "values", "read", "share"),
    [
        ("born", pd.DatetimeIndex(["1990-02-01", "NaT"]), ["01/02/1990", ""], 1.0),
        ("born", pd.Series([date(1990, 2, 1), "03/04/1991"], dtype=object),
         ["01/02/1990", "03/04/1991"], 1.0),
        ("born", ["1990-02-01", "1991-04-03 00:00:00"], ["01/02/1990", "03/04/1991"], 1.0),
        ("born", pd.PeriodIndex(["1990-02-01", "NaT"], freq="D"), ["01/02/1990", ""], 1.0),
        ("born", pd.Series([np.datetime64("1990-02-01")], dtype=object), ["01/02/1990"], 1.0),
        ("name", pd.Categorical(["AN", "BÌNH"]), ["AN", "BINH"], 0.5),
        ("sit", [5, 7], ["5", "8"], 0.5),
        ("sit", pd.Series([5.0, None]), ["5", ""], 1.0),
    ],
)  # fmt: skip
def test_cells_are_compared_by_meaning(
    field: str, values: object, read: list[str], share: float
) -> None:
    assert exact(pd.DataFrame({field: read}), pd.DataFrame({field: values})) == share


@pytest.mark.parametrize(
    "values", [[32905, 32906], [32905.0, None], ["32905", "32906"], ["32905.0", ""]]
)
def test_days_as_excel_counts_them_are_refused(values: list[object]) -> None:
    days = pd.DataFrame({"born": values})
    with pytest.raises(ArgumentError, match=r"'born' contains numbers.*origin='1899-12-30'"):
        score(pd.DataFrame({"born": ["02/02/1990", "03/02/1990"]}), days)
    made = pd.to_datetime(pd.Series([32905.0]), unit="D", origin="1899-12-30")
    assert exact({"born": "01/02/1990"}, pd.DataFrame({"born": made})) == 1


@pytest.mark.parametrize("cell", [["AN"], ("AN",), {"text": "AN"}])
def test_readings_are_texts(cell: object) -> None:
    read = pd.DataFrame({"name": pd.Series([cell], dtype=object)})
    with pytest.raises(ArgumentError, match="'name' contains a"):
        score(read, {"name": "AN"})
    if isinstance(cell, dict):
        with pytest.raises(ArgumentError, match="'name' contains a dict"):
            score({"name": "AN"}, read)
    else:  # what a truth accepts
        assert exact({"name": "AN"}, read) == 1


def test_confidences_in_percent_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"'name_confidence' contains 95.*divide percentages"):
        score(truth_of().assign(name_confidence=95), truth_of())
    score(truth_of().assign(name_confidence=1 + 1e-9), truth_of()).calibration()


def test_words_for_nothing_are_noticed() -> None:
    truth = truth_of()
    read = truth.assign(name=["N/A", *truth["name"][1:]])
    with pytest.warns(PairingWarning, match=r"contains 'N/A' where 'name' .* \(in 1 rows\)"):
        score(read, truth)
    assert exact(read, truth.assign(name=read["name"])) == 1


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1090000001, 1090000002], "leading zeros"),
        (pd.Series([1090000001, "001090000002"], dtype=object), "leading zeros"),
        (pd.Series([1090000001.0, None]), "leading zeros"),
        (pd.Categorical([1090000001, 1090000002]), "leading zeros"),
        (pd.Series([np.int64(1), None], dtype=object), "leading zeros"),
        ([True, False], "True or False"),
        (["1090000001.0", "1090000002.0"], "leading zeros"),
        (["1.09E+09", "1.09E+09"], "leading zeros"),
        ([b"001090000001", b"001090000002"], "bytes"),
    ],
)
def test_numbers_are_refused_wherever_they_hide(values: object, says: str) -> None:
    texts = pd.DataFrame({"id": ["001090000001", "001090000002"]})
    with pytest.raises(ArgumentError, match=says):
        score(texts, pd.DataFrame({"id": values}))
    with pytest.raises(ArgumentError, match=says):
        score(pd.DataFrame({"id": values}), texts)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1258"])
@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
@pytest.mark.parametrize("first", ["", "sep={}\n"])
def test_labels_in_every_common_form(tmp_path: Path, encoding: str, sep: str, first: str) -> None:
    path = tmp_path / "labels.csv"
    text = (
        first.format(sep) + f"image{sep}id{sep}name\na.jpg{sep}001090000001{sep}Trần Thị Hồng Đào\n"
    )
    if encoding == "cp1258":  # has no letter with both marks: the tone stands behind
        letters = [unicodedata.normalize("NFD", c) for c in text]
        tones = "\u0300\u0301\u0303\u0309\u0323"
        text = "".join(
            unicodedata.normalize("NFC", "".join(m for m in c if m not in tones))
            + "".join(m for m in c if m in tones)
            for c in letters
        )
    path.write_bytes(text.encode(encoding))
    found = read_labels(path)
    assert found.to_dict("list") == {
        "image": ["a.jpg"], "id": ["001090000001"], "name": ["Trần Thị Hồng Đào"],
    }  # fmt: skip


def test_labels_of_no_known_encoding_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes("name\nTrần\n".encode("utf-16-le"))
    with pytest.raises(ArgumentError, match="save it as CSV UTF-8"):
        read_labels(path)


# --- misuse is noticed


def test_readings_in_another_order_are_noticed() -> None:
    truth = truth_of(16)
    shuffled = truth.sample(frac=1, random_state=2).reset_index(drop=True)
    with pytest.warns(PairingWarning, match="on='image'"):
        assert exact(truth, shuffled) < 0.3
    with pytest.warns(PairingWarning, match="another order"):
        score(truth.drop(columns="image"), shuffled.drop(columns="image"))
    some = truth.iloc[4:]
    with pytest.warns(PairingWarning, match="on='image'"):
        score(truth, some.reset_index(drop=True))


def test_a_truth_indexed_by_picture_is_told_how_to_pair() -> None:
    truth = truth_of()
    with pytest.raises(ArgumentError, match="pass on='image'"):
        score(truth, truth.set_index("image"))
    with pytest.raises(ArgumentError, match=r"rename_axis\('image'\)"):
        score(truth, truth.set_index("image").rename_axis(None))
    assert exact(truth, truth.set_index("image"), on="image") == 1


def test_no_partner_at_all_is_an_error() -> None:
    truth = truth_of()
    with pytest.raises(ArgumentError, match="no value in common"):
        score(truth, pd.DataFrame({"image": ["x.jpg"], "id": ["7"]}), on="image")
    with pytest.raises(ArgumentError, match="omit on="):
        score(truth, truth.assign(image="other.png"), on="image")
    apart = truth.sample(frac=1, random_state=2).reset_index(drop=True)
    with pytest.raises(ArgumentError, match="file names agree"):
        score(truth, apart.assign(image="data/" + apart["image"]), on="image")
    with pytest.raises(ArgumentError, match="no row"):
        score(truth.head(0), truth)


def test_few_readings_for_many_labels_are_noticed() -> None:
    truth = truth_of(60)
    with pytest.warns(PairingWarning, match="48 of 60 rows") as caught:
        assert exact(truth.head(12), truth, on="image") == pytest.approx(0.2)
    assert "truth['image'].isin(frame['image'])" in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert exact(truth, truth.head(12), on="image") == 1


def test_doubled_rows_are_noticed() -> None:
    truth = truth_of()
    with pytest.warns(PairingWarning, match="drop_duplicates"):
        score(truth, pd.concat([truth, truth]), on="image")


MERGE = "merge of two tables"


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    ("suffixes", "as_frame", "as_truth"),
    [
        (("_x", "_y"), MERGE, MERGE),
        (("_pred", "_gt"), MERGE, MERGE),
        ((" (read)", ".true"), MERGE, MERGE),
        (("_read", ""), "end in '_read'", 15 / 16),
        (("_x", ""), "end in '_x'", 15 / 16),
        (("", "_true"), 15 / 16, "end in '_true'"),
        (("", "_y"), 15 / 16, "end in '_y'"),
    ],
)
def test_a_merge_is_noticed(
    suffixes: tuple[str, str], as_frame: str | float, as_truth: str | float, *, flat: bool
) -> None:
    truth = truth_of()
    read = truth.assign(name=["X", *truth["name"][1:]], **({"ocr_engine": "a"} if flat else {}))
    merged = read.merge(truth, on="image", suffixes=suffixes)
    for frame, labels, said in ((merged, truth, as_frame), (read, merged, as_truth)):
        if said == MERGE:
            with pytest.raises(
                ArgumentError, match=f"'id{suffixes[0][:2]}.*{MERGE}".replace("(", "[(]")
            ):
                score(frame, labels, on="image")
        elif isinstance(said, str):
            with pytest.warns(PairingWarning, match=said) as told:
                score(frame, labels, on="image")
            assert [warning.filename for warning in told] == [__file__]
        else:
            assert exact(frame, labels, on="image") == said
    with pytest.raises(ArgumentError) if as_frame == MERGE else pytest.warns(PairingWarning):
        score(merged, merged, on="image")


def test_a_truth_without_printed_values_is_no_merge() -> None:
    read = pd.DataFrame({"id": ["1", "", ""], "id_read": ["1", "2", "3"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score(read, pd.DataFrame({"id": ["", "", ""]}), fields=["id"])


def test_columns_beside_those_of_a_perfect_reader_are_no_merge() -> None:
    truth = truth_of()
    read = truth.assign(name_confidence=0.9, name_crop="a.png", id_clean=truth["id"].str[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert exact(read, truth, on="image") == 1
        # A date of another kind does not make a merge of a table that has its fields.
        assert exact(read.assign(date_read="x"), truth.assign(date=""), on="image") == 1


@pytest.mark.parametrize("name", ["Name", "name ", "NAME"])
def test_a_name_of_other_case_is_noticed(name: str) -> None:
    truth = truth_of()
    other = truth.rename(columns={"name": name})
    cure = rf"frame.rename\(columns={{'{name}': 'name'}}\)"
    with pytest.warns(PairingWarning, match=cure):
        assert exact(other, truth, on="image") == 0.5
    with pytest.warns(PairingWarning, match=cure.replace("frame", "truth")):
        assert score(truth, other, on="image").summary().index.tolist() == ["id"]


def test_warnings_point_to_the_line_of_the_caller() -> None:
    truth, few = truth_of(60), truth_of(12)
    for call in (
        lambda: score(few, truth, on="image"),
        lambda: compare({"a": few, "b": few}, truth, on="image"),
        lambda: few.cvocr.score(truth, on="image"),
    ):
        with pytest.warns(PairingWarning, match="48 of 60 rows") as told:
            call()
        assert {warning.filename for warning in told} == {__file__}
    # A module of a person may be called almost like ours.
    theirs = {"__name__": "cvocr_lab_tools", "score": score, "few": few, "truth": truth}
    with pytest.warns(PairingWarning) as told:
        exec(compile("score(few, truth, on='image')", "tools.py", "exec"), theirs)
    assert told[0].filename == "tools.py"


def test_types_that_disagree_are_noticed() -> None:
    truth = truth_of().assign(type="tcc_chip")
    with pytest.warns(PairingWarning, match="types disagree in 8 of 8"):
        score(truth.assign(type="CCCD"), truth, on="image")


def test_a_poor_reader_is_no_misuse() -> None:
    truth = truth_of(40)
    poor = truth.assign(name="X", id=[v if n % 5 == 0 else "7" for n, v in enumerate(truth["id"])])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert exact(poor, truth, on="image") == pytest.approx(0.1)
        compare(poor, truth, truth, on="image")


def test_lost_zeros_are_noticed_in_texts_too() -> None:
    truth = truth_of()
    with pytest.warns(PairingWarning, match="8 of 8 values of 'id' differ in leading zeros alone"):
        judged = score(truth, truth.assign(id=truth["id"].str.lstrip("0")), on="image")
    assert judged.summary().loc[["id", "name"], "correct"].tolist() == [0, 8]


def test_dates_written_otherwise_are_noticed() -> None:
    days = pd.DataFrame({"born": pd.date_range("1990-02-13", periods=8)})
    read = days["born"].dt.strftime("%d/%m/%Y").to_frame()
    with pytest.warns(PairingWarning, match="8 of 8 values of 'born' differ in the order of day"):
        score(read, days["born"].dt.strftime("%m/%d/%Y").to_frame())
    judged = score(read, {"born": [f"{day.day}/{day.month}/{day.year}" for day in days["born"]]})
    assert "(born) differs in style or case alone: 8" in judged.headline()


def test_papers_by_label_are_paired_by_the_column_named() -> None:
    truth = truth_of()
    by_image = truth.set_index("image").to_dict("index")
    assert exact(truth.iloc[::-1], by_image, on="image") == 1
    assert exact(by_image, truth.iloc[::-1], on="image") == 1
    assert exact(truth, truth, fields=pd.Index(["name"])) == 1


@pytest.mark.parametrize(
    ("name", "cure"),
    [("a.xlsx", "read_excel"), ("a.json", "json.loads"), ("a.jsonl", "json.loads"),
     ("a.parquet", "read_parquet"), ("a.pkl", "read_pickle")],
)  # fmt: skip
def test_files_of_other_kinds_are_refused_with_the_cure(
    tmp_path: Path, name: str, cure: str
) -> None:
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(ArgumentError, match=cure):
        score(truth_of(), tmp_path / name)


def test_summary_by_a_level_of_the_index() -> None:
    truth = truth_of().set_index("image")
    summary = score(truth, truth).summary("image")
    assert summary["n"].tolist() == [2] * 8


def test_summary_by_a_name_of_both_index_and_column() -> None:
    truth = truth_of().set_index("image", drop=False)
    judged = score(truth.assign(name="X"), truth)
    assert judged.summary("image")["wrong"].tolist() == [1] * 8
    assert judged.mistakes(["image", "image"]).index.names == ["image", "class"]
    assert judged.confusions("image")["image"].nunique() == 8


def test_columns_to_group_by_may_have_any_name_and_no_lists() -> None:
    names = ["outcome", "mistakes", "pair", "cell"]
    truth = truth_of().assign(**dict.fromkeys([*names, "class"], "a"), number=range(8))
    truth["tags"] = truth["id"].map(list)
    judged = score(truth.assign(name=["X", *truth["name"][1:]]), truth, on="image")
    assert {row[:4] for row in judged.mistakes(names).index} == {("a",) * 4}
    assert judged.summary("number").index.tolist() == list(range(8))
    assert judged.confusions(names)["count"].sum() == judged.mistakes()["count"].sum() == 7
    assert judged.summary(names)["wrong"].tolist() == [1]
    with pytest.raises(ArgumentError, match=r"'tags' contains lists.*\.map\(str\)"):
        judged.summary("tags")
    with pytest.raises(ArgumentError, match="rename"):
        judged.mistakes("class")
    with pytest.raises(ArgumentError, match=r"unknown column to group by 'tgas'.*'tags'"):
        score(truth, truth, by="tgas")
