"""Settings as a YAML file: read with every mistake named, written with what each setting says of itself."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from patang.settings import Settings, explain
from patang.settings.effective import plain
from patang.settings.table import table
from patang_workbench.cli.running import CommandError

__all__ = ["read_settings", "template"]


class _Loader(yaml.SafeLoader):
    """YAML that says no key twice, since the second would silently replace the first, and in which 14:45 is a
    time: YAML of 2005 reads it as a number of minutes, to the base of sixty."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    names = [key.value for key, _ in node.value]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise yaml.constructor.ConstructorError(None, None, f"{twice} is said twice", node.start_mark)
    return loader.construct_mapping(node, deep=True)


_INT = "tag:yaml.org,2002:int"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _INT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_INT, re.compile(r"^[-+]?(0|[1-9][0-9_]*)$"), list("-+0123456789"))
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_settings(path: Path) -> Settings:
    """What a file says; what it leaves out takes the safe default.

    Raises CommandError that names each wrong field and its value.
    """
    try:
        said = _Loader(path.read_text()).get_single_data()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    try:
        return Settings.model_validate({} if said is None else said)
    except ValidationError as error:
        raise CommandError(f"{path} does not hold settings: {explain(error)}") from error


def template() -> str:
    """The safe defaults as a file, each setting with its unit, its range and what it does."""
    defaults = plain(Settings())
    lines: list[str] = []
    section = ""
    for row in table():
        *inside, name = row.path.split(".")
        if inside != [section] and inside:
            lines += ["", f"{inside[0]}:"]
        section = inside[0] if inside else ""
        indent = "  " * len(inside)
        lines.append(f"{indent}# {row.description} ({row.unit}; {row.allowed})")
        lines.append(f"{indent}{name}: {_yaml(defaults[row.path])}")
    return "\n".join(lines) + "\n"


def _yaml(value: Any) -> str:
    """JSON is YAML; amounts, which JSON has as texts, are written as numbers."""
    amount = isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value)
    return value if amount else json.dumps(value)
