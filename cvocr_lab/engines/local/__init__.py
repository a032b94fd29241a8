"""The offline engine: reads the papers on a plain CPU, without a key or a network connection.

The steps are papers → line_finder → recogniser → classify → parse → crosscheck → confidence →
assess, each in a module of its own; `pages` goes from a picture to the papers read in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import cv2
import numpy as np
from rapidfuzz import fuzz

from cvocr_lab import mrz, proofs
from cvocr_lab.engines import Identity, Request
from cvocr_lab.engines.local import assess, codes, confidence, crosscheck, values
from cvocr_lab.engines.local.finder_nets import FinderNets, model_files
from cvocr_lab.engines.local.geometry import Image, quads_array
from cvocr_lab.engines.local.line_reader import Reader, open_reader, read_page
from cvocr_lab.engines.local.pages import Paper, find_papers, look_again
from cvocr_lab.engines.local.parse import Reading, parse
from cvocr_lab.engines.local.quality_measures import measure
from cvocr_lab.engines.local.recogniser import Recogniser, crop_line, model_file
from cvocr_lab.errors import NoDocumentError
from cvocr_lab.images import InputImage
from cvocr_lab.kinds import request_kind
from cvocr_lab.results import Document, Extraction, FieldValue, Line, as_quad, box_quad
from cvocr_lab.text import fold_key

__all__ = ["ENGINE", "LocalEngine"]

VERSION = "1"
_MANY_MISSING = 0.2
"""Share of a layout's fields without a value above which a paper is searched again."""


class _Zone(NamedTuple):
    """The machine-readable zone of a paper, if it has one, and the indices of its lines."""

    mrz: mrz.Mrz | None
    repaired: bool
    lines: list[int]


