"""Conditional diffusion models for ECG: generation, imputation, forecasting and denoising.

Models
    load                a model by name, or from a folder
    train               a model of your windows, from random weights or from another model
    load_imputer        what imputes and forecasts: a model, or "analogues"
    Model               generate, vary, impute, forecast, fine_tune
    AnalogueImputer     impute and forecast by similar segments of the recording, without a model
    Imputation          what impute and forecast return: signal, interval, draws
    Forecaster          forecasts of a stream
    denoise, Denoised   removal of noise, by a network that comes with the package
    SyntheticWindows    a dataset for PyTorch, generated on access
    compose, Rhythm     annotated synthetic recordings
    personal_beats      beats of one subject, to adapt a classifier
    gaussian_copy       a synthetic copy of windows, to share in their place

Recordings and windows
    read_recording, write_recording, Recording    WFDB, EDF, tables, NumPy
    as_recording, to_frame, to_mne                arrays and objects of pandas, NeuroKit, MNE
    open_windows, as_windows, Windows             prepared windows; arrays, tables and datasets of PyTorch
    evaluate, write_report                        synthetic windows against real ones

Estimators are in diffecg.integrations.sklearn and diffecg.integrations.imblearn. Errors that the user can
correct are DiffecgError. An independent implementation and extension of DiffECG (arXiv 2306.01875). Not a
medical device.
"""

import lazy_loader

from diffecg._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]
