"""The resumable grid of a study."""

import pytest

from diffecg.errors import DiffecgError
from research.studies.grid import Cell, run_cells


def recording_cells(computed, names="abc", interrupted=()):
    """Return cells that note their names when they are computed."""

    def compute(name):
        computed.append(name)
        if name in interrupted:
            raise KeyboardInterrupt
        return {"value": name}

    return [Cell(f"cell {name}; 100 %", lambda name=name: compute(name)) for name in names]


def test_a_finished_cell_is_not_computed_again(tmp_path):
    computed = []
    with pytest.raises(KeyboardInterrupt):
        run_cells(tmp_path / "study", {"x": (1, 2)}, recording_cells(computed, interrupted="b"))
    assert computed == ["a", "b"]
    results = run_cells(tmp_path / "study", {"x": (1, 2)}, recording_cells(computed))
    assert computed == ["a", "b", "b", "c"]
    assert results == {f"cell {name}; 100 %": {"value": name} for name in "abc"}
    assert run_cells(tmp_path / "study", {"x": [1, 2]}, recording_cells(computed)) == results
    assert len(computed) == 4


def test_a_folder_of_another_study_is_refused(tmp_path):
    run_cells(tmp_path / "study", {"seeds": 5, "data": "x"}, [])
    with pytest.raises(DiffecgError, match=r"a study with different settings \(seeds: "):
        run_cells(tmp_path / "study", {"seeds": 3, "data": "x"}, [])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(DiffecgError, match="is not empty and not a study"):
        run_cells(tmp_path / "mine", {}, [])
