r"""The mathematics of diffusion: noise schedules, parametrisations, samplers, noise.

Data :math:`x_0` are corrupted by Gaussian noise of standard deviation :math:`\sigma_t`, which grows from
nearly zero to far above the spread of the data:

.. math:: x_t = x_0 + \sigma_t \, \epsilon, \qquad \epsilon \sim \mathcal{N}(0, I)

A *denoiser* :math:`d(x_t, \sigma_t) \approx \mathbb{E}[x_0 \mid x_t]` estimates the clean data, and thereby
the score :math:`\nabla_{x_t} \log p(x_t) \approx (d(x_t, \sigma_t) - x_t) / \sigma_t^2`. A sampler starts
from pure noise at the highest :math:`\sigma` and follows the score down to :math:`\sigma = 0`.

This "variance exploding" notation serves all modules. The variance-preserving process of Ho et al. (2020) is
the same process on another scale:

.. math::
    \sqrt{\bar\alpha_t} \, x_0 + \sqrt{1 - \bar\alpha_t} \, \epsilon = \frac{x_t}{\sqrt{1 + \sigma_t^2}},
    \qquad \sigma_t = \sqrt{\frac{1 - \bar\alpha_t}{\bar\alpha_t}}

The package works on tensors of any shape and imports no other part of diffecg.

References:
    | Denoising Diffusion Probabilistic Models (Ho et al., 2020)
    | https://arxiv.org/abs/2006.11239

    | Score-Based Generative Modeling through Stochastic Differential Equations (Song et al., 2021)
    | https://arxiv.org/abs/2011.13456

    | Elucidating the Design Space of Diffusion-Based Generative Models (Karras et al., 2022)
    | https://arxiv.org/abs/2206.00364
"""
