"""Signal processing on arrays: resampling, baseline, artefacts, R peaks, gaps, prediction intervals."""
