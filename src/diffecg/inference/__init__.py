"""Inference: generation, imputation, denoising and forecasting with a trained model."""
