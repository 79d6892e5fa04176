"""Evaluation of imputation and forecasting: cases, baselines and scores."""
