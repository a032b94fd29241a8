"""One picture to its papers: find each, flatten it, find its lines, read them, classify it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from cvocr_lab.engines.local import classify, codes, orient
from cvocr_lab.engines.local.eyes import Eyes
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
from cvocr_lab.engines.local.lines import Reader, grown, read_page, read_quads
from cvocr_lab.engines.local.marks import evidence, find_marks, page_of_zone
from cvocr_lab.engines.local.papers import Outline
from cvocr_lab.engines.local.text_lines import SCALE_MM
from cvocr_lab.results import Line, Quad, as_quad

_LEAST_SCORE = 8.0
"""What a model must explain of the anchors found, and of what the paper looks like."""
_LOOKS = 12.0
"""What the look of a paper says for its most probable type, in the points of anchors."""
_MOST_CAPTIONS = 0.7
"""Share of a layout's captions that must be found for no other outline to be tried."""
_MOST_TWIST, _MOST_SLANT = 0.2, 1.25
"""The greatest twist of a paper's outline, and how much longer or shorter one pair of its sides may
look."""
_COVERED = 0.2
"""Share of the smaller of two papers from which one of them is only a part of the other."""
_MOST_TILT, _LONG = 0.06, 8
"""Slope of the lines of at least so many letters from which an outline is not the paper's."""
_MOST_SHEETS = 2
"""How many things of a paper's shape are looked at more closely where none was a paper of ours."""
_LEAST_PART = 64
"""Pixels of the shorter side of a part of the picture that is worth another look."""
_LEAST_SURE = 0.5
"""Confidence under which a faint line is a pattern of the ground."""
_FLAT_SCALE = (9.0, 15.0)
"""Fewest and most pixels per millimetre a paper is read at."""
_UPRIGHT = 0.97
"""Probability of its turn from which a paper is not read the other way round too."""
_READS_WELL = 0.85
"""Mean confidence of the lines under which they may stand upside down."""
_PROBES = 4
"""Lines that are read the other way round to tell."""
_ZONE_AGREES = 0.8
"""Overlap with the page that a zone places from which an outline is that page's."""
_CARD_MM = (85.6, 53.98)


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper found in a picture, flattened and read.

    Parameters
    ----------
    model
        Its type and layout.
    score, margin
        How well the model explains the anchors found, and its lead over other types.
    outline
        Its corners in the picture.
    flat
        The paper from straight above, cut at its outline.
    to_flat
        Matrix from pixels of the picture to pixels of `flat`.
    scale
        Pixels of `flat` per millimetre.
    lines, hits
        What stands on it, in pixels of `flat`, and the anchors in it.
    codes
        QR codes on it, in pixels of the picture.
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
        """From millimetres on the paper to pixels of `flat`."""
        height, width = self.flat.shape[:2]
        across, down = self.model.layout.size
        return np.diag([width / across, height / down, 1.0])

    def corners(self) -> Quad:
        """The paper's corners in pixels of the picture, clockwise from its own top left."""
        return as_quad(self.outline.corners)

    def to_picture(self, quad: Quad | None) -> Quad | None:
        """A quad of the flat paper in pixels of the picture."""
        if quad is None:
            return None
        back = np.linalg.inv(self.to_flat)
        return as_quad(warp_points(back, np.array(quad).reshape(4, 2)))


def find_papers(image: Image, eyes: Eyes, reader: Reader) -> list[Paper]:
    """Find and read the papers of a picture; the upper ones first.

    Where none is found, or captions are missing on each, other outlines are tried: those
    found closer up or with local contrast spread, the picture's own frame, and the place of a
    machine-readable zone.
    """
    outlines = eyes.outlines(image)
    papers = _papers(image, outlines, eyes, reader)
    if any(map(_complete, papers)):
        return papers
    best = max(papers, key=_worth, default=None)
    for others in _other_outlines(image, outlines, best, eyes, reader):
        tried = _papers(image, others, eyes, reader)
        if len(tried) > 1 and best is None:
            return tried
        best = max([best, *tried] if best else tried, key=_worth, default=None)
        if best is not None and _complete(best):
            break
    return _apart([*papers, best]) if best is not None else []