class LocalEngine:
    """Engine that reads identity papers and vehicle registrations offline.

    Parameters
    ----------
    reader
        ``"own"`` (the recogniser in the wheel), ``"tesseract"`` (needs the extra `tesseract` and
        Tesseract's ``vie`` data), or an object with ``read(crops) -> list[Line]``.
    model
        Path of another recogniser model, e.g. a fine-tuned one; None for the one in the package.
    threads
        Threads per model; 0 for as many as there are cores.
    """

    name: str = f"local {VERSION}"
    parallel: ClassVar[Literal["process", "thread"]] = "process"
    typical_s: ClassVar[float] = 0.5
    """Typical seconds per picture on one core, for estimates made before anything was measured."""

    def __init__(
        self,
        *,
        reader: str | Reader = "own",
        model: str | Path | None = None,
        threads: int = 0,
    ) -> None:
        self._nets = FinderNets(threads=threads)
        self._reader = open_reader(reader, model=model, threads=threads)
        if threads:  # OpenCV has one pool per process; workers of a bulk run ask for one
            cv2.setNumThreads(threads)
        if reader != "own" or model:
            what = reader if isinstance(reader, str) else type(reader).__name__
            self.name = f"{self.name} {Path(model).name if model else what}"

    def identity(self) -> Identity:
        """Return the engine's name and version, and the digests of all its model files."""
        return Identity.of(self.name, models=self.model_files())

    def model_files(self) -> list[Path]:
        """Return the paths of all model files that the engine uses."""
        files = [*model_files()]
        if isinstance(self._reader, Recogniser):
            files.append(self._reader.model or model_file())
        return files

    def extract(self, request: Request) -> Extraction:
        """Read one request.

        Raises
        ------
        NoDocumentError
            No paper was found, or no text for requests of kind ``scan``.
        """
        kind = request_kind(request.kind)
        if not kind.families:
            lines = tuple(line for image in request.images for line in self._scan(image))
            if not lines:
                raise NoDocumentError("no text in the picture")
            return Extraction(lines=lines, engine=self.name)
        sides = [self._documents(image) for image in request.images]
        documents = [doc for side in sides for doc in side]
        if len(sides) > 1 and crosscheck.sides_differ(documents):
            documents = [replace(d, warnings=(*d.warnings, "sides:differ")) for d in documents]
        if not documents:
            raise NoDocumentError(
                "no identity paper or vehicle registration found in the picture: "
                "check that the picture shows all of it and is sharp"
            )
        return Extraction(documents=tuple(documents), engine=self.name)

    def read_lines(self, images: Sequence[InputImage]) -> list[Line]:
        """Read each picture as one line of text, in order."""
        return self._reader.read([image.pages[0] for image in images])

    def _scan(self, image: InputImage) -> list[Line]:
        found: list[Line] = []
        for page in image.pages:
            for lines in read_page(page, self._nets, self._reader):
                found += _reading_order(lines)
        return found

    def _documents(self, image: InputImage) -> list[Document]:
        documents = []
        for number, page in zip(image.numbers, image.pages, strict=True):
            papers = find_papers(page, self._nets, self._reader)
            documents += [replace(self._document(page, paper), page=number) for paper in papers]
        return documents

    def _document(self, page: Image, paper: Paper) -> Document:
        kind = paper.model.type
        readings, (zone, repaired, zone_lines) = self._readings(paper)
        if kind.name == "passport" and zone is not None and zone.issuer != "VNM":
            return _foreign(paper, zone, readings["mrz"], zone_lines)
        expected = {slot.field for slot in paper.model.layout.slots}
        if len(expected - readings.keys()) > _MANY_MISSING * len(expected):
            paper = look_again(paper, self._nets, self._reader)
            readings, (zone, repaired, zone_lines) = self._readings(paper)
        proven_by: dict[str, proofs.Proof] = {}
        payload = codes.id_code(paper.codes) or next(iter(paper.codes), None)
        if zone is not None:
            proven_by |= proofs.mrz_proofs(zone, kind)
        if kind.name == "passport":
            readings = _names_by_zone(readings, zone, paper.lines)
        if payload is not None:
            proven_by |= proofs.qr_proofs(payload.text, kind)
        wrong = assess.contradictions(readings, proven_by) + assess.number_warnings(
            kind, readings, paper.lines, paper.model.layout, paper.matrix
        )
        if repaired:
            proven_by = crosscheck.uncontradicted(proven_by, wrong)
        readings, proven, warnings = crosscheck.reconcile(readings, proven_by)
        agrees = crosscheck.number_agrees(kind, readings) if "id" in readings else None
        warnings += [
            f"{name}:malformed"
            for name, reading in readings.items()
            if kind[name].type.alphabet and not kind[name].type.accepts(reading.text)
        ]
        warnings += [warning for warning in wrong if warning not in warnings]
        warnings += assess.zone_warnings(zone, [paper.lines[i] for i in zone_lines])
        warnings += assess.notice(measure(page, paper))
        # The API's page states "No valid for vehicle registrations".
        verdict = assess.judge(warnings) if kind.family != "vehicle" else assess.UNJUDGED
        fields = {}
        for field in kind.fields:
            if field.name == "qr" and payload is not None:
                fields["qr"] = FieldValue(payload.text, 1.0, payload.quad)
            reading = readings.get(field.name)
            if reading is None or not reading.text:
                continue
            chance = confidence.chance(
                field, reading, proven=field.name in proven, agrees=agrees, zone=zone
            )
            quad = paper.to_picture(reading.quad)
            fields[field.name] = FieldValue(reading.text, chance, quad)
        return replace(
            _document(paper, fields, warnings),
            valid=verdict.valid,
            invalid_code=verdict.code,
            invalid_message=verdict.message,
        )

    def _readings(self, paper: Paper) -> tuple[dict[str, Reading], _Zone]:
        """Return the values printed on the paper or encoded in its MRZ, and the MRZ itself."""
        zone = self._zone(paper)
        model = paper.model
        readings = parse(paper.lines, paper.hits, model, paper.matrix, skip=set(zone.lines))
        readings |= self._read_again(paper, readings)
        if zone.mrz is not None:
            printed = {n: r for n, r in readings.items() if model.type[n].source == "print"}
            readings = _zone_readings(paper, zone.mrz, zone.lines) | printed
        return readings, zone

    def _read_again(self, paper: Paper, readings: dict[str, Reading]) -> dict[str, Reading]:
        """Read rejected values again with only their type's characters; return those accepted."""
        kind = paper.model.type
        if not isinstance(self._reader, Recogniser):
            return {}
        doubtful = [
            (kind[name], reading, reading.quad)
            for name, reading in readings.items()
            if kind[name].type.alphabet
            and reading.quad
            and not kind[name].type.accepts(reading.text)
        ]
        crops = [crop_line(paper.flat, quad) for _, _, quad in doubtful]
        lines = self._reader.read(crops, alphabets=[f.type.alphabet for f, _, _ in doubtful])
        made = {}
        for (field, reading, _), line in zip(doubtful, lines, strict=True):
            text = values.take(field, [line.text])
            if field.type.accepts(text):
                made[field.name] = replace(reading, text=text, characters=line.characters)
        return made

    def _zone(self, paper: Paper) -> _Zone:
        at = [i for i, line in enumerate(paper.lines) if codes.looks_like_mrz(line)]
        if not at or not paper.model.type.mrz:
            return _Zone(None, False, [])
        at.sort(key=lambda i: sum((paper.lines[i].quad or ())[1::2]))
        lines = [paper.lines[i] for i in at]
        found = None
        if isinstance(self._reader, Recogniser):
            crops = [crop_line(paper.flat, line.quad) for line in lines if line.quad]
            again = self._reader.read(crops, alphabets=[mrz.ALPHABET] * len(crops))
            found = codes.parse_zone([line.text for line in again])
        if found is None or not found[0].valid:
            plain = codes.parse_zone([line.text for line in lines])
            if plain is not None and (found is None or plain[0].valid):
                found = plain
        zone, repaired = found or (None, False)
        return _Zone(zone, repaired, at)


