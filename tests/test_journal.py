import json
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvocr_lab import journal
from cvocr_lab.errors import ArgumentError
from cvocr_lab.journal import (
    STATES,
    Decision,
    Item,
    Journal,
    JournalWarning,
    Standing,
    State,
    fold,
    merge,
    read_decisions,
)
from cvocr_lab.journal.decision import decision_of, line_of

NAME = Item(source="a.jpg", type="tcc_chip", side="front", field="name")
NUMBER = Item(source="a.jpg", type="tcc_chip", side="front", field="id")


def only(decisions: Sequence[Decision]) -> Standing:
    (standing,) = fold(decisions).values()
    return standing


def test_a_decision_is_on_disk_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    made = Journal(path, who="an").decide(
        NAME, "corrected", value="Nguye\u0302\u0303n ", engine="local 1", engine_value="NGUYEN",
        seconds=2.5, note="glare", chance=0.1,
    )  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (line,) = path.read_text("utf-8").splitlines()
    cells = json.loads(line)
    assert cells["time"].endswith("+00:00")
    assert {k: cells[k] for k in ("who", "source", "type", "side", "page", "field", "state")} == {
        "who": "an", "source": "a.jpg", "type": "tcc_chip", "side": "front", "page": 1,
        "field": "name", "state": "corrected",
    }  # fmt: skip
    assert cells["value"] == "Nguyễn "
    assert (cells["engine_value"], cells["seconds"], cells["chance"]) == ("NGUYEN", 2.5, 0.1)
    assert Journal(path).decisions == (made,)


def test_confirmed_means_what_the_engine_said_and_skipped_says_nothing(tmp_path: Path) -> None:
    log = Journal(tmp_path / "j", who="an")
    assert log.decide(NAME, "confirmed", engine_value="AN").value == "AN"
    assert log.decide(NAME, "corrected", value="").value is None
    for state in ("skipped", "unreadable", "disputed", "untouched"):
        with pytest.raises(ArgumentError, match="has no value"):
            log.decide(NAME, state, value="x")
    with pytest.raises(ArgumentError, match="has no field"):
        log.decide(Item("a.jpg"), "skipped")
    with pytest.raises(ArgumentError, match="chance"):
        log.decide(NAME, "skipped", chance=2)
    with pytest.raises(ArgumentError, match="seconds"):
        log.decide(NAME, "skipped", seconds=float("nan"))


def test_prefilled_and_skipped_do_not_count_as_reviewed(tmp_path: Path) -> None:
    log = Journal(tmp_path / "j", who="an")
    counts = []
    for state in STATES:
        log.decide(NAME, state)
        standing = log.at(NAME)
        assert standing is not None
        assert standing.state == state
        counts.append(standing.reviewed)
    assert dict(zip(STATES, counts, strict=True)) == {
        "untouched": False, "prefilled": False, "confirmed": True, "corrected": True,
        "skipped": False, "unreadable": True, "disputed": False,
    }  # fmt: skip


def test_undo_goes_back_through_sessions_and_can_be_undone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    log = Journal(path, who="an")
    log.decide(NAME, "corrected", value="A")
    log.decide(NUMBER, "corrected", value="1")
    log.decide(NAME, "corrected", value="B")
    again = Journal(path, who="an")
    undone = again.undo()
    assert undone is not None
    assert [s.value for s in again.standings.values()] == ["A", "1"]
    again.undo(undone.id)
    assert [s.value for s in again.standings.values()] == ["B", "1"]
    for _ in range(3):
        assert again.undo() is not None
    assert again.undo() is None
    assert Journal(path).standings == {}
    assert path.read_bytes().count(b"\n") == 8
    with pytest.raises(ArgumentError, match="no decision with the id"):
        again.undo("nothing")


