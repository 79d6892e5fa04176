# %% [markdown]
"""Reconstruct missing leads.

A patch recorded leads I and II only. What were the chest leads, and how much do two leads say about
them?
"""

# %% [markdown]
# A composed 12-lead recording, of which all but two leads are left out, stands in for yours. It is
# composed with the model that reconstructs: expect larger errors in real recordings.

# %%
import numpy as np

import diffecg
from diffecg.inference.completed_recording import completed_recording
from diffecg.inference.lead_reconstruction import reconstruct_leads
from diffecg.inference.options import DrawOptions
from diffecg.plotting.panels import panel_title, panels, small_legend
from diffecg.plotting.paper import ACCENT, INK, INTERVAL

model = diffecg.load("ptbxl-beat")
rhythm = diffecg.Rhythm("sinus rhythm", heart_rate=70)
twelve = diffecg.compose(rhythm, 10, model=model, conditions={"labels": "NORM", "age": 45}, seed=2)
two = twelve.select([twelve.find_channel("I"), twelve.find_channel("II")])

# %% [markdown]
# Around each beat, the model draws the leads that may belong to the recorded ones.

# %%
result = reconstruct_leads(model, two, ["standard"], DrawOptions(draws=16, seed=0))
for lead, share in result.determined.items():
    made = "follows exactly" if lead in result.plan.exact else "of its variance determined"
    print(f"{lead:4}{share:5.0%} {made}")

# %% [markdown]
# The shares say what the given leads cannot know. The other limb leads follow exactly; where less
# than half of the variance is determined, what is written is one of many possible signals, and no
# reconstruction shows what leads I and II do not see, such as an infarction of another wall.

# %%
completed = completed_recording(result, "draw")
print(len(two.channels), "leads became", len(completed.channels))
chest = [lead for lead in result.leads if lead.startswith("V")]
rows = [result.leads.index(lead) for lead in chest]
true_mv = np.stack([twelve.lead_mv(twelve.find_channel(lead)) for lead in chest])
inside = (result.lower_mv[rows] <= true_mv) & (true_mv <= result.upper_mv[rows])
print(f"{inside.mean():.0%} of the samples of the chest leads lie in the 90 % interval")

# %% [markdown]
# `diffecg impute patch.edf --leads standard --out twelve/` does this for a file.

# %%
shown = slice(round(4 * result.fs_hz), round(6.5 * result.fs_hz))
time_s = np.arange(shown.start, shown.stop) / result.fs_hz
figure, axes = panels(len(chest), 3, "Chest leads, reconstructed from I and II")
for axis, lead, row, true in zip(axes, chest, rows, true_mv, strict=True):
    low, high = result.lower_mv[row, shown], result.upper_mv[row, shown]
    axis.fill_between(time_s, low, high, color=INTERVAL, alpha=0.6, linewidth=0, label="90 % interval")
    axis.plot(time_s, true[shown], color=INK, linestyle="--", linewidth=0.9, label="true")
    axis.plot(
        time_s, result.representative_mv[row, shown], color=ACCENT, linewidth=1.1, label="reconstructed"
    )
    panel_title(axis, f"{lead} (mV): {result.determined[lead]:.0%} determined")
    axis.set_xlabel("time (s)")
small_legend(axes[0])
figure.savefig("reconstruct_leads.png")
