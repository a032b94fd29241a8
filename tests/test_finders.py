"""The finders: quadrilaterals off masks, lines off maps, and the shipped nets on drawn papers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cvocr_lab.engines.local import classify, line_finder, pages, papers
from cvocr_lab.engines.local.codes import page_of_zone, zone_rows
from cvocr_lab.engines.local.corners import best_corners, peaks, side_odds, smoothed
from cvocr_lab.engines.local.finder_nets import FinderNets, model_files
from cvocr_lab.engines.local.geometry import (
    fit_quad,
    homography,
    overlap,
    rectangle,
    side_lengths,
    warp_points,
)
from cvocr_lab.results import Line, as_quad
from cvocr_lab.synth import generate

QUADS = {
    "level": [[40, 60], [250, 60], [250, 190], [40, 190]],
    "turned": [[150, 30], [280, 120], [190, 250], [60, 160]],
    "leaning": [[60, 80], [260, 50], [280, 220], [40, 180]],
}


def _rolled_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return min(float(np.hypot(*(np.roll(one, k, axis=0) - other).T).max()) for k in range(4))


@pytest.mark.parametrize("name", QUADS)
def test_a_quadrilateral_is_fitted_to_its_mask(name: str) -> None:
    mask = np.zeros((320, 320), np.uint8)
    cv2.fillPoly(mask, [np.array(QUADS[name])], 1)
    quad = fit_quad(mask)
    assert quad is not None
    assert _rolled_distance(quad, np.array(QUADS[name], float)) < 2.5


def test_round_corners_and_a_bite_do_not_move_the_sides() -> None:
    mask = np.zeros((320, 320), np.uint8)
    cv2.rectangle(mask, (60, 80), (260, 200), 1, -1)
    for x, y in ((60, 80), (260, 80), (260, 200), (60, 200)):
        cv2.circle(mask, (x, y), 9, 0, -1)
    for x, y in ((69, 89), (251, 89), (251, 191), (69, 191)):
        cv2.circle(mask, (x, y), 9, 1, -1)
    cv2.circle(mask, (160, 80), 14, 0, -1)
    quad = fit_quad(mask)
    assert quad is not None
    assert overlap(quad, rectangle(200, 120) + np.array((60, 80))) > 0.97


def test_nothing_is_fitted_to_nothing() -> None:
    assert fit_quad(np.zeros((320, 320), np.uint8)) is None
    line = np.zeros((320, 320), np.uint8)
    line[100, 50:200] = 1
    quad = fit_quad(line)
    assert quad is None or np.isfinite(quad).all()


def _answer(quads: list[NDArray[np.float64]]) -> NDArray[np.float32]:
    """What a perfect first net says of papers at these corners of the canvas."""
    cells = papers.CANVAS // papers.CELL
    answer = np.zeros((9, cells, cells), np.float32)
    answer[0] = -6
    y, x = np.mgrid[0:cells, 0:cells].astype(np.float32)
    for quad in quads:
        mask = np.zeros((cells, cells), np.uint8)
        cv2.fillPoly(mask, [np.round(quad / papers.CELL - 0.5).astype(np.int32)], 1)
        inside = mask > 0
        first = np.roll(quad, -int(quad.sum(1).argmin()), axis=0) / papers.CELL - 0.5
        answer[0][inside] = 6
        for k, (cx, cy) in enumerate(first):
            answer[1 + 2 * k][inside] = (cx - x[inside]) / papers.REACH
            answer[2 + 2 * k][inside] = (cy - y[inside]) / papers.REACH
    return answer


def test_papers_that_touch_are_told_apart_by_their_middles() -> None:
    upper = rectangle(180, 112) + np.array((70, 40))
    lower = upper + np.array((0, 112))
    found = papers.instances(_answer([upper, lower]))
    assert len(found) == 2
    for truth in (upper, lower):
        assert max(overlap(truth, quad) for quad in found) > 0.9


def test_one_large_paper_stays_one() -> None:
    quad = rectangle(260, 164) + np.array((30, 70))
    (found,) = papers.instances(_answer([quad]))
    assert overlap(quad, found) > 0.95


def test_a_paper_half_hidden_is_as_large_as_its_cells_say() -> None:
    quad = rectangle(200, 126) + np.array((60, 80))
    answer = _answer([quad])
    answer[0, :, 40:] = -6  # the right half looks like the ground
    (found,) = papers.instances(answer)
    assert overlap(quad, found) > 0.98


def test_a_paper_that_stands_on_a_corner_is_where_its_mask_is() -> None:
    square = rectangle(150, 150) - 75
    quad = square @ np.array([[1, 1], [-1, 1]]) / 2**0.5 + papers.CANVAS / 2
    answer = _answer([quad])
    # Some cells begin at one corner, some at the next, and most in between.
    first, next_ = answer[1:].copy(), np.roll(answer[1:], 2, axis=0)
    share = np.linspace(0.2, 0.8, answer.shape[2], dtype=np.float32)
    answer[1:] = first * share + next_ * (1 - share)
    (found,) = papers.instances(answer)
    assert overlap(quad, found) > 0.9


def test_cells_may_begin_at_different_corners() -> None:
    quad = rectangle(200, 126) + np.array((60, 80))
    answer = _answer([quad])
    answer[1:, :, ::2] = np.roll(answer[1:, :, ::2], 2, axis=0)
    answer[0, 25:29, 40:60] = -6  # glare
    (found,) = papers.instances(answer)
    assert overlap(quad, found) > 0.95


def test_a_thumbnail_keeps_corners_beyond_the_picture() -> None:
    picture = np.zeros((600, 800, 3), np.uint8)
    canvas, matrix = papers.thumbnail(picture)
    assert canvas.shape == (papers.CANVAS, papers.CANVAS, 3)
    beyond = warp_points(matrix, [[-60, -60], [860, 660]])
    assert (beyond > 0).all()
    assert (beyond < papers.CANVAS).all()


_BLANK = np.full((144, 224, 3), 127, np.uint8)


def test_corners_are_read_off_heat_maps_between_cells() -> None:
    truth = np.array([[20.5, 18.0], [201.0, 17.2], [203.3, 126.0], [19.0, 128.4]])
    y, x = np.mgrid[0:36, 0:56]
    heat = np.stack([
        -((x - cx / papers.CELL + 0.5) ** 2 + (y - cy / papers.CELL + 0.5) ** 2) / 2
        for cx, cy in truth
    ]).astype(np.float32)  # fmt: skip
    found = [peaks(np.exp(one) / np.exp(one).sum())[0] for one in heat]
    assert np.abs(found - truth).max() < 0.4


def test_a_corner_that_makes_no_photographed_rectangle_gives_way() -> None:
    truth = np.array([[24.0, 18.0], [200.0, 18.0], [200.0, 126.0], [24.0, 126.0]])
    y, x = np.mgrid[0:36, 0:56]

    def peak(place: tuple[float, float]) -> NDArray[np.float64]:
        cx, cy = place
        return np.asarray(np.exp(-((x - cx / 4 + 0.5) ** 2 + (y - cy / 4 + 0.5) ** 2)))

    chances = np.stack([peak((cx, cy)) for cx, cy in truth])
    chances[0] = 0.35 * peak((24.0, 18.0)) + 0.65 * peak((4.0, 60.0))
    heat = np.log(chances + 1e-9).astype(np.float32)
    found = best_corners(truth, np.eye(3), heat, {1.63: 1.0}, _BLANK)
    assert found is not None
    assert np.abs(found[0] - truth).max() < 1.0


def test_a_corner_without_a_trace_is_where_a_scanned_paper_has_it() -> None:
    corners = rectangle(160, 100) + np.array([30, 20])
    y, x = np.mgrid[0:36, 0:56]
    shown = corners + np.array([[0, 0], [0, 0], [5, -3], [0, 0]])
    heat = np.stack([
        np.log(np.exp(-((x - cx / 4 + 0.5) ** 2 + (y - cy / 4 + 0.5) ** 2) / spread) + 1e-9)
        for (cx, cy), spread in zip(shown, (2, 2, 40, 2), strict=True)
    ]).astype(np.float32)  # fmt: skip
    found = best_corners(corners, np.eye(3), heat, {1.6: 1.0}, _BLANK)
    assert found is not None
    assert np.abs(found[0] - corners).max() < 1.5


def test_sides_that_stand_out_are_the_papers() -> None:
    truth = rectangle(140, 88) + np.array([40, 30])
    picture = np.full((144, 224, 3), 90, np.uint8)
    picture[30:118, 40:180] = (190, 220, 200)
    picture[::6] //= 2  # lines of print, on the paper and beside it
    near = truth + np.array([[0, 0], [-9, 4], [-12, -5], [0, 0]])
    y, x = np.mgrid[0:36, 0:56]  # the net hardly knows where the right side is
    heat = np.stack([
        -((x - cx / 4 + 0.5) ** 2 + (y - cy / 4 + 0.5) ** 2) / spread
        for (cx, cy), spread in zip(near, (2, 200, 200, 2), strict=True)
    ]).astype(np.float32)  # fmt: skip
    found = best_corners(near, np.eye(3), heat, {1.59: 1.0}, smoothed(picture))
    assert found is not None
    assert overlap(found[0], truth) > 0.95


def test_sides_beyond_the_frame_speak_neither_for_nor_against() -> None:
    outside = rectangle(300, 200) - np.array([40, 30])
    odds = side_odds(_BLANK, outside[None], 300.0)
    assert odds == pytest.approx([0.0])
    within = rectangle(140, 88) + np.array([40, 30])
    assert side_odds(_BLANK, within[None], 140.0)[0] < -1


_CARD = rectangle(86, 54) + np.array((10, 20))


@pytest.mark.parametrize("turn", range(4))
def test_the_first_side_is_long_and_runs_rightwards(turn: int) -> None:
    quad = papers.long_side_first(np.roll(_CARD, turn, axis=0))
    assert quad.tolist() == _CARD.tolist()


def _lines_answer(boxes: list[tuple[float, float, float, float]]) -> NDArray[np.float32]:
    answer = np.full((2, 100, 200), -6, np.float32)
    answer[1] = 0
    for x0, y0, x1, y1 in boxes:
        tall = y1 - y0
        left, right = x0 + line_finder.END * tall, x1 - line_finder.END * tall
        top, bottom = y0 + tall * 0.25, y1 - tall * 0.25
        rows = slice(round(top / 2), round(bottom / 2))
        columns = slice(round(left / 2), round(right / 2))
        answer[0, rows, columns] = 6
        answer[1, rows, columns] = np.log(tall / line_finder.HEIGHT_UNIT)
    return answer


def test_lines_are_read_off_their_cores() -> None:
    boxes = [(20.0, 10.0, 180.0, 26.0), (20.0, 34.0, 120.0, 54.0), (220.0, 34.0, 380.0, 50.0)]
    quads = line_finder.quads_of(_lines_answer(boxes))
    assert len(quads) == 3
    got = np.concatenate([quads[:, 0], quads[:, 2]], axis=1)
    for box in boxes:
        assert np.abs(got - np.array(box)).max(1).min() < 2.5


def test_lines_that_touch_faintly_are_parted() -> None:
    answer = _lines_answer([(20.0, 10.0, 180.0, 26.0), (20.0, 30.0, 180.0, 46.0)])
    bridge = answer[0, 5:23, 40:60]
    bridge[bridge < 0] = 0.0  # a probability of one half between the cores
    quads = line_finder.quads_of(answer)
    assert len(quads) == 2


def test_a_letter_that_reaches_into_the_next_line_joins_no_lines() -> None:
    answer = _lines_answer([(20.0, 10.0, 380.0, 26.0), (20.0, 30.0, 380.0, 46.0)])
    answer[0, 5:23, 50:53] = 6  # as sure as the cores themselves
    quads = line_finder.quads_of(answer)
    assert len(quads) == 2
    assert np.abs(quads[:, 0, 1] - (10, 30)).max() < 2.5


def test_a_page_is_placed_by_its_zone() -> None:
    corners = np.array([[120, 40], [960, 90], [925, 680], [85, 630]], float)
    matrix = homography(rectangle(125, 88), corners)
    rows = (
        ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", 71.5),
        ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", 78.0),
    )
    lines = []
    for text, y in rows:
        box = rectangle(111.8, 3.2) + np.array((6.6, y - 1.6))
        lines.append(Line(text, 0.99, as_quad(warp_points(matrix, box)), (0.99,) * len(text)))
    found = page_of_zone(zone_rows(lines))
    assert found is not None
    assert overlap(found, corners) > 0.9
    assert page_of_zone(zone_rows(lines[:1])) is None


def test_all_models_ship_and_are_small() -> None:
    assert all(path.exists() for path in model_files())
    assert sum(path.stat().st_size for path in model_files()) < 4_000_000


@pytest.mark.parametrize("type_", ["tcc_chip", "cmt", "passport", "vehicle_registration_back"])
def test_drawn_papers_are_found_and_turned(type_: str) -> None:
    found = 0
    for seed in range(5):
        sample = generate(type_, seed=31_000 + seed, tier="photo")
        truth = np.array(sample.truths[0].corners).reshape(4, 2)
        for outline in FinderNets(threads=1).outlines(sample.image):
            first = int(np.argmin(np.hypot(*(outline.corners - truth[0]).T)))
            found += overlap(outline.corners, truth) > 0.85 and first == 0
    assert found >= 4


def test_a_bare_ground_holds_no_paper(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    ground = np.clip(rng.normal(150, 12, (600, 800, 3)), 0, 255).astype(np.uint8)
    assert FinderNets(threads=1).outlines(ground) == []


def test_a_part_of_a_paper_is_no_other_paper() -> None:
    model = next(m for m in classify.models() if m.type.name == "tcc_chip")
    blank = np.zeros((540, 856, 3), np.uint8)

    def paper(low: float, high: float, score: float) -> pages.Paper:
        corners = rectangle(856, 540) * ((high - low) / 856) + np.array([low, 0])
        outline = papers.Outline(corners, 1.0, {})
        return pages.Paper(model, score, 0.0, outline, blank, np.eye(3), 10.0, (), (), ())

    whole, part, apart = paper(0, 800, 100.0), paper(500, 900, 30.0), paper(1100, 1900, 40.0)
    assert pages._apart([part, apart, whole]) == [whole, apart]


def test_the_likelier_outline_of_a_paper_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    large, small = rectangle(300, 200), rectangle(200, 126) + 20
    scores = {300.0: -14.0, 200.0: 2.0}

    def outline(self: FinderNets, _: object, rough: NDArray[np.float64]) -> papers.Outline:
        return papers.Outline(rough, 1.0, {}, scores[max(side_lengths(rough))])

    monkeypatch.setattr(FinderNets, "_rough", lambda *_: [large, small])
    monkeypatch.setattr(FinderNets, "_outline", outline)
    (found,) = FinderNets(threads=1).outlines(np.zeros((220, 320, 3), np.uint8))
    assert found.corners.tolist() == small.tolist()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_doubtful_outline_is_searched_again_in_turned_views(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    sample = generate("tcc_chip", seed=31_001, tier="photo")
    truth = np.array(sample.truths[0].corners).reshape(4, 2)
    look, looks = FinderNets._rough, []

    def misled(self: FinderNets, picture: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
        looks.append(picture.shape)
        scale = max(picture.shape) / max(sample.image.shape)
        beside = (truth + 0.6 * (truth[1] - truth[0])) * scale
        return [beside] if len(looks) == 1 else look(self, picture)

    monkeypatch.setattr(FinderNets, "_rough", misled)
    monkeypatch.setattr("cvocr_lab.engines.local.finder_nets._VIEWS", ())
    (wrong,) = FinderNets(threads=1).outlines(sample.image)
    assert overlap(wrong.corners, truth) < 0.7
    looks.clear()
    monkeypatch.setattr("cvocr_lab.engines.local.finder_nets._VIEWS", ((0.6, turns),))
    (found,) = FinderNets(threads=1).outlines(sample.image)
    assert overlap(found.corners, truth) > 0.9
    assert len(looks) == 2
