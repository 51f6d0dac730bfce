"""The card of what is deployed, kept by day, for whoever looks at a decision of last month."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from patang.errors import ModelRefused
from patang.model.card import model_card, model_cards, words_of
from patang.model.deployed import verified
from tests.fakes import MemoryStore

SHIPPED = Path(__file__).parents[3] / "model_artifacts"
MONDAY, TUESDAY = date(2026, 8, 17), date(2026, 8, 18)


def test_what_is_deployed_is_verified_and_its_card_kept():
    store = MemoryStore()
    found = verified(store, SHIPPED, MONDAY)
    assert len(found) == 2
    assert set(found.values()) == {False}
    cards = model_cards(store)
    assert {card.model_version for card in cards} == set(found)
    [equity] = (card for card in cards if card.strategy == "equity")
    assert equity == model_card(store, equity.model_version)
    assert equity.metrics["brier_skill"] == pytest.approx(0.034)
    assert equity.data["kind"] == "synthetic"
    assert "rsi" in equity.inputs
    assert not equity.promoted
    assert equity.words[0].startswith("For demonstration only")
    assert not any("|" in part or "#" in part for part in equity.words)


def test_a_card_tells_on_which_days_its_model_was_there():
    store = MemoryStore()
    for day in (MONDAY, TUESDAY, TUESDAY, MONDAY):
        verified(store, SHIPPED, day)
    for card in model_cards(store):
        assert (card.first_seen, card.last_seen) == (MONDAY, TUESDAY)
        assert card.revision == 2


def test_a_model_that_must_not_be_used_leaves_no_card(tmp_path):
    store = MemoryStore()
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "models"))
    (folder / "equity" / "classifier.json").write_text("{}")
    with pytest.raises(ModelRefused):
        verified(store, folder, MONDAY)
    assert model_cards(store) == ()


def test_an_artifact_without_words_has_a_card(tmp_path):
    store = MemoryStore()
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "models"))
    for place in folder.glob("*/model_card.md"):
        place.unlink()
    verified(store, folder, MONDAY)
    assert [card.words for card in model_cards(store)] == [(), ()]


def test_a_version_that_was_never_deployed_has_none():
    assert model_card(MemoryStore(), "equity-0123456789") is None


def test_words_are_plain_and_end_where_the_tables_begin():
    card = "# name\n\n**Bold.**\n\nTwo\nlines of `code`.\n\n## Measured\n\nnot this\n"
    assert words_of(card) == ("Bold.", "Two lines of code.")
