"""What the environment says of a home desk: its accounts, whose they are, where its state lies, which broker.

| variable | says | without it |
|---|---|---|
| KITE_API_KEY, KITE_API_SECRET, KITE_USER_ID | the one account, called `main` | accounts by PATANG_ACCOUNTS |
| PATANG_ACCOUNTS | names of several accounts, with commas: `main,family` | |
| PATANG_<NAME>_API_KEY, _API_SECRET, _USER_ID | of each of them; a dash in its name is an underscore here | |
| PATANG_<NAME>_LABEL | how it is called on the pages | its name |
| PATANG_PRINCIPAL | the person they belong to | `owner` |
| PATANG_HOME | the folder of the desk's state | `~/.local/share/patang` |
| PATANG_PUBLIC_URL | where browsers reach the pages | http://127.0.0.1:<port> |
| PATANG_KITE_ROOT, _TICKER_ROOT, _LOGIN_ROOT | where a simulator or the sandbox is | Kite's |
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from patang.errors import BadInput
from patang.settings import KiteSettings

__all__ = ["GivenAccount", "HomeEnvironment"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
_SINGLE = {"api_key": "KITE_API_KEY", "api_secret": "KITE_API_SECRET", "user_id": "KITE_USER_ID"}
_ROOTS = {
    "root": "PATANG_KITE_ROOT",
    "ticker_root": "PATANG_KITE_TICKER_ROOT",
    "login_root": "PATANG_KITE_LOGIN_ROOT",
}


@dataclass(frozen=True, slots=True)
class GivenAccount:
    """An account as the environment has it."""

    name: str
    label: str
    user_id: str
    api_key: str
    api_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HomeEnvironment:
    """`kite` holds the broker's addresses that differ from the real one's, by the names of KiteSettings."""

    folder: Path
    principal: str
    accounts: tuple[GivenAccount, ...]
    public_url: str | None
    kite: Mapping[str, str]

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "HomeEnvironment":
        """Raises BadInput that names every variable that is missing or wrong."""
        folder = variables.get("PATANG_HOME")
        return cls(
            folder=Path(folder).expanduser() if folder else Path.home() / ".local" / "share" / "patang",
            principal=variables.get("PATANG_PRINCIPAL") or "owner",
            accounts=_accounts(variables),
            public_url=(variables.get("PATANG_PUBLIC_URL") or "").rstrip("/") or None,
            kite={
                name: _root(given, variables[given]) for name, given in _ROOTS.items() if variables.get(given)
            },
        )

    def kite_settings(self, stored: KiteSettings) -> KiteSettings:
        """`stored` with the broker's addresses as the environment has them; else Kite's own."""
        own = KiteSettings()
        addresses = {name: self.kite.get(name, getattr(own, name)) for name in _ROOTS}
        return stored.model_copy(update=addresses)


def _root(variable: str, address: str) -> str:
    """What the broker's paths are put behind. The simulator prints its login page whole, too."""
    schemes = ("wss://", "ws://") if variable.endswith("_TICKER_ROOT") else ("https://", "http://")
    root = address.rstrip("/")
    if not root.startswith(schemes) or root.endswith("/connect/login"):
        raise BadInput(
            f"{variable} is {address!r}: give an address that begins with {' or '.join(schemes)} and has no "
            "/connect/login behind it"
        )
    return root


def _accounts(variables: Mapping[str, str]) -> tuple[GivenAccount, ...]:
    listed = variables.get("PATANG_ACCOUNTS")
    if not listed:
        return (_account("main", _SINGLE, variables, "PATANG_MAIN_LABEL"),)
    names = [name.strip() for name in listed.split(",") if name.strip()]
    wrong = [name for name in names if not _NAME.fullmatch(name)]
    if wrong or not names or len(set(names)) < len(names):
        raise BadInput(
            f"PATANG_ACCOUNTS is {listed!r}: give short names with commas between them, each once, of small "
            "letters, digits and dashes, a letter first, such as main,family"
        )
    found = []
    for name in names:
        stem = f"PATANG_{name.upper().replace('-', '_')}"
        variables_of = {part: f"{stem}_{part.upper()}" for part in _SINGLE}
        found.append(_account(name, variables_of, variables, f"{stem}_LABEL"))
    return tuple(found)


def _account(name: str, names: Mapping[str, str], variables: Mapping[str, str], label: str) -> GivenAccount:
    missing = [variable for variable in names.values() if not variables.get(variable)]
    if missing:
        raise BadInput(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set: account {name!r} needs "
            "the key and secret of its app on https://developers.kite.trade, and its user id at Kite"
        )
    given = {part: variables[variable] for part, variable in names.items()}
    return GivenAccount(name, variables.get(label) or name, **given)
