"""What users come for: generate, impute, forecast; one mechanism, three masks."""
