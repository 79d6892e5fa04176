"""Signal processing on arrays: resampling, baseline, artefacts, R peaks, prediction intervals."""
