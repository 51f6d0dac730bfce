"""What a desk's own settings begin with, from the settings of its stage."""

from patang.settings import Settings
from patang.settings.changes import SettingsChanges
from patang.settings.stored import StoredSettings
from patang_workbench.deployment.stage import Stage

__all__ = ["begin_settings"]


def begin_settings(changes: SettingsChanges, stage: Stage, actor: str) -> StoredSettings | None:
    """Stores the stage's mode and universe over the safe defaults, where nothing is stored yet; the version.

    None where something is: from the first version on the desk's settings are changed there alone.
    """
    if changes.stored() is not None:
        return None
    chosen = stage.universe.model_dump(exclude_unset=True)
    settings = Settings.model_validate({"mode": stage.mode, "universe": chosen})
    return changes.put(settings, actor, f"the first deployment of stage {stage.stage}")
