"""Whether intervals cover, guards sound and promises hold as often as they say.

Run from the repository root:

    python tests/benchmarks/intervals.py [RUNS]

draws RUNS (2,000) samples of made-up readers (`tests/simulated.py`) and prints

* the share of samples of 30, 100 and 400 cards whose 95 % interval over all fields holds the rate
  of 125,000 cards, for readers that leave 3 % of the cards unread, whose cards differ in their
  share of mistakes, and whose cells are independent;
* the share of runs, of 200 cards and eight fields, in which the guard against drift sounds for a
  reader that is as good, for one that lost 10 points in every field, and for one that lost them in
  one field; with other cards than the frozen ones, the last is asked of 310 cards, which the guard
  says it takes: of 200, a test of two shares that was told the field would find 95.7 %;
* how many review plans promise at most 0.5 % wrong values where 1 % of the cards are wholly wrong,
  and how many of those promises are broken.

The last line says whether all is reached: coverage of 93 to 98 % (99 % where cells are
independent, for which an interval by cards is wider than it need be), at most 5 % false alarms
(with the luck of so few runs), 95 % of the drops found, at most 5 % of the plans broken.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from simulated import RATES, READERS, alarms, covered, plans


def main() -> int:
    """Simulate, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("runs", nargs="?", type=int, default=2000)
    runs = arguments.parse_args().runs
    fine = True
    print(f"{'reader':8}{'cards':>6}" + "".join(f"{rate:>11}" for rate in RATES))
    for reader in READERS:
        for cards in (30, 100, 400):
            shares = covered(reader, cards, runs)
            print(f"{reader:8}{cards:6}" + "".join(f"{share:11.3f}" for share in shares.values()))
            most = 0.99 if reader == "alike" else 0.98
            fine &= all(0.93 <= share <= most + 1e-9 for share in shares.values())
    some = max(runs // 5, 20)
    for same in (True, False):
        false, every, one, more = (
            alarms(drop, some, same=same, fields=fields, cards=cards)
            for drop, fields, cards in ((0, 1, 200), (0.1, 8, 200), (0.1, 1, 200), (0.1, 1, 310))
        )
        print(
            f"guard, {'the same' if same else 'other'} cards: {false:.1%} false alarms; "
            f"drops found in every field {every:.1%}, in one {one:.1%}, of 310 cards {more:.1%}"
        )
        luck = 2 * (0.05 * 0.95 / some) ** 0.5
        fine &= false <= 0.05 + luck and every >= 0.95 and more >= 0.95
        fine &= one >= 0.95 or not same
    for cards in (300, 800, 2000):
        made, broken = plans(cards, max(runs // 10, 20))
        print(f"plans from {cards:,} cards: {made} made a promise, {broken} broke it")
        fine &= broken <= 0.05 * max(runs // 10, 20)
    print("reached" if fine else "NOT REACHED")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
