"""Conditional diffusion models for ECG: generation, imputation, forecasting and denoising.

An independent implementation and extension of DiffECG (arXiv 2306.01875). Not a medical device.
"""

import lazy_loader

from diffecg._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]
