from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.scoring import Comparison, Readers, compare, score
from cvocr_lab.scoring.intervals import clustered, paired, share
from cvocr_lab.scoring.paired_tests import cards_needed, holm, mcnemar


def read(**columns: list[str]) -> pd.DataFrame:
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    papers = [
        Document("tcc_chip", "front", {f: FieldValue(v) for f, v in row.items() if v})
        for row in rows
    ]
    sources = pd.DataFrame({"image": [f"{n}.jpg" for n in range(len(rows))]})
    return to_frame([Reading(Extraction((paper,))) for paper in papers], sources)


def numbers(n: int, wrong: range = range(0)) -> list[str]:
    return [f"{i:012d}"[:-1] + ("x" if i in wrong else str(i % 10)) for i in range(n)]


def truth(n: int) -> pd.DataFrame:
    return pd.DataFrame({"id": numbers(n)})


def test_lists_and_counts_agree() -> None:
    a, b = read(id=numbers(40, range(0, 12))), read(id=numbers(40, range(10, 15)))
    both = compare(a, b, truth(40), names=("own", "other"))
    assert both.fixed.index.tolist() == list(range(10))
    assert both.both_wrong.index.tolist() == [10, 11]
    assert both.broke.index.tolist() == [12, 13, 14]
    row = both.fields.loc["id"]
    assert [row[c] for c in ("n", "fixed", "broke", "both_wrong")] == [40, 10, 3, 2]
    assert row["exact_a"] == score(a, truth(40)).summary().loc["id", "exact"]
    assert row["difference"] == pytest.approx((10 - 3) / 40)
    assert row["cer_difference"] == pytest.approx((5 - 12) / (40 * 12))
    assert row["low"] < row["difference"] < row["high"]


def test_a_clear_winner_is_named_and_a_doubtful_one_is_not() -> None:
    n = 60
    clear = compare(read(id=numbers(n, range(20))), read(id=numbers(n)), truth(n))
    assert clear.fields.loc["id", "verdict"] == "better"
    assert clear.fields["enough"].isna().all()
    swapped = compare(read(id=numbers(n)), read(id=numbers(n, range(20))), truth(n))
    assert swapped.fields.loc["id", "verdict"] == "worse"
    doubtful = compare(read(id=numbers(n, range(3))), read(id=numbers(n)), truth(n))
    row = doubtful.fields.loc["id"]
    assert row["verdict"] == "open"
    assert row["enough"] == cards_needed(3 / n, 3 / n)
    assert f"about {row['enough']:,} cards would" in repr(doubtful)


def test_readers_alike_on_many_cards_are_called_alike() -> None:
    n = 900
    same = compare(read(id=numbers(n, range(9))), read(id=numbers(n, range(9))), truth(n))
    row = same.fields.loc["id"]
    assert row["verdict"] == "alike"
    assert -0.02 < row["low"] < 0 < row["high"] < 0.02


def test_no_difference_on_few_cards_is_not_called_none() -> None:
    row = compare(read(id=numbers(10)), read(id=numbers(10)), truth(10)).fields.loc["id"]
    assert row["verdict"] == "open"
    assert -row["low"] == row["high"] == paired([0] * 10, [1] * 10)[1] > 0.1


def test_p_is_corrected_for_the_number_of_fields() -> None:
    n = 30
    right = {"id": numbers(n), "name": ["AN"] * n, "sex": ["Nam"] * n}
    wrong = {"id": numbers(n, range(8)), "name": ["ĂN"] + ["AN"] * (n - 1), "sex": ["Nam"] * n}
    fields = compare(read(**wrong), read(**right), pd.DataFrame(right)).fields
    assert fields.loc["id", "p_holm"] == pytest.approx(3 * mcnemar(8, 0))
    assert fields.loc["card_exact", "p_holm"] == mcnemar(8, 0)


def test_inventions_stand_apart() -> None:
    given_, none = read(id=["1", "2"], name=["", "X"]), read(id=["1", "2"], name=["", ""])
    labels = pd.DataFrame({"id": ["1", "2"], "name": ["", ""]})
    both = compare(given_, none, labels)
    assert both.invented[["value_a", "value_b"]].to_numpy().tolist() == [["X", ""]]
    assert len(both.fixed) == len(both.broke) == len(both.both_wrong) == 0
    assert both.fields.loc["card_exact", "fixed"] == 1


def test_it_shows_itself() -> None:
    both = compare(
        read(id=["<b>"]), read(id=["<i>"]), pd.DataFrame({"id": ["1"]}), names=("<a>", "b")
    )
    assert "&lt;a&gt;" in both._repr_html_()
    assert "<a>" not in both._repr_html_().replace("&lt;a&gt;", "")
    page = both.to_html()
    assert "<b>&lt;" not in page
    assert "&lt;" in page
    assert "<i></i>" not in page
    assert both.plot().get_xlabel().startswith("points exact")


