"""What stands where the browser stands, in tests of what the kernel answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence

from cvocr_lab.views import Reviewer, Sweeper, Viewer


class Page:
    """Stands where the browser stands: sends a message, collects the answers."""

    def __init__(self, shown: Viewer | Reviewer | Sweeper) -> None:
        self.shown = shown
        self.told: list[dict[str, object]] = []
        self.pictures: list[bytes] = []
        self._came = threading.Condition()
        shown.widget.send = self._heard

    def _heard(self, content: object, buffers: Sequence[bytes] = ()) -> None:
        assert isinstance(content, dict)
        json.dumps(content, allow_nan=False)
        with self._came:
            self.told.append(content)
            self.pictures = list(buffers)
            self._came.notify_all()

    def ask(self, what: str, **said: object) -> dict[str, object]:
        """Ask, and give the last answer."""
        count = len(self.told)
        self.shown.widget._handle_custom_msg({"ask": what, "view": "v", **said}, [])
        with self._came:
            assert self._came.wait_for(lambda: len(self.told) > count, 20)
            return self.told[-1]


def fields(told: Mapping[str, object]) -> dict[str, dict[str, object]]:
    found = told["fields"]
    assert isinstance(found, list)
    return {field["name"]: field for field in found}
