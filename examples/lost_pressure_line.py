# %% [markdown]
"""Impute a pressure line lost on a monitor.

The arterial line was flushed for four seconds, and the monitor shows 350 mmHg meanwhile. What was
the pressure?
"""

# %% [markdown]
# Two minutes of a composed ECG and a simulated pressure stand in for a monitor's file: each beat
# makes a pulse 0.18 s later, whose height depends on the interval before it.

# %%
import numpy as np

import diffecg
from diffecg.evaluation.imputation.hidden import check_imputation, summarise_hidden
from diffecg.inference.export import imputation_figure
from diffecg.inference.options import DrawOptions, ImputeOptions
from diffecg.inference.planning import plan_imputation
from diffecg.inference.recordings import impute_recording
from diffecg.plotting.signals import Companion

ecg = diffecg.compose(diffecg.Rhythm("N*7 V", heart_rate=75, sdnn_ms=50), 120, seed=4)
fs_hz, beats_s = ecg.fs_hz, ecg.beats().sample / ecg.fs_hz
time_s = np.arange(ecg.samples) / fs_hz
pressure = (
    70 + 3 * np.sin(2 * np.pi * 0.25 * time_s) + 0.3 * np.random.default_rng(0).standard_normal(len(time_s))
)
for rr_s, beat_s in zip(np.diff(beats_s, prepend=beats_s[0] - 0.8), beats_s, strict=True):
    since = np.clip((time_s - beat_s - 0.18) / 0.14, 0, None)  # in units of the time to the systolic peak
    pressure += 45 * min(rr_s / 0.8, 1.2) * since * np.exp(1 - since)

# %% [markdown]
# The line is flushed from 60 to 64 s. Channels have units, and names from which their kind follows.

# %%
flushed = (time_s >= 60) & (time_s < 64)
shown = np.where(flushed, 350.0, pressure)
signal = np.stack([ecg.signal_mv[0], shown])
recording = diffecg.Recording.from_arrays(signal, fs_hz, channel_names=["II", "ABP"], units=["mV", "mmHg"])
print([channel.signal_kind for channel in recording.channels])

# %% [markdown]
# No pressure is 350 mmHg: these samples count as missing by themselves. `icu-strip` imputes
# them from the pressure before and after, and from the ECG.

# %%
imputer = diffecg.load_imputer("icu-strip")
options, draws = ImputeOptions(leads=("ABP",)), DrawOptions(draws=20, seed=0)
plan = plan_imputation(imputer, recording, options)
result = impute_recording(imputer, recording, plan, options, draws)
(part,) = result.parts
print(f"missing: {part.segment.start / fs_hz:g} to {part.segment.stop / fs_hz:g} s")

# %% [markdown]
# How good is that? Observed intervals of the same length are hidden, imputed and compared. Nothing
# about the lost seconds needs to be known.
#
# `diffecg impute bed7 --lead ABP --check 10 --out repaired/` does all of this for a file. It is an
# estimate: it must not raise or silence an alarm.

# %%
(check,) = summarise_hidden(check_imputation(imputer, result, options, draws, count=10))
print(check)
imputed = result.imputed.signal[1]
print(f"in the lost seconds: {np.abs(imputed - pressure)[flushed].mean():.3g} mmHg (one draw)")

first, imputation = part.part(context=round(2 * fs_hz))
around = slice(first, first + len(imputation.observed))
companion = Companion(name="II", signal=signal[0, around])
figure = imputation_figure(imputation, first, pressure[around], "Four seconds of pressure", [companion])
figure.savefig("lost_pressure_line.png")
