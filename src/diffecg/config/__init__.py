"""Settings of models and training: schema, presets, reading and writing."""
