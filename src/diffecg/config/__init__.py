"""Settings of models and training: schema, presets, reading, writing and migration."""
