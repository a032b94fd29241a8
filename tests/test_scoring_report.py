"""Every number of a report, worked out again from `.cells` with plain pandas."""

import base64
import hashlib
import random
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from rapidfuzz.distance import Levenshtein
from scipy import stats

from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.kinds import TYPES, captioned
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.scoring import Score, compare, score

LETTERS = "aăâeêioôơuưáàạéèẹíìọúụđnhtcABDOIS0158 ,.-"
ROWS = 80


class Tables(HTMLParser):
    """The tables of a page, each a list of rows of texts; what is small stands after a blank."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.inside = True
        elif tag == "small" and self.inside:
            self.tables[-1][-1][-1] += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.tables[-1][-1][-1] += data


def misread(text: str, draw: random.Random) -> str:
    letters = list(text)
    for _ in range(draw.choice((1, 1, 2))):
        at = draw.randrange(len(letters))
        letters[at] = draw.choice((draw.choice(LETTERS), "", letters[at] + draw.choice(LETTERS)))
    return "".join(letters)


def made_up() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Eighty cards of two types and three tiers, many values misread, some absent."""
    draw = random.Random(6)
    labels, papers = [], []
    for _ in range(ROWS):
        kind = TYPES[draw.choice(("tcc_chip", "cmt"))]
        truth = {"type": kind.name, "tier": draw.choice(("scan", "photo", "hard"))}
        read = {}
        for field in kind.fields:
            if field.name not in ("id", "name", "born", "sex", "address", "country"):
                continue
            text = field.type.format(field.type.sample(draw))
            truth[field.name] = text if draw.random() < 0.92 else draw.choice(("", "###"))
            value = misread(text, draw) if draw.random() < 0.3 else text
            if draw.random() < 0.9:
                sure = min(1.0, max(0.0, draw.gauss(0.9 if value == text else 0.6, 0.1)))
                read[field.name] = FieldValue(value, sure)
        labels.append(truth)
        papers.append(Document(kind.name, "front", read))
    sources = pd.DataFrame({"image": [f"{n}.jpg" for n in range(ROWS)]})
    frame = to_frame([Reading(Extraction((paper,))) for paper in papers], sources)
    return frame, pd.DataFrame(labels)


@pytest.fixture(scope="module")
def judged() -> Score:
    return score(*made_up())


@pytest.fixture(scope="module")
def page(judged: Score) -> str:
    return judged.to_html(title="Đọc <thử>")


@pytest.fixture(scope="module")
def tables(page: str) -> dict[tuple[str, str], list[list[str]]]:
    """By the first and the second heading, which no two share."""
    return {(t[0][0], t[0][1]): t for t in Tables(page).tables}


def pooled(above: pd.Series, below: pd.Series, row: pd.Series) -> tuple[float, float, float]:
    """A ratio of sums and its interval, worked out card by card as the definition has it."""
    cards = [
        (float(above[row == r].sum()), float(below[row == r].sum()))
        for r in row.unique()
        if below[row == r].sum() > 0
    ]
    n = len(cards)
    size = sum(b for _, b in cards) / n
    whole = [*cards, (0.0, size), (size, size)]
    mean = sum(a for a, _ in whole) / sum(b for _, b in whole)
    gaps = sum((a - mean * b) ** 2 for a, b in whole)
    worth = mean * (1 - mean) * sum(b for _, b in whole) ** 2 / gaps
    worth *= (stats.norm.ppf(0.975) / stats.t.ppf(0.975, n)) ** 2
    seen = sum(a for a, _ in cards) / sum(b for _, b in cards)
    low, high = stats.beta.ppf([0.025, 0.975], mean * worth, (1 - mean) * worth)
    return seen, 0.0 if seen == 0 else min(low, seen), 1.0 if seen == 1 else max(high, seen)


