"""One picture to the papers on it: find, orient, classify, rectify, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local import classify, codes, orient, rectify
from cvocr_lab.engines.local.find import Finder, Image
from cvocr_lab.engines.local.lines import Reader, read_lines, read_quads
from cvocr_lab.engines.local.marks import Mark, evidence, find_marks
from cvocr_lab.results import Line, Quad, as_quad

MOST_PAPERS = 8
_LEAST_SCORE, _LEAST_SCORE_UNPLACED = 8.0, 20.0
"""What a model must explain of the anchors found, placed by them or not."""
_LEAST_SURE = 0.5
"""Confidence under which a faint line is a pattern of the ground."""
_FLAT_SCALE = (9.0, 15.0)
"""Fewest and most pixels per millimetre a rectified paper is read at."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper found in a picture, flattened and read.

    Parameters
    ----------
    registration
        Its model, and millimetres to pixels of the flat picture.
    score
        How well the model explains the anchors found.
    margin
        Lead over the best model of another type.
    flat
        The paper from straight above.
    to_flat
        Matrix from pixels of the picture to pixels of `flat`.
    lines, hits
        What stands on it, in pixels of `flat`.
    codes
        QR codes on it, in pixels of the picture.
    """

    registration: rectify.Registration
    score: float
    margin: float
    flat: Image
    to_flat: rectify.Matrix
    lines: tuple[Line, ...]
    hits: tuple[classify.Hit, ...]
    codes: tuple[codes.Code, ...]

    def corners(self) -> Quad:
        """The paper's corners in pixels of the picture, clockwise from its own top left."""
        back = np.linalg.inv(self.to_flat)
        return as_quad(rectify.warp_points(back, self.registration.corners()))

    def to_picture(self, quad: Quad | None) -> Quad | None:
        """A quad of the flat paper in pixels of the picture."""
        if quad is None:
            return None
        back = np.linalg.inv(self.to_flat)
        return as_quad(rectify.warp_points(back, np.array(quad).reshape(4, 2)))


def find_papers(image: Image, finder: Finder, reader: Reader) -> list[Paper]:
    """The papers of a picture, from the top."""
    groups = read_lines(image, finder, reader)
    if not groups:
        return []
    found_codes = codes.read_codes(image)
    papers: list[Paper] = []
    for angle, group in groups:
        lines = group
        for paper in papers:
            lines = _outside(lines, paper)
        while lines and len(papers) < MOST_PAPERS:
            paper_or_none = _paper(image, lines, angle, found_codes, finder, reader)
            if paper_or_none is None or _overlaps(paper_or_none, papers):
                break
            papers.append(paper_or_none)
            rest = _outside(lines, paper_or_none)
            if len(rest) == len(lines):
                break
            lines = rest
            found_codes = [c for c in found_codes if c not in paper_or_none.codes]
    return sorted(papers, key=lambda p: np.array(p.corners()).reshape(4, 2).mean(0)[::-1].tolist())


def find_papers_again(image: Image, finder: Finder, reader: Reader) -> list[Paper]:
    """The papers of a picture too dark, pale or uneven at first sight: with contrast spread."""
    return find_papers(_spread(image), finder, reader)


def look_again(paper: Paper, finder: Finder, reader: Reader) -> Paper:
    """The paper with the faint lines too that only show with contrast spread."""
    spread = _spread(paper.flat)
    quads = orient.along(finder.find(spread), 0.0)
    known = [np.array(line.quad, np.float32).reshape(4, 2) for line in paper.lines]
    new = [
        quad
        for quad in quads
        if not any(cv2.pointPolygonTest(k, quad.mean(0).tolist(), False) > 0 for k in known)
    ]
    if not new:
        return paper
    found = read_quads(spread, np.array(new, np.float32), reader)
    lines = [*paper.lines, *(line for line in found if line.confidence > _LEAST_SURE)]
    return replace(paper, lines=tuple(lines), hits=tuple(classify.find_anchors(lines)))


