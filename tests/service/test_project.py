"""The project folder: what a restart, a crash and a second server find, over HTTP."""

import signal
import sqlite3
import subprocess
import time

import numpy as np
import pytest
from helpers import write_recording
from servers import serving

import diffecg
from diffecg.errors import DiffecgError
from diffecg.service.database import Database, Table
from diffecg.service.project import Project
from diffecg.service.schemas import PageSettings

FAST = "mitbih-beat-fast"
LATER = {
    "model": FAST,
    "options": {"label": "V", "count": 40, "seed": 3},
    "sampling": {"sampler": "ddpm", "steps": 300},
}
"""A request that takes some seconds, so that the server ends before it is done."""


def submit_some(server, tmp_path):
    """Upload a recording, impute it, and submit jobs that are not done when this returns."""
    path = write_recording(tmp_path / "100")
    info = server.upload(*[path.with_suffix(suffix) for suffix in (".hea", ".dat", ".atr")]).json()
    gaps = [{"start_s": 20.0, "stop_s": 20.5}]
    job, result = server.result("impute", recording=info["id"], options={"gaps": gaps})
    running = server.submit("generate", **LATER)
    waiting = server.submit("forecast", recording=job["result_recording"], options={"at_s": 30.0})
    while server("GET", f"/api/jobs/{running['id']}").json()["state"] != "running":
        time.sleep(0.02)
    return info, job, result, running, waiting


@pytest.mark.parametrize(
    "how",
    [signal.SIGKILL, *(pytest.param(how, marks=pytest.mark.long) for how in (signal.SIGTERM, signal.SIGINT))],
)
def test_a_restart_loses_nothing_and_takes_up_what_was_not_done(tmp_path, how):
    folder = tmp_path / "my project"
    with serving("--model", FAST, folder=folder) as server:
        info, job, result, running, waiting = submit_some(server, tmp_path)
        server("PUT", "/api/project/settings", json={"values": {"speed": 50}})
        recordings, token = server("GET", "/api/recordings").json(), server.token
        status = server.stop(how)
        if how != signal.SIGKILL:
            assert status in (130, 143)
            assert not (folder / "temporary").exists()
            assert sqlite3.connect(folder / "project.sqlite").execute(
                "pragma integrity_check"
            ).fetchone() == ("ok",)
    with serving("--model", FAST, folder=folder) as server:
        assert server.token == token
        assert server("GET", "/api/recordings").json()[-2:] == recordings
        assert server("GET", f"/api/recordings/{info['id']}").json() == info
        assert server("GET", f"/api/jobs/{job['id']}").json() == server.wait(job)
        assert server("GET", f"/api/jobs/{job['id']}/result").json() == result
        assert server("GET", "/api/project").json()["settings"] == {"speed": 50}
        assert [server.wait(one)["state"] for one in (running, waiting)] == ["done", "done"]
        content = server("GET", f"/api/jobs/{running['id']}/windows").content
        expected = diffecg.load(FAST).generate("V", 40, seed=3, sampler="ddpm", steps=300).signal_mv[:, 0]
        assert np.abs(np.frombuffer(content, "<f4").reshape(40, -1) - expected).max() < 1e-3
        listed = [one["id"] for one in server("GET", "/api/jobs").json()]
        assert listed == [waiting["id"], running["id"], job["id"]]
        assert {path.name for path in (folder / "jobs").iterdir()} == set(listed)
        kept = {one["id"] for one in server("GET", "/api/recordings").json()}
        assert {path.name for path in (folder / "recordings").iterdir()} == kept


def test_a_job_whose_input_is_gone_fails_after_a_restart(tmp_path):
    folder = tmp_path / "project"
    with serving("--model", FAST, folder=folder) as server:
        *_, running, waiting = submit_some(server, tmp_path)
        server.stop(signal.SIGKILL)
    with sqlite3.connect(folder / "project.sqlite") as connection:
        connection.execute("delete from recordings")
    with serving("--model", FAST, folder=folder) as server:
        ended = server.wait(waiting)
        assert ended["state"] == "failed"
        assert "cannot be computed after a restart" in ended["error"]
        assert server.wait(running)["state"] == "done"
        assert not list((folder / "recordings").iterdir())


