"""Finds the papers in a picture, flattens them, reads their lines and classifies them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from cvocr_lab.engines.local import classify, codes
from cvocr_lab.engines.local.codes import evidence, page_of_zone, zone_rows
from cvocr_lab.engines.local.finder_nets import FinderNets
from cvocr_lab.engines.local.geometry import (
    Image,
    Matrix,
    Points,
    apart,
    around,
    homography,
    overlap,
    quads_array,
    rectangle,
    side_lengths,
    slope,
    twist,
    warp_points,
)
from cvocr_lab.engines.local.line_finder import SCALE_MM
from cvocr_lab.engines.local.line_reader import Reader, grown, read_page, read_quads, sureness
from cvocr_lab.engines.local.papers import Outline
from cvocr_lab.kinds import TYPES
from cvocr_lab.results import Line, Quad, as_quad

_LEAST_SCORE = 8.0
"""Least score of a model for the anchors found and the appearance of the paper."""
_LOOKS = 12.0
"""Points, on the scale of anchors, for a type of probability 1 by the paper's appearance."""
_MOST_CAPTIONS = 0.7
"""Share of a layout's captions from which no other outline is tried."""
_MOST_TWIST, _MOST_SLANT = 0.2, 1.25
"""Largest twist of a paper's outline, and largest factor by which its aspect ratio may be wrong."""
_COVERED = 0.2
"""Share of the smaller of two papers above which one of them is only a part of the other."""
_SAME_PAPER = 0.2
"""Overlap from which a paper found at another outline is the same one."""
_MOST_TILT, _LONG = 0.025, 8
"""Slope of the lines of at least `_LONG` letters above which an outline is not the paper's.  On
outlines that overlap the true one by 0.9 or more, 99 % of the slopes are below 0.022."""
_MOST_SHEETS = 2
"""Number of rectangular objects that are searched more closely if no paper was recognised."""
_LEAST_PART = 64
"""Shorter side, in pixels, from which a part of the picture is searched again."""
_LEAST_SURE = 0.5
"""Confidence below which a faint line is a background pattern."""
_FLAT_SCALE = (9.0, 15.0)
"""Smallest and largest number of pixels per millimetre at which a paper is read."""
_UPRIGHT = 0.97
"""Probability of the orientation from which a paper is not also read upside down."""
_READS_WELL = 0.85
"""Mean confidence of the lines below which they may be upside down."""
_PROBES = 4
"""Number of lines that are read upside down for comparison."""
_ZONE_AGREES = 0.8
"""Overlap with the page located by a zone from which an outline is that page's."""
_CARD_MM = (85.6, 53.98)


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper found in a picture, flattened and read.

    `score` says how well the model explains the anchors found, and `margin` is its lead over other
    types.  `flat` is the rectified picture of the paper with `scale` pixels per millimetre, and
    `to_flat` the homography to its pixels.  The lines are in pixels of `flat`, the outline and the
    QR codes in those of the picture.
    """

    model: classify.Model
    score: float
    margin: float
    outline: Outline
    flat: Image
    to_flat: Matrix
    scale: float
    lines: tuple[Line, ...]
    hits: tuple[classify.Hit, ...]
    codes: tuple[codes.Code, ...]

    @property
    def matrix(self) -> Matrix:
        """Matrix from millimetres on the paper to pixels of `flat`."""
        height, width = self.flat.shape[:2]
        across, down = self.model.layout.size
        return np.diag([width / across, height / down, 1.0])

    def to_picture(self, quad: Quad | None) -> Quad | None:
        """Convert a quad on the flattened paper to pixels of the picture."""
        return None if quad is None else _warped(quad, np.linalg.inv(self.to_flat))


def find_papers(image: Image, nets: FinderNets, reader: Reader) -> list[Paper]:
    """Find and read the papers of a picture, ordered from top to bottom.

    If none is found, and for each paper on which captions are missing, other outlines are tried:
    those found in a crop or with enhanced local contrast, the frame of the picture, and the page
    located by a machine-readable zone.
    """
    outlines = nets.outlines(image)
    papers = _papers(image, outlines, nets, reader)
    if not papers:
        for others in _other_outlines(image, outlines, None, nets, reader):
            if papers := _papers(image, others, nets, reader):
                break
    return _apart([_best(image, paper, nets, reader) for paper in papers])


def _best(image: Image, paper: Paper, nets: FinderNets, reader: Reader) -> Paper:
    """Return the paper as found at the best of several outlines, or unchanged if it is complete."""
    best = paper
    if not _complete(paper):
        for others in _other_outlines(image, [], paper, nets, reader):
            tried = [
                other
                for other in _papers(image, others, nets, reader)
                if overlap(other.outline.corners, paper.outline.corners) > _SAME_PAPER
            ]
            best = max([best, *tried], key=_worth)
            if _complete(best):
                break
    return best


def _papers(
    image: Image, outlines: Sequence[Outline], nets: FinderNets, reader: Reader
) -> list[Paper]:
    found = (_paper(image, outline, nets, reader) for outline in outlines)
    return _apart([paper for paper in found if paper is not None])


def _worth(paper: Paper) -> tuple[bool, float]:
    return _is_paper(paper), paper.score


def _apart(papers: Sequence[Paper]) -> list[Paper]:
    """Drop papers that overlap one that reads better; order the others from top to bottom."""
    best_first = sorted(papers, key=_worth, reverse=True)
    kept = apart(best_first, lambda paper: paper.outline.corners, _COVERED)
    return sorted(kept, key=lambda p: p.outline.corners.mean(0)[::-1].tolist())


def _tilt(paper: Paper) -> float:
    """Return the slope of the lines on the flattened paper, by which its outline is turned."""
    return slope(quads_array([line for line in paper.lines if len(line.text) >= _LONG]))


def _is_level(paper: Paper) -> bool:
    return abs(_tilt(paper)) <= _MOST_TILT


def _levelled(paper: Paper) -> Points:
    """Return the paper's outline, rotated about its centre until the lines are horizontal."""
    height, width = paper.flat.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -np.degrees(_tilt(paper)), 1.0)
    turned = rectangle(width, height) @ turn[:, :2].T + turn[:, 2]
    return warp_points(np.linalg.inv(paper.to_flat), turned)