def _foreign(paper: Paper, zone: mrz.Mrz, read: Reading, at: Sequence[int]) -> Document:
    """Return a foreign passport as the API does: the values of its zone and nothing else."""
    guarded = {"id": "number", "born": "birth", "duedate": "expiry"}
    quad = paper.to_picture(read.quad)
    fields = {}
    for name, text in (*proofs.mrz_values(zone).items(), ("mrz", read.text)):
        if text:
            checked = zone.checks.get(guarded.get(name, ""), zone.valid)
            chance = confidence.zone_chance(checked=bool(checked), guarded=name in guarded)
            fields[name] = FieldValue(text, chance, quad)
    return _document(paper, fields, assess.zone_warnings(zone, [paper.lines[i] for i in at]))


def _document(paper: Paper, fields: dict[str, FieldValue], warnings: Sequence[str]) -> Document:
    """Return the document that was read on a paper, without a verdict."""
    return Document(
        type=paper.model.type.name,
        side=paper.model.type.side,
        fields=fields,
        confidence=confidence.type_chance(paper.score, paper.margin),
        warnings=tuple(warnings),
        corners=as_quad(paper.outline.corners),
    )


def _zone_readings(paper: Paper, zone: mrz.Mrz, at: list[int]) -> dict[str, Reading]:
    lines = [paper.lines[i] for i in at]
    points = quads_array(lines).reshape(-1, 2)
    (left, top), (right, bottom) = points.min(0), points.max(0)
    quad = as_quad(np.reshape(box_quad(left, top, right, bottom), (4, 2)))
    characters = tuple(c for line in lines for c in line.characters)
    made = {"mrz": Reading(" ".join(mrz.format(zone)), quad, characters, 0.0, True)}
    if paper.model.type.mrz == "TD1":
        for name, text in proofs.mrz_fields(zone, paper.model.type).items():
            made[name] = Reading(text, quad, characters, 0.0, True)
    return made


_ALIKE, _UNLIKE = 80, 60
"""Similarity in percent from which print matches the zone, and below which it does not."""


def _names_by_zone(
    readings: dict[str, Reading], zone: mrz.Mrz | None, lines: Sequence[Line]
) -> dict[str, Reading]:
    """Return the readings of a passport, with the names from the printed lines that match the zone.

    An old passport prints the whole name on one line; the zone shows where the surname ends.
    """
    made = dict(readings)
    printed = [line for line in lines if "<" not in line.text]
    if zone is not None and zone.surname:
        said = {
            "surname": zone.surname,
            "given_name": zone.given_names,
            "name": f"{zone.surname} {zone.given_names}".strip(),
        }
        for name, spelt in said.items():
            here = made.get(name)
            if not spelt or (here is not None and _likeness(here.text, spelt) >= _ALIKE):
                continue
            if name == "name" and {"surname", "given_name"} <= made.keys():
                made.pop(name, None)  # printed in two lines
                continue
            best = max(printed, key=lambda line: _likeness(line.text, spelt), default=None)
            if best is not None and best.quad and _likeness(best.text, spelt) >= _ALIKE:
                made[name] = Reading(best.text.upper(), best.quad, best.characters, 0.5, True)
            elif here is not None and _likeness(here.text, spelt) < _UNLIKE:
                del made[name]
    whole = made.get("name")
    if whole is None or "surname" in made or "given_name" in made:
        return made
    words = whole.text.split()
    count = len(zone.surname.split()) if zone is not None and zone.surname else 1
    if len(words) > count:
        made["surname"] = replace(whole, text=" ".join(words[:count]))
        made["given_name"] = replace(whole, text=" ".join(words[count:]))
    return made


def _likeness(text: str, spelt: str) -> float:
    return fuzz.ratio(fold_key(text), fold_key(spelt))


def _reading_order(lines: list[Line]) -> list[Line]:
    """Sort lines into rows from top to bottom, and each row from left to right."""
    if not lines:
        return []
    quads = quads_array(lines)
    axis = (quads[:, 1] - quads[:, 0]).sum(0)
    axis = axis / max(float(np.hypot(*axis)), 1e-6)
    normal = np.array([-axis[1], axis[0]])
    centre = quads.mean(1)
    u, v = centre @ axis, centre @ normal
    height = float(np.median(np.hypot(*(quads[:, 3] - quads[:, 0]).T)))
    rows: list[list[int]] = []
    for i in np.argsort(v):
        if rows and v[i] - v[rows[-1][0]] < 0.6 * height:
            rows[-1].append(int(i))
        else:
            rows.append([int(i)])
    return [lines[i] for row in rows for i in sorted(row, key=lambda k: u[k])]


ENGINE = LocalEngine
