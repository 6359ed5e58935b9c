"""What `davenport chat` and `davenport history` do, in their own process or in the window that has the folder."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from desktop.core.chat import Delta, Ended, Update, Waiting
from desktop.core.conversation import State, Text
from desktop.core.errors import BadInput, KnownError
from desktop.services import export
from desktop.services.bundle import Services
from desktop.services.chat import Question
from desktop.services.conversations import Conversations

Write = Callable[[str], None]

DONE, FAILED, CUT = 0, 1, 3
HIT_MARKS = str.maketrans({"\ue000": "[", "\ue001": "]"})


def parser() -> argparse.ArgumentParser:
    """The commands that need no window."""
    top = argparse.ArgumentParser(prog="davenport", add_help=True)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chat = commands.add_parser("chat", help="ask, and keep question and answer")
    chat.add_argument("question", help="what to ask; - reads it from the standard input")
    chat.add_argument("--model", default="", help="the model's name; else the conversation's, or the one used last")
    chat.add_argument("--conversation", default="", metavar="ID", help="go on with this conversation")
    chat.add_argument("--system", default="", help="system text")
    history = commands.add_parser("history", help="what is kept")
    deeds = history.add_subparsers(dest="deed", required=True, metavar="DEED")
    search = deeds.add_parser("search", help="find conversations by words")
    search.add_argument("text")
    search.add_argument("--limit", type=int, default=20)
    exported = deeds.add_parser("export", help="write one conversation")
    exported.add_argument("id")
    exported.add_argument("--format", choices=export.FORMATS, default="md")
    exported.add_argument("--out", type=Path, default=None, help="a file; else the terminal")
    for command in (chat, search, exported):
        command.add_argument("--data-dir", type=Path, default=None)
        command.add_argument("--profile", default="")
        command.add_argument("--base-url", default="")
        command.add_argument("--offline", action="store_true")
    return top


async def run(services: Services, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    """Carry out one parsed command; returns the exit status. A known error is a sentence on `err`."""
    try:
        match arguments.command:
            case "chat":
                return await _chat(services, arguments, out, err)
            case _:
                return await history(services.conversations, arguments, out)
    except KnownError as error:
        err(f"{error.summary} {error.advice}\n")
        return FAILED


async def _chat(services: Services, arguments: argparse.Namespace, out: Write, err: Write) -> int:
    kept = services.conversations
    profile = services.profiles.chosen
    conversation = head = None
    model, system, parameters = arguments.model, arguments.system, {}
    if arguments.conversation:
        opened = await kept.open(await kept.resolve(arguments.conversation))
        conversation, head = opened.conversation.id, (opened.path[-1] if opened.path else None)
        model = model or opened.conversation.model
        system, parameters = system or opened.conversation.system, dict(opened.conversation.parameters)
    question = Question(
        parts=(Text(arguments.question),),
        model=model or await _usual_model(services),
        profile=profile,
        conversation=conversation,
        parent=head,
        system=system,
        parameters=parameters,
    )
    ended: list[Ended] = []

    def tell(update: Update) -> None:
        match update:
            case Delta(kind="text" | "refusal"):
                out(update.text)
            case Waiting() if not update.is_alive:
                err(f"[{update.reason} {update.seconds:.0f} s]\n")
            case Ended():
                ended.append(update)

    message = await services.chat.send(question, tell)
    out("\n")
    if message.error:
        err(f"{message.error} {message.advice}\n")
    err(f"[{message.conversation}]\n")
    if message.state in (State.COMPLETE, State.LENGTH):
        return DONE
    return FAILED if message.state is State.FAILED else CUT


async def _usual_model(services: Services) -> str:
    """The settings' model, the one used last with this profile, or the first that its server lists."""
    profile = services.profiles.chosen
    if chosen := services.settings.value.default_model:
        return chosen
    last: str = await services.remembered(f"chat.last-model:{profile.id}", "")
    if last:
        return last
    if services.catalogs.of(profile).listed is None and profile.is_local:
        await services.catalogs.refresh(profile, await services.connections.client(profile))
    choices = services.catalogs.of(profile).choices("chat", date.today())
    if not choices:
        raise BadInput("No model is chosen.", "Name one with --model.")
    return choices[0].id


async def history(kept: Conversations, arguments: argparse.Namespace, out: Write) -> int:
    """Reading commands; they need the archive only."""
    if arguments.deed == "search":
        found = await kept.listing(arguments.text, limit=arguments.limit)
        for row in found:
            snippet = " ".join(row.snippet.translate(HIT_MARKS).split())
            out(f"{row.id}  {row.title}\n" + (f"    {snippet}\n" if snippet else ""))
        return DONE if found else FAILED
    opened = await kept.open(await kept.resolve(arguments.id))
    wanted: Sequence[str] = sorted(opened.parents) if arguments.format == "json" else opened.path
    text = export.exported(opened.conversation, await kept.messages(wanted), arguments.format)
    if arguments.out is None:
        out(text)
        return DONE
    try:
        await asyncio.to_thread(_write_new, arguments.out, text)
    except FileExistsError as error:
        raise BadInput(f"{arguments.out.name} is there already.", "Choose another name with --out.") from error
    except OSError as error:
        raise BadInput(f"{arguments.out} cannot be written.", "Choose another place with --out.") from error
    return DONE


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
