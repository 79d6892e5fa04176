"""Quality against evaluations of the network, for every sampler and for distilled students.

    diffecg prepare mitdb --from mitdb/ --preset beat --out beats/
    python benchmarks/steps.py beats/ mitbih-beat mitbih-beat-fast --out docs/steps.md

Draws the same number of beats of each class, compares them with held-out beats of DS1's patients (DS2 is not
opened) and writes a table: a row a sampler, a column a number of evaluations. A student is drawn with its own
sampler at the steps that it was made for, and appears as a row of its own.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import numpy as np
import torch

import diffecg
from diffecg.diffusion.samplers import SAMPLERS
from diffecg.evaluation.closeness import closeness
from diffecg.evaluation.sets import WindowSet
from diffecg.exchange.read_windows import from_prepared
from diffecg.tasks.model import Model

EVALUATIONS = (1, 2, 4, 8, 16, 20, 32, 100)
MANY = 1000
"""Evaluations that only the first sampler, the paper's, is given."""
CLASSES = ("N", "S", "V")
"""F has too few held-out beats to tell samplers apart."""
FRECHET, COVERAGE, DISTANCE = "Fréchet, encoder", "coverage", "sliced Wasserstein, time"


def main() -> None:
    """Draw with all samplers and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("windows")
    parser.add_argument("models", nargs="+", help="the teacher, then students")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300, help="beats of each class")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    windows = diffecg.open_windows(options.windows)
    held, train = (from_prepared(windows.part(part)) for part in ("validation", "train"))
    teacher, *students = (diffecg.load(name) for name in options.models)
    columns = [*EVALUATIONS, MANY]
    cells: dict[str, dict[int, str]] = {}
    for sampler in SAMPLERS:
        for number in columns:
            steps = (number + 1) // 2 if sampler == "heun" else number  # n steps take 2 n - 1 evaluations
            if number < MANY or sampler == "ddpm":
                made = drawn(teacher, options.count, sampler, steps)
                cells.setdefault(sampler, {})[number] = judged(made, held, train, options.count)
                write(options.out, columns, cells, options.count)
    for student in students:
        made = drawn(student, options.count, None, None)
        cells[student.name] = {student.config.diffusion.steps: judged(made, held, train, options.count)}
        write(options.out, columns, cells, options.count)


def drawn(model: Model, count: int, sampler: str | None, steps: int | None) -> WindowSet:
    """Return beats of each class, the seeds the same for all samplers."""
    labels = [label for label in CLASSES for _ in range(count)]
    made = model.generate(labels, len(labels), sampler=sampler, steps=steps, batch_size=250)
    return WindowSet(made.signal_mv, made.fs_hz, np.array(labels))


def judged(made: WindowSet, held: WindowSet, train: WindowSet, count: int) -> str:
    """Return sliced Wasserstein and Fréchet distance over their floors, and coverage, means over CLASSES."""
    rows = closeness(made, held, train, bootstraps=0, most=count)
    found = {(row.metric, row.label): row for row in rows}
    ratios = [[found[metric, x] for x in CLASSES] for metric in (DISTANCE, FRECHET)]
    means = [f"{mean(row.value / row.floor for row in group):.2f}" for group in ratios]
    return " ".join([*means, f"{mean(found[COVERAGE, x].value for x in CLASSES):.2f}"])


def write(out: Path, columns: list[int], cells: dict[str, dict[int, str]], count: int) -> None:
    """Write what is known of the table."""
    lines = [["evaluations", *map(str, columns)], ["---"] * (1 + len(columns))]
    lines += [[name, *(row.get(column, "–") for column in columns)] for name, row in cells.items()]
    legend = (
        "Each cell: sliced Wasserstein and Fréchet distance over their real-against-real floors, coverage; "
        f"means over {', '.join(CLASSES)}, {count} beats of each drawn, against "
        "held-out beats of DS1's patients.\n\n"
    )
    out.write_text(legend + "".join(f"| {' | '.join(line)} |\n" for line in lines))


if __name__ == "__main__":
    main()