def _spread(image: Image) -> Image:
    """The picture with its local contrast spread."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def _overlaps(paper: Paper, earlier: Sequence[Paper]) -> bool:
    """Whether the paper lies where one was found before."""
    middle = np.array(paper.corners()).reshape(4, 2).mean(0)
    return any(
        cv2.pointPolygonTest(
            np.array(other.corners(), np.float32).reshape(4, 2), middle.tolist(), False
        )
        > 0
        for other in earlier
    )


def _outside(lines: Sequence[Line], paper: Paper) -> list[Line]:
    """Lines that do not lie on the paper."""
    scale = paper.registration.scale
    width, height = paper.registration.model.layout.size
    low = rectify.warp_points(paper.registration.matrix, np.array([[0, 0]]))[0]
    kept = []
    for line in lines:
        centre = np.array(line.quad).reshape(4, 2).mean(0, keepdims=True)
        flat = rectify.warp_points(paper.to_flat, centre)[0]
        x, y = (flat - low) / scale
        if not (-4 < x < width + 4 and -4 < y < height + 4):
            kept.append(line)
    return kept


def _best(
    lines: Sequence[Line],
    hits: Sequence[classify.Hit],
    angle: float,
    marks: Sequence[Mark],
) -> tuple[rectify.Registration, float, float] | None:
    """The registration that explains most, its score and its lead over other types."""
    scores = classify.score_models(hits, evidence(marks))
    ranked = sorted(scores, key=lambda m: scores[m], reverse=True)[:5]
    tried: list[tuple[float, rectify.Registration]] = []
    for model in ranked:
        placed = rectify.register(lines, hits, model, angle_deg=angle, marks=marks)
        if placed is None:
            continue
        near = _near(lines, hits, placed)
        said = evidence([m for m in marks if _holds(placed, m.points.mean(0))])
        tried.append((classify.score_models(near, said)[model], placed))
    if not tried:
        return None
    tried.sort(key=lambda pair: pair[0], reverse=True)
    score, placed = tried[0]
    others = [s for s, p in tried[1:] if p.model.type is not placed.model.type]
    return placed, score, score - max(others, default=0.0)


def _holds(placed: rectify.Registration, point: NDArray[np.float64]) -> bool:
    """Whether a point of the picture lies on the placed paper, with a little slack."""
    x, y = rectify.warp_points(np.linalg.inv(placed.matrix), point)[0]
    width, height = placed.model.layout.size
    return bool(-6 < x < width + 6 and -6 < y < height + 6)


def _near(
    lines: Sequence[Line], hits: Sequence[classify.Hit], placed: rectify.Registration
) -> list[classify.Hit]:
    """Hits that stand on the placed paper."""
    return [
        hit
        for hit in hits
        if _holds(placed, rectify.span_quad(lines[hit.line], hit.start, hit.end).mean(0))
    ]


def _paper(
    image: Image,
    lines: Sequence[Line],
    angle: float,
    found_codes: Sequence[codes.Code],
    finder: Finder,
    reader: Reader,
) -> Paper | None:
    """The paper that explains most of the lines, flattened and read again; None for none."""
    hits = classify.find_anchors(lines)
    marks = find_marks(lines, found_codes)
    if not marks and classify.is_other_paper(lines):
        return None
    first = _best(lines, hits, angle, marks)
    if first is None or first[1] < _LEAST_SCORE:
        first = _unplaced(image, lines, hits, angle)
    if first is None:
        return None
    look = _Look(image, lines, *first)
    paper = look.closer(finder, reader)
    if paper is not None and not _within(paper):
        # The first placement was off: what the closer look found places the paper better.
        matrix = np.linalg.inv(paper.to_flat) @ paper.registration.matrix
        placed = replace(
            paper.registration,
            matrix=matrix,
            scale=paper.registration.scale / _zoom(paper.to_flat, paper.registration.corners()),
        )
        again = _Look(image, lines, placed, paper.score, paper.margin).closer(finder, reader)
        if again is not None and again.score > paper.score:
            paper = again
    paper = paper or look.from_afar()
    placed = paper.registration
    mine = [c for c in found_codes if _on(c, placed, paper.to_flat)]
    if not mine and placed.model.layout.picture("qr"):
        mine = _look_for_code(image, placed, paper.to_flat)
    return replace(paper, codes=tuple(mine))


def _unplaced(
    image: Image, lines: Sequence[Line], hits: Sequence[classify.Hit], angle: float
) -> tuple[rectify.Registration, float, float] | None:
    """The model that explains most, placed by the paper's edges or as the page lies."""
    scores = classify.score_models(hits)
    ranked = sorted(scores, key=lambda m: scores[m], reverse=True)
    best = ranked[0]
    if scores[best] < _LEAST_SCORE_UNPLACED:
        return None
    placed = rectify.place_by_edges(image, lines, best, angle_deg=angle)
    others = [scores[m] for m in ranked if m.type is not best.type]
    return placed, scores[best], scores[best] - max(others, default=0.0)


