# %% [markdown]
"""Evaluate a generator of your own.

I wrote a generator of beats. How far are its beats from real ones, and does it copy its training
beats?
"""

# %% [markdown]
# Beats of a bundled model stand in for real ones here, half of them for training, half for
# validation. With a database, `diffecg.open_windows("beats/")` opens what
# `diffecg prepare mitdb --preset beat --out beats/` has prepared. Needs `diffecg[eval]`.

# %%
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

import diffecg
from diffecg.evaluation.generation.report import EvaluateOptions
from diffecg.plotting.comparison import Values, against_reference

LABELS, EACH = ("N", "V"), 300
labels = np.repeat(LABELS, 2 * EACH)
beats = diffecg.load("mitbih-beat-fast").generate(labels, len(labels), seed=0)
partition = np.tile(np.repeat(["train", "validation"], EACH), len(LABELS))
real = diffecg.Windows.from_arrays(
    beats.signal_mv, beats.fs_hz, labels, channel_names=["MLII"], r_peak=beats.r_peak, partition=partition
)
train = real.partition("train")

# %% [markdown]
# The generator: a normal distribution of the twelve first principal components of each class.


# %%
def generate(windows_mv: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return beats of a normal distribution in the principal components of given beats."""
    components = PCA(12, random_state=0).fit(windows_mv)
    scores = components.transform(windows_mv)
    rng = np.random.default_rng(seed)
    return components.inverse_transform(rng.multivariate_normal(scores.mean(axis=0), np.cov(scores.T), count))


made = [generate(train.with_label(label).signal_mv[:, 0], EACH, seed=0) for label in LABELS]
own = diffecg.Windows.from_arrays(
    np.concatenate(made)[:, None],
    real.fs_hz,
    np.repeat(LABELS, EACH),
    channel_names=["MLII"],
    r_peak=real.r_peak,
)

# %% [markdown]
# Each metric is reported beside a reference, which is what other real beats reach in place of the
# generated ones, and a baseline, the mean beat plus noise.

# %%
options = EvaluateOptions(sections=("fidelity", "privacy"), seeds=3)
table = pd.DataFrame(diffecg.evaluate(own, real, options).rows)
columns = ["section", "metric", "value", "reference", "baseline"]
print(table.loc[table["label"] == "V", columns].round(3).to_string(index=False))

# %% [markdown]
# A precision below the reference says that many beats lie where no real one does, and a low
# coverage that the neighbourhoods of most real beats hold none: a normal distribution blurs the
# kinds of beats of a class. Its beats are no copies.
# `diffecg evaluate mine.npz --against beats/ --out report/` writes a page with all sections, and
# `diffecg.write_report` does so in Python.

# %%
shown = ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "coverage")
metrics = {}
for name in shown:
    rows = table[table["metric"] == name]
    numbers = rows[columns[2:]].to_numpy(dtype=float).tolist()
    metrics[name] = {label: Values(*row) for label, row in zip(rows["label"], numbers, strict=True)}
figure = against_reference(metrics, "A generator of one's own, against the reference and the baseline")
figure.savefig("evaluate_generator.png")
