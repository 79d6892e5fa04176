"""Training, statistics and reports of the models that the package ships."""