def _is_paper(paper: Paper) -> bool:
    """Return whether an outline may be the paper's: level, with its shape in perspective."""
    across, down = side_lengths(paper.outline.corners)
    width, height = paper.model.layout.size
    seen = (across / down) / (width / height)
    shaped = twist(paper.outline.corners) < _MOST_TWIST and 1 / _MOST_SLANT < seen < _MOST_SLANT
    return shaped and _is_level(paper)


def _complete(paper: Paper) -> bool:
    """Return whether the outline may be the paper's and most captions of its layout were found."""
    if not _is_paper(paper):
        return False
    asked = {s.field for s in paper.model.layout.slots if paper.model.type[s.field].vi}
    known = classify.captions(paper.model)
    there = {known[hit.key] for hit in paper.hits if hit.key in known}
    return len(asked & there) >= _MOST_CAPTIONS * len(asked)


def _other_outlines(
    image: Image, found: Sequence[Outline], best: Paper | None, nets: FinderNets, reader: Reader
) -> Iterator[list[Outline]]:
    """Yield outlines to try if the first ones were not sufficient, the more likely ones first.

    The outline found may be that of a screen or a sheet of paper on which the paper is shown.
    """
    if best is not None and not _is_level(best):
        yield nets.near(image, _levelled(best))
    for outline in [best.outline] if best is not None else found[:_MOST_SHEETS]:
        yield _closer(image, outline.corners, nets)
    if best is None:
        yield nets.outlines(_spread(image))
    yield [nets.whole(image)]
    if best is None:
        for lines in read_page(image, nets, reader):
            corners = page_of_zone(zone_rows(lines))
            if corners is not None:
                yield [Outline(corners, 1.0, {"passport": 1.0})]


def _closer(image: Image, corners: Points, nets: FinderNets) -> list[Outline]:
    """Return the outlines found in the crop around one that may contain the paper."""
    part, low = around(image, corners)
    if min(part.shape[:2]) < _LEAST_PART:
        return []
    found = nets.outlines(part)
    return [replace(outline, corners=outline.corners + low) for outline in found]


def look_again(paper: Paper, nets: FinderNets, reader: Reader) -> Paper:
    """Add the faint lines that are only found with enhanced contrast."""
    spread = _spread(paper.flat)
    quads = nets.lines(spread, min(1.0, SCALE_MM / paper.scale))
    known = [np.array(line.quad, np.float32).reshape(4, 2) for line in paper.lines]
    new = [
        quad
        for quad in quads
        if not any(cv2.pointPolygonTest(k, quad.mean(0).tolist(), False) > 0 for k in known)
    ]
    if not new:
        return paper
    found = read_quads(spread, grown(np.array(new, np.float32)), reader)
    lines = [*paper.lines, *(line for line in found if line.confidence > _LEAST_SURE)]
    return replace(paper, lines=tuple(lines), hits=tuple(classify.find_anchors(lines)))


