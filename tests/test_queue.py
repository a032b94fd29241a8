"""The review queue: what comes first, what is drawn at random, and what a review of it tells."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.journal import Decision, frame_items
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.scoring import accuracy_from_review
from cvocr_lab.views.queue import COLUMNS, review_queue, reviewed_values

Values = dict[str, tuple[str, float | None]]


def frame_of(*papers: Values, type_: str = "tcc_chip") -> pd.DataFrame:
    documents = [
        Document(type_, "front", {f: FieldValue(text, sure) for f, (text, sure) in values.items()})
        for values in papers
    ]
    sources = pd.DataFrame({"image": [f"{n}.jpg" for n in range(len(papers))]})
    return to_frame([Reading(Extraction((d,))) for d in documents], sources)


def many(count: int, seed: int = 0) -> pd.DataFrame:
    rng = random.Random(seed)
    papers: list[Values] = [{"name": (f"TRẦN VĂN AN {n}", rng.random())} for n in range(count)]
    return frame_of(*papers)


def test_doubtful_values_that_are_quick_to_read_come_first() -> None:
    frame = frame_of(
        {
            "name": ("TRẦN AN", 0.5),
            "sex": ("Nam", 0.5),
            "address": ("Hà Nội", 0.5),
            "id": ("001099000123", 0.99),
        }
    )
    queue = review_queue(frame, audit=0, fields=["id", "address", "sex", "name"])
    assert queue["field"].tolist() == ["sex", "name", "address", "id"]
    assert queue["gain"].is_monotonic_decreasing
    assert tuple(queue.columns) == COLUMNS


def test_the_fields_asked_for_are_those_of_the_type_and_no_codes() -> None:
    frame = frame_of({"id": ("001099000123", 0.9), "qr": ("001099000123|||||", 1.0)})
    fields = set(review_queue(frame)["field"])
    assert {"id", "name", "born", "address"} <= fields
    assert "qr" not in fields
    assert "plate" not in fields


def test_a_gap_counts_by_how_many_of_the_others_have_a_value() -> None:
    papers: list[Values] = [{"name": ("TRẦN AN", 0.99)} for _ in range(30)]
    frame = frame_of(*papers, {"id": ("001099000123", 0.9)})
    queue = review_queue(frame, audit=0)
    first = queue.iloc[0]
    assert (first["row"], first["field"], pd.isna(first["value"])) == (30, "name", True)
    assert first["reason"] == "nothing read; 94% of these papers have one"
    assert queue[queue["field"] == "sex"]["gain"].max() < 0.001


def test_what_contradicts_itself_comes_before_what_does_not() -> None:
    right: Values = {"id": ("001099000123", 0.9), "sex": ("Nam", 0.9), "born": ("01/01/1999", 0.9)}
    frame = frame_of(right, right | {"sex": ("Nữ", 0.9)})
    queue = review_queue(frame, audit=0, fields=["id", "sex", "born"])
    first = queue[queue["reason"].str.contains("other sex")]
    assert first["row"].tolist() == [1]
    assert first.index[0] < 2
    assert not queue["reason"].str.contains("001099").any()  # reasons hold no values


def test_labels_say_what_to_look_at_and_what_nobody_can_read() -> None:
    read: Values = {"name": ("TRẦN AN", 0.99), "id": ("001099000123", 0.3)}
    truth = pd.DataFrame({"name": ["TRẦN ÂN", "###"], "id": ["001099000123"] * 2})
    queue = review_queue(frame_of(read, read), truth=truth, audit=0, fields=["id", "name"])
    assert list(zip(queue["row"], queue["field"], strict=True)) == [
        (0, "name"),
        (0, "id"),
        (1, "id"),
    ]
    assert queue["reason"][0] == "differs from the label; confidence 99%"


def test_failed_rows_are_asked_about_where_a_truth_knows_their_fields() -> None:
    from cvocr_lab.errors import ImageError

    failed = to_frame([Reading(ImageError("broken"))], pd.DataFrame({"image": ["a.jpg"]}))
    assert review_queue(failed).empty
    queue = review_queue(failed, truth=pd.DataFrame({"name": ["TRẦN AN"]}))
    assert queue["field"].tolist() == ["name"]


def test_unknown_confidence_comes_first_by_confidence_and_the_frame_rules_by_row() -> None:
    frame = frame_of({"name": ("A", 0.2)}, {"name": ("B", None)}, {"name": ("C", 0.1)})
    by = review_queue(frame, order="confidence", audit=0, fields=["name"])
    assert by["row"].tolist() == [1, 2, 0]
    by_row = review_queue(frame, order="row", audit=0.5)
    assert by_row["row"].is_monotonic_increasing
    assert not by_row["audit"].any()


def test_times_of_a_journal_replace_the_assumed_ones() -> None:
    frame = frame_of({"name": ("TRẦN AN", 0.5), "sex": ("Nam", 0.5)})
    slow = pd.DataFrame({"field": ["sex", "sex", "name"], "seconds": [20.0, 40.0, 1.0]})
    for seconds in (slow, {"sex": 30.0, "name": 1.0}):
        queue = review_queue(frame, audit=0, fields=["sex", "name"], seconds=seconds)
        assert queue["field"].tolist() == ["name", "sex"]
    with pytest.raises(ArgumentError, match="greater than 0"):
        review_queue(frame, seconds={"sex": 0.0})


@given(share=st.floats(0, 1), count=st.integers(1, 60), seed=st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_every_value_comes_once_and_the_same_seed_gives_the_same_queue(
    share: float, count: int, seed: int
) -> None:
    frame = many(count)
    queue = review_queue(frame, audit=share, seed=seed, fields=["name"])
    assert sorted(queue["row"]) == list(range(count))
    pd.testing.assert_frame_equal(
        queue, review_queue(frame, audit=share, seed=seed, fields=["name"])
    )
    assert queue["audit"].sum() <= round(share * count)
    # Whoever was not drawn comes in order.
    assert queue.loc[~queue["audit"], "rank"].is_monotonic_increasing
    assert (queue.loc[~queue["audit"], "chance"] == 1).all()


def test_some_of_any_beginning_are_drawn_at_random() -> None:
    queue = review_queue(many(2000), audit=0.1, fields=["name"])
    assert 0.05 < queue["audit"][:400].mean() < 0.13
    assert queue.loc[queue["audit"], "reason"].str.startswith("drawn at random").all()


@pytest.mark.parametrize("stop", [0.15, 0.4])
def test_a_review_that_goes_worst_first_still_tells_the_accuracy(stop: float) -> None:
    estimates, naive, covered = [], [], 0
    for seed in range(12):
        frame = many(500, seed)
        rng = np.random.default_rng(seed)
        sure = frame["name_confidence"].to_numpy()
        right = rng.random(len(frame)) < 0.5 + 0.5 * sure
        queue = review_queue(frame, audit=0.2, seed=seed, fields=["name"])
        done = queue[: int(stop * len(queue))]
        items = [replace(item, field="name") for item in frame_items(frame)]
        said = [
            Decision(items[row], "confirmed", value)
            if right[row]
            else Decision(items[row], "corrected", "TRẦN ÂN")
            for row, value in zip(done["row"], done["value"], strict=True)
        ]
        judged = reviewed_values(frame, queue, said)
        table = accuracy_from_review(judged, total=len(queue)).table.loc["all"]
        estimates.append(table["accuracy"] - right.mean())
        naive.append(judged["right"].mean() - right.mean())
        covered += table["low"] <= right.mean() <= table["high"]
    assert abs(np.mean(estimates)) < 0.05
    assert np.mean(naive) < -0.1
    assert covered >= 10


def test_a_whole_review_needs_no_estimate() -> None:
    frame = many(30)
    queue = review_queue(frame, audit=0.2, fields=["name"])
    items = [replace(item, field="name") for item in frame_items(frame)]
    said = [Decision(items[row], "confirmed", v) for row, v in zip(queue["row"], queue["value"])]  # noqa: B905
    judged = reviewed_values(frame, queue, said)
    assert (judged["chance"] == 1).all()
    assert len(judged) == 30
    said[0] = replace(said[0], state="skipped", value=None)
    assert len(reviewed_values(frame, queue, said)) == 29


def test_wrong_arguments_are_told() -> None:
    frame = many(3)
    with pytest.raises(ArgumentError, match="order"):
        review_queue(frame, order="worst")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="audit"):
        review_queue(frame, audit=1.5)
    with pytest.raises(ArgumentError, match="unknown field"):
        review_queue(frame, fields=["colour"])
    with pytest.raises(ArgumentError, match="not from review_queue"):
        reviewed_values(frame, pd.DataFrame(), [])
