"""Write the text of a table again, with the cells of some samples replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from diffecg.errors import DiffecgError
from diffecg.files import atomic_path
from diffecg.formats.samples import SampleSource
from diffecg.formats.tables.cell_formats import number_in, numbers_between, times_between
from diffecg.formats.tables.cells import clean
from diffecg.formats.tables.roles import is_counter_name
from diffecg.formats.tables.separators import WHITESPACE
from diffecg.formats.tables.text_files import file_stamp, open_text
from diffecg.formats.tables.text_layout import TextLayout
from diffecg.formats.tables.text_rows import raw_cells, replace_cells
from diffecg.formats.tables.time_texts import day_is_first


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptText:
    """What is needed to write a text table as it was read.

    Attributes:
        layout: layout of the file.
        positions: number of the column of each channel.
        time_positions: numbers of the columns of times.
        samples: number of the sample of each row.
        stamp: size and time of modification of the file when it was read.
        source: the samples that were read.
    """

    layout: TextLayout
    positions: tuple[int, ...]
    time_positions: tuple[int, ...]
    samples: Int[np.ndarray, " row"]
    stamp: tuple[int, int]
    source: SampleSource | None = None

    def with_source(self, source: SampleSource) -> KeptText:
        """Return the same with the samples that were read."""
        return replace(self, source=source)

    def check_unchanged(self) -> None:
        """Check that the file is still the one that was read.

        Raises:
            DiffecgError: it has changed or is gone.
        """
        path = self.layout.path
        if not path.is_file() or file_stamp(path) != self.stamp:
            raise DiffecgError(f"{path} has changed since it was read; read it again")


def write_text(path: Path, kept: KeptText, edits: Mapping[int, Float[np.ndarray, " time"]]) -> None:
    """Write a table of text with some samples replaced; all other characters are those of the file.

    Rows that the file lacks are inserted where they have replaced samples, with times and counters between
    those of their neighbours.

    Args:
        path: the new file.
        kept: the file that was read.
        edits: new samples of some channels, by channel; NaN where a sample is not replaced.

    Raises:
        DiffecgError: the file has changed since it was read.
    """
    kept.check_unchanged()
    layout = kept.layout
    replaced = {kept.positions[row]: values for row, values in edits.items()}
    changed = _changed_rows(kept, replaced)
    rows, last, count = 0, "", len(kept.samples)
    with (
        atomic_path(path) as partial,
        open_text(layout.path, "r", layout.encoding, newline="") as source,
        open_text(partial, "w", layout.encoding, newline="") as target,
    ):
        for number, line in enumerate(source):
            if number < layout.first or number in layout.skipped or rows == count:
                target.write(line)
                continue
            if rows in changed:
                target.writelines(_changed(kept, replaced, rows, last, line))
            else:
                target.write(line)
            rows, last = rows + 1, line
        if rows < count:
            raise DiffecgError(f"{layout.path} has changed since it was read; read it again")


def _changed_rows(kept: KeptText, replaced: Mapping[int, Float[np.ndarray, " time"]]) -> set[int]:
    """Return the rows that are replaced, or before which rows are inserted."""
    is_new: Bool[np.ndarray, " time"] = np.zeros(kept.samples[-1] + 1, dtype=bool)
    for values in replaced.values():
        is_new |= np.isfinite(values)
    rows = np.searchsorted(kept.samples, np.flatnonzero(is_new))
    return set(rows.tolist())


def _changed(
    kept: KeptText, replaced: Mapping[int, Float[np.ndarray, " time"]], row: int, last: str, line: str
) -> Iterator[str]:
    """Yield the rows inserted before a row, and the row itself; arguments as for :func:`_inserted`."""
    layout, sample = kept.layout, int(kept.samples[row])
    if row and sample > kept.samples[row - 1] + 1:
        yield from _inserted(kept, replaced, row, last, line)
    text = line.rstrip("\r\n")
    texts = _texts(layout, replaced, sample)
    yield replace_cells(text, layout.separator, texts) + line[len(text) :] if texts else line


def _texts(
    layout: TextLayout, replaced: Mapping[int, Float[np.ndarray, " time"]], sample: int
) -> dict[int, str]:
    """Return the cells of one sample that are replaced, by column."""
    values = {column: float(samples[sample]) for column, samples in replaced.items()}
    return {column: layout.formats[column].text(value) for column, value in values.items() if value == value}


def _inserted(
    kept: KeptText,
    replaced: Mapping[int, Float[np.ndarray, " time"]],
    row: int,
    before: str,
    after: str,
) -> Iterator[str]:
    """Yield the rows that are absent before ``row`` and have replaced samples.

    Args:
        kept: the file that was read.
        replaced: new samples, by column.
        row: number of the row behind the absent ones.
        before: line in front of them.
        after: line behind them.
    """
    layout = kept.layout
    first, stop = int(kept.samples[row - 1]) + 1, int(kept.samples[row])
    count = stop - first
    if not any(np.isfinite(values[first:stop]).any() for values in replaced.values()):
        return
    width = len(layout.headings)
    cells, following = (
        [clean(cell) for cell in _padded(raw_cells(line.rstrip("\r\n"), layout.separator), width)]
        for line in (before, after)
    )
    columns = [_between(kept, column, cells[column], following[column], count) for column in range(width)]
    end = before[len(before.rstrip("\r\n")) :]
    for step, sample in enumerate(range(first, stop)):
        texts = _texts(layout, replaced, sample)
        if texts:
            shown = {column: texts.get(column, columns[column][step]) for column in range(width)}
            if layout.separator == WHITESPACE:
                shown = {column: text or "NaN" for column, text in shown.items()}
            yield replace_cells(before.rstrip("\r\n"), layout.separator, shown) + end


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _between(kept: KeptText, column: int, first: str, last: str, count: int) -> list[str]:
    """Return the cells of a column in absent rows: times and counters go on, constant texts return."""
    layout = kept.layout
    if column in layout.times:
        texts = times_between(first, last, count, day_is_first([first]))
        return texts or [""] * count
    if column in kept.time_positions or is_counter_name(layout.headings[column]):
        start, stop = number_in(first, layout.marks[column]), number_in(last, layout.marks[column])
        if start is not None and stop is not None:
            return [layout.formats[column].text(value) for value in numbers_between(start, stop, count)]
    if column not in kept.positions and first == last:
        return [first] * count
    return [""] * count
