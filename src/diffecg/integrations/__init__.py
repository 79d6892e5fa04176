"""Adapters to other libraries: scikit-learn, imbalanced-learn, MNE, pandas."""
