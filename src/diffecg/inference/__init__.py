"""Inference: generation, imputation and forecasting; denoising."""
