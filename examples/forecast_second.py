# %% [markdown]
"""Forecast the next second.

A recording ends now. What comes next, and how soon is the next beat?
"""

# %% [markdown]
# Two minutes of a composed recording stand in for yours. Its last second is kept aside.

# %%
import numpy as np

import diffecg
from diffecg.inference.export import forecast_figure
from diffecg.signal.rpeaks import r_peaks_of_recording

recording = diffecg.compose(diffecg.Rhythm("N*3 V", heart_rate=80), 120, seed=5)
fs_hz, signal_mv = recording.fs_hz, recording.signal_mv[0]
now = len(signal_mv) - round(1.0 * fs_hz)
past_mv, true_mv = signal_mv[:now], signal_mv[now:]

# %% [markdown]
# `forecast` continues the signal after its last sample, from the past alone. The result is that of
# an imputation: draws, an ECG that represents them, their mean, and a prediction interval.

# %%
imputer = diffecg.load_imputer("mitbih-strip")
forecast = imputer.forecast(past_mv, fs_hz, horizon_s=1.0, draws=32, seed=0)
inside = (forecast.lower_mv <= true_mv) & (true_mv <= forecast.upper_mv)
print(f"{inside.mean():.0%} of the samples that came lie in the {forecast.interval_name}")

# %% [markdown]
# Every draw is a possible future, so any question about the future has a distribution of answers.
# When does the next beat come?

# %%
PAST_S = 5.5
context = past_mv[-round(PAST_S * fs_hz) :]


def next_beat_s(future_mv: np.ndarray) -> float:
    """Return the time of the first R peak after now, in s; NaN if there is none."""
    peaks_s = r_peaks_of_recording(np.concatenate([context, future_mv]), fs_hz) / fs_hz - PAST_S
    return float(min(peaks_s[peaks_s > 0], default=np.nan))


times_s = np.array([next_beat_s(draw) for draw in forecast.draws_mv])
low_s, median_s, high_s = np.nanquantile(times_s, [0.1, 0.5, 0.9])
print(f"next beat in {median_s:.2f} s (80 % of the draws: {low_s:.2f} to {high_s:.2f} s)")
print(f"it came after {next_beat_s(true_mv):.2f} s")

# %% [markdown]
# `diffecg.Forecaster` does the same for a live stream, after each heartbeat;
# `diffecg forecast recording --at 119` for a file.

# %%
figure = forecast_figure(forecast, context, now, "The next second", true_mv)
figure.savefig("forecast_second.png")
