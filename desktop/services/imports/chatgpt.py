"""ChatGPT's export: a conversation is a `mapping` of nodes; pictures and sounds are files named after pointers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, structs

from desktop.core.conversation import (
    Conversation,
    Message,
    Part,
    Reasoning,
    Role,
    State,
    Text,
    ToolCall,
    ToolResult,
    title_from,
)
from desktop.core.text import scalar
from desktop.services.imports import trees
from desktop.services.imports.assets import Assets
from desktop.services.imports.chatgpt_content import Contents
from desktop.services.imports.ids import id_of, micros
from desktop.services.imports.json_values import Unreadable, value
from desktop.services.imports.values import Asset, Draft, Notes

KIND = "chatgpt"
NAME = "ChatGPT export"
_TIME = re.compile(rb'"create_time"\s*:\s*(\d{9,10}(?:\.\d+)?)')
_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.TOOL, "system": Role.SYSTEM}
_ROLES["developer"] = Role.DEVELOPER
_ENDS = {"max_tokens": State.LENGTH, "interrupted": State.STOPPED, "content_filter": State.FILTERED}
_STATES = {"in_progress": State.CUT, "finished_partial_completion": State.CUT, "error": State.FAILED}


class Head(Struct, frozen=True):
    """What a list of conversations needs to know of one; its nodes stay packed."""

    mapping: msgspec.Raw = msgspec.Raw(b"{}")
    title: Any = None
    id: Any = None
    conversation_id: Any = None
    create_time: Any = None
    update_time: Any = None
    current_node: Any = None
    default_model_slug: Any = None
    is_archived: Any = False
    is_starred: Any = False
    pinned_time: Any = None

    @property
    def source_id(self) -> str:
        return next((each for each in (self.conversation_id, self.id) if isinstance(each, str) and each), "")

    @property
    def name(self) -> str:
        return scalar(self.title).strip() if isinstance(self.title, str) else ""


def head_of(raw: bytes) -> Head:
    """Raises Unreadable."""
    try:
        return msgspec.json.decode(raw, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = value(raw)  # says what is wrong, or reads what the strict reader would not
    if not isinstance(found, dict):
        raise Unreadable("It is no conversation.")
    known = {name: found[name] for name in Head.__struct_fields__ if name in found and name != "mapping"}
    return Head(**known, mapping=msgspec.Raw(msgspec.json.encode(_scalars(found.get("mapping")))))


def _scalars(found: Any) -> Any:
    """Any JSON with texts that can be written."""
    if isinstance(found, str):
        return scalar(found)
    if isinstance(found, dict):
        return {scalar(name): _scalars(each) for name, each in found.items()}
    return [_scalars(each) for each in found] if isinstance(found, list) else found


def when(head: Head, raw: bytes) -> int:
    """When it was begun: its own time, or the first that stands in it."""
    found = micros(head.create_time) or micros(head.update_time)
    if not found and (time := _TIME.search(raw)):
        found = micros(time[1].decode())
    return found


def draft(head: Head, assets: Assets, notes: Notes, began: int) -> Draft:
    """A whole conversation; raises Unreadable."""
    return _Reader(head, assets, notes, began).draft()


class _Node(Struct, frozen=True):
    id: str
    parent: str | None
    message: dict[str, Any] | None


class _Reader:
    """One conversation's nodes, made into messages whose parents are the nearest nodes above that have any content."""

    def __init__(self, head: Head, assets: Assets, notes: Notes, began: int) -> None:
        self._head, self._notes, self._began = head, notes, began
        self._contents = Contents(assets, notes)
        self._assets: dict[str, dict[int, Asset]] = {}
        self._system: list[str] = []
        self._ids: dict[str, str] = {}  # of nodes to ours
        self._kept: list[_Node] = []  # those that are messages

    def draft(self) -> Draft:
        nodes = self._nodes()
        self._source = self._head.source_id or self._fingerprint(nodes)
        made = [message for node in nodes.values() if (message := self._message(node)) is not None]
        if not made:
            raise Unreadable("It has no messages.")
        parents = {node.id: node.parent for node in nodes.values()}
        linked = [
            structs.replace(m, parent=self._above(node, parents)) for node, m in zip(self._kept, made, strict=True)
        ]
        messages = trees.ordered(linked, self._notes)
        return Draft(self._conversation(messages, parents), messages, self._assets)

    # Nodes

    def _nodes(self) -> dict[str, _Node]:
        try:
            packed = msgspec.json.decode(self._head.mapping, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Unreadable("Its messages are not where they should be.") from error
        found: dict[str, _Node] = {}
        children: dict[str, list[str]] = {}
        for id, raw in packed.items():
            node, below = self._node(id, raw)
            if node is not None:
                found[id], children[id] = node, below
        return self._with_parents(found, children)

    def _node(self, id: str, raw: msgspec.Raw) -> tuple[_Node | None, list[str]]:
        try:
            read = value(raw)
        except Unreadable:
            read = None
        if not isinstance(read, dict):
            self._notes.add("messages that could not be read")
            return None, []
        parent, message, below = read.get("parent"), read.get("message"), read.get("children")
        if message is not None and not isinstance(message, dict):
            self._notes.add("messages that could not be read")
            message = None
        strings = [child for child in below if isinstance(child, str)] if isinstance(below, list) else []
        return _Node(id, parent if isinstance(parent, str) else None, message), strings

    def _with_parents(self, nodes: dict[str, _Node], children: dict[str, list[str]]) -> dict[str, _Node]:
        """Where a parent is not named, or is not there, the node that names it as its child is it."""
        named = {below: above for above, list_ in children.items() for below in list_}
        for id, node in nodes.items():
            if node.parent not in nodes:
                above = named.get(id)
                if node.parent is not None and above is None:
                    self._notes.add(trees.ORPHANS)
                nodes[id] = structs.replace(node, parent=above if above != id else None)
        return nodes

    def _above(self, node: _Node, parents: dict[str, str | None]) -> str | None:
        """The message of the nearest node above that has one."""
        seen = {node.id}
        at = node.parent
        while at is not None and at not in self._ids and at not in seen:
            seen.add(at)
            at = parents.get(at)
        if at is None:
            return None
        if at in seen:
            self._notes.add(trees.CIRCLES)
            return None
        return self._ids[at]

    def _fingerprint(self, nodes: dict[str, _Node]) -> str:
        """For a conversation without an id: its first message's, which stays the same in later exports."""
        return next((node.id for node in nodes.values() if node.message), next(iter(nodes), ""))

    # Messages

    def _message(self, node: _Node) -> Message | None:
        source = node.message
        if source is None:
            return None
        made = self._parts(source)
        if made is None:
            return None
        role, parts, assets = made
        created = micros(source.get("create_time"))
        id = id_of(created or self._began, KIND, self._source, _text(source.get("id")) or node.id)
        self._ids[node.id] = id
        self._kept.append(node)
        if assets:
            self._assets[id] = assets
        about = _dict(source.get("metadata"))
        state = _STATES.get(_text(source.get("status")), State.COMPLETE)
        end = _text(_dict(about.get("finish_details")).get("type"))
        return Message(
            id=id,
            role=role,
            parts=parts,
            state=_ENDS.get(end, state),
            model=scalar(_text(about.get("model_slug"))) if role is Role.ASSISTANT else "",
            created=created,
            finish_reason=scalar(end),
        )

    def _parts(self, source: dict[str, Any]) -> tuple[Role, tuple[Part, ...], dict[int, Asset]] | None:
        """Role, parts and assets of a message; None for one that shows nothing."""
        author, about = _dict(source.get("author")), _dict(source.get("metadata"))
        role = _ROLES.get(_text(author.get("role")))
        if role is None:
            self._notes.add(f"messages of an unknown role “{_text(author.get('role'))[:40]}”, kept as the assistant's")
            role = Role.ASSISTANT
        content = source.get("content")
        if isinstance(content, dict) and self._contents.is_context(content):
            self._keep_system(self._contents.context(content, about))
            return None
        parts, assets = self._contents.parts(content, about)
        if not any(_has_words(part) for part in parts) and not assets:
            if role is not Role.SYSTEM:
                self._notes.add("messages without content")
            return None
        if role is Role.SYSTEM:
            self._keep_system("".join(part.text for part in parts if isinstance(part, Text)))
            return None
        return role, tuple(self._as_tool(role, source, parts)), assets

    def _as_tool(self, role: Role, source: dict[str, Any], parts: list[Part]) -> Iterator[Part]:
        """Words to and from a tool are its call and its result; all else stays as it is."""
        recipient = _text(source.get("recipient"))
        call = role is Role.ASSISTANT and recipient not in ("", "all")
        name = _text(_dict(source.get("author")).get("name")) or "tool"
        for part in parts:
            if call and isinstance(part, Text):
                yield ToolCall(_text(source.get("id")), scalar(recipient), _bare(part.text))
            elif role is Role.TOOL and isinstance(part, Text):
                is_error = _text(_dict(source.get("content")).get("content_type")) == "system_error"
                yield ToolResult(scalar(name), part.text, is_error)
            else:
                yield part

    def _keep_system(self, text: str) -> None:
        if text.strip() and text not in self._system:
            self._system.append(text)

    # The conversation

    def _conversation(self, messages: list[Message], parents: dict[str, str | None]) -> Conversation:
        head = self._head
        times = [message.created for message in messages if message.created]
        created = micros(head.create_time) or min(times, default=0) or self._began
        updated = max(micros(head.update_time), max(times, default=0), created)
        model = _text(head.default_model_slug)
        models = [message.model for message in messages if message.model]
        return Conversation(
            id=id_of(self._began, KIND, self._source),
            title=head.name or title_of(messages),
            created=created,
            updated=updated,
            head=self._end(messages, parents),
            model=scalar(model if model and model != "auto" else next(reversed(models), "")),
            system="\n\n".join(self._system),
            is_pinned=head.is_starred is True or bool(micros(head.pinned_time)),
            archived=updated if head.is_archived is True else 0,
        )

    def _end(self, messages: list[Message], parents: dict[str, str | None]) -> str:
        """The shown branch's last message; without one that is there, the newest."""
        at = self._head.current_node
        seen: set[str] = set()
        while isinstance(at, str) and at not in self._ids and at not in seen:
            seen.add(at)
            at = parents.get(at)
        if isinstance(at, str) and at in self._ids:
            return self._ids[at]
        return max(enumerate(messages), key=lambda each: (each[1].created, each[0]))[1].id


def title_of(messages: list[Message]) -> str:
    """A title for a conversation that came without one: how its first question begins."""
    return title_from(next((message.text for message in messages if message.role is Role.USER), ""))


def _has_words(part: Part) -> bool:
    return not isinstance(part, Text | Reasoning) or bool(part.text.strip())


def _bare(text: str) -> str:
    """Code without the fence it was given for reading."""
    found = re.fullmatch(r"```[^\n]*\n(.*)\n```", text, re.DOTALL)
    return found[1] if found else text


def _text(found: Any) -> str:
    return found if isinstance(found, str) else ""


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
