"""`FunctionEngine`: use a function that takes a picture and returns a dict of fields."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cvocr_lab.engines._identity import Identity
from cvocr_lab.errors import AnswerError
from cvocr_lab.kinds import TYPES, spec_of
from cvocr_lab.kinds._forms import Amount
from cvocr_lab.results import Document, Extraction, FieldValue

if TYPE_CHECKING:
    from cvocr_lab.engines import Request

_ABOUT: Final = ("type", "side", "page", "ocr_type", "ocr_side", "ocr_page")
_AMOUNTS: Final = frozenset(
    field.name for spec in TYPES.values() for field in spec.fields if isinstance(field.type, Amount)
)


class FunctionEngine:
    r"""Read pictures with a function.

    `open_engine`, `cvocr_lab.extract` and `CachedEngine` create it for any function that has a
    parameter without default, so that ``engine=my_function`` is enough.

    Parameters
    ----------
    function
        A function that is called with the upright picture as a PIL image (RGB), once per page; for
        pairs, a function with two such parameters is called with front and back.  It returns a
        dict, or a list of dicts for several papers: ``id``, ``name`` … as text, and optionally
        ``<field>_confidence`` (0 to 1), ``<field>_quad``, `type`, `side` and `page`.  None or an
        empty dict means that there is no paper.  An exception becomes the row's error.

    Examples
    --------
    Tesseract, PaddleOCR and VietOCR return text, in which `cvocr_lab.engines.fields_in` finds the
    fields by their captions.

    >>> def tesseract(picture):
    ...     import pytesseract
    ...
    ...     return fields_in(pytesseract.image_to_string(picture, lang="vie"))

    >>> paddle = PaddleOCR(lang="vi")  # doctest: +SKIP
    >>> def paddleocr(picture):
    ...     lines = paddle.predict(np.asarray(picture)[..., ::-1])[0]["rec_texts"]
    ...     return fields_in("\n".join(lines))

    >>> vietocr = Predictor(Cfg.load_config_from_name("vgg_transformer"))  # doctest: +SKIP
    >>> def name_by_vietocr(picture):  # it reads one line
    ...     return {"name": vietocr.predict(picture.crop((300, 240, 980, 300)))}

    >>> FunctionEngine(tesseract).name
    'tesseract'
    """

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function
        self.name = str(getattr(function, "__name__", type(function).__name__))
        self.parallel = getattr(function, "parallel", "process")

    def identity(self) -> Identity:
        """Return an identity of the name and the source code of the function."""
        try:
            source = inspect.getsource(self._function)
        except (OSError, TypeError):
            code = getattr(self._function, "__code__", None)
            source = repr((code.co_code, code.co_consts)) if code else repr(type(self._function))
        return Identity.of(self.name, {"code": hashlib.sha256(source.encode()).hexdigest()})

    def extract(self, request: Request) -> Extraction:
        """Read one request.

        Raises
        ------
        AnswerError
            The function returned something else than dicts of texts.
        """
        from PIL import Image

        if len(request.images) == 2 and _required_parameters(self._function) == 2:
            pair = self._function(*(Image.fromarray(image.pixels) for image in request.images))
            found = list(_documents(pair, 1))
        else:
            found = [
                document
                for image in request.images
                for page, pixels in zip(image.numbers, image.pages, strict=True)
                for document in _documents(self._function(Image.fromarray(pixels)), page)
            ]
        return Extraction(tuple(found), engine=self.name)

    def __repr__(self) -> str:
        return f"FunctionEngine({self.name})"


def reads_pictures(function: object) -> bool:
    """Return whether a function reads pictures; one without parameters creates an engine."""
    if not callable(function) or isinstance(function, type):
        return False
    return _required_parameters(function) > 0


def _required_parameters(function: object) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in plain and p.default is p.empty for p in parameters)


def _documents(answer: object, page: int) -> Iterator[Document]:
    papers = answer if isinstance(answer, list | tuple) else [answer]
    for paper in papers:
        if paper is None:
            continue
        if not isinstance(paper, Mapping):
            raise AnswerError(
                f"the function returned a {type(paper).__name__}: it must return a dict of fields, "
                "a list of them, or None"
            )
        if paper:
            yield _document(paper, page)


def _document(paper: Mapping[object, object], page: int) -> Document:
    about = {n.removeprefix("ocr_"): paper[n] for n in _ABOUT if paper.get(n) not in (None, "")}
    name = str(about.get("type", ""))
    spec = spec_of(name)
    fields = {}
    for key, value in paper.items():
        if not isinstance(key, str) or key in _ABOUT or key.startswith("ocr_"):
            continue
        base, _, part = key.rpartition("_")
        if part in ("confidence", "quad") and base in paper:
            continue
        found = _value(key, value)
        if found is not None:
            parts = {p: paper.get(f"{key}_{p}") for p in ("confidence", "quad")}
            known = {p: v for p, v in parts.items() if v is not None}
            fields[key] = replace(found, **known) if known else found  # type: ignore[arg-type]
    number = about.get("page", page)
    return Document(
        spec.name if spec else name,
        str(about.get("side", spec.side if spec else "")),
        MappingProxyType(fields),
        page=number if isinstance(number, int) else page,
    )


def _value(field: str, value: object) -> FieldValue | None:
    if value is None or value == "" or value != value:
        return None
    if isinstance(value, FieldValue):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and field in _AMOUNTS:
        return FieldValue(str(value))
    if not isinstance(value, str):
        raise AnswerError(
            f"the function returned field {field!r} as {type(value).__name__}: return its text as "
            "printed"
        )
    return FieldValue(value)
