# %% [markdown]
"""Generate a 12-lead recording under statements.

What may the 12-lead ECG of a woman of 74 with an old infarction look like, in sinus rhythm and in
atrial fibrillation?
"""

# %% [markdown]
# `ptbxl-beat` was trained on PTB-XL. It knows its statements, from superclasses such as MI to codes
# such as AFIB or CLBBB, and age, sex, height, weight and heart rate. What is not given is unknown,
# not absent.

# %%
import numpy as np

import diffecg
from diffecg.formats.sheet import recording_sheet
from diffecg.plotting.sheet import SheetText
from diffecg.plotting.sheet_figure import sheet_figure

model = diffecg.load("ptbxl-beat")
print(model.labels[:12], "and", len(model.labels) - 12, "others")
print(model.numbers)

# %% [markdown]
# Recordings are composed of beats that the model generates. The same `subject_seed` makes both of
# the same synthetic subject.

# %%
patient = {"labels": "MI", "age": 74, "sex": 1}
recordings = {
    rhythm: diffecg.compose(
        diffecg.Rhythm(rhythm), 10, model=model, conditions=patient, seed=1, subject_seed=4
    )
    for rhythm in ("sinus rhythm", "atrial fibrillation")
}
for rhythm, recording in recordings.items():
    rr_s = np.diff(recording.beats().sample) / recording.fs_hz
    print(f"{rhythm}: {len(rr_s) + 1} beats, RR intervals {rr_s.mean():.2f} ± {rr_s.std():.2f} s")

# %% [markdown]
# The model has eight leads, from which the other four follow. Limb leads hold Einthoven's law, I +
# III = II, exactly.

# %%
recording = recordings["atrial fibrillation"]
print(", ".join(recording.channel_names))
i, ii, iii = recording.signal_mv[:3]
print("I + III = II:", np.allclose(i + iii, ii, atol=1e-6))

# %% [markdown]
# A sheet shows ten seconds as a cardiograph prints them.
# `diffecg compose "atrial fibrillation" --model ptbxl-beat --statement MI --age 74 --out af/`
# writes the second one to a file.

# %%
sheets = [
    recording_sheet(
        recording, text=SheetText(title=f"Generated: {rhythm}", statements=["MI"], age_years=74, sex="female")
    )
    for rhythm, recording in recordings.items()
]
figure = sheet_figure(sheets, zoom=0.7)
figure.savefig("twelve_leads.png")
