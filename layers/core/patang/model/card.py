"""The card of a model that the desk has deployed: what it was made of, how well it did, what the gates said.

Kept for good, and without arrays: whoever looks at a signal of last month finds the model that decided it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from patang.keys import MODEL_CARDS, model_card_key
from patang.ports import Key, StateStore
from patang.records import Record, load, load_all

__all__ = ["GateTold", "ModelCard", "model_card", "model_cards", "words_of"]

_TABLES = "## "


class GateTold(BaseModel):
    """A gate's answer to the model, in its own words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    told: str


class ModelCard(Record):
    """A model as its artifact tells of it; `words` is what a person reads first, by paragraphs.

    `first_seen` and `last_seen` are the market days on which it was found deployed.
    """

    strategy: str
    model_version: str
    promoted: bool
    gates: tuple[GateTold, ...]
    words: tuple[str, ...]
    inputs: tuple[str, ...]
    labels: Mapping[str, Any]
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    libraries: Mapping[str, str]
    first_seen: date
    last_seen: date

    def key(self) -> Key:
        return model_card_key(self.model_version)


def model_card(store: StateStore, model_version: str) -> ModelCard | None:
    """The card of a version; None for one that this desk has not had."""
    return load(store, ModelCard, model_card_key(model_version))


def model_cards(store: StateStore) -> tuple[ModelCard, ...]:
    """All that were deployed, those that were seen last in front."""
    found = load_all(store, ModelCard, MODEL_CARDS)
    found.sort(key=lambda card: card.model_version)
    found.sort(key=lambda card: (card.last_seen, card.first_seen), reverse=True)
    return tuple(found)


def words_of(card: str) -> tuple[str, ...]:
    """The paragraphs of a model_card.md between its title and its tables, in plain text."""
    above = card.partition(f"\n{_TABLES}")[0]
    parts = (" ".join(part.split()) for part in above.split("\n\n"))
    plain = (part.replace("**", "").replace("`", "") for part in parts if not part.startswith("#"))
    return tuple(part for part in plain if part)
