"""`Identity`: the name, version, options and model files that determine an engine's answers."""

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
"""Options that affect the speed but not the answers."""


@dataclass(frozen=True, slots=True)
class Identity:
    r"""Everything about an engine that affects its answers; create it with `of`.

    Stores and caches do not mix the readings of different identities.

    Parameters
    ----------
    name
        Name and version, such as ``"local 1"``.
    options
        Options that affect the answers, as text.
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
        """Create the identity of an engine.

        Parameters
        ----------
        name
            Name and version.
        options
            Its options.  Credentials and options that only affect the speed are left out; paths
            of files are replaced by the digests of their contents.
        models
            All model files of the engine.
        """
        described = {
            str(option): _text(value)
            for option, value in (options or {}).items()
            if option not in _SECRETS | _SPEED_ONLY
        }
        digests: dict[str, str] = {}
        for path in map(Path, models):
            name_here = path.name if path.name not in digests else f"{path.name} {len(digests)}"
            digests[name_here] = file_digest(path)
        return cls(name, MappingProxyType(described), MappingProxyType(digests))

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Create an identity from its `text`."""
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
    """Return an engine's own identity, or else one of its name and options.

    Parameters
    ----------
    engine
        An open engine, or a class with a `name`.
    options
        Its options, if the engine has no attribute `options`.
    """
    method = getattr(engine, "identity", None)
    if callable(method) and not isinstance(engine, type):
        found = method()
        if isinstance(found, Identity):
            return found
    own = getattr(engine, "options", None)
    name = getattr(engine, "name", type(engine).__name__)
    return Identity.of(str(name), own if isinstance(own, Mapping) else options)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, which is cached until the file changes."""
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
