"""The settings as pages ask for them: which stand together, what each is called, how it is written down."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from patang.desk_view.settings_said import in_section
from patang.desk_view.settings_view import SettingView
from patang.settings.inputs import Input, inputs

__all__ = ["FORMS", "Asked", "Form", "Section", "sections", "waiting"]


@dataclass(frozen=True, slots=True)
class Form:
    """A page of settings. `of`: the sections of the tree, and the single settings, that it shows."""

    name: str
    title: str
    about: str
    of: tuple[str, ...]


FORMS: Final = (
    Form(
        "limits",
        "Capital and limits",
        "What each account begins with, what a trade, a day and all trades together may lose, and what else "
        "keeps an entry away.",
        ("capital", "risk", "cycle_interval_seconds", "entry_order_seconds"),
    ),
    Form(
        "strategies",
        "Strategies",
        "What may be bought, when and with how much of the capital, and when it is sold again.",
        ("options", "equity", "exits", "universe", "blackouts", "sessions"),
    ),
    Form(
        "approval",
        "Approval",
        "Whose yes an order needs, how long it is waited for, and how much may be asked for by hand or by a "
        "program.",
        ("approval", "requests"),
    ),
    Form(
        "notifications",
        "Notifications",
        "What you are told, by which way, and when you are left alone.",
        ("notifications",),
    ),
    Form(
        "desk",
        "Mode and broker",
        "Where orders go, whose account supplies prices, and where the broker is.",
        (
            "mode",
            "profile",
            "data_account",
            "public_url",
            "registered_egress_ip",
            "egress_echo_url",
            "kite",
        ),
    ),
)

_TITLES: Final = {
    "": "The desk",
    "capital": "Capital",
    "risk": "Limits of every entry",
    "options": "Long options",
    "equity": "Shares",
    "exits": "Leaving positions",
    "universe": "What is watched",
    "blackouts": "Events without entries",
    "sessions": "Hours of single days",
    "approval": "What the desk proposes",
    "requests": "What people and programs ask for",
    "notifications": "Messages",
    "kite": "The broker",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A setting as it is asked for: `value` is what is wanted, whether or not it waits (JSON's)."""

    setting: SettingView
    input: Input
    label: str
    value: Any


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that stand together; `name` is their section of the tree, empty for what is in none."""

    name: str
    title: str
    asked: tuple[Asked, ...]


def sections(form: Form, settings: Sequence[SettingView]) -> tuple[Section, ...]:
    """What a page asks for, in its order."""
    kinds = inputs()
    found = (_asked(setting, kinds) for name in form.of for setting in settings if _is_of(setting, name))
    return tuple(
        Section(name, _TITLES[name], tuple(asked)) for name, asked in groupby(found, key=_section_of)
    )


def waiting(settings: Sequence[SettingView]) -> Iterator[SettingView]:
    """What was asked for and does not hold yet."""
    return (setting for setting in settings if setting.waits_until is not None)


def _is_of(setting: SettingView, name: str) -> bool:
    return setting.path == name or setting.path.startswith(f"{name}.")


def _section_of(asked: Asked) -> str:
    path = asked.setting.path
    # A list of entries is a section by itself.
    return path.partition(".")[0] if "." in path or asked.input.kind == "rows" else ""


def _asked(setting: SettingView, kinds: Mapping[str, Input]) -> Asked:
    value = setting.value if setting.waits_until is None else setting.waiting
    return Asked(setting, kinds[setting.path], in_section(setting.path), value)
