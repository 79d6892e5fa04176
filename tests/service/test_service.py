"""The service, used over HTTP: a server in a process of its own."""

import io
import json
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import make_ecg, write_recording
from servers import serving

import diffecg

FAST, STRIP = "mitbih-beat-fast", "mitbih-strip"
QUICK = {"draw": {"draws": 2}, "sampling": {"steps": 2}}
SLOW = {
    "model": FAST,
    "options": {"label": "N", "count": 2000},
    "sampling": {"sampler": "ddpm", "steps": 1000},
}
"""A request that takes minutes, so that tests can observe and cancel it."""


@pytest.fixture(scope="module")
def server(windows):
    with serving("--model", FAST, STRIP, "--beats", windows["beat"]) as started:
        yield started


@pytest.fixture(scope="module")
def recording(server, tmp_path_factory):
    path = write_recording(tmp_path_factory.mktemp("uploaded") / "100")
    files = [path.with_suffix(suffix) for suffix in (".hea", ".dat", ".atr")]
    response = server.upload(*files)
    assert response.status_code == 201, response.text
    return path, response.json()


def gap(start_s, stop_s):
    return {"start_s": start_s, "stop_s": stop_s}


def windows_of(server, job, length=256, **query):
    content = server("GET", f"/api/jobs/{job['id']}/windows", params=query).content
    return np.frombuffer(content, "<f4").reshape(-1, length)


def unzipped(content, folder):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


def test_models_api_description_and_page(server):
    assert server("GET", "/healthz", with_token=False).text == "ok\n"
    models = server("GET", "/api/models").json()
    assert [(one["name"], one["kind"]) for one in models] == [(FAST, "beat"), (STRIP, "gap")]
    assert models[0]["labels"] == ["N", "S", "V", "F"]
    api = server("GET", "/openapi.json").json()
    assert {
        "/api/generate",
        "/api/impute",
        "/api/denoise",
        "/api/forecast",
        "/api/compose",
        "/api/evaluate",
    } <= set(api["paths"])
    fields = api["components"]["schemas"]["DrawOptions"]["properties"]
    assert fields["draws"]["description"] == "Number of draws."
    page = server("GET", "/")
    assert page.status_code == 200
    assert "diffecg studio" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text)


def test_generated_beats_equal_those_of_the_library(server, tmp_path):
    job, result = server.result("generate", model=FAST, options={"label": "V", "count": 5, "seed": 3})
    expected = diffecg.load(FAST).generate("V", 5, seed=3)
    assert np.abs(np.array(result["signal_mv"]) - expected.signal_mv).max() < 1e-3
    assert np.abs(windows_of(server, job) - expected.signal_mv[:, 0]).max() < 1e-4
    assert np.array_equal(windows_of(server, job, first=3, count=10), windows_of(server, job)[3:])

    def export(**query):
        return server("GET", f"/api/jobs/{job['id']}/export", params=query).content

    with np.load(io.BytesIO(export(format="npz"))) as file:
        assert np.array_equal(file["signal_mv"][:, 0], windows_of(server, job))
        assert file["seeds"].tolist() == [3, 4, 5, 6, 7]
    table = pd.read_csv(io.BytesIO(export(format="csv", window=2)))
    assert table["seed"].tolist() == [5]
    assert np.abs(table.filter(like="mv_").to_numpy()[0] - windows_of(server, job)[2]).max() < 1e-5
    folder = unzipped(export(format="wfdb"), tmp_path)
    recording = wfdb.rdrecord(str(folder / "w00000004"))
    assert np.abs(recording.p_signal[:, 0] - windows_of(server, job)[1]).max() < 1e-3
    assert export(format="png", window=0).startswith(b"\x89PNG")


def test_waiting_requests_are_computed_in_one_batch(server):
    blocking = server.submit("generate", **SLOW)
    jobs = [
        server.submit(
            "generate", model=FAST, options={"label": "VSNF"[i % 4], "count": 3 + i, "seed": 10 * i}
        )
        for i in range(6)
    ]
    server("DELETE", f"/api/jobs/{blocking['id']}")
    model = diffecg.load(FAST)
    for i, job in enumerate(jobs):
        assert server.wait(job)["state"] == "done"
        expected = model.generate("VSNF"[i % 4], 3 + i, seed=10 * i).signal_mv[:, 0]
        assert np.abs(windows_of(server, job) - expected).max() < 1e-4
    metrics = server("GET", "/metrics").text
    cumulative = {
        float(m[0]): float(m[1]) for m in re.findall(r'batch_jobs_bucket\{le="([\d.]+)"\} ([\d.]+)', metrics)
    }
    assert cumulative[8.0] > cumulative[4.0]  # a batch of five to eight


