"""Servers for tests: ``diffecg studio`` in a process of its own."""

import re
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests


@dataclass
class Server:
    """A running server."""

    url: str
    token: str
    process: subprocess.Popen
    folder: Path

    def __call__(self, method, path, *, headers=None, with_token=True, **settings):
        token = {"Authorization": f"Bearer {self.token}"} if with_token else {}
        headers = {**token, **(headers or {})}
        return requests.request(method, f"{self.url}{path}", timeout=120, headers=headers, **settings)

    def submit(self, task, **body):
        """Submit a task; return the job."""
        answer = self("POST", f"/api/{task}", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def wait(self, job):
        """Wait for a job to end; return it."""
        while True:
            now = self("GET", f"/api/jobs/{job['id']}?wait=60").json()
            if now["state"] in ("done", "failed", "cancelled"):
                return now

    def result(self, task, **body):
        """Submit a task, wait for it, and return (job, result)."""
        job = self.wait(self.submit(task, **body))
        assert job["state"] == "done", job
        return job, self("GET", f"/api/jobs/{job['id']}/result").json()

    def model_names(self):
        return [model["name"] for model in self("GET", "/api/models").json()]

    def upload(self, *paths, to="recordings", **fields):
        files = [("files", (path.name, path.read_bytes())) for path in paths]
        query = fields if to == "sets" else {}
        return self("POST", f"/api/{to}", files=files, data=fields, params=query)

    def workers(self):
        """Return the process ids of the workers, the oldest first."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        command = "from multiprocessing.spawn import spawn_main"
        return [int(pid) for pid in children if command in Path(f"/proc/{pid}/cmdline").read_text()]

    @contextmanager
    def added_mb(self):
        """Yield the most resident memory that each process adds while the block runs, in MB.

        A process that starts in the block counts with all its memory.
        """
        before = {pid: resident_mb(pid) for pid in descendants(self.process.pid)}
        added, done = {}, threading.Event()

        def watch():
            while not done.wait(0.02):
                for pid in descendants(self.process.pid):
                    added[pid] = max(added.get(pid, 0), resident_mb(pid) - before.get(pid, 0))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield added
        finally:
            done.set()
            watcher.join()

    def stop(self, how=signal.SIGTERM):
        """End the server, and wait for its end."""
        self.process.send_signal(how)
        return self.process.wait(30)


def resident_mb(pid):
    """Return the resident memory of a process in MB; 0 if it has ended."""
    with suppress(OSError, IndexError):
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
    return 0


def descendants(pid):
    """Return a process and all that it started."""
    found = [pid]
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += descendants(int(child))
    return found


@contextmanager
def serving(*arguments, host="127.0.0.1", folder=None, **settings):
    """Run ``diffecg studio`` with these arguments, in a new project unless there is a folder."""
    with tempfile.TemporaryDirectory() as new:
        project = Path(new) / "project" if folder is None else folder
        command = [
            sys.executable,
            "-m",
            "diffecg.cli.app",
            "studio",
            project,
            "--port",
            "0",
            "--threads",
            "1",
        ]
        command = [*map(str, command), *map(str, arguments)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **settings)
        try:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if found := re.search(r"(http://[^/]+)/\?token=(\S+)", line):
                    break
            else:
                raise AssertionError("".join(lines))
            reader = threading.Thread(target=process.stderr.read, daemon=True)
            reader.start()
            yield Server(found[1].replace("0.0.0.0", host), found[2], process, project)
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)
            process.stderr.close()
