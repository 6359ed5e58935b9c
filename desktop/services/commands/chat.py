"""`davenport chat`: ask from a terminal, and keep question and answer as the window would."""

from __future__ import annotations

import argparse
import asyncio
from datetime import date

from desktop.core.chat import Delta, Update, Waiting
from desktop.core.conversation import Message, State, Text
from desktop.core.errors import BadInput
from desktop.services.bundle import Services
from desktop.services.chat_question import Question
from desktop.services.commands.outcome import CUT, DONE, FAILED, Adder, NobodyReads, Write


def add(commands: Adder) -> None:
    chat = commands.add_parser("chat", help="ask, and keep question and answer")
    chat.add_argument("question", help="what to ask; - reads it from the standard input")
    chat.add_argument("--model", default="", help="the model's name; else the conversation's, or the one used last")
    chat.add_argument("--conversation", default="", metavar="ID", help="go on with this conversation")
    chat.add_argument("--system", default="", help="system text")
    chat.set_defaults(with_services=ask)


async def ask(services: Services, arguments: argparse.Namespace, out: Write, err: Write) -> int:
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
    message = await _answer(services, question, out, err)
    out("\n")
    if message.error:
        err(f"{message.error} {message.advice}\n")
    err(f"[{message.conversation}]\n")
    if message.state in (State.COMPLETE, State.LENGTH):
        return DONE
    return FAILED if message.state is State.FAILED else CUT


async def _answer(services: Services, question: Question, out: Write, err: Write) -> Message:
    """The reply, written as it comes. Where nobody reads any more it is stopped: what came by then is kept."""
    is_unread = False

    def tell(update: Update) -> None:
        nonlocal is_unread
        if is_unread:
            return
        try:
            match update:
                case Delta(kind="text" | "refusal"):
                    out(update.text)
                case Waiting() if not update.is_alive:
                    err(f"[{update.reason} {update.seconds:.0f} s]\n")
        except NobodyReads:
            is_unread = True
            sending.cancel()

    sending = asyncio.ensure_future(services.chat.send(question, tell))
    try:
        return await sending
    except asyncio.CancelledError:
        if is_unread:
            raise NobodyReads from None
        raise


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
