"""The composition root: environment in, wired services out. The only module that knows the adapters.

Each deployed function makes one Desk when its instance starts and asks it for the one service it calls.
Everything is built on first use, so that a function needs only the environment its own service needs.
"""

import os
from collections.abc import Mapping
from functools import cached_property

from patang.errors import SettingsError
from patang.settings import Settings, load_settings

__all__ = ["Desk"]


class Desk:
    """What one process of the desk is wired to. `environment` defaults to the process's own."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    def variable(self, name: str) -> str:
        """A variable of the environment. Raises SettingsError that names it if it is missing."""
        value = self._environment.get(name)
        if not value:
            raise SettingsError(
                f"the environment variable {name} is not set: the function was deployed without it"
            )
        return value
