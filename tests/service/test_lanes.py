"""Lanes, workers and cancellation, over HTTP."""

import os
import signal
import time

import numpy as np
import pytest
from helpers import write_recording
from servers import serving

import diffecg

FAST = "mitbih-beat-fast"
SLOW = {
    "model": FAST,
    "options": {"label": "N", "count": 2000},
    "sampling": {"sampler": "ddpm", "steps": 1000},
}
"""A request that takes minutes."""


@pytest.fixture(scope="module")
def server(windows):
    with serving(
        "--model", FAST, "mitbih-strip", "--beats", windows["beat"], "--max-silence-s", 12
    ) as started:
        yield started


@pytest.fixture(scope="module")
def generating():
    """A server that makes no reports, so that it has a single worker."""
    with serving("--model", FAST, "--max-silence-s", 12) as started:
        yield started


@pytest.fixture(scope="module")
def recording(server, tmp_path_factory):
    path = write_recording(tmp_path_factory.mktemp("uploaded") / "100")
    return server.upload(*[path.with_suffix(suffix) for suffix in (".hea", ".dat", ".atr")]).json()


def wait_for(server, job, state):
    while (now := server("GET", f"/api/jobs/{job['id']}").json())["state"] != state:
        assert now["state"] in ("queued", "running"), now
        time.sleep(0.02)


def windows_of(server, job):
    content = server("GET", f"/api/jobs/{job['id']}/windows?count=1000").content
    return np.frombuffer(content, "<f4").reshape(-1, 256)


def test_a_report_does_not_block_a_beat(server):
    generated, _ = server.result("generate", model=FAST, options={"label": "N", "count": 60})
    report = server.submit("evaluate", synthetic=generated["id"], partition="train", seeds=20)
    wait_for(server, report, "running")
    another = server.submit("evaluate", synthetic=generated["id"], partition="train", seeds=20)
    assert another["position"] == 1
    beat, _ = server.result("generate", model=FAST, options={"count": 2})
    assert server("GET", f"/api/jobs/{report['id']}").json()["state"] == "running"
    assert len(server.workers()) == 2
    assert server("DELETE", f"/api/jobs/{another['id']}").json()["state"] == "cancelled"
    kept = server("DELETE", f"/api/jobs/{generated['id']}/result")
    assert kept.status_code == 409  # the report reads them
    assert server("DELETE", f"/api/jobs/{report['id']}").json()["state"] == "cancelled"
    assert server("DELETE", f"/api/jobs/{generated['id']}/result").status_code == 204
    assert server("GET", f"/api/jobs/{generated['id']}").status_code == 404
    assert server("GET", f"/api/jobs/{beat['id']}").status_code == 200


def test_cancelling_frees_the_worker_even_if_it_does_not_react(server):
    generated, _ = server.result("generate", model=FAST, options={"label": "N", "count": 60})
    report = server.submit("evaluate", synthetic=generated["id"], partition="train", seeds=20)
    wait_for(server, report, "running")
    old = server.workers()[-1]
    os.kill(old, signal.SIGSTOP)  # does not react to anything
    server("DELETE", f"/api/jobs/{report['id']}")
    deadline = time.monotonic() + 30
    while old in server.workers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert old not in server.workers()
    folder = server.folder / "jobs" / report["id"]
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


def test_jobs_of_a_killed_worker_are_computed_anew(server):
    job = server.submit("generate", model=FAST, options={"label": "V", "count": 150, "seed": 5},
                        sampling={"sampler": "ddpm", "steps": 100})  # fmt: skip
    wait_for(server, job, "running")
    waiting = server.submit("generate", model=FAST, options={"count": 2})
    end_worker(server, server.workers()[0])  # that of reports was started later
    assert server.wait(job)["state"] == "done"
    assert server.wait(waiting)["state"] == "done"
    expected = diffecg.load(FAST).generate("V", 150, seed=5, sampler="ddpm", steps=100).signal_mv[:, 0]
    assert np.abs(windows_of(server, job) - expected).max() < 1e-3


def end_worker(server, pid, how=signal.SIGKILL):
    """Send a signal to a worker, and wait for the process that replaces it; return its id."""
    before = server.workers()
    os.kill(pid, how)
    while pid in server.workers() or len(server.workers()) < len(before):
        time.sleep(0.02)
    return next(new for new in server.workers() if new not in before)


def test_a_job_that_ends_its_worker_twice_fails(generating):
    job = generating.submit("generate", **SLOW)
    worker = generating.workers()[0]
    for _ in range(2):
        wait_for(generating, job, "running")
        worker = end_worker(generating, worker)
    ended = generating.wait(job)
    assert ended["state"] == "failed"
    assert "status -9" in ended["error"]
    assert "2 times" in ended["error"]
    generating.result("generate", model=FAST, options={"count": 2})


