"""Options of ``diffecg prepare``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from diffecg.config.presets import preset as find_preset
from diffecg.config.schema import WindowConfig
from diffecg.datasets.databases import Database
from diffecg.errors import DiffecgError


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """Windows, split and labels of ``prepare``."""

    preset: str = "beat"
    """Preset that defines the windows: beat, strip, strip2 or paper."""
    split: str | None = None
    """Split into training, validation and test. mitdb: strict (default; DS1 and DS2 without recording 201,
    whose subject is also in DS2), classic (with 201), development (DS1 only, for choosing settings without
    DS2). svdb: svdb (all recordings for testing). own: subjects (random by subject: 70 % training, 10 %
    validation, 20 % test)."""
    label_map: str = "aami"
    """Labels of the annotation symbols: aami (AAMI EC57), or aami-escape-s, in which escape beats (e, j) are
    S."""
    lead: str | None = None
    """Lead of the beats; default MLII for mitdb, ECG1 for svdb; required for own. Strips: all ECG leads."""
    length: int | None = None
    """Samples in a window; default: that of the preset."""

    def window(self, database: Database) -> WindowConfig:
        """Return the window settings for a database.

        Raises:
            DiffecgError: an unknown preset; the lead is missing, or the preset takes every lead; a length
                below 1.
        """
        window = find_preset(self.preset).window
        if window.any_leads and self.lead:
            raise DiffecgError(f"the preset {self.preset} takes any leads; leave out --lead")
        if not window.any_leads:
            lead = self.lead or database.lead
            if not lead:
                raise DiffecgError(
                    f"the preset {self.preset} needs the name of the lead; give it with --lead"
                )
            window = replace(window, leads=(lead,))
        if self.length is not None:
            if self.length < 1:
                raise DiffecgError(f"length {self.length} must be at least 1 sample")
            window = replace(window, length=self.length, before=min(window.before, self.length // 2))
        return window

    def split_name(self, database: Database) -> str:
        """Return the name of the split for a database.

        Raises:
            DiffecgError: the database has no such split.
        """
        name = database.splits[0] if self.split is None else self.split
        if name not in database.splits:
            raise DiffecgError(
                f"{database.name} has no split {name!r}; choose one of {', '.join(database.splits)}"
            )
        return name