def test_a_project_that_is_open_is_refused(tmp_path, run):
    with serving("--model", FAST, folder=tmp_path / "project") as server:
        status, _, err = run("studio", server.folder, "--port", 0, "--model", FAST)
        assert status == 1
        assert "another studio has the project" in err
        server.stop(signal.SIGKILL)
    Project(tmp_path / "project").close()


def test_other_folders_are_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(DiffecgError, match="not empty and not a project"):
        Project(tmp_path)
    with pytest.raises(DiffecgError, match="is a file"):
        Project(tmp_path / "thesis.txt")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "project.sqlite").write_text("rubbish" * 1000)
    with pytest.raises(DiffecgError, match="not a database of diffecg studio"):
        Project(tmp_path / "damaged")
    database = Database(tmp_path / "later.sqlite")
    database.execute("pragma user_version = 99")
    database.close()
    with pytest.raises(DiffecgError, match="later version"):
        Database(tmp_path / "later.sqlite")


def test_the_token_of_a_project_can_be_read_by_its_owner_only(tmp_path):
    project = Project(tmp_path / "project")
    assert len(project.token()) > 20
    assert (tmp_path / "project" / "token").stat().st_mode & 0o777 == 0o600
    assert project.token() == project.token()
    project.close()


def test_documents_keep_their_order_and_type(tmp_path):
    database = Database(tmp_path / "x.sqlite")
    table = Table(database, "settings", PageSettings)
    for name in "cab":
        table.put(name, PageSettings(values={"name": name}))
    table.put("c", PageSettings(values={"name": "changed"}))
    table.delete("a")
    assert {key: one.values["name"] for key, one in table.all().items()} == {"c": "changed", "b": "b"}
    assert list(table.all()) == ["c", "b"]


def test_the_default_folder_is_stated(run):
    status, out, _ = run("studio", "--help")
    assert status == 0
    assert "diffecg-studio" in out


def test_a_full_disk_is_reported_and_leaves_nothing_behind(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("takes the right to mount a small disk")
    path = write_recording(tmp_path / "100")
    files = [path.with_suffix(suffix) for suffix in (".hea", ".dat")]
    try:
        with serving("--model", FAST, "--min-free-mb", 0, folder=disk / "project") as server:
            info = server.upload(*files).json()
            filler = disk / "filler"
            with filler.open("wb", buffering=0) as stream:
                try:
                    while stream.write(bytes(4096)):
                        pass
                except OSError:
                    pass
            full = server.upload(*files)
            assert full.status_code == 507, full.text
            assert "full" in full.json()["detail"]
            gaps = [{"start_s": 20.0, "stop_s": 20.5}]
            answer = server("POST", "/api/impute", json={"recording": info["id"], "options": {"gaps": gaps}})
            assert answer.status_code in (202, 507), answer.text
            if answer.status_code == 202:
                assert server.wait(answer.json())["state"] == "failed"
            filler.unlink()
            server.result("impute", recording=info["id"], options={"gaps": gaps})
            assert len(server("GET", "/api/recordings").json()) == 2
            assert len(list((server.folder / "recordings").iterdir())) == 2
            assert server("GET", f"/api/recordings/{info['id']}").json() == info
    finally:
        subprocess.run(["umount", disk], check=True)


def test_too_little_space_is_refused_before_anything_is_written(tmp_path):
    path = write_recording(tmp_path / "100")
    with serving("--model", FAST, "--min-free-mb", 1e12) as server:
        answer = server.upload(path.with_suffix(".hea"), path.with_suffix(".dat"))
        assert answer.status_code == 507
        assert server("POST", "/api/generate", json={"model": FAST}).status_code == 507
