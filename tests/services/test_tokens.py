"""Token counts without a network: exact ones once the ranks are unpacked, rough ones until then."""

from __future__ import annotations

import hashlib
import socket
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.core.catalog import Card
from desktop.services.tokens import PIECE_CHARACTERS, Tokens

CARDS = {
    "new": Card(id="new", encoding="o200k_base"),
    "old": Card(id="old", encoding="cl100k_base"),
    "odd": Card(id="odd", encoding="made-up"),
}


def card(model: str) -> Card:
    return CARDS.get(model, Card(id=model, is_known=False))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tokens")


@pytest.fixture(scope="module")
def loaded(folder):
    tokens = Tokens(folder, card)
    tokens.load_now("new")
    tokens.load_now("old")
    return tokens


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a count must not open a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize(
    ("model", "text", "count"),
    [
        ("new", "hello world", 2),
        ("old", "hello world", 2),
        ("new", "", 0),
        ("new", "tiktoken is great!", 6),
        ("old", "tiktoken is great!", 6),
        ("new", "お誕生日おめでとう", 8),
        ("old", "お誕生日おめでとう", 9),
        ("new", "<|endoftext|>", 7),
    ],
)
def test_counts_are_those_of_the_models_tokenizer(loaded, model, text, count):
    assert loaded.count(text, model) == count
    assert not loaded.is_rough(model)


def test_a_model_nobody_knows_is_counted_with_the_usual_ranks_and_called_rough(loaded):
    assert loaded.count("hello world", "whose?") == 2
    assert loaded.is_rough("whose?")
    assert loaded.count("hello world", "odd") == 2


async def test_counts_are_rough_until_the_ranks_are_loaded(tmp_path):
    tokens = Tokens(tmp_path, card)
    assert await tokens.of_chat(["abcd" * 10, ""], "new") == (3 + 3 + 10 + 3, True)
    await tokens.load("new")
    assert await tokens.of_chat(["hello world", ""], "new") == (3 + 3 + 2 + 3, False)
    assert tokens.is_rough("old")


async def test_a_long_text_is_counted_in_a_thread_and_once(loaded):
    text = "word and " * 5000
    first, _ = await loaded.of_chat([text], "new")
    assert await loaded.of_chat([text], "new") == (first, False)
    assert first == 6 + loaded.count(text, "new") == 6 + await loaded.of_text(text, "new")


@pytest.mark.parametrize("character", ["a", " ", "=", "é", "漢", "\n", "\U0001f600", "\ud800"])
def test_long_runs_of_one_character_are_counted_in_pieces(loaded, character):
    text = character * (PIECE_CHARACTERS * 3)
    whole = loaded.count(text, "new")
    assert whole == 3 * loaded.count(character * PIECE_CHARACTERS, "new")
    assert 0 < whole <= 4 * len(text)


@given(text=st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_text_has_a_count(loaded, text):
    assert 0 <= loaded.count(text, "new") <= 4 * len(text)


def test_ranks_are_unpacked_where_the_tokenizer_looks_and_for_the_user_alone(loaded, folder):
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:8] for path in folder.iterdir()}
    assert found == {
        "fb374d419588a4632f3f557e76b4b70aebbca790": "446a9538",
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4": "223921b7",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_damaged_ranks_are_unpacked_again_and_not_fetched(tmp_path):
    target = tmp_path / "fb374d419588a4632f3f557e76b4b70aebbca790"
    target.write_bytes(b"not ranks")
    from desktop.services import tokens

    tokens._unpack("o200k_base", tmp_path)
    assert hashlib.sha256(target.read_bytes()).hexdigest().startswith("446a9538")
