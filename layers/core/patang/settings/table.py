"""Every setting as a row of a table: what the documentation and the command line show."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from patang.settings.effective import about, leaves
from patang.settings.fields import Looser
from patang.settings.tree import Settings

__all__ = ["Row", "table"]

_LOOSER = {
    "up": "more",
    "down": "less",
    "more": "a further one",
    "fewer": "one less",
    "any": "any change",
    None: "at once",
}


@dataclass(frozen=True, slots=True)
class Row:
    """`allowed`: the values it may take. `looser`: the change that waits for the next session; "at once" for
    what is no limit."""

    path: str
    default: str
    unit: str
    allowed: str
    looser: str
    description: str


def table() -> tuple[Row, ...]:
    """All settings, in the tree's order. Raises TypeError for one that says nothing of itself."""
    return tuple(_row(path, field, default) for path, field, default in leaves(Settings()))


def _row(path: str, field: FieldInfo, default: Any) -> Row:
    said = about(field)
    if not field.description:
        raise TypeError(f"{path} says nothing of itself: give its Field a description")
    return Row(
        path, _text(default), said.unit, _allowed(field), _looser(field, said.looser), field.description
    )


def _text(value: Any) -> str:
    match value:
        case None | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _looser(field: FieldInfo, looser: Looser | None) -> str:
    if isinstance(looser, tuple):
        return f"from {' to '.join(looser)}"
    optional = looser is not None and type(None) in get_args(field.annotation)
    return f"{_LOOSER[looser]}, or none" if optional else _LOOSER[looser]


def _allowed(field: FieldInfo) -> str:
    """The bounds in words, or the words it knows; empty where anything of its kind goes."""
    words = _words(field.annotation)
    if words:
        return ", ".join(words)
    if about(field).unit.startswith("HH:MM"):
        return "00:00 to 23:59"
    told = []
    for entry in _metadata(field):
        match entry:
            case annotated_types.Gt(gt=bound):
                told.append(f"above {bound}")
            case annotated_types.Ge(ge=bound):
                told.append(f"from {bound}")
            case annotated_types.Le(le=bound):
                told.append(f"to {bound}")
            case annotated_types.MultipleOf(multiple_of=step):
                told.append(f"in steps of {step}")
            case annotated_types.MaxLen(max_length=most):
                told.append(f"at most {most} characters" if field.annotation is str else f"at most {most}")
    return " ".join(told) or "any"


def _metadata(field: FieldInfo) -> Iterator[Any]:
    """What bounds it, also where it may be left out: the bounds are then those of the type beside None."""
    yield from field.metadata
    for kind in get_args(field.annotation):
        for said in getattr(kind, "__metadata__", ()):
            yield from said.metadata


def _words(annotation: Any) -> tuple[str, ...]:
    annotation = getattr(annotation, "__value__", annotation)
    if annotation is bool:
        return ("yes", "no")
    if get_origin(annotation) is tuple:
        return _words(get_args(annotation)[0])
    return get_args(annotation) if get_origin(annotation) is Literal else ()
