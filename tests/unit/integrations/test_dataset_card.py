"""Sets are described so that other libraries load them."""

import json
import re
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import wfdb
from huggingface_hub import DatasetCard

import diffecg
from diffecg.datasets.folder import write_folder
from diffecg.datasets.formats.registry import write_windows
from diffecg.datasets.shards import ShardStore, plan_shards
from diffecg.datasets.windows import Windows

mlcroissant = pytest.importorskip("mlcroissant", reason="pip install mlcroissant to validate Croissant files")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "share-data.md").read_text()
INFO = {"synthetic": True, "model": "mitbih-beat", "diffecg": diffecg.__version__}


def windows(count=6, **info):
    """Return windows of ascending samples, of two leads."""
    signal = np.arange(count * 2 * 8, dtype=np.float32).reshape(count, 2, 8) / 64
    labels = ["N", "V"] * (count // 2)
    return Windows.from_arrays(
        signal, 100.0, labels, channel_names=("I", "II"), r_peak=3, info=INFO | info, seed=np.arange(count)
    )


def load(folder):
    """Return the data set that the Croissant file of a folder describes, without problems."""
    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    return dataset


def test_a_table_is_loaded_by_mlcroissant_pandas_and_the_hub(run, tmp_path):
    folder = tmp_path / "beats"
    write_windows(windows(), folder / "beats.parquet")
    status, text, error = run("card", folder)
    assert (status, error) == (0, "")
    assert "licence odc-by" in text
    records = list(load(folder).records("beats"))
    assert len(records) == 6
    assert records[1]["beats/label"] in ("V", b"V")
    assert records[1]["beats/seed"] == 1
    signal = [np.vstack(record["beats/signal_mv"]) for record in records]
    assert np.array_equal(np.array(signal, dtype=np.float32), windows().signal)
    table = pd.read_parquet(folder / "beats.parquet")
    assert np.array_equal(np.stack([np.stack(rows) for rows in table.signal_mv]), windows().signal)
    described = json.loads((folder / "croissant.json").read_text())
    (file,) = described["distribution"]
    assert file["sha256"] == sha256((folder / "beats.parquet").read_bytes()).hexdigest()
    fields = {field["name"]: field for field in described["recordSet"][0]["field"]}
    assert fields["signal_mv"]["arrayShape"] == "2,8"
    card = DatasetCard.load(folder / "README.md", ignore_metadata_errors=False)
    assert card.data.license == "odc-by"
    assert card.data.size_categories == ["n<1K"]
    assert card.data.source_datasets == ["mitdb"]
    assert "synthetic-data" in card.data.tags
    assert "Not for diagnosis" in card.text
    assert "Moody GB" in card.text


def test_shards_are_one_table(run, tmp_path):
    store = ShardStore(str(tmp_path / "set"))
    store.start(INFO)
    entries = []
    for shard in plan_shards(6, 4):
        part = windows().take(range(shard.first, shard.first + shard.count))
        write_windows(part, tmp_path / "part.parquet", force=True)
        entries.append(store.write(shard, (tmp_path / "part.parquet").read_bytes(), len(part)))
    store.write_manifest(entries)
    assert run("card", tmp_path / "set", "--licence", "cc0-1.0", "--creator", "A. Person")[0] == 0
    dataset = load(tmp_path / "set")
    assert sorted(record["shards/seed"] for record in dataset.records("shards")) == list(range(6))
    described = json.loads((tmp_path / "set" / "croissant.json").read_text())
    assert "publicdomain" in described["license"]
    assert described["creator"]["name"] == "A. Person"
    assert "6 synthetic" in described["description"]


def test_records_and_prepared_windows_are_described(run, tmp_path):
    write_windows(windows(), tmp_path / "wfdb")
    assert run("card", tmp_path / "wfdb")[0] == 0
    assert len(list(load(tmp_path / "wfdb").records("index"))) == 6
    assert wfdb.rdrecord(str(tmp_path / "wfdb" / "w00000001")).p_signal.shape == (8, 2)
    write_folder(windows(model=None, database="mitdb", licence="ODC-By 1.0"), tmp_path / "prepared")
    assert run("card", tmp_path / "prepared")[0] == 0
    text = (tmp_path / "prepared" / "README.md").read_text()
    assert "licence of their database" in text
    assert 'license: "odc-by"' in text
    assert len(list(load(tmp_path / "prepared").records("index"))) == 6


def test_a_csv_has_its_card_beside_it(run, tmp_path):
    write_windows(windows(), tmp_path / "csv" / "beats.csv")
    assert run("card", tmp_path / "csv")[0] == 0
    assert len(list(load(tmp_path / "csv").records("beats"))) == 12


def test_the_code_of_the_page_runs(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_windows(windows(), "v/v.parquet")
    assert run("card", "v")[0] == 0
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len(blocks) == 2
    for code in blocks:
        exec(compile(code, "sharing.md", "exec"), {})
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "(6, 2, 8) ['N' 'V']"
    assert shown[1] in ("N", "b'N'")


def test_what_is_no_set_is_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    status, _, error = run("card", tmp_path / "empty")
    assert status == 1
    assert "holds no data card" in error
    (tmp_path / "beats.npz").write_bytes(b"")
    assert "folder of its own" in run("card", tmp_path / "beats.npz")[2]
    assert not (tmp_path / "empty" / "README.md").exists()
