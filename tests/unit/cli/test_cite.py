"""What to cite for a result."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files

import pytest

from diffecg import pretrained
from diffecg._version import __version__
from diffecg.citations import ALWAYS, unknown_models, work, works_for
from diffecg.datasets.databases import DATABASES

TABLE = tomllib.loads((files("diffecg") / "citations.toml").read_text())


@pytest.mark.parametrize("key", TABLE["works"])
def test_entries_of_bibtex_are_well_formed(key):
    entry = work(key).bibtex
    assert re.match(rf"@\w+{{{key},\n", entry)
    assert entry.count("{") == entry.count("}")
    depths = [entry[:i].count("{") - entry[:i].count("}") for i in range(1, len(entry))]
    assert min(depths[len(f"@article{{{key}") :]) >= 1, "closed before the end"
    assert re.search(r"year = {\d{4}}", entry)
    year = re.search(r"year = {(\d{4})}", entry)[1]
    assert year in work(key).text


def test_every_model_and_database_has_works_that_exist():
    assert {*pretrained.names(), pretrained.DENOISER, *DATABASES} - {"own"} <= set(TABLE["sources"])
    assert {key for keys in TABLE["sources"].values() for key in keys} <= set(TABLE["works"])
    assert set(ALWAYS) <= set(TABLE["works"])


def test_a_result_cites_the_software_the_paper_and_the_data_behind_it(run, tmp_path):
    status, shown, _ = run("cite")
    assert status == 0
    assert __version__ in shown
    assert "2306.01875" in shown
    assert "MIT-BIH" not in shown
    run("generate", "mitbih-beat", "--count", 2, "--out", tmp_path / "beats.npz")
    status, shown, error = run("cite", tmp_path / "beats.npz", "--json")
    assert (status, error) == (0, "")
    assert list(json.loads(shown)) == [*ALWAYS, "moody2001", "goldberger2000"]
    status, shown, _ = run("cite", "ptbxl-beat", "--bibtex")
    assert status == 0
    assert re.findall(r"^@\w+{(\w+),", shown, flags=re.MULTILINE) == [*ALWAYS, "wagner2020", "goldberger2000"]


def test_a_model_of_ones_own_and_what_is_no_result(run, tmp_path):
    card = tmp_path / "card.json"
    card.write_text(json.dumps({"model": "mine", "noise": [{"database": "nstdb"}]}))
    status, shown, error = run("cite", tmp_path)
    assert status == 0
    assert "noise stress test" in shown
    assert "that mine was trained on" in error
    assert unknown_models({"model": "mitbih-beat"}) == []


def test_a_report_cites_the_model_and_the_real_data(run, tmp_path):
    about = {"synthetic": {"model": "mitbih-beat"}, "real": {"database": "svdb"}}
    (tmp_path / "report.json").write_text(json.dumps({"about": about, "notes": [], "rows": []}))
    status, shown, error = run("cite", tmp_path, "--json")
    assert (status, error) == (0, "")
    assert set(json.loads(shown)) == {*ALWAYS, "moody2001", "greenwald1990", "goldberger2000"}
    about["synthetic"]["model"] = "mine"
    (tmp_path / "report.json").write_text(json.dumps({"about": about, "notes": [], "rows": []}))
    assert "that mine was trained on" in run("cite", tmp_path)[2]
    assert [one.key for one in works_for({})] == list(ALWAYS)
    status, _, error = run("cite", tmp_path / "nothing")
    assert status == 1
    assert "no bundled model of that name" in error
