"""Uploads over HTTP: names, interpretation, bombs, quotas, and what becomes of the recordings."""

import gzip
import io
import json
import zipfile
import zlib
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import make_ecg, write_recording
from servers import serving

import diffecg

FAST = "mitbih-beat-fast"


@pytest.fixture(scope="module")
def server():
    with serving("--model", FAST, "mitbih-strip") as started:
        yield started


def table(rows=3000, **columns):
    """Return a CSV file with a time column at 250 Hz."""
    signal = make_ecg(fs_hz=250.0)[0][:rows]
    frame = pd.DataFrame({"time": np.arange(rows) / 250.0, "ECG": signal, **columns})
    return frame.to_csv(index=False).encode()


def post(server, *files, **fields):
    return server("POST", "/api/recordings", files=[("files", file) for file in files], data=fields)


@pytest.mark.parametrize(
    "name",
    [
        "My wearable (1).csv",
        "a b.csv",
        "résumé.csv",
        "a.b.csv",
        "../../name.csv",
        "C:\\x\\лента.csv",
        "心.CSV",
    ],
)
def test_any_ordinary_file_name_is_accepted_and_kept(server, name):
    answer = post(server, (name, table()))
    assert answer.status_code == 201, answer.text
    info = answer.json()
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    assert info["name"] == last[:-4]
    export = server("GET", f"/api/recordings/{info['id']}/export")
    assert export.content == table()
    assert info["name"] in file_name_of(export)
    stored = server.folder / "recordings" / info["id"] / "files"
    assert [path.name for path in stored.iterdir()] == ["recording.csv"]


def file_name_of(response):
    return unquote(response.headers["content-disposition"].split("filename*=UTF-8''")[1])


def test_files_of_a_wfdb_record_are_found_whatever_the_browser_called_them(server, tmp_path):
    path = write_recording(tmp_path / "100")
    files = [
        (f"100 (2){suffix}", path.with_suffix(suffix).read_bytes()) for suffix in (".hea", ".dat", ".atr")
    ]
    answer = post(server, *files)
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == "100"
    assert len(answer.json()["beats"]) > 50
    content = server("GET", f"/api/recordings/{answer.json()['id']}/export").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == sorted(name for name, _ in files)


def test_errors_use_the_words_of_the_page_and_name_the_field(server):
    bare = "\n".join(map(str, make_ecg(fs_hz=250.0)[0][:3000].round(3))).encode()
    answer = post(server, ("noheader.csv", bare))
    assert answer.status_code == 422
    error = answer.json()
    assert error["errors"][0]["field"] == "fs_hz"
    assert "noheader.csv" in error["detail"]
    assert "state the sampling rate" in error["detail"]
    assert "--" not in error["detail"]
    assert post(server, ("noheader.csv", bare), fs=250).status_code == 201
    assert post(server, ("noheader.csv", bare), fs="nan").status_code == 422
    assert post(server, ("x.csv", table()), leads="[1]").status_code == 422


def test_the_interpretation_of_a_file_is_shown_and_can_be_corrected(server):
    semicolons = table().decode().replace(",", ";").replace(".", ",").encode()
    info = post(server, ("semicolon.csv", semicolons)).json()
    shown = info["interpretation"]
    assert (shown["format"], shown["separator"], shown["decimal"]) == ("CSV", ";", ",")
    assert (shown["columns"], shown["fs_hz"], shown["units"]) == (["time", "ECG"], 250.0, {"ECG": "mV"})
    address = f"/api/recordings/{info['id']}"
    before = signal(server, info["id"])
    corrected = server("PUT", f"{address}/interpretation", json={"unit": "uV", "leads": {"ECG": "II"}})
    assert corrected.status_code == 200, corrected.text
    assert [lead["name"] for lead in corrected.json()["leads"]] == ["II"]
    assert corrected.json()["interpretation"]["stated"]["leads"] == {"ECG": "II"}
    assert corrected.json()["created"] == info["created"]
    assert np.allclose(signal(server, info["id"]), before / 1000, atol=1e-6)
    assert server("PUT", f"{address}/interpretation", json={"unit": "stone"}).status_code == 422
    assert server("GET", address).json()["leads"][0]["name"] == "II"
    job, _ = server.result(
        "impute", recording=info["id"], options={"gaps": [{"start_s": 5, "stop_s": 5.4, "lead": "II"}]}
    )
    made = server("GET", f"/api/recordings/{job['result_recording']}").json()
    assert made["leads"][0]["name"] == "II"
    assert server("PUT", f"/api/recordings/{made['id']}/interpretation", json={}).status_code == 422


