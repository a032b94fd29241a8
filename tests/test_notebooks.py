"""Every notebook runs from top to bottom, as a reader would run it."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


@pytest.mark.slow
@pytest.mark.timeout(180)
# What Jupyter's own parts warn of is not ours to mend; the notebook's warnings stay in its kernel.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Beside the folder of notebooks lies sample_data, as in the repository.
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.delenv("MPLBACKEND", raising=False)  # plots go into the notebook
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = read(path)
    for part in notebook.metadata.get("needs", ()):  # such as torch, which not everybody has
        pytest.importorskip(part)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    said = [output for cell in cells for output in cell.outputs]
    assert not [o.text for o in said if o.output_type == "stream" and o.name == "stderr"]
    assert any(o.output_type in ("display_data", "execute_result") for o in said)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_was_saved_as_run_from_the_top(path: Path) -> None:
    notebook = read(path)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "error"]
    assert path.stat().st_size < 1_500_000
