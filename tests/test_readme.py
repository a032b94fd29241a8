"""What the README shows runs as it stands, from top to bottom, as a new user would run it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_block_runs_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    assert len(BLOCKS) >= 6
    for at, block in enumerate(BLOCKS):
        exec(compile(block, f"README block {at + 1}", "exec"), names)
        if at == 0:  # the first pictures all succeed
            assert names["read"]["ocr_error"].isna().all()  # type: ignore[index]
            assert len(names["pictures"]) == 8  # type: ignore[arg-type]
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_its_pictures_are_there() -> None:
    found = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(found) >= 3
    for path in found:
        assert (ROOT / path).read_bytes()[:4] == b"\x89PNG"
    assert README.index(found[0]) < 2500