def test_undo_takes_back_ones_own_only(tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal(path, who="an").decide(NAME, "corrected", value="A")
    other = Journal(path, who="binh")
    assert other.undo() is None
    assert [s.value for s in other.standings.values()] == ["A"]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_cut_off_is_let_be_and_goes_with_the_next_decision(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "j"
    log = Journal(path, who="an")
    log.decide(NAME, "corrected", value="A")
    whole = path.read_bytes()
    log.decide(NUMBER, "corrected", value="1")
    path.write_bytes(path.read_bytes()[:-cut])
    if cut == 1:  # only the line break is gone
        assert len(Journal(path).decisions) == 2
    else:
        assert len(Journal(path).decisions) == 1
    later = Journal(path, who="an")
    later.decide(NUMBER, "corrected", value="2")
    lines = path.read_bytes()
    assert lines.startswith(whole)
    assert lines.count(b"\n") == len(Journal(path).decisions) == (3 if cut == 1 else 2)
    assert Journal(path).invalid_lines == ()


@pytest.mark.parametrize(
    "garbage",
    [b"garbage", b"\xff\xfe", b"[]", b"{}", b'{"id": 1}', b"[" * 100_000, b"\x00" * 50],
)
def test_a_garbled_line_is_told_by_its_number_and_passed_over(
    garbage: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "j"
    log = Journal(path, who="an")
    log.decide(NAME, "corrected", value="A")
    path.write_bytes(path.read_bytes() + garbage + b"\n")
    log.decide(NUMBER, "corrected", value="1")
    with pytest.warns(JournalWarning, match="line 2,") as noted:
        log.refresh()
    assert log.refresh() == 0
    assert len(noted) == 1
    assert "garbage" not in str(noted[0].message)
    with pytest.warns(JournalWarning):
        assert Journal(path).invalid_lines == (2,)
    with pytest.warns(JournalWarning):
        assert len(read_decisions(path)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"state": "done"},
        {"time": "yesterday"},
        {"time": "2026-01-01T00:00:00"},
        {"page": 0},
        {"nth": "1"},
        {"value": 7},
        {"source": None},
        {"seconds": "2"},
        {"replaces": "abc"},
        {"id": ""},
    ],
)
def test_a_line_that_says_the_impossible_is_no_decision(change: dict[str, object]) -> None:
    cells = json.loads(line_of(Decision(NAME, "skipped")))
    with pytest.raises(ValueError, match=r"."):
        decision_of(json.dumps(cells | change).encode())


def test_time_tells_the_order_even_when_the_clock_was_turned_back(tmp_path: Path) -> None:
    path = tmp_path / "j"
    ahead = Decision(NAME, "corrected", "A", who="an", time=datetime.now(UTC) + timedelta(days=9))
    path.write_bytes(line_of(ahead))
    log = Journal(path, who="an")
    log.decide(NAME, "corrected", value="B")
    assert [d.value for d in log.decisions] == ["A", "B"]
    assert [s.value for s in fold(reversed(log.decisions)).values()] == ["B"]


def test_two_who_did_not_see_each_other_dispute_until_one_decides_again(tmp_path: Path) -> None:
    paths = [tmp_path / "an", tmp_path / "binh"]
    for path, value in zip(paths, ("A", "B"), strict=True):
        log = Journal(path, who=path.name)
        log.decide(NAME, "corrected", value=value)
        log.decide(NUMBER, "confirmed", engine_value=" 001  2 ")
    standings = {p[-1]: s for p, s in fold(merge(paths)).items()}
    assert standings["name"].state == "disputed"
    assert standings["name"].value is None
    assert [d.value for d in standings["name"].decisions] == ["A", "B"]
    assert standings["id"].state == "confirmed"

    together = tmp_path / "together"
    merge(paths, out=together)
    assert stat.S_IMODE(together.stat().st_mode) == 0o600
    settled = Journal(together, who="an")
    settled.decide(NAME, "corrected", value="B")
    for order in ([together, *paths], [*reversed(paths), together, together]):
        found = {p[-1]: s for p, s in fold(merge(order)).items()}["name"]
        assert (found.state, found.value) == ("corrected", "B")
    settled.undo()
    assert {p[-1]: s.state for p, s in settled.standings.items()}["name"] == "disputed"
    with pytest.raises(ArgumentError, match="already exists"):
        merge(paths, out=together)
    with pytest.raises(ArgumentError, match="there is no journal"):
        merge([tmp_path / "nobody"])


def test_in_one_journal_the_second_reader_overrules_what_he_saw(tmp_path: Path) -> None:
    path = tmp_path / "j"
    an, binh = Journal(path, who="an"), Journal(path, who="binh")
    an.decide(NAME, "corrected", value="A")
    binh.decide(NAME, "corrected", value="B")  # has not seen it
    assert only(Journal(path).decisions).state == "disputed"
    assert binh.refresh() == 1
    binh.decide(NAME, "corrected", value="B")
    assert only(Journal(path).decisions).value == "B"


def test_unreadable_against_a_value_is_a_dispute_and_skipped_against_one_is_not() -> None:
    value = Decision(NAME, "corrected", "A", who="an")
    assert only([value, Decision(NAME, "unreadable", who="b")]).state == "disputed"
    assert only([value, Decision(NAME, "skipped", who="b")]).value == "A"
    assert only([value, Decision(NAME, "prefilled", "X", who="b")]).value == "A"
    assert only([value, Decision(NAME, "confirmed", "A", who="b")]).state == "confirmed"


def test_a_decision_by_path_meets_one_by_picture() -> None:
    by_path = Decision(NAME, "corrected", "A", who="an")
    picture = Item(source="a.jpg", sha256="1f", side="front", field="name")
    moved = Item(source="elsewhere/b.jpg", sha256="1f", side="front", field="name")
    later = Decision(moved, "confirmed", "A", who="an")
    assert only([by_path, Decision(picture, "skipped", who="an")]).state == "skipped"
    assert only([by_path, later, Decision(picture, "skipped", who="b")]).state == "confirmed"
    other = Item(source="a.jpg", sha256="2e", side="front", field="name")
    assert len(fold([by_path, Decision(picture, "skipped"), Decision(other, "skipped")])) == 3


def test_the_table_has_what_planners_and_audits_ask_for(tmp_path: Path) -> None:
    log = Journal(tmp_path / "j", who="an")
    log.decide(NAME, "corrected", value="A", seconds=3.0, chance=0.25)
    log.decide(NUMBER, "confirmed", engine_value="1", seconds=1.0)
    log.undo()
    table = journal.to_frame(tmp_path / "j")
    assert table["field"].tolist() == ["name", "id", "id"]
    assert table["stands"].tolist() == [True, False, False]
    assert table["seconds"].tolist()[:2] == [3.0, 1.0]
    assert table["chance"].tolist()[0] == 0.25
    assert str(table["time"].dtype) == "datetime64[us, UTC]"
    empty = journal.to_frame([])
    assert empty.columns.tolist() == table.columns.tolist()
    assert [str(t) for t in empty.dtypes] == [str(t) for t in table.dtypes]


WRITER = """
import sys
from cvocr_lab.journal import Item, Journal
log = Journal(sys.argv[1], who=sys.argv[2])
for n in range(int(sys.argv[3])):
    log.decide(Item(source=f"{n}.jpg", field="id"), "corrected", value=str(n))
    print(n, flush=True)
"""


def writer(path: Path, who: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), who, str(count)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent,
    )  # fmt: skip


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "j"
    for turn in range(3):
        before = len(Journal(path).decisions)
        with writer(path, f"w{turn}", 100_000) as process:
            assert process.stdout is not None
            acknowledged = [process.stdout.readline() for _ in range(20 + 13 * turn)]
            process.send_signal(signal.SIGKILL)
            acknowledged += process.stdout.readlines()
        done = sum(line.endswith("\n") for line in acknowledged)
        after = Journal(path)
        assert done <= len(after.decisions) - before <= done + 1
        assert after.invalid_lines == ()


