"""Layouts of tables beside the known cases: whatever they are written like, the same values are read."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diffecg.formats.registry import read_recording

FS_HZ = 250
START = datetime(2023, 1, 5, 9, 59, 58)


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How a table is written."""

    separator: str
    decimal: str
    encoding: str
    line_end: str
    clock: str
    heading: str
    quoted: bool
    comment: bool


def clock_cells(writing, seconds):
    """Return heading and cells of the column of times, None without one."""
    texts = {
        "s": ("time_s", [f"{second:.3f}" for second in seconds]),
        "ms": ("timestamp [ms]", [f"{1000 * second:.0f}" for second in seconds]),
        "min": ("t (min)", [f"{second / 60:.9f}" for second in seconds]),
        "from 100": ("Time", [f"{100 + second:.3f}" for second in seconds]),
        "epoch": ("timestamp", [f"{1_672_912_798_000 + 1000 * second:.0f}" for second in seconds]),
        "clock": ("Uhrzeit", [f"{START + timedelta(seconds=s):%H:%M:%S.%f}" for s in seconds]),
        "iso": ("date", [(START + timedelta(seconds=s)).isoformat() for s in seconds]),
        "zone": ("time", [(START + timedelta(seconds=s)).isoformat(" ") + "+01:00" for s in seconds]),
        "german": ("Zeit", [f"{START + timedelta(seconds=s):%d.%m.%Y %H:%M:%S.%f}" for s in seconds]),
        "american": ("Time", [f"{START + timedelta(seconds=s):%m/%d/%Y %I:%M:%S.%f %p}" for s in seconds]),
        "none": None,
    }
    return texts[writing.clock]


def write_table(path, writing, signal_uv, seconds):
    """Write a table of two leads in uV with one decimal."""
    columns = [
        (name, [f"{value:.1f}" for value in row]) for name, row in zip(("I", "V5"), signal_uv, strict=True)
    ]
    columns = [(writing.heading.format(name), cells) for name, cells in columns]
    if (clock := clock_cells(writing, seconds)) is not None:
        columns.insert(0, clock)
    rows = list(zip(*(cells for _, cells in columns), strict=True))
    if writing.decimal == ",":
        rows = [
            tuple(cell.replace(".", ",") if cell.count(".") == 1 else cell for cell in row) for row in rows
        ]
    lines = [[name for name, _ in columns], *rows] if writing.heading else rows
    if writing.quoted:
        lines = [[f'"{cell}"' for cell in line] for line in lines]
    text = "".join(writing.separator.join(line) + writing.line_end for line in lines)
    if writing.comment:
        text = f"# recorded by a device{writing.line_end}" + text
    path.write_bytes(text.encode(writing.encoding))


CLOCKS = ["s", "ms", "min", "from 100", "epoch", "clock", "iso", "zone", "german", "american", "none"]
writings = st.builds(
    Writing,
    separator=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    clock=st.sampled_from(CLOCKS),
    heading=st.sampled_from(["{} (µV)", "{} [uV]", "{}_uV", "EKG {} (microvolts)"]),
    quoted=st.booleans(),
    comment=st.booleans(),
).filter(lambda writing: writing.quoted or {writing.separator, writing.decimal} != {","})
signals = st.integers(0, 2**32 - 1).map(
    lambda seed: np.round(np.random.default_rng(seed).normal(0, 400, (2, 40)), 1)
)


@settings(max_examples=25)
@given(writing=writings, signal_uv=signals, gap=st.integers(0, 5))
def test_whatever_the_layout_the_same_values_are_read(tmp_path, writing, signal_uv, gap):
    kept = np.r_[0:20, 20 + gap : 40]
    write_table(tmp_path / "r.csv", writing, signal_uv[:, kept], kept / FS_HZ)
    recording = read_recording(tmp_path / "r.csv", fs_hz=FS_HZ if writing.clock == "none" else None)
    assert recording.units == ("uV", "uV")
    assert [name.split()[-1] for name in recording.channel_names] == ["I", "V5"]
    assert recording.fs_hz == FS_HZ
    if writing.clock == "none":
        assert np.array_equal(recording.signal, signal_uv[:, kept])
        return
    assert np.array_equal(recording.signal[:, kept], signal_uv[:, kept])
    assert np.flatnonzero(recording.missing[0]).tolist() == list(range(20, 20 + gap))
    day = START.date() if writing.clock in ("epoch", "iso", "zone", "german", "american") else None
    clock = START.time() if day or writing.clock == "clock" else None
    clock = clock if writing.clock != "epoch" else time(9, 59, 58)
    assert recording.start == (day, clock)
    assert recording.time.origin_s == {"from 100": 100, "epoch": 1_672_912_798}.get(writing.clock, 0)
