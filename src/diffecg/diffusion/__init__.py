"""The mathematics of diffusion: noise levels, parametrisations, samplers, seeded noise.

Nothing here knows of ECG, files or settings. One notation serves all: a noisy sample is

    xt = x0 + sigma * eps        (Karras et al. 2022, arXiv 2206.00364, "variance exploding"),

and a denoiser maps (xt, sigma) to its estimate of x0. The variance-preserving process of Ho et al.
(2020, arXiv 2006.11239), sqrt(alpha_bar) x0 + sqrt(1 - alpha_bar) eps, is the same process seen
through a factor: sigma = sqrt((1 - alpha_bar) / alpha_bar), and its sample is xt / sqrt(1 + sigma^2).
"""