def of(both: Readers, field: str, name: str) -> pd.Series:
    return both.fields.xs(name, level="reader").T[field]


def test_three_readers_side_by_side() -> None:
    n = 60
    texts = {"id": numbers(n), "name": ["AN"] * n}
    labels = pd.DataFrame(texts | {"dantoc": [""] * 40 + ["Kinh"] * 20})
    local = read(**texts | {"id": numbers(n, range(20))})
    cloud = read(**texts)
    model = read(**texts | {"name": ["ĂN"] * 3 + ["AN"] * 57, "dantoc": ["Kinh"] * n})
    both = compare({"local": local, "cloud": cloud, "model": model}, labels)
    assert isinstance(both, Readers)
    assert both.baseline == "local"
    assert of(both, "id", "local")["exact"] == pytest.approx(40 / 60)
    row = of(both, "id", "cloud")
    assert [row["difference"], row["fixed"], row["broke"]] == [pytest.approx(20 / 60), 20, 0]
    # Six tests at once: three fields, two readers beside the baseline.
    assert row["p_holm"] == pytest.approx(6 * mcnemar(20, 0), rel=1e-6)
    assert row["verdict"] == "better"
    assert of(both, "name", "model")["verdict"] == "open"
    assert np.isnan(of(both, "id", "local")["difference"])
    assert len(both.only("local")) == len(both.only("cloud")) == 0
    assert both.only("model")["field"].unique().tolist() == ["dantoc"]
    assert len(both.only("model")) == 20
    assert len(both.nobody) == 0
    assert len(both.invented("model")) == 40
    assert both.whole["invented"].tolist() == [0, 0, 40]
    assert both.whole.loc["model", "invented_share"] == 1
    assert both.whole.loc["cloud", "exact"] == pytest.approx(120 / 140)
    lines = both.verdict()
    assert lines[0].startswith("model reads most printed values exactly: 97.9 %")
    assert "cloud against local: better in whole cards and Số (id)." in lines
    assert lines[-1].endswith("local 0 (0.0 %), cloud 0 (0.0 %), model 40 (100.0 %).")
    two = compare(local, cloud, labels)
    for column in ("difference", "low", "high", "fixed", "broke", "p"):
        assert row[column] == two.fields.loc["id", column]
    other = compare({"local": local, "cloud": cloud}, labels, baseline="cloud")
    assert of(other, "id", "local")["verdict"] == "worse"


def test_all_readers_are_judged_by_the_same_cards() -> None:
    # Nothing is printed on the last card, and only one reader says that there is.
    labels = pd.DataFrame({"id": ["1", "2", ""]})
    frames = {"a": pd.DataFrame({"id": ["1", "x", ""]}), "b": pd.DataFrame({"id": ["1", "2", "7"]})}
    both = compare(frames, labels)
    assert both.whole["cards"].tolist() == [3, 3]
    assert both.whole["card_exact"].tolist() == pytest.approx([2 / 3, 2 / 3])
    row = of(both, "card_exact", "b")
    assert [row["n"], row["exact"], row["difference"]] == [3, pytest.approx(2 / 3), 0]