def test_a_job_can_be_followed_and_cancelled(server):
    job = server.submit("generate", **SLOW)
    events = server("GET", f"/api/jobs/{job['id']}/events", stream=True).iter_lines(decode_unicode=True)
    states = []
    for line in events:
        if line.startswith("data:"):
            states.append(json.loads(line[5:])["state"])
            if states[-1] == "running":
                server("DELETE", f"/api/jobs/{job['id']}")
    assert states[-1] == "cancelled"
    assert states == sorted(states, key=["queued", "running", "cancelled"].index)
    assert server("GET", f"/api/jobs/{job['id']}/result").status_code == 409
    assert server("DELETE", f"/api/jobs/{job['id']}").json()["state"] == "cancelled"


def test_imputation_changes_the_gap_only(server, recording, tmp_path):
    path, info = recording
    assert ([lead["name"] for lead in info["leads"]], info["lead"]) == (["MLII", "V1"], "MLII")
    before = wfdb.rdrecord(str(path), physical=False).d_signal
    signal = server("GET", f"/api/recordings/{info['id']}/signal?lead=V1").content
    assert np.abs(np.frombuffer(signal, "<f4") - (before[:, 1] - 1024) / 200).max() < 1e-6
    job, result = server.result(
        "impute",
        recording=info["id"],
        model=STRIP,
        options={"gaps": [gap(20.0, 20.5), gap(31.0, 31.25)], "leads": ["MLII"]},
        draw={"draws": 3},
    )
    spans = [(one["first"], one["last"]) for one in result["intervals"]]
    assert spans == [(7200, 7380), (11160, 11250)]
    folder = unzipped(server("GET", f"/api/jobs/{job['id']}/download").content, tmp_path)
    after = wfdb.rdrecord(str(folder / "100"), physical=False).d_signal
    changed = np.zeros(len(after), dtype=bool)
    for first, last in spans:
        changed[first:last] = True
    assert np.array_equal(after[~changed], before[~changed])
    assert np.array_equal(after[:, 1], before[:, 1])
    written = np.array(result["intervals"][0]["signal"])
    assert np.abs((after[7200:7380, 0] - 1024) / 200 - written).max() < 0.003
    model = diffecg.load_imputer(STRIP)
    holed = (before.T - 1024) / 200.0
    holed[0, changed] = np.nan
    imputed = model.impute(holed, 360.0, axes="lead time", draws=3).signal_mv[0]
    assert np.abs(imputed[7200:7380] - written).max() < 1e-3


def test_without_a_model_analogues_are_searched(server, recording):
    _, info = recording
    gaps = [gap(20.0, 20.5), gap(30.0, 45.0)]
    _, result = server.result("impute", recording=info["id"], options={"gaps": gaps, "leads": ["MLII"]})
    assert (result["engine"], result["written"]) == ("analogues", "representative of 16 draws, analogues")
    assert (len(result["intervals"]), result["too_long"]) == (1, 1)
    _, ahead = server.result("forecast", recording=info["id"], options={"at_s": 40.0, "horizon_s": 0.5})
    assert (ahead["engine"], ahead["interval"]) == ("analogues", "90 % interval")


def test_a_model_folder_is_served_by_its_name(runs):
    with serving("--model", runs["beat"]) as server:
        (model,) = server("GET", "/api/models").json()
        assert model["name"] == runs["beat"].name
        job, _ = server.result("generate", model=model["name"], options={"count": 2}, sampling={"steps": 2})
        assert len(windows_of(server, job)) == 2
        assert server("POST", "/api/generate", json={"model": str(runs["beat"])}).status_code == 422


def test_rate_and_unit_are_given_with_the_upload(server, tmp_path):
    table = tmp_path / "watch.csv"
    pd.DataFrame({"ECG": 1000 * make_ecg(fs_hz=130.0)[0]}).to_csv(table, index=False)
    uploaded = server.upload(table, fs=130, unit="uV").json()
    assert (uploaded["fs_hz"], uploaded["duration_s"]) == (130.0, 60.0)
    _, result = server.result(
        "impute", recording=uploaded["id"], model=STRIP, options={"gaps": [gap(20.0, 21.0)]}, **QUICK
    )
    assert result["fs_hz"] == 130.0
    assert max(map(abs, result["intervals"][0]["mean"])) < 10


