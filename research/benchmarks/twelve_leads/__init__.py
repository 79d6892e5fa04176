"""The benchmark of 12-lead generation: classifiers, distances, rhythm and privacy against PTB-XL."""
