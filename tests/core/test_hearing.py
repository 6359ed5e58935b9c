"""What a model that hears can be asked for, as the shipped catalog has it."""

from __future__ import annotations

import msgspec
import pytest

from desktop import paths
from desktop.core.catalog import TRANSCRIPTIONS, Catalog
from desktop.core.hearing import Hearing


@pytest.fixture(scope="module")
def cards():
    return msgspec.json.decode(paths.resource("models.json").read_bytes(), type=Catalog, strict=False).cards


def test_every_model_of_the_endpoint_says_what_it_can_be_asked_for(cards):
    hearing = {name for name, card in cards.items() if TRANSCRIPTIONS in card.endpoints}
    assert hearing and all(cards[name].hearing is not None for name in hearing)


def test_only_what_gives_times_is_asked_for_them(cards):
    for card in cards.values():
        if card.hearing is not None and card.hearing.times:
            assert "verbose_json" in card.hearing.forms, card.id


def test_a_part_is_short_enough_for_the_reply_that_the_model_can_write(cards):
    bounded = cards["gpt-4o-transcribe"]
    assert bounded.hearing.longest_s(bounded.max_input, bounded.max_output) == 2000 * 0.8 / 4
    assert Hearing().longest_s(None, None) is None
    assert Hearing(max_seconds=100).longest_s(1_000_000, 1_000_000) == 100
