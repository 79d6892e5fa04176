"""Integrations with other libraries: scikit-learn, imbalanced-learn, MNE, pandas."""