def signal(server, recording, **query):
    answer = server("GET", f"/api/recordings/{recording}/signal", params=query)
    about = json.loads(answer.headers["x-signal"])
    return np.frombuffer(answer.content, "<f4").reshape(about["shape"])


def test_long_signals_are_served_as_an_envelope(server):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2, 70_000)).astype(np.float32)
    values[0, 1000:1500] = np.nan
    values[1, 40_000] = 9.0
    buffer = io.BytesIO()
    np.savez(buffer, signal_mv=values, fs_hz=250.0, leads=np.array(["II", "V1"]))
    info = post(server, ("noise.npz", buffer.getvalue())).json()
    assert [lead["missing_s"] for lead in info["leads"]] == [2.0, 0.0]
    assert np.array_equal(signal(server, info["id"]), values, equal_nan=True)
    part = signal(server, info["id"], lead="V1", start=4, stop=8)
    assert np.array_equal(part, values[1:, 1000:2000])
    for points in (100, 1000):
        answer = server("GET", f"/api/recordings/{info['id']}/signal?points={points}")
        about = json.loads(answer.headers["x-signal"])
        bounds = np.frombuffer(answer.content, "<f4").reshape(about["shape"])
        step = round(about["step_s"] * 250)
        assert about["kind"] == "envelope"
        assert bounds.shape[1] <= points
        for i in range(bounds.shape[1]):
            block = values[:, i * step : (i + 1) * step]
            assert np.array_equal(bounds[:, i, 0], np.fmin.reduce(block, axis=1), equal_nan=True)
            assert np.array_equal(bounds[:, i, 1], np.fmax.reduce(block, axis=1), equal_nan=True)
    assert server("GET", f"/api/recordings/{info['id']}/signal?lead=aVR").status_code == 422
    assert server("GET", f"/api/recordings/{info['id']}/signal?start=inf").status_code == 422
    assert signal(server, info["id"], start=1e9).shape == (2, 0)


def test_gaps_faults_and_beats_are_found_without_being_asked(server):
    signal_mv = make_ecg(fs_hz=250.0, duration_s=60.0)[0].round(3)
    flat = signal_mv.copy()
    flat[5000:5500] = flat[5000]
    signal_mv[2500:2800] = np.nan
    info = post(server, ("wearable.csv", table(15_000, ECG=signal_mv, V1=flat))).json()
    overview = server("GET", f"/api/recordings/{info['id']}/overview?points=20").json()
    found = {(fault["lead"], fault["kind"]): fault for fault in overview["faults"]}
    lost, held = found["ECG", "missing"], found["V1", "flat"]
    assert (lost["start_s"], lost["stop_s"]) == pytest.approx((10.0, 11.2), abs=0.03)
    assert (held["start_s"], held["stop_s"]) == pytest.approx((20.0, 22.0), abs=0.06)
    rates = [rate for _, rate in overview["heart_rate"]]
    assert 10 < len(rates) <= 20
    assert 60 < np.median(rates) < 95
    assert server("GET", f"/api/recordings/{info['id']}/overview?points=20").json() == overview