def test_a_recording_can_be_deleted(server, tmp_path):
    path = write_recording(tmp_path / "100")
    uploaded = server.upload(path.with_suffix(".hea"), path.with_suffix(".dat")).json()["id"]
    assert server("DELETE", f"/api/recordings/{uploaded}").status_code == 204
    assert server("GET", f"/api/recordings/{uploaded}").status_code == 404
    assert server("DELETE", f"/api/recordings/{uploaded}").status_code == 404


def test_forecast_and_denoise(server, recording):
    _, info = recording
    _, ahead = server.result(
        "forecast", recording=info["id"], model=STRIP, options={"at_s": 30, "horizon_s": 0.5}, **QUICK
    )
    (interval,) = ahead["intervals"]
    assert (interval["first"], len(interval["mean"])) == (10800, 180)
    _, clean = server.result(
        "denoise",
        recording=info["id"],
        options={"intervals": [gap(20.0, 21.0)], "leads": ["MLII"]},
    )
    assert clean["task"] == "denoise"
    assert clean["interval"] == "90 % interval"
    assert len(clean["intervals"][0]["mean"]) == 360


def test_a_composed_recording_has_the_beats_of_the_rhythm(server):
    request = {"text": "N*3 V", "options": {"minutes": 0.2, "seed": 5}}
    beats = server("POST", "/api/rhythm", json=request).json()["beats"]
    job, _ = server.result("compose", model=FAST, **request)
    composed = server("GET", f"/api/recordings/{server.wait(job)['result_recording']}").json()
    assert [label for _, label in composed["beats"]] == [label for _, label in beats]
    assert np.abs(np.array([t for t, _ in composed["beats"]]) - [t for t, _ in beats]).max() < 0.003
    assert composed["samples"] == (12 * 360)


