"""Downloads are verified, continued or refused; the server runs in the test."""

import shutil

import numpy as np
import pytest

import diffecg
from diffecg.datasets.databases import DATABASES, Database, database
from diffecg.datasets.physionet import download
from diffecg.errors import DiffecgError

FEW = ("100.hea", "100.dat", "100.atr", "RECORDS")


@pytest.fixture
def few(monkeypatch):
    """Mitdb with the checksums of a few files only."""
    real = DATABASES["mitdb"].checksums()
    monkeypatch.setattr(Database, "checksums", lambda _: {name: real[name] for name in FEW})
    return DATABASES["mitdb"]


def test_every_file_of_the_database_has_its_checksum():
    names = set(DATABASES["mitdb"].checksums())
    assert len(names) == 48 * 3 + 1
    assert {"100.dat", "234.atr", "RECORDS"} <= names
    assert len(DATABASES["svdb"].checksums()) == 78 * 3
    with pytest.raises(DiffecgError, match="mitdb, svdb"):
        database("mitdb2")


def test_svdb_is_for_testing_only(mitdb, run, tmp_path):
    source = mitdb.parent / "svdb"
    if not (source / "894.dat").is_file():
        pytest.skip("svdb is not beside mitdb")
    few = tmp_path / "svdb"
    few.mkdir()
    for name in ("800", "860"):  # the annotations of 860 go on to the sample after its last
        for suffix in (".hea", ".dat", ".atr"):
            shutil.copy(source / f"{name}{suffix}", few)
    status, _, err = run("prepare", "svdb", "--from", few, "--out", tmp_path / "beats")
    assert status == 0, err
    windows = diffecg.open_windows(tmp_path / "beats")
    assert set(windows.index["partition"]) == {"test"}
    assert set(windows.index["lead"]) == {"ECG1"}
    assert windows.index["label"].value_counts()["S"] > 40
    peak = np.abs(windows.signal_mv[:, 0] - np.median(windows.signal_mv[:, 0], axis=1, keepdims=True))
    assert np.median(peak.argmax(axis=1)) == pytest.approx(128, abs=8)


def test_an_interrupted_download_is_continued(mitdb, few, serve, tmp_path):
    server, url = serve(mitdb)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "100.dat").write_bytes((mitdb / "100.dat").read_bytes())
    (tmp_path / "there" / "100.atr").write_bytes(b"cut short")
    calls = []
    download(few, tmp_path / "there", url=url, progress=lambda *row: calls.append(row))
    assert server.asked == ["100.hea", "100.atr", "RECORDS"]
    assert [row[:2] for row in calls] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    for name in FEW:
        assert (tmp_path / "there" / name).read_bytes() == (mitdb / name).read_bytes()
    download(few, tmp_path / "there", url=url)
    assert len(server.asked) == 3


def test_a_file_with_a_wrong_checksum_is_refused(few, serve, tmp_path):
    (tmp_path / "from").mkdir()
    for name in FEW:
        (tmp_path / "from" / name).write_text("something else")
    _, url = serve(tmp_path / "from")
    with pytest.raises(DiffecgError, match=r"100\.hea is not the file of version 1\.0\.0"):
        download(few, tmp_path / "to", url=url)
    assert not [path for path in (tmp_path / "to").rglob("*") if path.is_file()]


def test_a_missing_file_or_server_is_reported(few, serve, tmp_path):
    (tmp_path / "from").mkdir()
    server, url = serve(tmp_path / "from")
    with pytest.raises(DiffecgError, match="run the same command again"):
        download(few, tmp_path / "to", url=url)
    assert server.asked
    with pytest.raises(DiffecgError, match="cannot download"):
        download(few, tmp_path / "to", url="http://127.0.0.1:9/")