def test_several_processes_write_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "j"
    processes = [writer(path, f"w{n}", 40) for n in range(4)]
    for process in processes:
        process.communicate(timeout=60)
    table = journal.to_frame(path)
    assert table.groupby("who").size().tolist() == [40] * 4
    assert table["time"].is_monotonic_increasing
    assert table["id"].is_unique


def test_threads_too(tmp_path: Path) -> None:
    log = Journal(tmp_path / "j", who="an")

    def work(n: int) -> None:
        for m in range(20):
            log.decide(Item(source=f"{n}-{m}", field="id"), "skipped")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Journal(log.path).standings) == len(log.standings) == 80


def test_a_disk_that_is_full_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "j"
    log = Journal(path, who="an")
    log.decide(NAME, "corrected", value="A")
    before = path.read_bytes()
    code = (
        "import resource, signal, sys\n"
        "from cvocr_lab.journal import Item, Journal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "size = int(sys.argv[2])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "try: Journal(sys.argv[1]).decide(Item('b.jpg', field='id'), 'skipped')\n"
        "except OSError: print('full')\n"
    )
    for room in (0, 50):
        told = subprocess.run(
            [sys.executable, "-c", code, str(path), str(len(before) + room)],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
        )  # fmt: skip
        assert told.stdout == "full\n"
        assert path.read_bytes() == before


