"""What is in force: a limit that was loosened holds its old value until the next session.

A tightened limit holds at once, and so does whatever is no limit. Which way a field is looser is said beside
the field (`About.looser`), so that a new limit cannot be forgotten here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from patang.settings.fields import About, Looser, Section
from patang.settings.tree import Settings

__all__ = ["Held", "about", "effective", "held_back", "leaves", "only_tightened", "plain", "with_values"]


@dataclass(frozen=True, slots=True)
class Held:
    """A limit that waits: its path in the tree, what holds until the next session, and what comes then."""

    path: str
    in_force: Any
    wanted: Any


def effective(wanted: Settings, in_force: Settings) -> Settings:
    """`wanted`, with each limit that it loosens still as `in_force` has it.

    The result need not be a tree that would be accepted: of a band that was moved, its tighter ends hold,
    and nothing fits into it until the next session.
    """
    return with_values(wanted, {held.path: held.in_force for held in held_back(wanted, in_force)})


def held_back(wanted: Settings, in_force: Settings) -> tuple[Held, ...]:
    """The limits in which `wanted` is looser than `in_force`."""
    old = {path: value for path, _, value in leaves(in_force)}
    found = []
    for path, field, value in leaves(wanted):
        looser = about(field).looser
        if looser is None:
            continue
        tighter = _tighter(value, old[path], looser)
        if tighter != value:
            found.append(Held(path, tighter, value))
    return tuple(found)


def only_tightened(wanted: Settings, before: Settings) -> bool:
    """Whether all that `wanted` changes are limits, none of which lets the desk do more than `before`."""
    old = {path: value for path, _, value in leaves(before)}
    limits = all(
        about(field).looser is not None for path, field, value in leaves(wanted) if value != old[path]
    )
    return limits and not held_back(wanted, before)


def leaves(section: Section, before: str = "") -> Iterator[tuple[str, FieldInfo, Any]]:
    """(path, field, value) of every setting, in the tree's order; the path is dotted, as in messages."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", field, value


def about(field: FieldInfo) -> About:
    """What a setting says of itself. Raises TypeError if it says nothing."""
    found = next((entry for entry in field.metadata if isinstance(entry, About)), None)
    if found is None:
        raise TypeError(f"a setting says nothing of itself: annotate it with About ({field.description})")
    return found


def plain(settings: Settings) -> dict[str, Any]:
    """Every setting by its path, as JSON has it: what `with_values` takes."""
    return {path: _adapter(field).dump_python(value, mode="json") for path, field, value in leaves(settings)}


def with_values(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """A copy with these values by path, which may be JSON's; each is validated, their whole is not."""
    changed = settings
    for path, field, _ in leaves(settings):
        if path in values:
            changed = _with(changed, path.split("."), _adapter(field).validate_python(values[path]))
    return changed


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    if field.annotation is None:
        raise TypeError(f"a setting has no type ({field.description})")
    return TypeAdapter(field.annotation)


def _with[S: Section](section: S, path: list[str], value: Any) -> S:
    name, *rest = path
    new = _with(getattr(section, name), rest, value) if rest else value
    return section.model_copy(update={name: new})


def _tighter(new: Any, old: Any, looser: Looser) -> Any:
    if looser == "any":
        return old
    if new is None or old is None:
        return old if new is None else new
    match looser:
        case "up":
            return min(new, old)
        case "down":
            return max(new, old)
        case "more":
            return tuple(member for member in new if member in old)
        case "fewer":
            return (*new, *(member for member in old if member not in new))
        case order:
            return min(new, old, key=order.index)
