"""The model: network, conditional denoiser, model folder, and export to ONNX."""