def test_a_stopped_worker_is_noticed_and_replaced(generating):
    job = generating.submit(
        "generate", model=FAST, options={"count": 200}, sampling={"sampler": "ddpm", "steps": 200}
    )
    wait_for(generating, job, "running")
    (stopped,) = generating.workers()
    end_worker(generating, stopped, signal.SIGSTOP)
    assert generating.wait(job)["state"] == "done"
    assert stopped not in generating.workers()
    assert "diffecg_worker_deaths_total 0" not in generating("GET", "/metrics").text


def test_a_job_has_limited_time():
    with serving("--model", FAST, "--max-job-s", 15) as server:
        ended = server.wait(server.submit("generate", **SLOW))
        assert ended["state"] == "failed"
        assert "longer than 15 s" in ended["error"]
        assert server.wait(server.submit("generate", model=FAST, options={"count": 1}))["state"] == "done"


def test_the_same_request_is_computed_once(server):
    body = {"model": FAST, "options": {"label": "V", "count": 3, "seed": 1}}

    def submit(key, **changes):
        headers = {} if key is None else {"Idempotency-Key": key}
        return server("POST", "/api/generate", json={**body, **changes}, headers=headers)

    first = submit("once")
    assert first.status_code == 202
    assert submit("once").json()["id"] == first.json()["id"]
    server.wait(first.json())
    assert submit("once").json()["state"] == "done"
    assert submit("twice").json()["id"] != first.json()["id"]
    assert submit(None).json()["id"] != first.json()["id"]
    other = submit("once", options={"count": 4})
    assert other.status_code == 422
    assert "another request" in other.json()["detail"]
    assert submit("x" * 201).status_code == 422


def test_a_recording_stays_while_a_job_waits_for_it(server, recording):
    blocking = server.submit("generate", **SLOW)
    gaps = [{"start_s": 20.0, "stop_s": 20.4}]
    waiting = server.submit("impute", recording=recording["id"], options={"gaps": gaps})
    assert waiting["position"] >= 1
    address = f"/api/recordings/{recording['id']}"
    assert server("DELETE", address).status_code == 409
    assert server("PUT", f"{address}/interpretation", json={}).status_code == 409
    server("DELETE", f"/api/jobs/{blocking['id']}")
    assert server.wait(waiting)["state"] == "done"
    listed = server("GET", "/api/jobs", params={"recording": recording["id"]}).json()
    assert [job["id"] for job in listed] == [waiting["id"]]
    cancelled = server("GET", "/api/jobs?state=cancelled&limit=1").json()
    assert [job["id"] for job in cancelled] == [blocking["id"]]


def test_progress_has_a_time_that_is_left(server):
    job = server.submit(
        "generate", model=FAST, options={"count": 2000}, sampling={"sampler": "ddpm", "steps": 100}
    )
    seen = []
    while not seen or seen[-1]["state"] in ("queued", "running"):
        seen.append(server("GET", f"/api/jobs/{job['id']}").json())
        if any(one["seconds_left"] for one in seen):
            server("DELETE", f"/api/jobs/{job['id']}")
        time.sleep(0.02)
    assert any(one["seconds_left"] > 0 for one in seen if one["seconds_left"] is not None)
    assert seen[-1]["ended"] > seen[-1]["created"]


def test_gaps_of_several_leads_are_imputed_in_one_job(server, recording):
    gaps = [
        {"start_s": 20.0, "stop_s": 20.4, "lead": "MLII"},
        {"start_s": 30.0, "stop_s": 30.4, "lead": "V1"},
    ]
    job, result = server.result("impute", recording=recording["id"], options={"gaps": gaps})
    assert [(one["lead"], one["first"]) for one in result["intervals"]] == [("MLII", 7200), ("V1", 10800)]
    made = server("GET", f"/api/recordings/{job['result_recording']}").json()
    assert [one["lead"] for one in made["synthetic"]] == ["MLII", "V1"]


def test_a_server_that_was_stopped_for_a_while_goes_on(server):
    job = server.submit(
        "generate", model=FAST, options={"count": 100}, sampling={"sampler": "ddpm", "steps": 100}
    )
    wait_for(server, job, "running")
    workers = server.workers()
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(4)  # longer than a worker may be silent
    server.process.send_signal(signal.SIGCONT)
    assert server.wait(job)["state"] == "done"
    assert server.workers() == workers