def figures(cells: pd.DataFrame) -> dict[str, str]:
    """What a line of a summary must say of these cells."""
    outcome = cells["outcome"].astype(str)
    right, there = outcome == "correct", outcome.isin(["correct", "wrong", "missing"])
    given = outcome.isin(["correct", "wrong", "invented"])
    fine = (right | (outcome == "absent")).groupby(cells["row"].to_numpy()).all()
    some = cells[there]
    tier, verdict = cells["tier"].astype(str), cells["verdict"].astype(str)
    one = pd.Series(1.0, cells.index)

    def share(which: pd.Series, among: pd.Series = there) -> tuple[float, float, float]:
        return pooled((which & among) * one, among * one, cells["row"])

    found = {
        "cards": f"{cells['row'].nunique()}",
        "n": f"{len(cells)}",
        **{name: f"{(outcome == name).sum()}" for name in
           ("correct", "wrong", "invented", "missing", "absent")},
        "other era": f"{(verdict[there] == 'other era').sum()}",
    }  # fmt: skip
    every = pd.Series(True, cells.index)
    shares = {
        "exact": share(right),
        "exact case": share(tier.isin(["exact", "case"])),
        "exact diacritics": share(tier.isin(["exact", "diacritics"])),
        "exact loose": share(tier.ne("none")),
        "same value": share(verdict.isin(["same", "style", "same value"])),
        "right": share(right | (outcome == "absent"), every),
        "card exact": pooled(fine * 1.0, fine * 0 + 1.0, fine.index.to_series()),
        "coverage": share(outcome.isin(["correct", "wrong"])),
        "precision": share(right, given),
        "F1": pooled(2.0 * right, there * one + given, cells["row"]),
        "CER": pooled(some["edits"], some["chars"], some["row"]),
        "CER macro": pooled(some["edits"] / some["chars"], one[there], some["row"]),
        "WER": pooled(some["word_edits"], some["words"], some["row"]),
        "WER macro": pooled(some["word_edits"] / some["words"], one[there], some["row"]),
        "ANLS": pooled(cells["anls"], one, cells["row"]),
    }
    for name, (value, low, high) in shares.items():
        digits = 2 if "ER" in name else 1
        found[name] = (
            f"{value * 100:.{digits}f} % [{low * 100:.{digits}f}, {high * 100:.{digits}f}]"
        )
    return found


@pytest.mark.parametrize("by", ["field", "type", "tier"])
def test_summaries(by: str, judged: Score, tables: dict[tuple[str, str], list[list[str]]]) -> None:
    cells = judged.cells.reset_index(drop=True)
    # Not a column of the cells: they have a `tier` of their own, that of strictness.
    of = cells["field"] if by == "field" else judged.rows[by].array[cells["row"]]
    shown = [table for (first, _), table in tables.items() if first == by]
    assert len(shown) == 3 if by == "field" else 2  # the worst fields stand apart
    shown = shown[-2:]
    columns = {name for table in shown for name in table[0][1:]}
    assert {"n", "exact", "CER", "WER", "ANLS", "F1", "coverage", "precision"} <= columns
    for group, some in cells.groupby(of, observed=True):
        expected = figures(some)
        for table in shown:
            line = next(
                line
                for line in table[1:]
                if line[0] == (captioned(group) if by == "field" else group)
            )
            for name, text in zip(table[0][1:], line[1:], strict=True):
                assert text == expected[name], (group, name)


def test_the_answer_comes_first(judged: Score, page: str) -> None:
    cells = judged.cells
    right = cells["outcome"].isin(["correct", "absent"]).groupby(cells["row"].to_numpy()).all()
    value, low, high = pooled(right * 1.0, right * 0 + 1.0, right.index.to_series())
    said = f"({value:.1%}; 95 %: {low * 100:.1f} to {high * 100:.1f} %)".replace("%;", " %;")
    first = f"Cards without a mistake: {right.sum()} of {len(right)} {said}"
    counts = cells.groupby("field", observed=True)["outcome"].value_counts().unstack()
    shares = counts["correct"] / counts[["correct", "wrong", "missing"]].sum(axis=1)
    worst = shares.sort_values(kind="stable").index[:3]
    named = ", ".join(f"{captioned(f)} {shares[f] * 100:.1f} %" for f in worst)
    for text in (repr(judged), judged._repr_html_(), page.replace("\N{NO-BREAK SPACE}", " ")):
        assert first in text
        assert f"Worst: {named}." in text
    assert f"type right {(judged.rows['type'] == judged.rows['ocr_type']).mean():.1%}" not in page
    headings = re.findall(r"<h2 id=\"(.*?)\">", page)
    assert headings[:3] == ["s-worst-fields", "s-outcomes", "s-mistakes"]
    assert headings[-2:] == ["s-values-that-are-not-right", "s-definitions"]
    for anchor in re.findall(r'href="#(.*?)"', page):
        assert f'id="{anchor}"' in page