def _within(paper: Paper) -> bool:
    """Whether the flat picture holds the whole paper."""
    height, width = paper.flat.shape[:2]
    slack = 4 * paper.registration.scale
    corners = paper.registration.corners()
    return bool((corners > -slack).all() and (corners < np.array([width, height]) + slack).all())


def _zoom(to_flat: rectify.Matrix, flat: NDArray[np.float64]) -> float:
    """How much larger the flat picture shows the paper."""
    there = rectify.warp_points(np.linalg.inv(to_flat), flat)
    return float(np.hypot(*(flat[1] - flat[0])) / max(np.hypot(*(there[1] - there[0])), 1e-6))


@dataclass(frozen=True, slots=True)
class _Look:
    """A paper as first placed in the picture."""

    image: Image
    lines: Sequence[Line]
    placed: rectify.Registration
    score: float
    margin: float

    def _flat(self) -> tuple[Image, rectify.Matrix, list[Line]]:
        on_it = _members(self.lines, self.placed)
        scale = float(np.clip(self.placed.scale, *_FLAT_SCALE))
        around = rectify.quads_array(on_it).reshape(-1, 2)
        flat, to_flat = rectify.flatten(self.image, self.placed, around=around, scale=scale)
        return flat, to_flat, on_it

    def closer(self, finder: Finder, reader: Reader) -> Paper | None:
        """Flattened, found and read anew; None when that explains less than before."""
        flat, to_flat, _ = self._flat()
        quads = finder.find(flat)
        lines = read_quads(flat, orient.along(quads, 0.0), reader)
        hits = classify.find_anchors(lines)
        best = _best(lines, hits, 0.0, find_marks(lines, ()))
        if best is None or best[1] < 0.6 * self.score:
            return None
        return Paper(*best, flat, to_flat, tuple(lines), tuple(hits), ())

    def from_afar(self) -> Paper:
        """Flattened, with the lines of the first look."""
        flat, to_flat, on_it = self._flat()
        lines = [
            replace(
                line,
                quad=as_quad(rectify.warp_points(to_flat, np.array(line.quad).reshape(4, 2))),
            )
            for line in on_it
        ]
        scale = self.placed.scale * _zoom(
            to_flat, rectify.warp_points(to_flat, self.placed.corners())
        )
        registration = replace(self.placed, matrix=to_flat @ self.placed.matrix, scale=scale)
        hits = classify.find_anchors(lines)
        return Paper(
            registration, self.score, self.margin, flat, to_flat, tuple(lines), tuple(hits), ()
        )


def _members(lines: Sequence[Line], placed: rectify.Registration) -> list[Line]:
    back = np.linalg.inv(placed.matrix)
    width, height = placed.model.layout.size
    kept = []
    for line in lines:
        centre = np.array(line.quad).reshape(4, 2).mean(0, keepdims=True)
        x, y = rectify.warp_points(back, centre)[0]
        if -0.25 * width < x < 1.25 * width and -0.25 * height < y < 1.25 * height:
            kept.append(line)
    return kept


def _on(code: codes.Code, registration: rectify.Registration, to_flat: rectify.Matrix) -> bool:
    centre = np.array(code.quad).reshape(4, 2).mean(0, keepdims=True)
    flat = rectify.warp_points(to_flat, centre)
    x, y = rectify.warp_points(np.linalg.inv(registration.matrix), flat)[0]
    width, height = registration.model.layout.size
    return bool(-5 < x < width + 5 and -5 < y < height + 5)


def _look_for_code(
    image: Image, registration: rectify.Registration, to_flat: rectify.Matrix
) -> list[codes.Code]:
    """The QR code where the model prints it, in the picture's own pixels."""
    picture = registration.model.layout.picture("qr")
    assert picture is not None
    pad = 4.0
    box = np.array(
        [
            [picture.x - pad, picture.y - pad],
            [picture.x + picture.width + pad, picture.y - pad],
            [picture.x + picture.width + pad, picture.y + picture.height + pad],
            [picture.x - pad, picture.y + picture.height + pad],
        ]
    )
    flat = rectify.warp_points(registration.matrix, box)
    points = rectify.warp_points(np.linalg.inv(to_flat), flat)
    low, high = points.min(0), points.max(0)
    return codes.read_codes_near(image, (low[0], low[1], high[0], high[1]))
