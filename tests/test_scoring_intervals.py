"""Intervals cover, promises hold, guards sound when they should: small runs of the simulations."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from simulated import alarms, covered, plans
from test_scoring_tables import truth_of

from cvocr_lab.errors import ArgumentError, DriftError
from cvocr_lab.scoring import accuracy_from_review, score
from cvocr_lab.scoring.drift import DriftWarning, fallen
from cvocr_lab.scoring.intervals import Sums, clustered, paired, tallied


@pytest.mark.parametrize("reader", ["unread", "spread"])
@pytest.mark.parametrize("cards", [30, 100])
def test_intervals_cover_as_often_as_they_say(reader: str, cards: int) -> None:
    shares = covered(reader, cards, runs=400, seed=5)
    # Of 400 samples, 93 to 98 % with the luck of three standard errors.
    assert all(0.895 <= share <= 0.995 for share in shares.values()), shares


def test_an_interval_of_single_cells_is_that_of_bayes() -> None:
    cards = 1000
    low, high = clustered([1] * 100 + [0] * 900, [1] * cards)
    exact = stats.beta.ppf([0.025, 0.975], 101, 901)
    assert [low[0], high[0]] == pytest.approx(exact, rel=0.01)


def test_cells_of_one_card_count_as_one() -> None:
    alone = clustered([1] * 20 + [0] * 5, [1] * 25)
    eightfold = clustered([8] * 20 + [0] * 5, [8] * 25)
    assert [x[0] for x in alone] == pytest.approx([x[0] for x in eightfold])
    spread = clustered([1] * 160 + [0] * 40, [1] * 200)
    assert spread[0][0] > alone[0][0]
    assert spread[1][0] < alone[1][0]


@pytest.mark.parametrize("cards", [1, 2, 30, 5000])
def test_nothing_without_a_mistake_is_certain(cards: int) -> None:
    low, high = clustered([8] * cards, [8] * cards)
    assert low[0] < 1 == high[0]
    low, high = clustered([0] * cards, [30] * cards)
    assert low[0] == 0 < high[0]


def test_groups_are_apart_and_empty_ones_unknown() -> None:
    low, high = clustered([5, 9, 0], [10, 10, 0], [0, 0, 2], 3)
    assert [low[0], high[0]] == pytest.approx([x[0] for x in clustered([5, 9], [10, 10])])
    assert np.isnan([low[1], high[1], low[2], high[2]]).all()


@pytest.mark.parametrize("scale", [1.0, 1.25])
def test_equal_cards_may_be_counted_before(scale: float) -> None:
    draw = np.random.default_rng(8)
    below = draw.integers(0, 12, 4000).astype(float)
    above = np.minimum(draw.integers(0, 14, 4000), below + 1) * scale
    group = draw.integers(0, 3, 4000)
    some_above, some_below, of, cards = tallied(above, below, group, 3)
    assert cards.sum() == 4000
    assert (len(cards) < 500) == (scale == 1)  # only whole numbers are counted
    expected = clustered(above, below, group, 3)
    np.testing.assert_allclose(clustered(some_above, some_below, of, 3, cards), expected, rtol=1e-9)


def test_a_rate_above_one_has_an_interval() -> None:
    low, high = clustered([30, 12, 25], [10, 10, 10])
    assert low[0] < 67 / 30 < high[0]


def test_the_bound_of_single_cells_is_that_of_clopper_and_pearson() -> None:
    n = np.array([50.0, 200.0])
    wrong = np.array([3.0, 0.0])
    bound = Sums(n, wrong, n, wrong, wrong, n).at_most(0.95)
    assert bound == pytest.approx(stats.beta.ppf(0.95, wrong + 1, n - wrong), rel=1e-9)


def test_a_paired_difference_has_the_interval_of_its_cards() -> None:
    gain = [1] * 60 + [-1] * 40 + [0] * 900
    low, high = paired(gain, [1] * 1000)
    plain = stats.t.interval(0.95, 999, np.mean(gain), stats.sem(gain))
    assert [low, high] == pytest.approx(plain, abs=5e-4)


# --- the guard against drift


def outcome_of(wrong: range, count: int = 200, *, field: str = "id") -> pd.DataFrame:
    truth = truth_of(count)
    cells = [("x" if n in wrong else "") + v for n, v in enumerate(truth[field])]
    return truth.assign(**{field: cells})


def test_the_guard_knows_the_cards_whatever_their_order(tmp_path: Path) -> None:
    frozen, truth = tmp_path / "frozen.parquet", truth_of(200)
    score(outcome_of(range(10)), truth, on="image").freeze(frozen)
    kept = pd.read_parquet(frozen)
    assert kept["correct"].sum() == 390
    assert not kept.astype(str).isin([*truth["id"], *truth["image"], *truth["name"]]).any(axis=None)
    shuffled = truth.sample(frac=1, random_state=0).reset_index(drop=True)
    score(outcome_of(range(10)), shuffled, on="image", baseline=frozen)
    with pytest.raises(DriftError, match=r"id: exact 85.0%, was 95.0% \(p < 0.001\)") as caught:
        score(outcome_of(range(30)), shuffled, on="image", baseline=frozen)
    fallen = caught.value.fallen
    assert fallen.T["id"][["was", "now", "what"]].tolist() == [0.95, 0.85, "exact"]
    assert fallen.T["all fields"][["was", "now"]].tolist() == [0.975, 0.925]
    assert "name" not in fallen.index


def test_the_chance_of_a_fall_is_that_of_a_coin() -> None:
    # Six values fell and none rose, in the only field in which anything differs: 1 in 64.
    then = pd.DataFrame({"card": range(50), "field": "id", "correct": True, "edits": 0, "chars": 9})
    now = then.assign(correct=then["card"] >= 6, edits=(then["card"] < 6).astype(int))
    same = pd.concat([then, then.assign(field="name")])
    found = fallen(same, pd.concat([now, then.assign(field="name")]), same=True)
    assert found["p"].tolist() == pytest.approx([1 / 64, 1 / 64], abs=0.008)
    assert found.T["id"][["was", "now"]].tolist() == [1.0, 0.88]


def test_one_wrong_letter_is_no_drift(tmp_path: Path) -> None:
    frozen = tmp_path / "frozen.parquet"
    score(truth_of(40), truth_of(40), on="image").freeze(frozen)
    score(outcome_of(range(1), 40), truth_of(40), on="image", baseline=frozen)


def test_other_cards_are_compared_as_two_samples(tmp_path: Path) -> None:
    frozen, other = tmp_path / "frozen.parquet", truth_of(200)
    other["image"] = "new-" + other["image"]
    score(outcome_of(range(10)), truth_of(200), on="image").freeze(frozen)
    read = outcome_of(range(14)).assign(image=other["image"])
    # (1.96 sqrt(2 * 0.1 * 0.9) + 1.64 sqrt(0.05 * 0.95 + 0.15 * 0.85))^2 / 0.1^2, the first factor
    # the quantile of 2.5 % for each of two fields
    with pytest.warns(DriftWarning, match="in id alone .* about 231 values") as told:
        score(read, other, on="image", baseline=frozen)
    assert [Path(warning.filename) for warning in told] == [Path(__file__)]
    read = outcome_of(range(40)).assign(image=other["image"])
    with pytest.raises(DriftError, match=r"id: exact 80\.0%, was 95\.0%"):
        score(read, other, on="image", baseline=frozen)


def test_a_field_no_longer_scored_is_drift(tmp_path: Path) -> None:
    frozen, truth = tmp_path / "frozen.parquet", truth_of(30)
    score(truth, truth, on="image").freeze(frozen)
    with pytest.raises(DriftError, match="name: no longer scored"):
        score(truth, truth, on="image", fields="id", baseline=frozen)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    truth_of(3).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ArgumentError, match="freeze it again"):
        score(truth_of(3), truth_of(3), baseline=tmp_path / "x.parquet")


def test_false_alarms_are_rare_and_drops_are_found() -> None:
    # At most 5 % and at least 95 %, with the luck of so few runs.
    for same in (True, False):
        assert alarms(0.0, runs=40, same=same, seed=1) <= 0.15
        assert alarms(0.1, runs=15, same=same, fields=8, seed=2) >= 0.8
    assert alarms(0.1, runs=15, seed=2) >= 0.8


# --- the review plan


def test_a_promise_needs_cards_not_values() -> None:
    truth = truth_of(100)
    read = truth.assign(id_confidence=0.9, name_confidence=0.8)
    plan = score(read, truth).plan()
    refused = plan.answer(0.005)
    assert np.isnan(refused.threshold)
    assert refused.cards_needed == 598
    assert "from 100 cards: it takes 598 and more" in str(refused)
    kept = plan.answer(0.05)
    assert kept.threshold == 0.8
    assert kept.silent_most == pytest.approx(1 - 0.05 ** (1 / 100))


def test_a_wholly_bad_card_breaks_no_promise() -> None:
    made, broken = plans(cards=800, runs=40, seed=3)
    assert broken <= 0.1 * max(made, 20)


# --- accuracy from a review


def test_words_and_gaps_of_a_review_are_understood() -> None:
    said = pd.DataFrame({"right": ["True", "False", "", None], "field": ["id", "id", "id", "id"]})
    row = accuracy_from_review(said, total=2).table.loc["all"]
    assert [row["reviewed"], row["accuracy"]] == [2, 0.5]
    gaps = pd.DataFrame({"right": [True, np.nan, False, True], "field": ["id", "id", None, "name"]})
    table = accuracy_from_review(gaps, by="field", total={"id": 1, "name": 1, "": 1}).table
    assert table["reviewed"].to_dict() == {"id": 1, "": 1, "name": 1}
    assert table["accuracy"].to_dict() == {"id": 1.0, "": 0.0, "name": 1.0}
    with pytest.raises(ArgumentError, match="True or False"):
        accuracy_from_review(pd.DataFrame({"right": ["right", "wrong"]}))
    numbered = pd.DataFrame({"right": [1, 0, 1], "page": [1, 2, None]})
    total: Any = {1: 4, 2: 5, None: 6}
    totals = accuracy_from_review(numbered, by="page", total=total).table["total"]
    assert totals.to_dict() == {"1": 4, "2": 5, "": 6}
    nothing = accuracy_from_review(pd.DataFrame({"right": [np.nan, np.nan]}), total=5)
    assert nothing.biased
    assert repr(nothing)


# --- nothing to compare


@pytest.mark.parametrize("what", ["no rows", "unreadable", "absent"])
def test_no_cells_make_an_empty_table(what: str, tmp_path: Path) -> None:
    truth, read = truth_of(3), truth_of(3)
    if what == "no rows":
        truth, read = truth.head(0), read.head(0)
    elif what == "unreadable":
        truth[["id", "name"]] = "###"
    else:
        truth = truth[["image"]].assign(type="passport", dantoc="")  # no passport has this field
        read = read[["image"]].assign(dantoc="")
    judged = score(read, truth)
    assert len(judged.cells) == 0
    assert judged.summary().empty
    assert judged.summary(()).loc["all", "n"] == 0
    assert judged.mistakes().empty
    assert judged.confusions().empty
    assert "no value to compare" in repr(judged)
    assert judged._repr_html_()
    judged.plot()
    assert judged.to_html(tmp_path / "r.html") == tmp_path / "r.html"
    assert judged.compare(judged).headline() == "no value to compare"


def test_a_perfect_score_has_a_report(tmp_path: Path) -> None:
    judged = score(truth_of(), truth_of())
    assert judged.to_html(tmp_path / "r.html") == tmp_path / "r.html"
    judged.plot("confusions")
    row = judged.summary().loc["id"]
    assert row["exact_low"] < row["exact"] == row["exact_high"] == 1
    assert 0 == row["cer"] == row["cer_low"] < row["cer_high"]


def test_summary_by_a_column_of_either_table() -> None:
    truth = truth_of().assign(tier=["scan", "photo"] * 4)
    read = truth_of().assign(camera=["a"] * 4 + ["b"] * 4, name="X")
    read.loc[7, "camera"] = None
    judged = score(read, truth)
    assert judged.summary("tier")["n"].to_dict() == {"photo": 8, "scan": 8}
    assert judged.summary("camera")["n"].to_dict() == {"a": 8, "b": 6}
    assert judged.summary(["camera", "tier"]).loc[("a", "scan"), "correct"] == 2
    with pytest.raises(ArgumentError, match="camera"):
        judged.summary("nay")