def test_examples_are_made_once(server):
    names = [example["name"] for example in server("GET", "/api/examples").json()]
    assert names == ["bigeminy", "atrial-fibrillation", "detached-electrode", "noisy-walk"]
    faults = {}
    for name in names:
        info = server("POST", f"/api/examples/{name}")
        assert info.status_code == 201
        assert server("POST", f"/api/examples/{name}").json() == info.json()
        overview = server("GET", f"/api/recordings/{info.json()['id']}/overview").json()
        faults[name] = {fault["kind"] for fault in overview["faults"]}
    assert faults["detached-electrode"] == {"flat", "missing"}
    assert faults["noisy-walk"] == {"noise"}
    assert server("POST", "/api/examples/nothing").status_code == 404


def test_a_result_is_a_recording_that_can_be_worked_on(server):
    values = make_ecg(fs_hz=250.0)[0].round(3)
    values[2500:2800] = np.nan
    content = table(len(values), ECG=values)
    info = post(server, ("Tuesday walk.csv", content)).json()
    job, _ = server.result("impute", recording=info["id"], options={"leads": ["ECG"]})
    assert (job["recording"], job["task"]) == (info["id"], "impute")
    made = server("GET", f"/api/recordings/{job['result_recording']}").json()
    assert (made["parent"], made["operation"], made["job"]) == (info["id"], "impute", job["id"])
    assert made["synthetic"] == [{"lead": "ECG", "start_s": 10.0, "stop_s": 11.2}]
    assert made["leads"][0]["missing_s"] == 0
    before, after = signal(server, info["id"])[0], signal(server, made["id"])[0]
    kept = ~np.isnan(before)
    assert np.array_equal(before[kept], after[kept])
    export = server("GET", f"/api/recordings/{made['id']}/export")
    lines, original = export.text.splitlines(), content.decode().splitlines()
    assert [line for line, old in zip(lines, original, strict=True) if line != old] == lines[2501:2801]
    again, _ = server.result(
        "denoise", recording=made["id"], options={"intervals": [{"start_s": 20, "stop_s": 21}]}
    )
    denoised = server("GET", f"/api/recordings/{again['result_recording']}").json()
    assert (denoised["parent"], len(denoised["synthetic"])) == (made["id"], 2)
    ahead, _ = server.result("forecast", recording=denoised["id"], options={"at_s": 40, "horizon_s": 0.5})
    future = server("GET", f"/api/recordings/{ahead['result_recording']}").json()
    assert (future["duration_s"], future["offset_s"]) == (40.5, 0.0)
    assert future["synthetic"] == [{"lead": "ECG", "start_s": 40.0, "stop_s": 40.5}]
    server.result("impute", recording=future["id"], options={"gaps": [{"start_s": 5, "stop_s": 5.5}]})
    assert server("DELETE", f"/api/recordings/{info['id']}").status_code == 204
    assert np.array_equal(signal(server, made["id"])[0], after)


def test_nothing_is_written_where_nothing_is_asked_for(server):
    info = post(server, ("x.csv", table())).json()
    gap = {"start_s": 5, "stop_s": 5.4}
    job, _ = server.result("impute", recording=info["id"], options={"gaps": [gap], "write": "none"})
    assert job["result_recording"] is None


@pytest.mark.parametrize("format", ["wfdb", "edf", "csv", "parquet", "npz"])
def test_a_recording_is_exported_in_any_format(server, tmp_path, format):
    info = post(server, ("My wearable (1).csv", table())).json()
    answer = server("GET", f"/api/recordings/{info['id']}/export?format={format}")
    assert answer.status_code == 200, answer.text
    name = file_name_of(answer)
    assert name.startswith("My wearable (1)")
    if format != "wfdb":
        again = post(server, (name, answer.content))
        assert again.status_code == 201, again.text
        assert abs(signal(server, again.json()["id"]) - signal(server, info["id"])).max() < 1e-3
        return
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    (header,) = tmp_path.glob("*.hea")
    assert wfdb.rdrecord(str(header.with_suffix(""))).fs == 250


