"""The service under load, and with requests generated from its description."""

import os
import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import requests
from helpers import write_recording
from servers import serving

import diffecg

pytestmark = pytest.mark.studio
FAST, STRIP = "mitbih-beat-fast", "mitbih-strip"


@pytest.fixture(scope="module")
def server(windows):
    with serving("--model", FAST, STRIP, "--beats", windows["beat"]) as started:
        yield started


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "100")


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_generated_requests_never_cause_a_server_error(windows, recording, mode):
    import schemathesis
    from hypothesis import HealthCheck, given, settings
    from hypothesis.errors import Unsatisfiable

    with serving("--model", FAST, STRIP, "--beats", windows["beat"]) as server:
        generated, _ = server.result("generate", model=FAST, options={"count": 3})
        composed, _ = server.result("compose", model=FAST, text="N", options={"minutes": 0.1})
        files = [recording.with_suffix(suffix) for suffix in (".hea", ".dat")]
        uploaded = server.upload(*files).json()["id"]
        known = [generated["id"], composed["id"], uploaded]
        headers = {"Authorization": f"Bearer {server.token}"}
        paths = []
        for result in schemathesis.openapi.from_url(
            f"{server.url}/openapi.json", headers=headers
        ).get_all_operations():
            operation = result.ok()

            @settings(
                max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
            )
            @given(operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode]))
            def send(case):
                for name in {"job_id", "recording_id"} & set(case.path_parameters or {}):
                    if len(paths) % 2:
                        case.path_parameters[name] = known[len(paths) // 2 % 3]
                paths.append(case.operation.path)
                response = case.call(
                    timeout=60, headers=headers, stream=case.operation.path.endswith("/events")
                )
                assert response.status_code < 500, (case.as_curl_command(), response.text)

            with suppress(Unsatisfiable):  # the operation takes no input
                send()
        assert len(set(paths)) > (18 if mode == "POSITIVE" else 8)
        assert server("GET", "/healthz").text == "ok\n"


def test_fifty_clients_for_a_minute(server):
    """No job is lost or wrong, a full queue answers 429, and memory does not grow."""
    model = diffecg.load(FAST)
    labels = {seed: "NSVF"[seed % 4] for seed in range(64)}
    truth = {seed: model.generate(label, 2, seed=seed).signal_mv[:, 0] for seed, label in labels.items()}
    count = {"done": 0, "wrong": 0, "lost": 0, "refused": 0}
    lock = threading.Lock()

    def note(what):
        with lock:
            count[what] += 1

    def client(name, until):
        rng = random.Random(name)
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {server.token}"
            while time.monotonic() < until:
                jobs = []
                for _ in range(3):
                    seed = rng.randrange(64)
                    options = {"label": labels[seed], "count": 2, "seed": seed}
                    body = {"model": FAST, "options": options}
                    answer = session.post(f"{server.url}/api/generate", json=body, timeout=120)
                    if answer.status_code == 429:
                        note("refused")
                        time.sleep(float(answer.headers["retry-after"]) * rng.random())
                    elif answer.status_code == 202:
                        jobs.append((seed, answer.json()["id"]))
                    else:
                        note("lost")
                for seed, job in jobs:
                    ended = session.get(f"{server.url}/api/jobs/{job}?wait=60", timeout=120).json()
                    if ended.get("state") != "done":
                        note("lost")
                        continue
                    content = session.get(f"{server.url}/api/jobs/{job}/windows", timeout=120).content
                    beats = np.frombuffer(content, "<f4").reshape(2, -1)
                    note("done" if np.abs(beats - truth[seed]).max() < 1e-4 else "wrong")

    def load(seconds):
        until = time.monotonic() + seconds
        clients = [threading.Thread(target=client, args=(i, until)) for i in range(50)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()

    load(65)  # until the number of results reaches its maximum
    before = _resident_mb(server)
    load(60)
    after = _resident_mb(server)
    print(f"{count}, {before:.0f} MB before, {after:.0f} MB after")
    assert count["lost"] == count["wrong"] == 0
    assert count["done"] > 500
    assert count["refused"] > 0
    assert after < 1.05 * before


def _resident_mb(server):
    """Return the resident memory of the server and its workers."""
    pages = [
        int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        for pid in (server.process.pid, *server.workers())
    ]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
