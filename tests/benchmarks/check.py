"""What `check` finds and how fast: false alarms on right values, planted contradictions, seconds.

Run: ``python tests/benchmarks/check.py --papers 3000 --rows 100000``.  Values are those of made-up
persons and vehicles (no picture is drawn), fronts and backs in pairs; seeds from 910000 up are for
measuring only.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import re
import time
from collections.abc import Callable, Mapping

import pandas as pd

from cvocr_lab.cleaning import RULES, check, labels_from_codes
from cvocr_lab.kinds import TYPES
from cvocr_lab.synth.papers import paper_values

SEED = 910_000
TODAY = dt.date(2026, 1, 1)
MODELS = {
    "cmnd9": "cmt", "cmnd12": "tcc", "cccd": "tcc", "chip": "tcc_chip",
    "2024": "chip_id_card_2024_front", "passport_new": "passport", "passport_old": "passport",
    "motorbike": "vehicle_registration_front", "car": "vehicle_registration_front",
    "vehicle_2024": "vehicle_registration_front",
}  # fmt: skip
Row = dict[str, str]


def papers(count: int, seed: int = SEED) -> pd.DataFrame:
    """Values of `count` papers, a row per side, as they would be read without a fault."""
    rows: list[Row] = []
    labels: list[int] = []
    for number in range(count):
        model = list(MODELS)[number % len(MODELS)]
        front = TYPES[MODELS[model]]
        rng = random.Random(f"check/{seed}/{number}")
        for kind, values in zip(
            (front, TYPES.get(front.other)), paper_values(model, rng), strict=True
        ):
            if kind is None:
                continue
            layout = next(
                (x for x in kind.layouts if x.name == model.rpartition("_")[2]), kind.layouts[0]
            )
            shown = {slot.field for slot in layout.slots} | (
                {"qr"} if layout.picture("qr") else set()
            )
            carried = {f.name for f in kind.fields if f.source == "mrz"} | {"surname", "given_name"}
            rows.append(
                {"ocr_type": kind.name, "ocr_side": kind.side}
                | {f.name: values[f.name] for f in kind.fields
                   if f.name in values and f.name in shown | carried}
            )  # fmt: skip
            labels.append(number)
    return pd.DataFrame(rows, index=labels)


def false_alarms(frame: pd.DataFrame) -> pd.DataFrame:
    """Share of rows with an issue, by rule, where every value is right."""
    found = check(frame, today=TODAY)
    counts = found.groupby(["rule", "severity"])["position"].nunique()
    table = pd.DataFrame({"rows": counts, "share": counts / len(frame)})
    return table.sort_values("rows", ascending=False)


def other_digit(text: str, at: int) -> str:
    """The text with another digit there."""
    return text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]


def _year(days: str, by: int) -> str:
    return re.sub(r"\d{4}", lambda m: str(int(m[0]) + by), days)


def _one(rule: str, types: str, field: str, change: Callable[[str], str]) -> tuple[
    str, tuple[str, ...], str, Callable[[str], str]
]:  # fmt: skip
    return rule, tuple(types.split()), field, change


_OTHER_SEX: Mapping[str, str] = {"Nam": "Nữ", "Nữ": "Nam", "NAM": "NỮ", "NỮ": "NAM"}
CARDS = "tcc tcc_chip chip_id_card_2024_front"
PLANTS = (
    _one("form", CARDS, "id", lambda v: v[:-1]),
    _one("form", "matsautcc_chip", "date", lambda v: "31/02" + v[5:]),
    _one("passport_number", "passport", "id", lambda v: "1" + v[1:]),
    _one("number_province", CARDS, "id", lambda v: "003" + v[3:]),
    _one("number_birth", CARDS, "id", lambda v: other_digit(v, 5)),
    _one("number_birth", CARDS, "born", lambda v: _year(v, 1)),
    _one("number_sex", CARDS, "sex", lambda v: _OTHER_SEX[v]),
    _one("cmnd_province", "cmt", "id", lambda v: "99" + v[2:]),
    _one("expiry_age", "tcc_chip", "duedate", lambda v: other_digit(v, 1) if v[0] < "3" else v),
    _one("expiry_age", "chip_id_card_2024_back", "duedate", lambda v: _year(v, 1)),
    _one("expiry_unlimited", "tcc_chip", "duedate", lambda _: "Không thời hạn"),
    _one("date_order", "matsautcc_chip", "date", lambda v: _year(v, -95)),
    _one("date_order", "vehicle_registration_back", "last_issue_date", lambda v: _year(v, -40)),
    _one("date_future", "chip_id_card_2024_back", "date", lambda v: _year(v, 10)),
    _one("issue_era", "matsautcc_chip", "date", lambda v: _year(v, 5)),
    _one("qr_form", "tcc_chip", "qr", lambda _: "https://example.com/x"),
    _one("qr_print", "tcc_chip", "name", lambda v: v[:-1] + ("A" if v[-1] != "A" else "B")),
    _one("qr_print", "tcc_chip", "id", lambda v: other_digit(v, 11)),
    _one("qr_print", "tcc_chip", "born", lambda v: _year(v, 1)),
    _one("qr_marks", "tcc_chip", "name", lambda v: v.replace("Ê", "E").replace("Ậ", "Ấ")),
    _one("qr_address", "tcc_chip", "address", lambda _: "Số 9, Xyz, Uvw, Zzz"),
    _one("mrz_check", "matsautcc_chip", "mrz", lambda v: other_digit(v, 20)),
    _one("mrz_check", "passport", "mrz", lambda v: other_digit(v, 50)),
    _one("mrz_number", "matsautcc_chip", "id", lambda v: other_digit(v, 8)),
    _one("mrz_print", "passport", "born", lambda v: _year(v, 1)),
    _one("mrz_print", "passport", "id", lambda v: other_digit(v, 4)),
    _one("mrz_name", "passport", "given_name", lambda v: v + " XUÂN"),
    _one("front_back", "tcc_chip", "id", lambda v: other_digit(v, 9)),
    _one("front_back_name", "tcc_chip", "name", lambda v: v + " XUÂN"),
    _one("plate_code", "vehicle_registration_back", "plate", lambda v: "13" + v[2:]),
    _one("plate_series", "vehicle_registration_back", "plate", lambda v: v[:2] + "O" + v[3:]),
    _one("plate_province", "vehicle_registration_back", "plate", lambda v: "11" + v[2:]),
    _one("chassis_alphabet", "vehicle_registration_back", "chassis", lambda v: v[:3] + "O" + v[4:]),
)


def planted(frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """Share of planted contradictions found, by rule and field; each in a frame of its own."""
    rows = []
    for rule, types, field, change in PLANTS:
        at = [
            i
            for i, (kind, value) in enumerate(zip(frame["ocr_type"], frame[field], strict=True))
            if kind in types and isinstance(value, str) and change(value) != value
        ][:count]
        if not at:
            continue
        changed = frame.copy()
        column = changed.columns.get_loc(field)
        for i in at:
            changed.iloc[i, column] = change(str(frame[field].iloc[i]))  # type: ignore[index]
        found = check(changed, rules=[rule], today=TODAY)
        labels = {frame.index[i] for i in at}
        share = len(labels & set(found["row"])) / len(labels)
        everything = check(changed, today=TODAY)
        any_rule = len(labels & set(everything["row"])) / len(labels)
        rows.append((rule, field, len(at), share, any_rule))
    return pd.DataFrame(rows, columns=["rule", "field", "planted", "found", "found_by_any"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=3000)
    parser.add_argument("--plant", type=int, default=100)
    parser.add_argument("--rows", type=int, default=0, help="rows for the speed run; 0 for none")
    args = parser.parse_args()
    frame = papers(args.papers)
    alarms = false_alarms(frame)
    print(f"false alarms on {len(frame)} faces without a fault, {len(RULES)} rules:")
    print(alarms.to_string() if len(alarms) else "none")
    print(planted(frame, args.plant).to_string(index=False, float_format="{:.3f}".format))
    if args.rows:
        large = papers(round(args.rows / 1.8), SEED + 1).head(args.rows)
        for what in (check, labels_from_codes):
            wall, cpu = time.perf_counter(), time.process_time()
            what(large)
            print(
                f"{what.__name__}: {len(large)} rows in {time.process_time() - cpu:.1f} s of CPU, "
                f"{time.perf_counter() - wall:.1f} s"
            )


if __name__ == "__main__":
    main()