def _papers(image: Image, outlines: Sequence[Outline], eyes: Eyes, reader: Reader) -> list[Paper]:
    """The papers read at these outlines; the upper ones first."""
    found = (_paper(image, outline, eyes, reader) for outline in outlines)
    return _apart([paper for paper in found if paper is not None])


def _worth(paper: Paper) -> tuple[bool, float]:
    return _is_paper(paper), paper.score


def _apart(papers: Sequence[Paper]) -> list[Paper]:
    """The papers without those that lie over one that reads better; the upper ones first."""
    best_first = sorted(papers, key=_worth, reverse=True)
    kept = apart(best_first, lambda paper: paper.outline.corners, _COVERED)
    return sorted(kept, key=lambda p: p.outline.corners.mean(0)[::-1].tolist())


def _tilt(paper: Paper) -> float:
    """The slope of the lines on the flattened paper: its outline is turned by so much."""
    return slope(quads_array([line for line in paper.lines if len(line.text) >= _LONG]))


def _is_level(paper: Paper) -> bool:
    return abs(_tilt(paper)) <= _MOST_TILT


def _levelled(paper: Paper) -> Points:
    """The paper's outline, turned about its middle until the lines are level."""
    height, width = paper.flat.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -np.degrees(_tilt(paper)), 1.0)
    turned = rectangle(width, height) @ turn[:, :2].T + turn[:, 2]
    return warp_points(np.linalg.inv(paper.to_flat), turned)


def _is_paper(paper: Paper) -> bool:
    """Whether an outline may be a picture of the paper: a rectangle of its size seen at a slant."""
    across, down = side_lengths(paper.outline.corners)
    width, height = paper.model.layout.size
    seen = (across / down) / (width / height)
    return twist(paper.outline.corners) < _MOST_TWIST and 1 / _MOST_SLANT < seen < _MOST_SLANT


def _complete(paper: Paper) -> bool:
    """Whether the outline may be the paper's, and most captions of its layout were found."""
    if not (_is_paper(paper) and _is_level(paper)):
        return False
    asked = {s.field for s in paper.model.layout.slots if paper.model.type[s.field].vi}
    known = classify.captions(paper.model)
    there = {known[hit.key].field for hit in paper.hits if hit.key in known}
    return len(asked & there) >= _MOST_CAPTIONS * len(asked)


def _other_outlines(
    image: Image, found: Sequence[Outline], best: Paper | None, eyes: Eyes, reader: Reader
) -> Iterator[list[Outline]]:
    """Outlines to try where the first look did not do, the likelier ones first.

    What was found may be a photograph on a screen, or a sheet: the paper lies on it.
    """
    if best is not None and not _is_level(best):
        yield eyes.near(image, _levelled(best))
    for outline in [best.outline] if best is not None else found[:_MOST_SHEETS]:
        yield _closer(image, outline.corners, eyes)
    if best is None:
        yield eyes.outlines(_spread(image))
    yield [eyes.whole(image)]
    if best is None:
        for lines in read_page(image, eyes, reader):
            corners = page_of_zone(find_marks(lines, ()))
            if corners is not None:
                yield [Outline(corners, 1.0, {"passport": 1.0})]


def _closer(image: Image, corners: Points, eyes: Eyes) -> list[Outline]:
    """Outlines found in the part of the picture around one that may hold the paper."""
    part, low = around(image, corners)
    if min(part.shape[:2]) < _LEAST_PART:
        return []
    found = eyes.outlines(part)
    return [replace(outline, corners=outline.corners + low) for outline in found]


