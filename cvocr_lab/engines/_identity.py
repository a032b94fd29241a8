"""What makes two engines give the same answers: name, version, options and model files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

_SECRETS: Final = frozenset({"key", "secret", "api_key", "api_secret", "password", "token"})
_SPEED_ONLY: Final = frozenset(
    {"threads", "workers", "timeout_s", "retries"}
    | {"connect_s", "read_s", "total_s", "retry_after_s", "per_second"}
)
"""Options that change how fast an answer comes, not what it is."""


@dataclass(frozen=True, slots=True)
class Identity:
    r"""Everything about an engine that changes its answers.

    Stores and caches keep the readings of different identities apart.  Make one with `of`.

    Parameters
    ----------
    name
        Name and version, e.g. ``"local 1"``.
    options
        The options that change the answers, as text.
    models
        SHA-256 digests of the contents of all model files, by file name.

    Examples
    --------
    >>> Identity.of("vision 2", {"prompt": "short", "api_key": "s3cret", "threads": 4}).text
    '{"models": {}, "name": "vision 2", "options": {"prompt": "\'short\'"}}'
    """

    name: str
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls, name: str, options: Mapping[str, object] | None = None, models: Iterable[Path] = ()
    ) -> Self:
        """Describe an engine.

        Parameters
        ----------
        name
            Name and version.
        options
            Its options.  Credentials, and options that only change its speed, are left out; an
            option that names a file counts by the file's content.
        models
            Every model file that it reads with.
        """
        told = {
            str(option): _text(value)
            for option, value in (options or {}).items()
            if option not in _SECRETS | _SPEED_ONLY
        }
        digests: dict[str, str] = {}
        for path in map(Path, models):
            name_here = path.name if path.name not in digests else f"{path.name} {len(digests)}"
            digests[name_here] = file_digest(path)
        return cls(name, MappingProxyType(told), MappingProxyType(digests))

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Make an identity of its `text`."""
        parts = json.loads(text)
        return cls(
            parts["name"], MappingProxyType(parts["options"]), MappingProxyType(parts["models"])
        )

    @property
    def text(self) -> str:
        """The identity as canonical JSON."""
        parts = {"name": self.name, "options": dict(self.options), "models": dict(self.models)}
        return json.dumps(parts, sort_keys=True)


def identity_of(engine: object, options: Mapping[str, object] | None = None) -> Identity:
    """Give an engine's identity: what its `identity` says, else its name and options.

    Parameters
    ----------
    engine
        An open engine, or a class with a `name`.
    options
        What it was opened with, where it does not say so itself.
    """
    tell = getattr(engine, "identity", None)
    if callable(tell) and not isinstance(engine, type):
        found = tell()
        if isinstance(found, Identity):
            return found
    told = getattr(engine, "options", None)
    name = getattr(engine, "name", type(engine).__name__)
    return Identity.of(str(name), told if isinstance(told, Mapping) else options)


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file's content; computed once as long as the file does not change."""
    found = path.stat()
    return _file_digest(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=64)
def _file_digest(path: Path, *_stamp: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text(value: object) -> str:
    if isinstance(value, str | Path):
        try:
            return f"sha256 {file_digest(Path(value))}"
        except (OSError, ValueError):
            return repr(str(value))
    if isinstance(value, bool | int | float | None):
        return repr(value)
    name = getattr(value, "name", None)
    return f"{type(value).__module__}.{type(value).__qualname__} {name if name else ''}".strip()
