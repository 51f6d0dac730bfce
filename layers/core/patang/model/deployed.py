"""The models that are deployed: verified, and their cards kept."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from patang.model.artifact import Metadata, read_artifact
from patang.model.card import ModelCard, model_card, words_of
from patang.model.inputs import INPUTS
from patang.ports import StateStore, Write
from patang.records import change, create, replace

__all__ = ["verified"]


def verified(store: StateStore, folder: Path, day: date) -> Mapping[str, bool]:
    """The versions of the artifacts in `folder`, one a strategy, and whether each is promoted; keeps the card
    of each, seen on this market day. Raises ModelRefused as read_artifact does."""
    known = [read_artifact(folder / strategy, strategy).metadata for strategy in INPUTS]
    for metadata in known:
        _keep(store, metadata, folder / metadata.strategy / "model_card.md", day)
    return {metadata.model_version: metadata.promoted for metadata in known}


def _keep(store: StateStore, metadata: Metadata, words: Path, day: date) -> None:
    shown = set(ModelCard.model_fields) & set(Metadata.model_fields) - {"schema_version"}
    told = metadata.model_dump(include=shown)
    text = words.read_text() if words.exists() else ""

    def decide() -> tuple[None, Sequence[Write]]:
        before = model_card(store, metadata.model_version)
        if before is None:
            card = ModelCard(**told, words=words_of(text), first_seen=day, last_seen=day)
            return None, [create(card)]
        if before.last_seen >= day:
            return None, []
        return None, [replace(before.evolve(last_seen=day))]

    change(store, decide)
