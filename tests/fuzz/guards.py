"""Limits on time and memory, and checks of what was read or why it was refused."""

import re
import signal
from contextlib import contextmanager
from datetime import date, time
from pathlib import Path

import numpy as np

from diffecg.datasets.formats.registry import read_windows
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.signal.resampling import FS_RANGE_HZ

MAX_S = 20
"""Longest time for one example."""
MAX_BYTES = 2**28
"""Largest memory, beside what the process has already, for all examples of one property."""

_STATUS = Path("/proc/self/status")


def peak_memory(*, reset=False):
    """Return the peak memory of this process in bytes, 0 where the system does not report it."""
    if not _STATUS.is_file():
        return 0
    if reset:
        _STATUS.with_name("clear_refs").write_text("5")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", _STATUS.read_text())[1])


@contextmanager
def time_limit():
    """Fail after MAX_S; also a decorator of tests, below ``given``."""

    class TimeUp(BaseException):
        """Not an Exception, which readers take for a damaged file."""

    def stop(*_):
        raise TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, MAX_S)
    try:
        yield
    except TimeUp:
        raise AssertionError(f"not finished after {MAX_S} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def refusal(function, *args, **kwargs):
    """Call a function; return (message, None) if it raises DiffecgError, else (None, result)."""
    try:
        return None, function(*args, **kwargs)
    except DiffecgError as error:
        message = str(error)
    assert len(message.splitlines()) == 1
    return message, None


@time_limit()
def check_known_case(act, folder, expected):
    """Check that an act in a folder is refused with a message that matches, or not refused for None."""
    message, _ = refusal(act, folder)
    assert (message is None) == (expected is None), message
    assert expected is None or re.search(expected, message), message


def check_recording(path, **kwargs):
    """Read a recording; unless it is refused, it is complete and consistent."""
    _, recording = refusal(read_recording, path, **kwargs)
    if recording is None:
        return
    if len(set(recording.source.rates_hz)) > 1:
        recording = recording.select([0])
    channels, samples = recording.stored.shape
    assert samples > 0
    assert recording.missing.shape == recording.stored.shape
    assert channels == len(set(recording.channel_names)) == len(recording.source.gain)
    assert 0 < recording.fs_hz <= FS_RANGE_HZ[1]
    assert not recording.ecg_indices or recording.fs_hz >= FS_RANGE_HZ[0]
    assert all(
        isinstance(text, str) for text in (*recording.channel_names, *recording.units, *recording.comments)
    )
    assert np.isfinite(recording.signal[~recording.missing]).all()
    if recording.voltage_indices:
        voltages = recording.select(recording.voltage_indices)
        assert np.isfinite(voltages.signal_mv[~voltages.missing]).all()
    assert isinstance(recording.start[0], date | None)
    assert isinstance(recording.start[1], time | None)
    check_annotations(recording)


def check_annotations(recording):
    """Read the annotations of a recording; unless they are refused, their types are right."""
    _, annotations = refusal(lambda: recording.annotations)
    for note in annotations or ():
        assert (type(note.time_s), type(note.symbol), type(note.text)) == (float, str, str)
        assert abs(note.time_s) < 2**63


def check_windows(path, **kwargs):
    """Read windows; unless they are refused, they are complete and consistent."""
    _, windows = refusal(read_windows, path, **kwargs)
    if windows is None:
        return
    assert (windows.signal.ndim, windows.signal.dtype) == (3, np.float32)
    assert windows.signal.size
    assert windows.labels.shape == (len(windows),)
    assert len(windows.index) == len(windows.signal)
    assert 0 < windows.fs_hz < np.inf
    assert isinstance(windows.info, dict)