def test_a_set_is_evaluated_against_the_servers_beats(server, tmp_path):
    generated, _ = server.result("generate", model=FAST, options={"label": "N", "count": 40})
    job, report = server.result(
        "evaluate", synthetic=generated["id"], sections=["fidelity"], partition="train", seeds=2
    )
    rows = {(row["metric"], row["label"]): row for row in report["rows"]}
    assert rows["sliced Wasserstein, time", "N"]["reference"] > 0
    assert "report.html" in job["files"]
    page = server("GET", f"/api/jobs/{job['id']}/files/report.html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    export = tmp_path / "n.npz"
    export.write_bytes(server("GET", f"/api/jobs/{generated['id']}/export?format=npz").content)
    uploaded = server.upload(export, to="sets").json()
    assert uploaded["counts"] == {"N": 40}
    _, again = server.result(
        "evaluate", synthetic=uploaded["id"], sections=["fidelity"], partition="train", seeds=2
    )
    assert [row["value"] for row in again["rows"]] == [row["value"] for row in report["rows"]]


def test_real_beats_are_those_of_the_server(server, windows):
    answer = server("GET", "/api/real", params={"label": "V", "count": 3})
    beats = np.frombuffer(answer.content, "<f4").reshape(3, -1)
    prepared = diffecg.open_windows(windows["beat"])
    times_s, names = prepared.index["time_s"], prepared.recordings
    for beat, origin in zip(beats, json.loads(answer.headers["x-beats"]), strict=True):
        (row,) = np.flatnonzero((names == origin["recording"]) & (times_s == origin["time_s"]))
        assert prepared.labels[row] == "V"
        assert (prepared.signal_mv[row, 0].astype("<f4") == beat).all()
    assert server("GET", "/api/real", params={"label": "no"}).status_code == 404


REJECTED = [
    (
        "generate",
        {"model": FAST, "options": {"count": 2001}},
        413,
        "count 2001 exceeds the limit of this server, 2000",
    ),
    ("generate", {"model": FAST, "options": {"count": 0}}, 422, "count 0 must be at least 1"),
    ("generate", {"model": FAST, "sampling": {"steps": 10**9}}, 413, "steps"),
    ("generate", {"model": FAST, "options": {"seed": -1}}, 422, "seed"),
    ("generate", {"model": FAST, "options": {"seed": 10**400}}, 422, "seed"),
    ("generate", {"model": "/etc"}, 422, "unknown model '/etc'"),
    (
        "generate",
        {"model": STRIP},
        422,
        "imputes and forecasts; choose a model that generates: mitbih-beat-fast",
    ),
    ("generate", {"model": "mitbih-beat"}, 422, "choose one of mitbih-beat-fast, mitbih-strip"),
    ("generate", {"model": FAST, "options": {"label": "X"}}, 422, "N, S, V, F"),
    ("generate", {"model": FAST, "colour": "red"}, 422, "colour"),
    ("generate", {"model": FAST, "options": {"colour": "red"}}, 422, "colour"),
    ("compose", {"model": FAST, "text": "N*9", "options": {"minutes": 61}}, 413, "minutes 61"),
    ("compose", {"model": FAST, "text": "N*9 (V"}, 422, "("),
    ("compose", {"model": FAST, "text": "(N*50000)*20000"}, 422, "100,000 beats"),
    ("compose", {"model": FAST, "text": "N " * 1000}, 413, "rhythm length 2000"),
    ("impute", {"model": STRIP, "recording": "../etc"}, 404, "unknown recording"),
    ("evaluate", {"synthetic": "nothing"}, 404, "unknown job"),
    ("generate", {"model": FAST, "sampling": {"sampler": "zzz"}}, 422, "ddpm, ddim, heun, dpm2m"),
    ("generate", {"model": FAST, "sampling": {"sampler": "\ud800"}}, 422, "surrogates"),
]


@pytest.mark.parametrize(("task", "body", "status", "words"), REJECTED)
def test_invalid_requests_are_rejected_at_once(server, task, body, status, words):
    answer = server("POST", f"/api/{task}", json=body)
    assert answer.status_code == status, answer.text
    assert words in json.dumps(answer.json()["detail"])


def test_a_failed_job_states_the_reason(server, recording):
    _, info = recording
    job = server.wait(
        server.submit("impute", recording=info["id"], model=STRIP, options={"gaps": [gap(20.0, 40.0)]})
    )
    assert job["state"] == "failed"
    assert job["error"].startswith("the gap is longer than 10 s, the longest that is imputed")
    assert "--" not in job["error"]
    assert job["files"] == []


def test_what_cannot_be_computed_is_refused_at_once(server, recording):
    _, info = recording
    refused = {
        "interval 50:90 s is empty or not within": ("impute", {"gaps": [gap(50.0, 90.0)]}),
        "no samples to impute in 100": ("impute", {}),
        "aVR": ("impute", {"gaps": [gap(5.0, 6.0)], "leads": ["aVR"]}),
        "no channel 'V9'": ("denoise", {"intervals": [{**gap(5.0, 6.0), "lead": "V9"}]}),
        "unknown artefact 'rust'": ("denoise", {"detect": ["rust"]}),
        "at 99 s is outside": ("forecast", {"at_s": 99.0}),
    }
    for words, (task, options) in refused.items():
        answer = server("POST", f"/api/{task}", json={"recording": info["id"], "options": options})
        assert answer.status_code == 422, words
        assert words in answer.json()["detail"]


def test_files_that_are_not_recordings_are_rejected_in_one_line(server, tmp_path):
    whole = write_recording(tmp_path / "100")
    rejected = {
        "cut.hea": whole.with_suffix(".hea").read_bytes()[:10],
        "rubbish.edf": b"\0" * 300,
        "rubbish.csv": b"a,b\nx,y\n",
        "pickle.npz": b"\x80\x04cos\nsystem\n.",
        "noise.exe": b"MZ",
        "away.hea": b"away 1 360 100\n../../etc/passwd 16 200 16 0 0 0 0 MLII\n",
        "absolute.hea": b"absolute 1 360 100\n/etc/passwd 16 200 16 0 0 0 0 MLII\n",
        "huge.hea": b"huge 1 360 99999999999\nhuge.dat 16 200 16 0 0 0 0 MLII\n",
    }
    for name, content in rejected.items():
        answer = server("POST", "/api/recordings", files=[("files", (name, content))])
        assert answer.status_code == 422, (name, answer.text)
        detail = answer.json()["detail"]
        assert isinstance(detail, str)
        assert "\n" not in detail
        assert "root:" not in detail
        assert "/tmp" not in detail
    large = server("POST", "/api/recordings", files=[("files", ("x.csv", b"0" * 65_000_000))])
    assert large.status_code == 413
    chunks = (b" " * 100_000 for _ in range(10))  # a body without a content length
    chunked = server("POST", "/api/generate", data=chunks, headers={"content-type": "application/json"})
    assert chunked.status_code == 413
    assert server("GET", "/healthz").text == "ok\n"


def test_a_full_queue_answers_429(server):
    jobs = [server.submit("generate", **SLOW)]
    answers = [server("POST", "/api/generate", json=SLOW) for _ in range(70)]
    refused = [answer for answer in answers if answer.status_code == 429]
    jobs += [answer.json() for answer in answers if answer.status_code == 202]
    assert len(refused) >= 5
    assert refused[0].headers["retry-after"] == "2"
    for job in jobs[::-1]:
        server("DELETE", f"/api/jobs/{job['id']}")
    assert {server.wait(job)["state"] for job in jobs} == {"cancelled"}


def test_limits_are_flags_of_the_server():
    with serving("--model", FAST, "--max-windows", 3, "--max-rhythm-length", 5) as server:
        limits = server("GET", "/api/limits").json()
        assert (limits["max_windows"], limits["max_rhythm_length"], limits["max_draws"]) == (3, 5, 64)
        rejected = server("POST", "/api/generate", json={"model": FAST, "options": {"count": 4}})
        assert rejected.status_code == 413
        assert server("POST", "/api/rhythm", json={"text": "N*8 V*2"}).status_code == 413


def test_requests_from_other_pages_are_rejected(server):
    def status(method="GET", path="/api/models", **headers):
        return server(method, path, headers=headers).status_code

    assert status() == 200
    assert status(Host="evil.example") == 421
    assert status(Host="[") in (400, 421)
    assert status(Origin="https://evil.example") == 403
    assert status("POST", "/api/generate", Origin="null") == 403
    assert status(Origin=server.url) == 200
    assert "access-control-allow-origin" not in server("GET", "/api/models").headers


def test_a_server_that_cannot_start_states_the_reason(run, server, tmp_path):
    port = server.url.rsplit(":", 1)[1]
    status, _, err = run("studio", tmp_path / "new", "--model", FAST, "--port", port)
    assert status == 1
    assert "choose another --port" in err
    status, _, err = run("studio", tmp_path / "new", "--port", 0, "--model", "nowhere")
    assert status == 1
    assert err.count("\n") == 1


def test_sets_recordings_and_jobs_can_be_compared_with_each_other(server, tmp_path):
    path = write_recording(tmp_path / "long", duration_s=300.0)
    info = server.upload(*[path.with_suffix(suffix) for suffix in (".hea", ".dat", ".atr")]).json()
    jobs = [
        server.result("generate", model=FAST, options={"label": "N", "count": 60, "seed": seed})[0]
        for seed in (1, 100)
    ]
    for real in (jobs[1]["id"], info["id"]):
        _, report = server.result(
            "evaluate", synthetic=jobs[0]["id"], real=real, sections=["fidelity"], seeds=2
        )
        assert any(row["value"] is not None for row in report["rows"] if row["label"] == "N")


def test_a_report_without_figures_fails_and_says_why(server, recording):
    _, info = recording
    few, _ = server.result("generate", model=FAST, options={"label": "N", "count": 5})
    job = server.wait(
        server.submit("evaluate", synthetic=few["id"], real=info["id"], sections=["fidelity"], seeds=2)
    )
    assert job["state"] == "failed"
    assert "N 5;" in job["error"]
    empty = server("POST", "/api/examples/detached-electrode").json()["id"]
    answer = server("POST", "/api/evaluate", json={"synthetic": few["id"], "real": empty})
    assert answer.status_code in (202, 422)


def test_files_of_generated_windows_are_written_once_and_named(server):
    job, _ = server.result("generate", model=FAST, options={"label": "V", "count": 3, "seed": 7})
    for format in ("npz", "wfdb"):
        answers = [server("GET", f"/api/jobs/{job['id']}/export?format={format}") for _ in range(2)]
        assert answers[0].content == answers[1].content
        assert "V-3-seed-7." in answers[0].headers["content-disposition"]
    one = server("GET", f"/api/jobs/{job['id']}/export?format=csv&window=1")
    assert "V-seed-8.csv" in one.headers["content-disposition"]
    assert server("GET", f"/api/jobs/{job['id']}/export?format=csv&window=3").status_code == 422
