"""Evaluation of imputation and forecasting: cases, baselines, scores."""