def test_a_verdict_names_whole_cards_and_few_fields() -> None:
    names = ["id", "name", "born", "sex", "country", "address", "duedate", "noicap"]
    labels = pd.DataFrame(dict.fromkeys(names, ["AN"] * 40))
    # Each field is wrong on five cards of its own, which is too few to tell of any field.
    frame = pd.DataFrame({f: ["X" if n // 5 == at else "AN" for n in range(40)]
                          for at, f in enumerate(names)})  # fmt: skip
    both = compare({"a": labels, "b": frame, "c": labels}, labels)
    said = both.verdict()
    assert "b against a: worse in whole cards; no field by itself shows a clear difference." in said
    assert "c against a: no field by itself shows a clear difference." in said
    two = compare(labels, frame, labels).verdict()[-1]
    assert two.startswith("Too few cards to tell: Số (id), ")
    assert two.endswith(" and 2 more.")


def test_plots_and_reports_leave_out_where_nobody_differs() -> None:
    truth = pd.DataFrame({"id": ["1", "2", "3"], "name": ["AN", "BÌNH", "CHI"], "sex": ["Nam"] * 3})
    other = truth.assign(name=["AN", "BINH", "CHI"])
    two, three = compare(truth, other, truth), compare({"a": truth, "b": other}, truth)
    names = [
        [t.get_text().split("  ")[0] for t in b.plot().get_yticklabels()] for b in (two, three)
    ]
    assert set(names[0]) == set(names[1]) == {"Họ và tên (name)", "whole cards"}
    for page in (two.to_html(), three.to_html()):
        assert "Rows not listed, because no value differs: 2." in page
        assert "Giới tính" not in page.partition("<main>")[2]
    assert len(compare(truth, truth, truth).plot().get_yticklabels()) == 4


def test_readers_show_themselves(tmp_path: Path) -> None:
    n = 12
    frames = {"<b>": read(id=numbers(n)), "c": read(id=numbers(n, range(3)))}
    both = compare(frames, truth(n))
    assert "&lt;b&gt;" in both._repr_html_()
    assert "<b>&lt;" not in both._repr_html_().replace("<b>Readers</b>", "")
    assert "whole cards" in repr(both)
    path = tmp_path / "readers.html"
    assert both.to_html(path) == path
    page = path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert page.index("reads most printed values exactly") < page.index("<nav")
    assert ">Only &lt;b&gt; is right: 3</h2>" in page
    assert [t.get_text() for t in both.plot().get_yticklabels()] == ["Số (id)", "whole cards"]


def test_wrong_calls_of_several_readers_say_so() -> None:
    frame, labels = read(id=["1"]), pd.DataFrame({"id": ["1"]})
    with pytest.raises(ArgumentError, match="at least two"):
        compare({"a": frame}, labels)
    with pytest.raises(ArgumentError, match="no reader 'x'"):
        compare({"a": frame, "b": frame}, labels, baseline="x")
    with pytest.raises(ArgumentError, match="pass the truth"):
        compare(frame, labels)  # type: ignore[call-overload]


def test_wrong_calls_say_so() -> None:
    frame, labels = read(id=["1"]), pd.DataFrame({"id": ["1"]})
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        compare(frame, frame, labels, detect=2)
    with pytest.raises(ArgumentError, match="two names"):
        compare(frame, frame, labels, names=("a", "a"))
    with pytest.raises(ArgumentError, match="different rows"):
        score(frame, labels).compare(score(frame.set_axis([7]), labels.set_axis([7])))


def test_a_reader_with_no_field_at_all_is_worse() -> None:
    n = 12
    both = compare(
        read(id=numbers(n), name=["AN"] * n), read(id=[""] * n, name=["AN"] * n), truth(n)
    )
    assert isinstance(both, Comparison)
    assert both.fields.loc["id", "verdict"] == "worse"
    assert set(both.cells["outcome_b"]) == {"missing"}


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_exact_binomial(fixed: int, broke: int) -> None:
    from math import comb

    n = fixed + broke
    exact = min(1.0, 2 * sum(comb(n, k) for k in range(min(fixed, broke) + 1)) / 2**n)
    assert mcnemar(fixed, broke) == pytest.approx(exact)
    assert mcnemar(fixed, broke) == mcnemar(broke, fixed)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_only_raises_and_keeps_the_order(chances: list[float]) -> None:
    adjusted = holm(chances)
    assert (adjusted >= np.array(chances)).all()
    assert (adjusted <= np.minimum(1, np.array(chances) * len(chances)) + 1e-12).all()
    order = np.argsort(chances, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


@pytest.mark.parametrize(("gap", "differing"), [(0.04, 0.1), (0.1, 0.3), (0.02, 0.06), (0.3, 0.4)])
def test_cards_needed_give_the_power_they_promise(gap: float, differing: float) -> None:
    n = cards_needed(gap, differing)
    shares = [(differing + gap) / 2, (differing - gap) / 2, 1 - differing]
    drawn = np.random.default_rng(0).multinomial(n, shares, size=800)
    told = np.mean([mcnemar(int(f), int(b)) < 0.05 for f, b, _ in drawn])
    assert 0.77 < told < 0.9


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 200), st.integers(1, 200))
def test_a_share_lies_in_its_interval_which_is_that_of_single_cells(hits: int, more: int) -> None:
    n = hits + more
    low, high = map(float, share(hits, n))
    assert 0 <= low <= hits / n <= high <= 1
    assert high > low
    found = clustered([1] * hits + [0] * more, [1] * n)
    assert [found[0][0], found[1][0]] == pytest.approx([low, high])


def test_rows_in_which_nothing_differs_are_counted_and_not_listed() -> None:
    truth = pd.DataFrame({"id": ["1", "2", "3"], "name": ["AN", "BÌNH", "CHI"]})
    other = truth.assign(name=["AN", "BINH", "CHI"])
    two = repr(compare(truth, other, truth))
    assert "Rows not listed, because no value differs: 1." in two
    assert "Số (id)" not in two.split("\n", 1)[1]
    three = compare({1: truth, 2: other, 3: truth}, truth)  # type: ignore[dict-item]
    for shown in (repr(three), three._repr_html_()):
        assert "Rows not listed, because no value differs: 4." in shown
    with pytest.raises(ArgumentError, match="dict of the readers"):
        compare([truth, other], truth)  # type: ignore[call-overload]
