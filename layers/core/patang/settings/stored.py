"""The settings as the desk table keeps them."""

from pydantic import ValidationError

from patang.errors import SettingsError
from patang.keys import settings_key
from patang.ports import StateStore
from patang.settings.tree import Settings

__all__ = ["explain", "load_settings"]


def load_settings(store: StateStore) -> Settings:
    """The stored settings, or the safe defaults where none are stored.

    Raises SettingsError that names each wrong field and its value.
    """
    attributes = store.get(settings_key())
    if attributes is None:
        return Settings()
    try:
        return Settings.model_validate_json(str(attributes["document"]))
    except ValidationError as error:
        raise SettingsError(f"the desk's settings are wrong: {explain(error)}") from error


def explain(error: ValidationError) -> str:
    """Each wrong field with its value and what is wrong with it."""
    told = []
    for wrong in error.errors(include_url=False):
        path, value = ".".join(map(str, wrong["loc"])), wrong["input"]
        # What is wrong with a whole section names its fields and their values itself.
        named = path if isinstance(value, dict) else f"{path} = {value!r}"
        told.append(f"{named}: {wrong['msg']}" if path else wrong["msg"])
    return "; ".join(told)
