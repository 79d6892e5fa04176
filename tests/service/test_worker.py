"""The channel between server and worker, and the outcomes that the worker reports."""

import asyncio
from multiprocessing import Pipe
from threading import Event

import pytest

from diffecg.composition.options import ComposeOptions
from diffecg.errors import DiffecgError
from diffecg.service.channel import (
    Alive,
    Assignment,
    CancelJob,
    Cancelled,
    JobEnded,
    JobProgress,
    RunBatch,
    ServerChannel,
    WorkerChannel,
)
from diffecg.service.tasks import ComposeTask
from diffecg.service.worker import run_batch


def assignment(job_id, folder):
    task = ComposeTask(model="mitbih-beat", text="N", options=ComposeOptions())
    return Assignment(job_id=job_id, folder=folder, task=task)


@pytest.fixture
def pipe():
    ours, theirs = Pipe()
    closed = Event()
    yield ours, WorkerChannel(theirs, on_close=closed.set)
    ours.close()
    assert closed.wait(5)


def outcomes(connection, count):
    events = []
    while len(events) < count:
        event = connection.recv()
        if not isinstance(event, Alive):
            events.append(event)
    return [(event.job_id, event.outcome, event.error) for event in events]


@pytest.mark.parametrize(
    ("problem", "outcome", "message"),
    [
        (DiffecgError("no lead aVR"), "failed", "no lead aVR"),
        (OSError("disk full"), "failed", "disk full"),
        (MemoryError(), "failed", "memory"),
        (KeyError("a detail"), "failed", "internal error (KeyError)"),
        (Cancelled(), "cancelled", ""),
    ],
)
def test_no_error_ends_the_worker(pipe, tmp_path, problem, outcome, message):
    connection, channel = pipe

    def run(batch):
        raise problem

    run_batch(channel, run, (assignment("a", tmp_path),))
    ((job_id, reported, error),) = outcomes(connection, 1)
    assert (job_id, reported) == ("a", outcome)
    assert message in error
    assert "a detail" not in error


def test_a_batch_goes_on_while_one_of_its_jobs_is_wanted(pipe, tmp_path):
    connection, channel = pipe
    connection.send(CancelJob(job_id="a"))
    connection.send(RunBatch(assignments=(assignment("a", tmp_path), assignment("b", tmp_path))))
    batch = channel.receive()
    assert batch == (assignment("a", tmp_path), assignment("b", tmp_path))
    channel.check_cancelled(["a", "b"])
    with pytest.raises(Cancelled):
        channel.check_cancelled(["a"])
    run_batch(channel, lambda batch: None, batch)
    assert outcomes(connection, 2) == [("a", "cancelled", ""), ("b", "done", "")]
    assert not channel.cancelled


def test_the_server_receives_events_until_the_worker_ends():
    async def exchange():
        ours, theirs = Pipe()
        channel = ServerChannel(ours)
        channel.send(CancelJob(job_id="a"))
        assert await asyncio.to_thread(theirs.recv) == CancelJob(job_id="a")
        theirs.send(JobProgress(job_id="a", done=1, total=2))
        theirs.send(JobEnded(job_id="a", outcome="done"))
        events = [await channel.receive(), await channel.receive()]
        theirs.close()
        assert await channel.receive() is None
        return events

    events = asyncio.run(exchange())
    assert events == [JobProgress(job_id="a", done=1, total=2), JobEnded(job_id="a", outcome="done")]