def test_the_repr_is_sorted_and_folds_what_is_right() -> None:
    truth = pd.DataFrame(
        {"id": list("1234"), "name": ["AN"] * 4, "sex": ["Nam"] * 4, "born": ["01/02/1990"] * 4}
    )
    read = truth.assign(name=["AN", "AN", "X", ""], sex=["Nam", "Nam", "Nam", "Nữ"])
    lines = repr(score(read, truth)).splitlines()
    assert lines[0].startswith("Score: Cards without a mistake: 2 of 4 (50.0 %; 95 %: ")
    assert "Printed values exact: 13 of 16 (81.2 %; " in lines[0]
    assert [line.split("  ")[0] for line in lines[3:5]] == ["Họ và tên (name)", "Giới tính (sex)"]
    assert "50.0 % [" in lines[3]
    assert lines[-1] == "Without a mistake (8 printed): Số (id), Ngày, tháng, năm sinh (born)"
    assert len(lines) == 6
    assert max(map(len, lines[1:])) < 130


def test_a_report_without_values_holds_none(judged: Score) -> None:
    page = judged.to_html(values=False)
    assert "Values that are not right" not in page
    for text in pd.concat([judged.cells["truth"], judged.cells["value"]]).unique():
        assert len(text) < 6 or text not in page


def test_classes_of_mistakes(judged: Score, tables: dict[tuple[str, str], list[list[str]]]) -> None:
    table = tables["class of mistake", "all"]
    wrong = judged.cells[judged.cells["outcome"] == "wrong"]
    each = wrong.assign(mistake=wrong["mistakes"].str.split(";")).explode("mistake")
    for line in table[1:]:
        of_class = each[each["mistake"] == line[0]]
        assert line[1] == str(len(of_class))
        for field, text in zip(table[0][2:], line[2:], strict=True):
            count = int((of_class["field"].astype(str).map(captioned) == field).sum())
            assert text == (str(count) if count else "·")
    assert {line[0] for line in table[1:]} == set(each["mistake"]) - {""}


def test_letters_and_the_values_that_are_not_right(
    judged: Score, page: str, tables: dict[tuple[str, str], list[list[str]]]
) -> None:
    cells = judged.cells
    whole = ("placement", "label text", "dropped line", "wrong line")
    wrong = cells[(cells["outcome"] == "wrong") & ~cells["mistakes"].str.startswith(whole)]
    counts: dict[str, int] = {}
    for truth, value in zip(wrong["truth"], wrong["value"], strict=True):
        truth, value = " ".join(truth.split()), " ".join(value.split())
        in_place = [(t, v) for t, v in zip(truth, value, strict=False) if t != v]
        steps = Levenshtein.editops(truth, value)
        if len(truth) != len(value) or len(in_place) > len(steps):
            in_place = [
                (
                    "" if step.tag == "insert" else truth[step.src_pos],
                    "" if step.tag == "delete" else value[step.dest_pos],
                )
                for step in steps
            ]
        for t, v in in_place:
            pair = " → ".join({"": "∅", " ": "␣"}.get(c, c) for c in (t, v))
            counts[pair] = counts.get(pair, 0) + 1
    table = tables["printed → read", "times"]
    assert len(table) > 5
    for line in table[1:]:
        assert line[1] == str(counts[line[0]])
        assert line[2] == f"{counts[line[0]] / sum(counts.values()) * 100:.1f} %"
    not_right = cells["outcome"].isin(["wrong", "invented", "missing"])
    assert f"Values that are not right: {not_right.sum()}" in page
    groups = re.findall(r"<h3>(.+?): (\d+) values?</h3>", page)
    assert sum(int(n) for _, n in groups) == not_right.sum()
    by_name = dict(groups)
    for outcome, name in (("missing", "not read"), ("invented", "invented")):
        assert by_name[name] == str((cells["outcome"] == outcome).sum())


def test_confidence(
    judged: Score, page: str, tables: dict[tuple[str, str], list[list[str]]]
) -> None:
    given = judged.cells[judged.cells["outcome"].isin(["correct", "wrong", "invented"])]
    right, sure = given["outcome"].eq("correct").to_numpy(), given["confidence"].to_numpy()
    above = sure[right][:, None] - sure[~right][None]
    auroc = ((above > 0) + 0.5 * (above == 0)).mean()
    lines = {line[0]: line[1] for line in tables["figure", "value"][1:]}
    assert lines["AUROC"].startswith(f"{auroc:.3f} [")
    assert lines["Brier score"].startswith(f"{((sure - right) ** 2).mean():.3f} [")
    assert f"{len(given)} values, {(~right).sum()} not right" in page
    bands = tables["confidence", "n"][1:]
    assert sum(int(line[1]) for line in bands) == len(given)
    order = np.argsort(sure, kind="stable")
    ends = np.cumsum([int(n) for _, n, _, _ in bands])
    for (band, _, mean, text), inside in zip(bands, np.split(order, ends[:-1]), strict=True):
        assert band == f"{sure[inside].min():.3f} – {sure[inside].max():.3f}"
        assert mean == f"{sure[inside].mean():.3f}"
        hits = pd.Series(right[inside] * 1.0)
        row = pd.Series(given["row"].to_numpy()[inside])
        value, low, high = pooled(hits, hits * 0 + 1.0, row)
        assert text == f"{value * 100:.1f} % [{low * 100:.1f}, {high * 100:.1f}]"
    ece = float(lines["ECE"].split()[0])
    means = [abs(float(m) - float(t.split()[0]) / 100) * int(n) for _, n, m, t in bands]
    assert ece == pytest.approx(sum(means) / len(given), abs=2e-3)