def _spread(image: Image) -> Image:
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def _paper(
    image: Image, outline: Outline, nets: FinderNets, reader: Reader, *, by_outline: bool = True
) -> Paper | None:
    """Flatten and read one paper; return None if it is of no supported type.

    If `by_outline`, a machine-readable zone that locates its page elsewhere overrides the outline.
    """
    size = _likely_size(outline)
    flat, to_flat, scale = _flatten(image, outline.corners, size)
    quads = grown(nets.lines(flat, min(1.0, SCALE_MM / scale)))
    if not len(quads):
        return None
    lines = read_quads(flat, quads, reader)
    doubtful = outline.upright < _UPRIGHT or _sureness(lines) < _READS_WELL
    if doubtful and _is_upside_down(flat, lines, reader):
        outline = replace(outline, corners=np.roll(outline.corners, -2, axis=0))
        flat, to_flat, scale = _flatten(image, outline.corners, size)
        lines = read_quads(flat, grown(nets.lines(flat, min(1.0, SCALE_MM / scale))), reader)
    hits = classify.find_anchors(lines)
    back = np.linalg.inv(to_flat)
    found_codes = [codes.Code(c.text, _warped(c.quad, back)) for c in codes.read_codes(flat)]
    rows, coded = zone_rows(lines), codes.id_code(found_codes) is not None
    if by_outline:
        # Done in the picture, because an open book is squeezed into the flattened page.
        corners = page_of_zone({name: warp_points(back, ends) for name, ends in rows.items()})
        if corners is not None and overlap(corners, outline.corners) < _ZONE_AGREES:
            placed = Outline(corners, 1.0, {"passport": 1.0})
            if (page := _paper(image, placed, nets, reader, by_outline=False)) is not None:
                return page
    if not (rows or coded) and classify.is_other_paper(lines):
        return None
    said = evidence(rows, coded=coded)
    for name, chance in outline.types.items():
        if name:
            said[name] = said.get(name, 0.0) + _LOOKS * chance
    scores = classify.score_models(hits, said)
    ranked = sorted(scores, key=lambda m: scores[m], reverse=True)
    model = ranked[0]
    if scores[model] < _LEAST_SCORE or not (hits or rows or coded):
        return None
    others = [scores[m] for m in ranked if m.type is not model.type]
    paper = Paper(
        model, scores[model], scores[model] - max(others, default=0.0), outline, flat, to_flat,
        flat.shape[1] / model.layout.size[0], tuple(lines), tuple(hits), tuple(found_codes),
    )  # fmt: skip
    if not found_codes and model.layout.picture("qr"):
        return replace(paper, codes=tuple(_look_for_code(image, paper)))
    return paper


def _likely_size(outline: Outline) -> tuple[float, float]:
    """Return the size in millimetres, ``(width, height)``, of the most probable type."""
    best = max(outline.types, key=lambda name: outline.types[name], default="")
    return TYPES[best].layouts[0].size if best in TYPES else _CARD_MM


def _flatten(
    image: Image, corners: Points, size: tuple[float, float]
) -> tuple[Image, Matrix, float]:
    """Return the rectified paper, the homography to it, and its pixels per millimetre."""
    across, down = side_lengths(corners)
    density = max(across / size[0], down / size[1])
    scale = float(np.clip(density, *_FLAT_SCALE))
    width, height = round(size[0] * scale), round(size[1] * scale)
    matrix = homography(corners, rectangle(width, height))
    source, before = image, np.eye(3)
    if density > 1.5 * scale:  # the warp samples single points, so detail is averaged first
        shrink = 1.2 * scale / density
        target = (max(1, round(image.shape[1] * shrink)), max(1, round(image.shape[0] * shrink)))
        source = np.asarray(cv2.resize(image, target, interpolation=cv2.INTER_AREA), np.uint8)
        before = np.diag([image.shape[1] / target[0], image.shape[0] / target[1], 1.0])
    flat = cv2.warpPerspective(
        source, matrix @ before, (width, height), flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(flat, np.uint8), matrix, scale


def _sureness(lines: Sequence[Line]) -> float:
    """Return the mean confidence of the lines, weighted by their length."""
    total = sum(len(line.text) for line in lines)
    return sum(line.confidence * len(line.text) for line in lines) / max(total, 1)


def _is_upside_down(flat: Image, lines: Sequence[Line], reader: Reader) -> bool:
    """Return whether the longest lines are read with higher confidence upside down."""
    probes = sorted(lines, key=lambda line: len(line.text), reverse=True)[:_PROBES]
    other = read_quads(flat, np.roll(quads_array(probes), 2, axis=1), reader)
    return sum(map(sureness, other)) > sum(map(sureness, probes))


def _warped(quad: Quad, matrix: Matrix) -> Quad:
    return as_quad(warp_points(matrix, np.reshape(quad, (4, 2))))


def _look_for_code(image: Image, paper: Paper) -> list[codes.Code]:
    """Search for the QR code where the layout prints it, at the picture's full resolution."""
    picture = paper.model.layout.picture("qr")
    assert picture is not None
    corner = np.array((picture.x, picture.y))
    box = rectangle(picture.width, picture.height, 4.0) + corner
    points = warp_points(np.linalg.inv(paper.to_flat) @ paper.matrix, box)
    return codes.read_codes_near(image, points)
