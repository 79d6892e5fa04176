"""The settings of ``diffecg prepare``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from diffecg.config.presets import preset as find_preset
from diffecg.config.schema import WindowConfig
from diffecg.datasets.databases import Database
from diffecg.errors import DiffecgError


@dataclass(frozen=True)
class PrepareOptions:
    """Settings of the windows that are cut."""

    preset: str = "beat"
    """What a window is: beat, strip, strip2 or paper."""
    split: str | None = None
    """Of mitdb: strict, unless told otherwise, leaves out recording 201, the same patient as 202; classic keeps
    it; development divides DS1 alone, to make choices that DS2 must not make. Of svdb: all recordings are
    for testing. Of one's own: subjects, seven tenths of whom train, one validates and two test."""
    label_map: str = "aami"
    """aami, or aami-escape-s, which counts escape beats (e, j) as S."""
    lead: str | None = None
    """Lead of the beats: MLII in mitdb, ECG1 in svdb, whose placement is not known; of one's own it must be
    told. Strips are of any lead of an ECG."""
    length: int | None = None
    """Samples in a window, other than the preset's."""

    def window(self, database: Database) -> WindowConfig:
        """Return what a window of a database is.

        Raises:
            DiffecgError: a lead that the preset does not take, or none where one is needed; a length below 1.
        """
        window = find_preset(self.preset).window
        if window.any_leads and self.lead:
            raise DiffecgError(f"the preset {self.preset} takes any leads; leave out --lead")
        if not window.any_leads:
            if not (self.lead or database.lead):
                raise DiffecgError(f"say which lead's beats the preset {self.preset} takes, with --lead")
            window = replace(window, leads=(self.lead or database.lead,))
        if self.length is not None:
            if self.length < 1:
                raise DiffecgError(f"length {self.length} must be at least 1 sample")
            window = replace(window, length=self.length, before=min(window.before, self.length // 2))
        return window

    def split_of(self, database: Database) -> str:
        """Return the name of the split of a database.

        Raises:
            DiffecgError: the database has no such split.
        """
        name = database.splits[0] if self.split is None else self.split
        if name not in database.splits:
            raise DiffecgError(
                f"{database.name} has no split {name!r}; choose one of {', '.join(database.splits)}"
            )
        return name
