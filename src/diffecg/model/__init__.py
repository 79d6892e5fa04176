"""The network: layers, the U-Net, the conditional denoiser, the model folder."""
