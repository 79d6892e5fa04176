"""The noise schedule of a configuration."""

from __future__ import annotations

from diffecg.config.schema import DiffusionConfig
from diffecg.diffusion.schedules import KarrasSchedule, NoiseSchedule, cosine_schedule, linear_schedule
from diffecg.errors import DiffecgError


def build_schedule(config: DiffusionConfig) -> NoiseSchedule:
    """Return the noise schedule of a configuration.

    Raises:
        DiffecgError: The noise levels are not increasing, or the highest is too low to start sampling from.
    """
    try:
        if config.schedule == "karras":
            return KarrasSchedule(
                sigma_min=config.sigma_min,
                sigma_max=config.sigma_max,
                log_sigma_mean=config.log_sigma_mean,
                log_sigma_std=config.log_sigma_std,
            )
        if config.schedule == "linear":
            return linear_schedule(config.schedule_steps, config.beta_first, config.beta_last)
        return cosine_schedule(config.schedule_steps)
    except ValueError as error:
        raise DiffecgError(f"noise schedule {config.schedule!r}: {error}") from None
