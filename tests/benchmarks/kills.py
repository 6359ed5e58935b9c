"""Kill a process that is receiving a reply, two hundred times at random moments, on one data folder.

python tests/benchmarks/kills.py [KILLS]      prints what was lost, and fails where more than the promised second was.

The child writes as the application does: question, empty reply and open ledger row in one commit before the first
token; tokens through StreamWriter; the end in one commit. It says on its output what it was told is kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from desktop.core.calls import Fate
from desktop.core.conversation import Conversation, Message, Role, State, Text
from desktop.core.ids import new_id
from desktop.core.usage import Usage
from desktop.store import check, conversations, ledger
from desktop.store.database import Database
from desktop.store.streaming import StreamWriter

CONVERSATION = "01KILLS"
TOKEN_S = 0.01
LONGEST_LOSS_S, MEDIAN_LOSS_S = 1.0, 0.5


def say(*words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


# The child


async def child(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    database = await asyncio.to_thread(Database.open, folder)
    await database.write(lambda db: conversations.recover(db, 1))
    say("ready", list(database.notices))
    while True:
        await one_reply(database, chance)


async def one_reply(database: Database, chance: random.Random) -> None:
    question = Message(
        id=new_id(), role=Role.USER, parts=(Text("word " * chance.randint(1, 400)),), conversation=CONVERSATION
    )
    call = new_id()
    reply = Message(
        id=new_id(),
        role=Role.ASSISTANT,
        parts=(),
        conversation=CONVERSATION,
        parent=question.id,
        state=State.STREAMING,
        call_id=call,
    )
    row = ledger.LedgerRow(call, time.time_ns() // 1000, model="echo", message=reply.id)

    def begin(db):
        conversations.add_message(db, question)
        conversations.add_message(db, reply)
        ledger.open_row(db, row)

    await database.write(begin)
    say("accepted", question.id, question.text, reply.id, call)
    said = ""
    async with StreamWriter(database) as writer:
        for _ in range(chance.randint(20, 400)):
            token = chance.choice(["word ", "é ", "数据 ", "\n", "x"])
            say("token", reply.id, time.monotonic(), token)
            writer.add(reply.id, token)
            said += token
            await asyncio.sleep(TOKEN_S)
    end = conversations.messages

    def finish(db):
        (kept,) = end(db, [reply.id])
        conversations.finish(db, Message(**{**as_fields(kept), "parts": (Text(said),), "state": State.COMPLETE}))
        closed = {**{name: getattr(row, name) for name in row.__struct_fields__}, "fate": Fate.COMPLETE}
        ledger.close_row(
            db, ledger.LedgerRow(**{**closed, "ended": row.started + 1, "usage": Usage(input=1, output=2)})
        )

    await database.write(finish)
    say("finished", reply.id)


def as_fields(message: Message) -> dict[str, object]:
    return {name: getattr(message, name) for name in message.__struct_fields__}


# The parent


class Told:
    """What all children together said."""

    def __init__(self) -> None:
        self.questions: dict[str, str] = {}
        self.replies: dict[str, list[tuple[float, str]]] = {}
        self.calls: dict[str, str] = {}
        self.finished: set[str] = set()
        self.notices: list[str] = []
        self.is_ready = threading.Event()

    def hear(self, line: str) -> None:
        kind, *words = json.loads(line)
        if kind == "ready":
            self.notices += words[0]
            self.is_ready.set()
        elif kind == "accepted":
            self.questions[words[0]] = words[1]
            self.replies[words[2]] = []
            self.calls[words[2]] = words[3]
        elif kind == "token":
            self.replies[words[0]].append((words[1], words[2]))
        elif kind == "finished":
            self.finished.add(words[0])


def kill_once(folder: Path, told: Told, seed: int, after_s: float) -> float:
    """Start a child, kill it some time after it is ready; returns the moment of the kill."""
    told.is_ready.clear()
    child = subprocess.Popen(
        [sys.executable, __file__, "--child", str(folder), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )

    def listen() -> None:
        for line in child.stdout:
            if line.endswith("\n"):  # the last one may be cut
                told.hear(line)

    listener = threading.Thread(target=listen)
    listener.start()
    assert told.is_ready.wait(60), "the child did not start"
    time.sleep(after_s)
    at = time.monotonic()
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    listener.join()
    child.stdout.close()
    return at


def main(kills: int) -> int:
    chance = random.Random(20)
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    database = Database.open(folder)
    database.write_now(lambda db: conversations.create(db, Conversation(id=CONVERSATION, title="kills", created=1)))
    database.close()
    told = Told()
    lost_s, lost_characters, lost_messages, bad_ledger, whole = [], [], 0, 0, 0
    checked: set[str] = set()
    for number in range(kills):
        at = kill_once(folder, told, number, chance.uniform(0.0, 2.5))
        database = Database.open(folder)
        told.notices += database.notices
        whole += database.read_now(check.whole) is None
        database.write_now(lambda db: conversations.recover(db, 1))
        lost_messages += count_lost(database, told, checked)
        bad_ledger += count_bad_rows(database, told, checked)
        for reply in told.replies.keys() - checked - told.finished:
            seconds, characters = loss(database, told, reply, at)
            lost_s.append(seconds)
            lost_characters.append(characters)
        checked |= told.replies.keys()
        database.close()
    database = Database.open(folder)
    lost_messages += count_lost(database, told, set())  # nor was anything lost later
    database.close()
    longest, median = max(lost_s, default=0.0), statistics.median(lost_s or [0.0])
    print(f"kills                           {kills}, of them {len(lost_s)} within a reply")
    print(f"archive whole afterwards        {whole} of {kills}")
    print(f"accepted messages lost          {lost_messages} of {len(told.questions) + len(told.finished)}")
    print(f"ledger rows lost or wrong       {bad_ledger} of {len(told.calls)}")
    print(f"text lost, seconds              max {longest:.3f}, median {median:.3f}")
    print(
        f"text lost, characters           max {max(lost_characters, default=0)}, "
        f"median {statistics.median(lost_characters or [0]):.0f}"
    )
    print(f"notices                         {told.notices}")
    shutil.rmtree(folder)
    is_kept = whole == kills and not lost_messages and not bad_ledger and not told.notices
    return 0 if is_kept and longest <= LONGEST_LOSS_S and median < MEDIAN_LOSS_S else 1


def count_lost(database: Database, told: Told, checked: set[str]) -> int:
    """Questions and finished replies that are not there as they were."""
    wanted = dict(told.questions)
    wanted.update((id, "".join(t for _, t in told.replies[id])) for id in told.finished)
    ids = [id for id in wanted if id not in checked]
    kept = {m.id: m.text for m in database.read_now(lambda db: conversations.messages(db, ids))}
    return sum(kept.get(id) != wanted[id] for id in ids)


def count_bad_rows(database: Database, told: Told, checked: set[str]) -> int:
    bad = 0
    for reply, call in told.calls.items():
        if reply in checked:
            continue
        row = database.read_now(lambda db, call=call: ledger.get(db, call))
        fates = {Fate.COMPLETE} if reply in told.finished else {Fate.UNKNOWN, Fate.COMPLETE}
        bad += row is None or row.fate not in fates
    return bad


def loss(database: Database, told: Told, reply: str, at: float) -> tuple[float, int]:
    """Seconds from the first lost token to the kill, and characters lost, of a reply that was cut."""
    tokens = told.replies[reply]
    (kept,) = database.read_now(lambda db: conversations.messages(db, [reply]))
    whole = "".join(token for _, token in tokens)
    text = kept.text
    assert whole.startswith(text) or text.startswith(whole), "what is kept is not what was said"
    length = 0
    for said_at, token in tokens:
        length += len(token)
        if length > len(text):
            return at - said_at, len(whole) - len(text)
    return 0.0, 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        asyncio.run(child(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