def test_a_decision_costs_little_in_a_long_journal(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with path.open("wb") as file:
        for n in range(20_000):
            file.write(line_of(Decision(Item(f"{n}.jpg", field="id"), "corrected", "1", who="an")))
    log = Journal(path, who="an")
    start = time.perf_counter()
    for n in range(50):
        log.decide(Item(f"{n}.jpg", sha256=f"{n:x}", field="id"), "confirmed", value="1")
    assert (time.perf_counter() - start) / 50 < 0.1
    assert len(log.standings) == 20_000


ITEMS = st.builds(
    Item,
    source=st.sampled_from(["", "a", "b"]),
    sha256=st.sampled_from(["", "1f", "2e"]),
    side=st.sampled_from(["front", "back"]),
    field=st.sampled_from(["id", "name"]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Decision]:
    made: list[Decision] = []
    for n in range(draw(st.integers(0, 8))):
        time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n)
        who = draw(st.sampled_from(["an", "binh"]))
        earlier = draw(st.sampled_from(made)) if made else None
        if earlier and draw(st.booleans()):
            made.append(
                Decision(
                    earlier.item, "untouched", who=who, time=time, undoes=earlier.id, id=f"{n}"
                )
            )
            continue
        state: State = draw(st.sampled_from(STATES))
        valued = state in ("corrected", "confirmed", "prefilled")
        value = draw(st.sampled_from(["A", "B", None])) if valued else None
        replaces = draw(st.sets(st.sampled_from([d.id for d in made]))) if made else set()
        made.append(
            Decision(
                draw(ITEMS), state, value, who=who, time=time, replaces=tuple(replaces), id=f"{n}"
            )
        )
    return made


@settings(deadline=None)
@given(histories(), st.randoms())
def test_the_order_of_reading_does_not_matter(made: list[Decision], random: object) -> None:
    shuffled = list(made) + made[:2]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(made)


@settings(deadline=None)
@given(histories(), ITEMS, st.sampled_from(STATES))
def test_done_and_undone_is_as_if_never_done(
    made: list[Decision], item: Item, state: State
) -> None:
    # A picture met for the first time tells which picture lies under a path; that stays known.
    met = [d.item for d in made]
    item = item if item in met or not met else met[0]
    if not met:
        item = Item(item.source, field="id")
    late = datetime(2027, 1, 1, tzinfo=UTC)
    before = fold(made)
    done = Decision(item, state, who="an", time=late, replaces=tuple(d.id for d in made), id="x")
    undone = Decision(item, "untouched", time=late, undoes="x", id="y")
    redone = Decision(item, "untouched", time=late, undoes="y", id="z")
    assert fold([*made, done, undone]) == before
    assert fold([*made, done, undone, redone]) == fold([*made, done])


@settings(deadline=None)
@given(histories())
def test_lines_give_back_what_was_written(made: list[Decision]) -> None:
    again = [decision_of(line_of(d)) for d in made]
    assert [line_of(d) for d in again] == [line_of(d) for d in made]
    assert [d.id for d in again] == [d.id for d in made]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(ITEMS, st.sampled_from(["decide", "undo", "reopen"])), max_size=12))
def test_an_open_journal_stands_where_its_file_does(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Item, str]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    log = Journal(path, who="an")
    for at, (item, step) in enumerate(steps):
        if step == "decide":
            log.decide(item, "corrected", value=str(at))
        elif step == "undo":
            log.undo()
        else:
            log = Journal(path, who="an")
        assert dict(log.standings) == fold(read_decisions(log)) == dict(Journal(path).standings)


def test_labels_of_every_kind_are_kept(tmp_path: Path) -> None:
    log = Journal(tmp_path / "j", who="an")
    for label in (7, "x", ("a", 1), None, 0.5):
        log.decide(Item(label=label, field="id"), "corrected", value="1")
    assert [d.item.label for d in Journal(log.path).decisions] == [7, "x", ("a", 1), None, 0.5]
    assert len(log.standings) == 5
    assert log.decisions[0].seconds is None
