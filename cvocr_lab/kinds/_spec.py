"""The classes that describe a document family.

The file of a family defines its document types (`DocumentType`), their fields (`Field`), and the
position of fields, texts and pictures in each printed version (`Slot`, `Print`, `Picture` in a
`Layout`).  The generator, the offline engine, frames and wire use these definitions.

Lengths are in millimetres from the top left of the paper; ``y`` of a text is its baseline, and
``size`` is the em of the font.
"""

from __future__ import annotations

from collections.abc import KeysView
from dataclasses import dataclass, field
from typing import Final, Literal

from cvocr_lab.kinds._forms import FieldType

Side = Literal["front", "back", ""]
Family = Literal["id", "passport", "vehicle"]
Flow = Literal["right", "below", "right_below"]
Role = Literal[
    "portrait", "emblem", "chip", "qr", "barcode", "finger", "seal", "signature", "mrz", "rule"
]


_ALIASES: Final = {
    "born": ("dob",), "sex": ("gender",), "quoctich": ("nationality",), "dantoc": ("ethnicity",),
    "tongiao": ("religious", "religion"), "duedate": ("due_date",), "date": ("issue_date",),
    "dauvet": ("identification_sign",), "noicap": ("issued_at",), "surname": ("sur_name",),
}  # fmt: skip
"""Other names of fields in the API that are the same for all document types."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a document type.

    Parameters
    ----------
    name
        Name, the same for the same idea in all types: from v1 for identity papers, from v2 for
        vehicles.
    type
        The type of its values, which parses, formats and generates them.
    vi, en
        Captions in Vietnamese and English, the current one first; empty if none is printed.
    aliases
        Other names in the API, those of v2 first; if empty, the usual ones for its name.
    source
        ``"print"``, or the code that contains the value if it is not printed.
    flow
        Where the value starts: on the line of its caption, below it, or on the line and below.
    max_lines
        Maximum number of lines of a value; 0 for those of the type.
    leading
        Words before the value if there is no caption, such as the title of the signer.
    """

    name: str
    type: FieldType
    vi: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    source: Literal["print", "mrz", "qr"] = "print"
    flow: Flow = "right"
    max_lines: int = 0
    leading: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "aliases", self.aliases or _ALIASES.get(self.name, ()))
        object.__setattr__(self, "max_lines", self.max_lines or self.type.lines)


@dataclass(frozen=True, slots=True)
class Slot:
    """The position of a field in a layout.

    `x` and `y` are the left and the baseline of the caption, or of the value if it has no caption;
    `value_x`, `value_y` and `width` are those of the first of up to `lines` lines of the value.
    Further lines begin at `wrap_x`, or else at `value_x`.  `size` is the em of the value; captions
    have the layout's `caption_size`.  `vi` is the caption in this layout, "" for the first caption
    of the field.  `leader` adds dotted leaders under the value, and `align` ``"center"`` centres
    each line in `width`.  `template` is the text of the line, with ``{}`` for the value, or
    ``{d} {m} {y}`` for dates in words.
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
    """Fixed text; `x` is the centre of centred text."""

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
    """The box of something that is not text."""

    role: Role
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """One printed version of a document type.

    The `name`, such as ``"old"``, is unique within its type.  `caption` is the format of captions:
    ``"{vi}:"``, ``"{vi} / {en}:"`` …  `ground` has the colours (R, G, B) of the background, and
    `titles` the lines that identify the layout, the most reliable first.  `size` is the width and
    height of the paper, by default those of an ID-1 card.
    """

    name: str
    caption: str
    caption_size: float
    ground: tuple[tuple[int, int, int], ...]
    titles: tuple[str, ...]
    prints: tuple[Print, ...]
    slots: tuple[Slot, ...]
    pictures: tuple[Picture, ...] = ()
    serif: bool = False
    size: tuple[float, float] = (85.6, 53.98)

    def picture(self, role: Role) -> Picture | None:
        """Return the first picture with this role."""
        return next((p for p in self.pictures if p.role == role), None)


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A document type.

    Parameters
    ----------
    name
        Name in the API.
    alias
        Name in the other version of the API, or "".
    title
        Vietnamese name for people.
    fields
        Fields in the order of frames.
    layouts
        Printed versions, the newest first.
    mrz
        Format of its MRZ, or "".
    other
        Type of the other side, or "".
    """

    name: str
    alias: str
    side: Side
    title: str
    fields: tuple[Field, ...]
    layouts: tuple[Layout, ...]
    family: Family = "id"
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
        """Names of its fields in order."""
        return self._by_name.keys()

    def __getitem__(self, name: str) -> Field:
        """Return the field with this name or alias.

        Raises KeyError if the type has no such field.
        """
        found = self.find(name)
        if found is None:
            raise KeyError(f"{self.name} has no field {name!r}")
        return found

    def find(self, name: str) -> Field | None:
        """Return the field with this name or alias; None if the type has no such field."""
        known = self._by_name.get(name)
        return known or next((field for field in self.fields if name in field.aliases), None)
