# %% [markdown]
"""Compose an annotated recording.

My detector misses ectopic beats. How do I get a recording of which I know every beat?
"""

# %% [markdown]
# A rhythm is written as a text: `N*8` is eight normal beats, `salvo of 3` three ventricular ones in
# a row, and a group in parentheses is repeated. Intervals have the given mean and standard
# deviation; ectopic beats come early, with coupling intervals measured in real recordings.

# %%
from collections import Counter

import wfdb.processing

import diffecg
from diffecg.formats.strip_sheet import strip_sheets
from diffecg.plotting.sheet import SheetText
from diffecg.plotting.sheet_figure import sheet_figure

rhythm = diffecg.Rhythm("(N*4 V)*2 N*3 S N*3 salvo of 3", heart_rate=75, sdnn_ms=40)
recording = diffecg.compose(rhythm, 60, seed=7, subject_seed=3)
print(recording)

# %% [markdown]
# Another `seed` gives other intervals and variations of the beats of the same synthetic subject;
# another `subject_seed` gives another subject.

# %%
beats = recording.beats()
print(dict(Counter(beats.symbol.tolist())))

# %% [markdown]
# It is written like any recording, here as a WFDB record with its annotations.

# %%
diffecg.write_recording("ectopy", recording)
annotations = wfdb.rdann("ectopy", "atr")
print(annotations.symbol[:12])

# %% [markdown]
# A detector of another library, compared with the annotations beat by beat:

# %%
detected = wfdb.processing.xqrs_detect(recording.signal_mv[0], recording.fs_hz, verbose=False)
matched = wfdb.processing.compare_annotations(
    beats.sample, detected, window_width=round(0.15 * recording.fs_hz)
)
print(
    f"XQRS: sensitivity {matched.sensitivity:.1%}, positive predictivity {matched.positive_predictivity:.1%}"
)

# %%
figure = sheet_figure(
    strip_sheets(recording, recording.channel_names, duration_s=20, text=SheetText(title="Ectopy, composed")),
    zoom=0.7,
)
figure.savefig("compose_recording.png")