def parquet_bomb():
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    column = pa.array(np.zeros(1 << 20))
    table = pa.table({f"c{i}": column for i in range(8)})
    with pq.ParquetWriter(buffer, table.schema, compression="zstd") as writer:
        for _ in range(60):
            writer.write_table(table)
    return buffer.getvalue()


def npz_bomb():
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (1, 1 << 28)}
    )
    buffer = io.BytesIO()
    archive = zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("signal_mv.npy", "w", force_zip64=True) as stream:
        stream.write(header.getvalue())
        for _ in range(256):
            stream.write(bytes(1 << 20))
    return buffer.getvalue()


def gzip_bomb():
    return gzip.compress(b"0.123,0.456\n" * 20_000_000, 6)


def matlab_bomb():
    body = zlib.compress(bytes(1 << 28))
    tag = np.array([15, len(body)], "<u4").tobytes()
    return b"MATLAB 5.0 MAT-file".ljust(116) + bytes(8) + b"\x00\x01IM" + tag + body


def edf_bomb():
    signals = 9999
    fixed = b"0".ljust(8) + b"X".ljust(80) + b"X".ljust(80) + b"01.01.8501.01.85"
    fixed += str(256 * (signals + 1)).encode().ljust(8) + b" " * 44
    fixed += b"99999999" + b"1".ljust(8) + str(signals).encode().ljust(4)
    return fixed + b"9" * 256 * signals


@pytest.mark.parametrize(
    ("name", "bomb"),
    [
        ("bomb.parquet", parquet_bomb),
        ("bomb.npz", npz_bomb),
        ("bomb.csv.gz", gzip_bomb),
        ("bomb.mat", matlab_bomb),
        ("bomb.edf", edf_bomb),
    ],
)
def test_files_that_expand_to_far_more_than_their_size_are_refused_in_little_memory(server, name, bomb):
    content = bomb()
    assert len(content) < 5_000_000
    with server.added_mb() as added:
        answer = post(server, (name, content), fs=250)
    assert answer.status_code in (413, 422), answer.text
    assert name in answer.json()["detail"]
    assert max(added.values()) < 400
    assert server("GET", "/healthz").text == "ok\n"


def test_memory_and_time_of_reading_are_limited(tmp_path):
    with serving("--model", FAST, "--max-import-memory-mb", 30) as server:
        answer = post(server, ("large.csv", table(15_000) + b"\n" + table(15_000) * 40), fs=250)
        assert answer.status_code == 413, answer.text
        assert "memory" in answer.json()["detail"]
        assert server("GET", "/api/recordings").json() == []
        assert not list((server.folder / "recordings").iterdir())
    with serving("--model", FAST, "--max-import-s", 0.001) as server:
        answer = post(server, ("x.csv", table()))
        assert answer.status_code == 413
        assert "longer than 0.001 s" in answer.json()["detail"]
        job, _ = server.result("generate", model=FAST, options={"count": 2})
        answer = server("GET", f"/api/jobs/{job['id']}/export?format=wfdb")
        assert answer.status_code == 413, "not written by the server itself"
        assert "longer than 0.001 s" in answer.json()["detail"]
        assert not list((server.folder / "jobs" / job["id"]).glob("exports/wfdb*"))


def test_the_quota_counts_bytes_and_evicts_nothing():
    with serving("--model", FAST, "--max-project-mb", 0.25) as server:
        uploaded = [post(server, (f"{i}.csv", table())) for i in range(5)]
        codes = [answer.status_code for answer in uploaded]
        kept = codes.count(201)
        assert 1 < kept < 5
        assert codes[kept:] == [413] * (5 - kept)
        assert "delete recordings" in uploaded[-1].json()["detail"]
        listed = [one["id"] for one in server("GET", "/api/recordings").json()]
        assert listed == [answer.json()["id"] for answer in uploaded[:kept]][::-1]
        project = server("GET", "/api/project").json()
        assert 0 < project["bytes"] <= project["max_bytes"] == 250_000
        server("DELETE", f"/api/recordings/{listed[0]}")
        assert post(server, ("again.csv", table())).status_code == 201


