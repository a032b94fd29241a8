"""Whether intervals cover, guards sound and promises hold as often as they say.

Run from the repository root:

    python tests/benchmarks/intervals.py [RUNS] [--only intervals | guard | plans]

draws samples of made-up readers (`tests/simulated.py`) and prints

* the share of 10 RUNS samples of 30, 100 and 400 cards whose 95 % interval over all fields holds
  the rate of 500,000 cards, for readers that leave 3 % of the cards unread, whose cards differ in
  their share of mistakes, and whose cells are independent;
* the share of runs, of 200 cards and eight fields, in which the guard against drift sounds: 2 RUNS
  for a reader that is as good, RUNS for one that lost 10 points in one field, RUNS / 5 for one that
  lost them in every field; with other cards than the frozen ones, the loss in one field is also
  asked of 310 cards, which the guard says it takes: of 200, a test of two shares that was told the
  field would find 95.7 %;
* how many of RUNS / 5 review plans promise at most 0.5 % wrong values where 1 % of the cards are
  wholly wrong, and how many of those promises are broken.

RUNS is 1,000 unless given, which takes about 8 minutes of one core.  The last line says
whether all is reached: coverage of 93 to 98 %, at most 5 % false alarms (with the luck of so few
runs), 95 % of the drops found, at most 5 % of the plans broken.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from simulated import RATES, READERS, alarms, covered, plans


def intervals(runs: int) -> bool:
    """Print how often intervals cover; tell whether it is as often as they say."""
    fine = True
    print(f"{'reader':8}{'cards':>6}" + "".join(f"{rate:>11}" for rate in RATES))
    for reader in READERS:
        for cards in (30, 100, 400):
            shares = covered(reader, cards, 10 * runs)
            row = "".join(f"{share:11.3f}" for share in shares.values())
            print(f"{reader:8}{cards:6}{row}", flush=True)
            fine &= all(0.93 <= share <= 0.98 for share in shares.values())
    return fine


def guard(runs: int) -> bool:
    """Print how often the guard sounds; tell whether it is as often as it should."""
    fine = True
    for same in (True, False):
        false = alarms(0, 2 * runs, same=same)
        every = alarms(0.1, max(runs // 5, 20), same=same, fields=8)
        one = alarms(0.1, runs, same=same)
        print(
            f"guard, {'the same' if same else 'other'} cards: {false:.1%} false alarms; drops "
            f"found in every field {every:.1%}, in one field {one:.1%}",
            flush=True,
        )
        fine &= false <= 0.05 + 2 * (0.05 * 0.95 / (2 * runs)) ** 0.5 and every >= 0.95
        fine &= one >= 0.95 or not same
    more = alarms(0.1, max(runs // 2, 20), same=False, cards=310)
    print(f"guard, 310 other cards: drops found in one field {more:.1%}", flush=True)
    return fine and more >= 0.95


def promises(runs: int) -> bool:
    """Print how many plans break their promise; tell whether they are few."""
    fine = True
    for cards in (300, 800, 2000):
        count = max(runs // 5, 20)
        made, broken = plans(cards, count)
        print(f"plans from {cards:,} cards: {made} of {count} made a promise, {broken} broke it")
        fine &= broken <= 0.05 * count
    return fine


PARTS = {"intervals": intervals, "guard": guard, "plans": promises}


def main() -> int:
    """Simulate, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("runs", nargs="?", type=int, default=1000)
    arguments.add_argument("--only", choices=PARTS, help="one part of it; default: all")
    given = arguments.parse_args()
    chosen = [given.only] if given.only else list(PARTS)
    reached = [PARTS[name](given.runs) for name in chosen]
    print("reached" if all(reached) else "NOT REACHED")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
