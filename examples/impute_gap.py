# %% [markdown]
"""Impute a gap with its prediction interval.

An electrode was off for a second and a half. What may have been there, and how certain is that?
"""

# %% [markdown]
# A composed recording stands in for yours, because its true signal is known: two minutes of sinus
# rhythm with a ventricular ectopic beat after every six normal ones.
# `diffecg.read_recording("mitdb/100")` reads a file instead.

# %%
import numpy as np

import diffecg
from diffecg.inference.export import imputation_figure

recording = diffecg.compose(diffecg.Rhythm("N*6 V"), 120, seed=3)
fs_hz, true_mv = recording.fs_hz, recording.signal_mv[0]

# %% [markdown]
# Missing samples are NaN, anywhere in the signal.

# %%
gap = slice(round(60.0 * fs_hz), round(61.5 * fs_hz))
signal_mv = true_mv.copy()
signal_mv[gap] = np.nan

# %% [markdown]
# The imputer draws what may have been in the gap sixteen times: from its surroundings, and from the
# similar segments that it finds in the rest of the recording. `span` limits what is returned to
# some seconds around the gap.

# %%
imputer = diffecg.load_imputer("mitbih-strip")
span = slice(gap.start - round(3 * fs_hz), gap.stop + round(3 * fs_hz))
imputation = imputer.impute(signal_mv, fs_hz, span=span, draws=16, seed=0)
print(imputation.draws_mv.shape)

# %% [markdown]
# `signal_mv` is an ECG that represents the draws, `mean_mv` is their mean, and `lower_mv` to
# `upper_mv` is a 90 % prediction interval. Any other coverage has an interval, too.

# %%
missing = ~imputation.observed
error_mv = np.abs(imputation.mean_mv - true_mv[span])[missing]
print(f"mean absolute error {error_mv.mean():.3f} mV")
for coverage in (0.5, 0.9):
    lower_mv, upper_mv = imputation.interval(coverage)
    inside = ((lower_mv <= true_mv[span]) & (true_mv[span] <= upper_mv))[missing]
    width_mv = (upper_mv - lower_mv)[missing].mean()
    print(f"{coverage:.0%} interval: {width_mv:.2f} mV wide, holds {inside.mean():.0%} of the samples")

# %% [markdown]
# Observed samples are returned unchanged, bit for bit.
# `diffecg impute recording --gap 60:61.5 --out imputed/` does all of this for a file, and writes a
# file of the same format.

# %%
unchanged = np.array_equal(imputation.signal_mv[~missing], signal_mv[span][~missing])
print("observed samples unchanged:", unchanged)

figure = imputation_figure(imputation, span.start, true_mv[span], "A gap of 1.5 s")
figure.savefig("impute_gap.png")
