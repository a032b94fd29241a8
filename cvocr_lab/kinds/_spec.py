"""The words a document family is described in.

A family file says *what* is on a paper (`Field`), *where* each printed model puts it (`Slot`,
`Print`, `Picture` in a `Layout`) and how the API calls it (`DocumentType`).  The generator draws
from it, the offline engine registers and reads by it, frames and wire take names from it.

Lengths are millimetres from the paper's top left; ``y`` of a text is its baseline; ``size`` is
the font's em.
"""

from __future__ import annotations

from collections.abc import KeysView
from dataclasses import dataclass, field
from typing import Literal

from cvocr_lab.kinds._fieldtypes import FieldType

Side = Literal["front", "back", ""]
Family = Literal["id", "passport", "vehicle"]
Flow = Literal["right", "below", "right_below"]
Role = Literal[
    "portrait", "emblem", "chip", "qr", "barcode", "finger", "seal", "signature", "mrz", "rule"
]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a document type.

    Parameters
    ----------
    name
        One name for one idea over all types: v1's for identity papers, v2's for vehicles.
    type
        How values are written: parse, format, sample.
    vi, en
        Caption wordings, today's first; empty when the paper prints no caption.
    aliases
        Other spellings of the API, understood where a field is named; v2's first.
    source
        ``"print"``, or the code that carries a value the paper does not print otherwise.
    flow
        Where the value begins: on its caption's line, below it, or on the line and on below.
    max_lines
        Most lines a value takes.
    leading
        Words that introduce the value where no caption does: a signer's title.
    """

    name: str
    type: FieldType
    vi: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    source: Literal["print", "mrz", "qr"] = "print"
    flow: Flow = "right"
    max_lines: int = 1
    leading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one model prints a field.

    Parameters
    ----------
    field
        The field's name.
    x, y
        Caption, left and baseline; for a field without caption the same as the value's.
    value_x, value_y, width
        The value's first line; further lines start at `wrap_x`.
    size
        Em of the value; captions take the layout's `caption_size`.
    lines
        Lines the model has room for.
    wrap_x
        Left edge of further lines; None for `value_x`.
    vi
        The caption wording of this model; "" for the field's first.
    leader
        Whether dotted leaders run under the value.
    ink
        Colour of the value.
    bold, upper
        How the value is set.
    align
        ``"center"`` centres each line in `width`.
    template
        How the value stands in its line, ``{}`` being the value; dates in words take
        ``{d} {m} {y}``.
    """

    field: str
    x: float
    y: float
    value_x: float
    value_y: float
    width: float
    size: float = 2.6
    lines: int = 1
    wrap_x: float | None = None
    vi: str = ""
    leader: bool = False
    ink: Literal["black", "red"] = "black"
    bold: bool = False
    upper: bool = False
    align: Literal["left", "center"] = "left"
    template: str = "{}"


@dataclass(frozen=True, slots=True)
class Print:
    """Fixed text.  `x` is the centre of a centred text."""

    text: str
    x: float
    y: float
    size: float = 2.4
    bold: bool = False
    italic: bool = False
    align: Literal["left", "center"] = "center"
    ink: Literal["black", "red", "tint"] = "black"


@dataclass(frozen=True, slots=True)
class Picture:
    """A thing that is not text, by its box."""

    role: Role
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """One printed model of a document type.

    Parameters
    ----------
    name
        E.g. ``"old"``; unique within its type.
    size
        Width and height of the paper.
    caption
        How captions are set: ``"{vi}:"``, ``"{vi} / {en}:"`` …
    ground
        Colours (R, G, B) the ground is mixed of.
    titles
        Lines that prove the model, strongest first.
    """

    name: str
    size: tuple[float, float]
    caption: str
    caption_size: float
    ground: tuple[tuple[int, int, int], ...]
    titles: tuple[str, ...]
    prints: tuple[Print, ...]
    slots: tuple[Slot, ...]
    pictures: tuple[Picture, ...] = ()
    serif: bool = False

    def picture(self, role: Role) -> Picture | None:
        """The first picture of that role."""
        return next((p for p in self.pictures if p.role == role), None)


@dataclass(frozen=True, slots=True)
class DocumentType:
    """One type of document as the API names it.

    Parameters
    ----------
    name
        The API's type word.
    alias
        The other API version's word, or "".
    title
        What a person calls it, Vietnamese.
    fields
        In the order frames show them.
    layouts
        Its printed models, newest first.
    mrz
        Format of its machine-readable zone, or "".
    other
        Type of the other side, or "".
    """

    name: str
    alias: str
    family: Family
    side: Side
    title: str
    fields: tuple[Field, ...]
    layouts: tuple[Layout, ...]
    mrz: Literal["", "TD1", "TD3"] = ""
    other: str = ""
    _by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {f.name: f for f in self.fields})
        for layout in self.layouts:
            unknown = {s.field for s in layout.slots} - set(self._by_name)
            if unknown:
                raise ValueError(f"{self.name}/{layout.name}: slots without field: {unknown}")

    @property
    def names(self) -> KeysView[str]:
        """Names of its fields, in order."""
        return self._by_name.keys()

    def __getitem__(self, name: str) -> Field:
        """The field of that name or alias.

        Raises
        ------
        KeyError
            The type has no such field.
        """
        if name in self._by_name:
            return self._by_name[name]
        for candidate in self.fields:
            if name in candidate.aliases:
                return candidate
        raise KeyError(f"{self.name} has no field {name!r}")
