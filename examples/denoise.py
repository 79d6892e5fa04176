# %% [markdown]
"""Remove noise from an interval.

The patient moved, and ten seconds of the recording are full of muscle noise and baseline wander.
What is below the noise?
"""

# %% [markdown]
# A composed recording stands in for yours, so that the clean signal is known. Simulated noise is
# added from 10 to 20 s, as strong as the ECG itself (0 dB): a wandering baseline and muscle noise
# of 20 to 100 Hz.

# %%
import numpy as np
from scipy.signal import butter, sosfiltfilt

import diffecg
from diffecg.plotting.signals import Companion, ImputedStrip, imputed_strip
from diffecg.signal.noise import add_noise

recording = diffecg.compose(diffecg.Rhythm("N*6 V", heart_rate=70), 30, seed=2)
fs_hz, clean_mv = recording.fs_hz, recording.signal_mv[0]
noisy = np.zeros(len(clean_mv), dtype=bool)
noisy[round(10 * fs_hz) : round(20 * fs_hz)] = True

white = np.random.default_rng(0).standard_normal((2, noisy.sum()))
wander = sosfiltfilt(butter(2, 0.5, "lowpass", fs=fs_hz, output="sos"), white[0])
muscle = sosfiltfilt(butter(2, (20, 100), "bandpass", fs=fs_hz, output="sos"), white[1])
noise = wander / wander.std() + muscle / muscle.std()
recorded_mv = clean_mv.copy()
recorded_mv[noisy] = add_noise(clean_mv[noisy], noise, snr_db=0)

# %% [markdown]
# `denoise` estimates the clean signal where the mask is True, and how far it may be off. The
# network sees ten seconds on either side, too: what is clean there makes the estimate better. All
# other samples are returned unchanged.

# %%
denoised = diffecg.denoise(recorded_mv, fs_hz, noisy)
unchanged = np.array_equal(denoised.signal_mv[~noisy], recorded_mv[~noisy])
print("other samples unchanged:", unchanged)

# %% [markdown]
# A band-pass filter, for comparison, removes the baseline and keeps the noise that has the
# frequencies of the QRS complex.
#
# `diffecg denoise recording --interval 10:20 --out denoised/` denoises a file; without
# `--interval`, where noise is detected.

# %%
filtered_mv = sosfiltfilt(butter(2, (0.5, 40), "bandpass", fs=fs_hz, output="sos"), recorded_mv)
filtered_mv += np.median(clean_mv) - np.median(filtered_mv)
signals = {"recorded": recorded_mv, "filtered": filtered_mv, "denoised": denoised.signal_mv}
for name, signal_mv in signals.items():
    print(f"{name}: {np.sqrt(np.mean((signal_mv - clean_mv)[noisy] ** 2)):.3f} mV root mean square error")
inside = (denoised.lower_mv <= clean_mv) & (clean_mv <= denoised.upper_mv)
print(f"{inside[noisy].mean():.0%} of the clean samples lie in the 90 % interval")

shown = slice(round(8 * fs_hz), round(15 * fs_hz))
strip = ImputedStrip(
    signal=denoised.signal_mv[shown],
    lower=denoised.lower_mv[shown],
    upper=denoised.upper_mv[shown],
    observed=~noisy[shown],
    truth=clean_mv[shown],
    fs_hz=fs_hz,
    start_s=8.0,
    signal_name="denoised",
    companions=[Companion(name="recorded", signal=recorded_mv[shown])],
)
figure = imputed_strip(strip, "Noise as strong as the ECG, removed; 90 % interval")
figure.savefig("denoise.png")
