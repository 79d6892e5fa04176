"""Servers for tests: ``diffecg serve`` in a process of its own."""

import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests


@dataclass
class Server:
    """A running server."""

    url: str
    process: subprocess.Popen

    def __call__(self, method, path, **settings):
        return requests.request(method, f"{self.url}{path}", timeout=120, **settings)

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

    def upload(self, *paths, to="recordings", **query):
        files = [("files", (path.name, path.read_bytes())) for path in paths]
        return self("POST", f"/api/{to}", files=files, params=query)

    def worker(self):
        """Return the process id of the worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[-1])


@contextmanager
def serving(*arguments, host="127.0.0.1"):
    """Run ``diffecg serve`` with these arguments."""
    command = [sys.executable, "-m", "diffecg.cli.app", "serve", "--port", "0", "--threads", "1"]
    process = subprocess.Popen([*command, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            found = re.search(r"http://[^/]+", line)
            if found:
                break
        reader = threading.Thread(target=process.stderr.read, daemon=True)
        reader.start()
        yield Server(found[0].replace("0.0.0.0", host), process)
    finally:
        process.terminate()
        process.wait(20)
        reader.join(5)
        process.stderr.close()