def look_again(paper: Paper, eyes: Eyes, reader: Reader) -> Paper:
    """Add the faint lines that only show with contrast spread."""
    spread = _spread(paper.flat)
    quads = eyes.lines(spread, min(1.0, SCALE_MM / paper.scale))
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
    """The picture with its local contrast spread."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8)).apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def _paper(
    image: Image, outline: Outline, eyes: Eyes, reader: Reader, *, by_outline: bool = True
) -> Paper | None:
    """Flatten and read one paper; None when it is none of ours.

    A machine-readable zone that places its page elsewhere is believed, if `by_outline`.
    """
    size = _likely_size(outline)
    flat, to_flat, scale = _flatten(image, outline.corners, size)
    quads = grown(eyes.lines(flat, min(1.0, SCALE_MM / scale)))
    if not len(quads):
        return None
    lines = read_quads(flat, quads, reader)
    doubtful = outline.upright < _UPRIGHT or _sureness(lines) < _READS_WELL
    if doubtful and _is_upside_down(flat, lines, reader):
        outline = replace(outline, corners=np.roll(outline.corners, -2, axis=0))
        flat, to_flat, scale = _flatten(image, outline.corners, size)
        lines = read_quads(flat, grown(eyes.lines(flat, min(1.0, SCALE_MM / scale))), reader)
    hits = classify.find_anchors(lines)
    found_codes = _codes(flat, to_flat)
    marks = find_marks(lines, _in_flat(found_codes, to_flat))
    if by_outline:
        # In the picture, as a book lying open is squeezed into the flat page.
        back = np.linalg.inv(to_flat)
        there = [replace(mark, points=warp_points(back, mark.points)) for mark in marks]
        corners = page_of_zone(there)
        if corners is not None and overlap(corners, outline.corners) < _ZONE_AGREES:
            placed = Outline(corners, 1.0, {"passport": 1.0})
            if (page := _paper(image, placed, eyes, reader, by_outline=False)) is not None:
                return page
    if not marks and classify.is_other_paper(lines):
        return None
    said = evidence(marks)
    for name, chance in outline.types.items():
        if name:
            said[name] = said.get(name, 0.0) + _LOOKS * chance
    scores = classify.score_models(hits, said)
    ranked = sorted(scores, key=lambda m: scores[m], reverse=True)
    model = ranked[0]
    if scores[model] < _LEAST_SCORE or not (hits or marks):
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
    """Width and height of the paper in millimetres, by the type it looks like."""
    best = max(outline.types, key=lambda name: outline.types[name], default="")
    sizes = [m.layout.size for m in classify.models() if m.type.name == best]
    return sizes[0] if sizes else _CARD_MM


def _flatten(
    image: Image, corners: Points, size: tuple[float, float]
) -> tuple[Image, Matrix, float]:
    """Return the paper from straight above, the matrix to it, and its pixels per millimetre."""
    across, down = side_lengths(corners)
    density = max(across / size[0], down / size[1])
    scale = float(np.clip(density, *_FLAT_SCALE))
    width, height = round(size[0] * scale), round(size[1] * scale)
    matrix = homography(corners, rectangle(width, height))
    source, before = image, np.eye(3)
    if density > 1.5 * scale:  # the warp samples points; detail must be averaged first
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
    """Mean confidence of the lines, by their length."""
    total = sum(len(line.text) for line in lines)
    return sum(line.confidence * len(line.text) for line in lines) / max(total, 1)


def _is_upside_down(flat: Image, lines: Sequence[Line], reader: Reader) -> bool:
    """Whether the longest lines read more surely the other way round."""
    probes = sorted(lines, key=lambda line: len(line.text), reverse=True)[:_PROBES]
    other = read_quads(flat, orient.turned(quads_array(probes)), reader)
    return sum(map(orient.sureness, other)) > sum(map(orient.sureness, probes))


def _codes(flat: Image, to_flat: Matrix) -> list[codes.Code]:
    """QR codes of the flat paper, in pixels of the picture."""
    back = np.linalg.inv(to_flat)
    return [
        codes.Code(c.text, as_quad(warp_points(back, np.array(c.quad).reshape(4, 2))))
        for c in codes.read_codes(flat)
    ]


def _in_flat(found: Sequence[codes.Code], to_flat: Matrix) -> list[codes.Code]:
    return [
        codes.Code(c.text, as_quad(warp_points(to_flat, np.array(c.quad).reshape(4, 2))))
        for c in found
    ]


def _look_for_code(image: Image, paper: Paper) -> list[codes.Code]:
    """The QR code where the model prints it, in the picture's own pixels."""
    picture = paper.model.layout.picture("qr")
    assert picture is not None
    corner = np.array((picture.x, picture.y))
    box = rectangle(picture.width, picture.height, 4.0) + corner
    points = warp_points(np.linalg.inv(paper.to_flat) @ paper.matrix, box)
    low, high = points.min(0), points.max(0)
    return codes.read_codes_near(image, (low[0], low[1], high[0], high[1]))
