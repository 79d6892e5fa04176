# %% [markdown]
"""Augment a rare class in a scikit-learn pipeline.

My training set has few ventricular beats, of few patients. How do generated beats get into a
pipeline, and only into its training folds?
"""

# %% [markdown]
# Composed recordings of eight synthetic subjects stand in for patients: one beat of twenty is
# ventricular. Needs `diffecg[imblearn]`.

# %%
import numpy as np
from imblearn.pipeline import make_pipeline
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import recall_score
from sklearn.model_selection import GroupKFold, cross_val_predict

import diffecg
from diffecg.integrations.imblearn import DiffusionSampler
from diffecg.plotting.panels import panels, small_legend
from diffecg.plotting.paper import ACCENT, FAINT, MEAN

BEFORE = AFTER = 128  # samples around the R peak, as in the windows of the model
windows, labels, subjects = [], [], []
for subject in range(8):
    recording = diffecg.compose(diffecg.Rhythm("N*19 V"), 60, seed=subject, subject_seed=subject)
    signal_mv, beats = recording.signal_mv[0], recording.beats()
    for sample, label in zip(beats.sample, beats.symbol, strict=True):
        if BEFORE <= sample <= len(signal_mv) - AFTER:
            windows.append(signal_mv[sample - BEFORE : sample + AFTER])
            labels.append(str(label))
            subjects.append(subject)
X, y = np.array(windows), np.array(labels)
print(X.shape, {label: int((y == label).sum()) for label in ("N", "V")})

# %% [markdown]
# `DiffusionSampler` is an over-sampler of imbalanced-learn: it adds beats when the pipeline is
# fitted, and none when it predicts. The folds hold different subjects.
#
# Where only the rare class gets beats of other subjects, as by `"auto"`, normal beats of new
# subjects are taken for ventricular ones. The last pipeline therefore adds normal beats, too.

# %%
forest = RandomForestClassifier(50, random_state=0)
pipelines = {
    "as recorded": forest,
    "with generated V": make_pipeline(DiffusionSampler(model="mitbih-beat-fast"), forest),
    "with generated N and V": make_pipeline(
        DiffusionSampler(model="mitbih-beat-fast", sampling_strategy={"N": 1200, "V": 600}), forest
    ),
}
recalls = {}
for name, pipeline in pipelines.items():
    predicted = cross_val_predict(pipeline, X, y, groups=subjects, cv=GroupKFold(3))
    recalls[name] = recall_score(y, predicted, labels=["N", "V"], average=None)
    print(f"{name:24} sensitivity to N {recalls[name][0]:.2f}, to V {recalls[name][1]:.2f}")

# %% [markdown]
# Training and test beats here are of the same family of models, which flatters the augmentation.
# With real beats measure it on subjects that nothing was trained on: where a training set is large,
# generated beats add little.

# %%
figure, (axis,) = panels(1, 1, "New subjects, three folds", panel_inch=(5.0, 2.6))
for offset, (colour, (name, recall)) in enumerate(zip((FAINT, MEAN, ACCENT), recalls.items(), strict=True)):
    axis.bar(np.arange(2) + 0.25 * offset, recall, width=0.22, color=colour, label=name)
axis.set_xticks([0.25, 1.25], ["N, normal", "V, ventricular ectopic"])
axis.set_ylabel("sensitivity")
axis.set_ylim(0, 1.45)
axis.set_yticks([0, 0.25, 0.5, 0.75, 1])
small_legend(axis)
figure.savefig("augment_pipeline.png")