def test_it_is_one_file_that_asks_for_nothing_and_trusts_nobody(page: str) -> None:
    assert "Đọc &lt;thử&gt;" in page
    assert "<thử>" not in page
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", page)
    assert not re.search(r"url\((?!#)|@import", page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src"
    assert f"{policy} 'sha256-{digest}'" in page
    assert not re.search(r"fetch\(|XMLHttpRequest|innerHTML|eval\(", script)
    assert "data:image" not in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_pictures_are_cut_out_only_when_asked(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cards")
    Image.new("RGB", (200, 100), "white").save(folder / "0.jpg")
    value = FieldValue("AN", 0.5, (10, 10, 90, 10, 90, 30, 10, 30))
    paper = Document("tcc_chip", "front", {"name": value})
    sources = pd.DataFrame({"image": ["0.jpg"]})
    frame = to_frame([Reading(Extraction((paper,)))], sources, base=folder)
    judged = score(frame, pd.DataFrame({"image": ["0.jpg"], "name": ["ÂN"]}), on="image")
    path = folder / "report.html"
    assert judged.to_html(path) == path
    assert "data:image" not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    page = judged.to_html(crops=frame)
    assert page.count("data:image/jpeg;base64,") == 1


def test_a_comparison_says_what_its_cells_say() -> None:
    frame, truth = made_up()
    other = frame.copy()
    other["name"] = truth["name"].where(truth["name"] != "###", "")
    both = compare(frame, other, truth, names=("<một>", "hai"))
    page = both.to_html()
    assert "<một>" not in page
    table = next(t for t in Tables(page).tables if "verdict" in t[0])
    assert page.index("Cards without a mistake") < page.index("<nav") < page.index("<svg")
    assert page.count("hai is better in Họ và tên (name).") == 1
    for line in table[1:-1]:
        named = both.cells["field"].astype(str).map(captioned)
        cells = both.cells[(named == line[0]) & (both.cells["chars_a"] > 0)]
        a, b = (cells[f"outcome_{s}"] == "correct" for s in "ab")
        assert line[1:4] == [str(len(cells)), f"{a.mean():.1%}", f"{b.mean():.1%}"]
        assert line[5:8] == [str((~a & b).sum()), str((a & ~b).sum()), str((~a & ~b).sum())]
    for title, cells in (("Broke", both.broke), ("Fixed", both.fixed)):
        assert f">{title}: {len(cells)}</h2>" in page


def test_a_plot_leaves_no_line_above_it_in_a_notebook(judged: Score) -> None:
    from IPython.core.formatters import DisplayFormatter

    axes = judged.plot()
    shown = DisplayFormatter().format(axes)  # type: ignore[no-untyped-call]
    assert shown == ({}, {})  # the figure shows itself
    assert [t.get_text().split("  ")[0] for t in axes.get_yticklabels()][-1] == "Quê quán (country)"


@pytest.mark.parametrize("given", [False, True])
def test_a_plot_fits_any_number_of_fields(given: bool) -> None:
    from matplotlib.figure import Figure

    fields = list(dict.fromkeys(f.name for kind in TYPES.values() for f in kind.fields))
    assert len(fields) > 30
    truth = pd.DataFrame({field: ["1", "2"] for field in fields})
    read = truth.assign(**{field: ["1", "x"] for field in fields[::3]})
    axes = score(read, truth).plot(ax=Figure(figsize=(6, 4)).subplots() if given else None)
    height = axes.get_window_extent().height / axes.figure.dpi * 72
    letters = [float(label.get_fontsize()) for label in axes.get_yticklabels()]
    assert len(letters) == len(fields)
    assert sum(letters) <= height