def test_sets_are_listed_and_deleted(server):
    job, _ = server.result("generate", model=FAST, options={"label": "V", "count": 4})
    content = server("GET", f"/api/jobs/{job['id']}/export?format=npz").content
    answer = server("POST", "/api/sets", files=[("files", ("my beats (1).npz", content))])
    assert answer.status_code == 201, answer.text
    info = answer.json()
    assert (info["name"], info["counts"]) == ("my beats (1).npz", {"V": 4})
    assert server("GET", "/api/sets").json() == [info]
    assert server("DELETE", f"/api/sets/{info['id']}").status_code == 204
    assert server("GET", "/api/sets").json() == []
    assert server("DELETE", f"/api/sets/{info['id']}").status_code == 404
    assert not list((server.folder / "sets").iterdir())
    broken = server("POST", "/api/sets", files=[("files", ("x.npz", b"PK rubbish"))])
    assert broken.status_code == 422
    assert "x.npz" in broken.json()["detail"]


def zipped(folder, above=""):
    """Return an archive of a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{above}{file.relative_to(folder)}")
    return buffer.getvalue()


def post_set(server, name, content):
    return server("POST", "/api/sets", files=[("files", (name, content))])


def test_a_folder_of_windows_is_a_set_once_it_is_zipped(server, windows):
    job, _ = server.result("generate", model=FAST, options={"label": "N", "count": 24, "seed": 2})
    exported = server("GET", f"/api/jobs/{job['id']}/export?format=wfdb").content
    synthetic = post_set(server, "wfdb.zip", exported).json()
    assert synthetic["counts"] == {"N": 24}
    real = post_set(server, "prepared.zip", zipped(windows["beat"], "beats/")).json()
    assert real["counts"] == dict(diffecg.open_windows(windows["beat"]).counts())
    assert synthetic["bytes"] == sum(
        path.stat().st_size
        for path in (server.folder / "sets" / synthetic["id"]).rglob("*")
        if path.is_file()
    )
    body = {"synthetic": synthetic["id"], "real": real["id"], "sections": ["fidelity"], "partition": "train"}
    _, report = server.result("evaluate", **body)
    of_job = server.result("evaluate", **{**body, "synthetic": job["id"]})[1]
    for row, expected in zip(report["rows"], of_job["rows"], strict=True):
        assert row["value"] == pytest.approx(expected["value"], abs=0.02), "samples in steps of 1 uV"
    for one in (synthetic, real):
        server("DELETE", f"/api/sets/{one['id']}")


def archive_of(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def damaged(content):
    """Return an archive with other bytes in the midst of its first file."""
    return content[:60] + bytes(20) + content[80:]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive_of(**{"../out.npz": b"x"}), "leads out"),
        (archive_of(**{"/tmp/out.npz": b"x"}), "leads out"),
        (archive_of(), "holds no files"),
        (archive_of(**{"a": b"1", "a/b": b"2"}), "cannot be unpacked"),
        (archive_of(**{"notes.txt": b"hello"}), "folder.zip/notes.txt has no column"),
        (archive_of(**{"x.csv": bytes(70_000_000)}), "expands to more"),
        (damaged(archive_of(**{"x.csv": np.random.default_rng(0).bytes(9000)})), "cannot be"),
    ],
    ids=["above", "absolute", "empty", "clash", "notes", "bomb", "damaged"],
)
def test_archives_that_hold_no_windows_are_refused(server, content, words):
    answer = post_set(server, "folder.zip", content)
    assert answer.status_code in (413, 422), answer.text
    assert words in answer.json()["detail"]
    assert "folder.zip" in answer.json()["detail"]
    assert not list((server.folder / "sets").iterdir())
