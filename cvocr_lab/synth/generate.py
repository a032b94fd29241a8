"""Generate pictures of papers, with the exact truth.

The seed decides everything: the same arguments give the same picture in any process.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from cvocr_lab.kinds import TYPES, DocumentType, Layout, document_type, field_order
from cvocr_lab.results import Quad
from cvocr_lab.synth import fonts
from cvocr_lab.synth.draw_paper import Drawn, draw
from cvocr_lab.synth.handling import handle, unhandled
from cvocr_lab.synth.papers import Values, paper_values
from cvocr_lab.synth.persons import Person
from cvocr_lab.synth.photograph import Matrix, Paper, photograph, shifted, warped

Tier = Literal["scan", "photo", "hard"]
_PLASTIC = {name for name, kind in TYPES.items() if kind.family == "id" and "cmt" not in name}
TIERS: tuple[Tier, ...] = ("scan", "photo", "hard")


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one side of a paper in a picture.  Quads are in pixels of the picture.

    Parameters
    ----------
    fields
        All printed values, as they are printed.
    quads, line_quads
        Position of each printed value: of the whole value, and of each of its lines.
    lines
        All lines of text, including captions and fixed texts.
    corners
        Corners of the paper, clockwise, beginning with the top left corner of the paper itself; of
        a laminated card, those of the film.
    printed
        Corners of the paper without film.
    """

    type: str
    side: str
    layout: str
    fields: Mapping[str, str]
    quads: Mapping[str, Quad]
    line_quads: Mapping[str, tuple[Quad, ...]]
    lines: tuple[tuple[str, Quad], ...]
    corners: Quad
    printed: Quad

    def moved(self, matrix: Matrix) -> Truth:
        """Return the truth with all quads mapped through a homography."""

        def move(quad: Quad) -> Quad:
            return tuple(float(round(v, 2)) for v in warped(matrix, quad).ravel())  # type: ignore[return-value]

        return replace(
            self,
            quads={name: move(quad) for name, quad in self.quads.items()},
            line_quads={n: tuple(map(move, quads)) for n, quads in self.line_quads.items()},
            lines=tuple((text, move(quad)) for text, quad in self.lines),
            corners=move(self.corners),
            printed=move(self.printed),
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture (RGB) and the truth of the papers in it."""

    image: NDArray[np.uint8]
    truths: tuple[Truth, ...]
    tier: Tier
    seed: int

    def moved(self, image: NDArray[np.uint8], matrix: Matrix) -> Sample:
        """Return the sample with another picture, to which the homography leads."""
        return replace(self, image=image, truths=tuple(t.moved(matrix) for t in self.truths))


_Face = tuple[DocumentType, Layout, Drawn]


def model_of(kind: DocumentType, layout: Layout) -> str:
    """Return the name of the paper's model, which is the same for both sides."""
    if kind.family == "passport":
        return f"passport_{layout.name}"
    return "vehicle_2024" if kind.family == "vehicle" and layout.name == "2024" else layout.name


def generate(
    type: str | None,
    *,
    seed: int,
    tier: Tier = "photo",
    pool: fonts.Pool = "shipped",
    layout: str | None = None,
    person: Person | None = None,
    forge: Callable[[Values], Values] | None = None,
) -> Sample:
    """Generate one picture of one side of a paper.

    Parameters
    ----------
    type
        Document type, as named by any version of the API; None for a random one.
    tier
        Quality of the picture: ``"scan"``, ``"photo"`` or ``"hard"``, a bad photo.
    pool
        Fonts; ``"shipped"`` needs only those of matplotlib.
    layout
        A layout of the type; None for a random one.
    person
        Holder of the paper; None invents one.
    forge
        Function that changes the values before they are drawn, including those of codes.

    Examples
    --------
    >>> generate("tcc_chip", seed=1, tier="scan").truths[0].side
    'front'
    """
    chance = random.Random(f"{type}/{layout}/{tier}/{seed}")
    kind = document_type(type) if type else chance.choice(list(TYPES.values()))
    named = [x for x in kind.layouts if x.name == layout]
    chosen = named[0] if named else chance.choice(kind.layouts)
    values = paper_values(model_of(kind, chosen), chance, person)
    faces = [_face(kind, chosen, values, chance, pool, forge)]
    if chance.random() < _COMPANY[tier]:  # the other side, or the paper of another person
        other = TYPES.get(kind.other, kind)
        same = [x for x in other.layouts if x.name == chosen.name and other is not kind]
        if same and chance.random() < 0.7:
            faces.append(_face(other, same[0], values, chance, pool))
        else:
            stranger = paper_values(model_of(kind, chosen), chance)
            faces.append(_face(kind, chosen, stranger, chance, pool))
    return _sample(faces, seed, tier, chance)


_COMPANY: Mapping[Tier, float] = {"scan": 0.08, "photo": 0.03, "hard": 0.15}


def generate_pair(
    front_type: str,
    *,
    seed: int,
    tier: Tier = "photo",
    pool: fonts.Pool = "shipped",
    layout: str | None = None,
) -> tuple[Sample, Sample]:
    """Generate the front and the back of one paper, each in its own picture."""
    chance = random.Random(f"pair/{front_type}/{layout}/{tier}/{seed}")
    front = document_type(front_type)
    back = document_type(front.other)
    shared = [x.name for x in front.layouts if any(y.name == x.name for y in back.layouts)]
    name = layout or chance.choice(shared)
    values = paper_values(model_of(front, layout_named(front, name)), chance)

    def sample(kind: DocumentType) -> Sample:
        face = _face(kind, layout_named(kind, name), values, chance, pool)
        return _sample([face], seed, tier, chance)

    return sample(front), sample(back)


def generate_many(
    types: Sequence[str] | None,
    count: int,
    seed: int,
    tier: Tier = "photo",
    *,
    pool: fonts.Pool = "shipped",
) -> Iterator[Sample]:
    """Generate `count` pictures, with each layout of the types in turn; None for all types."""
    kinds = [document_type(name) for name in types] if types else list(TYPES.values())
    models = [(kind.name, layout.name) for kind in kinds for layout in kind.layouts]
    for number in range(count):
        name, layout = models[number % len(models)]
        yield generate(name, seed=seed * 1_000_003 + number, tier=tier, pool=pool, layout=layout)


def layout_named(kind: DocumentType, name: str) -> Layout:
    """Return a layout of the type."""
    return next(layout for layout in kind.layouts if layout.name == name)


def _face(
    kind: DocumentType, layout: Layout, values: tuple[Values, Values], chance: random.Random,
    pool: fonts.Pool, forge: Callable[[Values], Values] | None = None,
) -> _Face:  # fmt: skip
    """Draw a side of a paper from the values of the front and the back."""
    own = values[kind.side == "back"]
    scale = 11.0 if layout.size[0] > 100 else 14.0
    drawn = draw(kind, layout, forge(own) if forge else own, chance, pool=pool, scale=scale)
    return kind, layout, drawn


def _sample(faces: list[_Face], seed: int, tier: Tier, chance: random.Random) -> Sample:
    rng = np.random.default_rng(chance.getrandbits(64))
    papers, insets, flat = [], [], []
    for kind, layout, drawn in faces:
        handled = handle(drawn.picture, kind.family, model_of(kind, layout), rng)
        scale = drawn.picture.shape[1] / layout.size[0]
        papers.append(Paper(handled.picture, scale, kind.name in _PLASTIC))
        insets.append(shifted(*handled.inset))
        flat.append(Truth(
            kind.name, kind.side, layout.name, drawn.fields, drawn.quads, drawn.line_quads,
            drawn.lines, handled.outline, unhandled(drawn.picture).outline,
        ))  # fmt: skip
    image, matrices = photograph(papers, tier, rng)
    placed = zip(flat, matrices, insets, strict=True)
    truths = tuple(truth.moved(matrix @ inset) for truth, matrix, inset in placed)
    return Sample(image, truths, tier, seed)


def generate_folder(
    out: Path, *, types: Sequence[str] | None, count: int, seed: int, tier: Tier
) -> Path:
    """Write pictures and their ``labels.csv`` into `out`, and return the path of the table.

    The table has one row per paper: ``image`` (relative to the table), ``type``, ``side``,
    ``tier``, ``page`` (the first is 1), then one column per field, as printed.
    """
    out.mkdir(parents=True, exist_ok=True)
    labelled = []
    for number, sample in enumerate(generate_many(types, count, seed, tier)):
        name = f"{number:05d}_{sample.truths[0].type}_{tier}.jpg"
        Image.fromarray(sample.image).save(out / name, quality=92)
        labelled.append((name, sample))
    return write_labels(out / "labels.csv", labelled)


def write_labels(
    path: Path, labelled: Sequence[tuple[str, Sample]], *, none: Sequence[str] = ()
) -> Path:
    """Write the table of the truth.

    Parameters
    ----------
    labelled
        Path of each picture, relative to the table, and its sample.  A file with several pages
        has one entry per page.
    none
        Paths of pictures without a paper.
    """
    rows: list[dict[str, object]] = []
    pages = Counter[str]()
    for name, sample in labelled:
        pages[name] += 1
        for truth in sample.truths:
            about = {"image": name, "type": truth.type, "side": truth.side, "tier": sample.tier}
            rows.append({**about, "page": pages[name], **truth.fields})
    used = {column for row in rows for column in row}
    columns = ["image", "type", "side", "tier", "page", *(f for f in field_order() if f in used)]
    rows += ({"image": name} for name in none)
    table = pd.DataFrame(rows, columns=columns, dtype=object)
    table.to_csv(path, index=False, lineterminator="\n")
    return path


def write_pdf(path: Path, samples: Sequence[Sample], *, dpi: float = 150.0) -> Path:
    """Write a PDF with one picture on each page."""
    first, *others = (Image.fromarray(sample.image) for sample in samples)
    # With a fixed date, each run writes the same bytes.
    when = time.gmtime(0)
    first.save(
        path, "PDF", save_all=True, append_images=others, resolution=dpi, quality=82,
        creationDate=when, modDate=when,
    )  # fmt: skip
    return path
