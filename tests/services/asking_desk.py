"""The services that ask a model once, over a data folder and a false wire: for tests of all that asks through them."""

from __future__ import annotations

import httpx
import pytest
from wire import MODEL, Wire

from desktop.api.client import Client
from desktop.core import titles
from desktop.core.conversation import Conversation, Message, Role, Text
from desktop.core.profile import LOCAL_ID, Kind, Profile, origin
from desktop.core.secret import Redactor, Secret
from desktop.services.asking import Asking
from desktop.services.booking import Booking
from desktop.services.budgets import Budgets
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.conversations import Conversations
from desktop.services.library import Library
from desktop.services.titles import Titles
from desktop.services.tokens import Tokens
from desktop.store import conversations, ledger
from desktop.store.database import Database

KEY = "sk-test-0123456789abcdef"
URL = "https://api.openai.com/v1"
HERE = "http://127.0.0.1:1/v1"
OPENAI = Profile(id="01OPENAI", name="OpenAI", kind=Kind.OPENAI, base_url=URL, confirmed_origin=origin(URL))
LOCAL = Profile(id=LOCAL_ID, name="Local", kind=Kind.LOCAL, base_url=HERE, confirmed_origin=origin(HERE))


class Desk:
    def __init__(self, folder, wire: Wire) -> None:
        self.database, self.wire, self.model = Database.open(folder), wire, MODEL
        self.calls, self.catalogs = Calls(), Catalogs(folder)
        self.connections = Connections(self._connect, self._read_key, None, Redactor())
        self.tokens = Tokens(folder / "cache", lambda model: self.catalogs.current.card(model))
        self.library = Library(self.database, Conversations(self.database))
        self.profiles = {OPENAI.id: OPENAI, LOCAL.id: LOCAL}
        self.budgets = Budgets(self.database)
        booking = Booking(self.database, self.catalogs, self.calls, self.budgets)
        self.asking = Asking(self.connections, self.catalogs, self.tokens, booking)
        self.titles = Titles(
            self.database,
            self.asking,
            lambda id: self.profiles.get(id, self.profiles[OPENAI.id]),
            self.library,
            model=lambda: self.model,
        )

    def _connect(self, profile, key):
        return Client(profile, key, transport=self.wire.transport, recorder=self.calls)

    async def _read_key(self, profile_id):
        return Secret(KEY)

    def talk(self, id: str, title: str | None = None, text: str = "What is rain? Tell me.", profile=OPENAI) -> None:
        made = Conversation(
            id=id, title=titles.title_from(text) if title is None else title, profile=profile.id, model="small"
        )

        def work(db):
            conversations.create(db, made)
            if text:
                conversations.add_message(db, Message(f"{id}1", Role.USER, (Text(text),), conversation=id))
                answer = Message(f"{id}2", Role.ASSISTANT, (Text("Water."),), parent=f"{id}1", conversation=id)
                conversations.add_message(db, answer)

        self.database.write_now(work)

    def title(self, id: str) -> str:
        return self.database.read_now(lambda db: conversations.get(db, id)).title

    def rows(self) -> list[ledger.LedgerRow]:
        return self.database.read_now(ledger.rows)


def answer(text: str) -> httpx.Response:
    message = {"role": "assistant", "content": text, "refusal": None}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 60, "completion_tokens": 5, "total_tokens": 65},
    }
    return httpx.Response(200, json=body)


@pytest.fixture
def desk(tmp_path, spec):
    wire = Wire(spec)
    made = Desk(tmp_path, wire)
    yield made
    assert wire.problems == []
    made.database.close()
