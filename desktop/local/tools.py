"""Calls of functions by a model that was never taught any: the form is forced while it writes."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from msgspec import Struct, structs

from desktop.local.generation import Ask, Json, Piece, Talker
from desktop.local.wire import wrong

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEAD = re.compile(r'\s*\{\s*"name"\s*:\s*"(?P<name>[^"]*)"\s*,\s*"arguments"\s*:\s*')
_LOOSE_END = re.compile(r"[}\s]*\Z")
MOST = 128


class Function(Struct, frozen=True):
    name: str
    description: str
    parameters: Json


class Tools(Struct, frozen=True):
    """The functions on offer. `is_forced`: the answer must be a call of one of `allowed`."""

    functions: tuple[Function, ...]
    allowed: tuple[str, ...]
    is_forced: bool

    def system_text(self) -> str:
        """How the model is told of its functions."""
        listed = [
            {"name": f.name, "description": f.description, "parameters": f.parameters.get("properties", {})}
            for f in self.functions
        ]
        lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in listed)
        return (
            "You can call these functions:\n"
            f"{lines}\n"
            'To call one, answer only with {"name": the function, "arguments": {its parameters}}. '
            "Once you have its result, answer in plain words."
        )

    def schema(self) -> Json:
        """The JSON schema that a call must follow."""
        calls = [_call_schema(f) for f in self.functions if f.name in self.allowed]
        return calls[0] if len(calls) == 1 else {"anyOf": calls}


def _call_schema(function: Function) -> Json:
    return {
        "type": "object",
        "properties": {"name": {"const": function.name}, "arguments": function.parameters},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def read_tools(tools: list[Any] | None, choice: Any, *, is_flat: bool) -> Tools | None:
    """The tools of a request, None where none may be called. `is_flat`: the form of the Responses API."""
    if not tools or choice == "none":
        return None
    if len(tools) > MOST:
        raise wrong("tools", f"At most {MOST} tools can be given.", "array_above_max_length")
    functions = tuple(_function(tool, number, is_flat) for number, tool in enumerate(tools))
    names = tuple(function.name for function in functions)
    if choice in (None, "auto", "required"):
        return Tools(functions, names, choice == "required")
    chosen, is_forced = _chosen(choice, is_flat)
    if not chosen or not set(chosen) <= set(names):
        raise wrong("tool_choice", "The tool_choice names a tool that is not among the tools.")
    return Tools(functions, chosen, is_forced)


def _function(tool: Any, number: int, is_flat: bool) -> Function:
    place = f"tools[{number}]"
    if not isinstance(tool, dict) or tool.get("type") != "function":
        shown = str(tool.get("type"))[:40] if isinstance(tool, dict) else "?"
        raise wrong(f"{place}.type", f"Only functions can be called here, not '{shown}'.", "unsupported_tool")
    function = tool if is_flat else tool.get("function")
    if not isinstance(function, dict) or not _NAME.fullmatch(str(function.get("name", ""))):
        raise wrong(f"{place}.name", "A function needs a name of letters, digits, _ and -.")
    parameters = function.get("parameters") or {"type": "object", "properties": {}, "additionalProperties": False}
    if not isinstance(parameters, dict):
        raise wrong(f"{place}.parameters", "Parameters are a JSON schema.", "invalid_type")
    return Function(function["name"], str(function.get("description") or ""), parameters)


def _chosen(choice: Any, is_flat: bool) -> tuple[tuple[str, ...], bool]:
    if not isinstance(choice, dict):
        raise wrong("tool_choice", "Invalid value: tool_choice.")
    if choice.get("type") == "function":
        named = choice if is_flat else choice.get("function") or {}
        return (str(named.get("name", "")),), True
    if choice.get("type") == "allowed_tools":
        allowed = choice if is_flat else choice.get("allowed_tools") or {}
        names = [tool if is_flat else tool.get("function") or {} for tool in allowed.get("tools", [])]
        return tuple(str(name.get("name", "")) for name in names), allowed.get("mode") == "required"
    raise wrong("tool_choice", "Invalid value: tool_choice.")


class Deciding:
    """A talker that may call or answer in words: as soon as it begins a call, it is made to follow the schema.

    The second run starts from the first one's prompt, which the engine still has.
    """

    def __init__(self, talker: Talker, tools: Tools) -> None:
        self._talker, self._tools, self.context = talker, tools, talker.context

    async def speak(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        is_call = False
        async with aclosing(self._talker.speak(ask)) as pieces:
            async for piece in pieces:
                if piece.text.lstrip()[:1] == "{":
                    is_call = True
                    break
                yield piece
                if piece.text.strip():
                    break
            if not is_call:
                async for piece in pieces:
                    yield piece
                return
        async with aclosing(self._talker.speak(structs.replace(ask, schema=self._tools.schema()))) as pieces:
            async for piece in pieces:
                yield piece

    async def count(self, ask: Ask) -> int:
        return await self._talker.count(ask)


class CallReader:
    """Takes the model's text as it comes and tells words from a call: `words`, `name`, then pieces of arguments."""

    def __init__(self) -> None:
        self.name = ""
        self._held = ""
        self._is_words = False

    def take(self, text: str) -> tuple[str, str]:
        """What can be said by now: (words, arguments), one of them empty."""
        if self._is_words:
            return text, ""
        self._held += text
        if not self.name:
            if self._held.lstrip()[:1] not in ("", "{"):
                self._is_words = True
                return self._release(), ""
            if not (head := _HEAD.match(self._held)):
                return "", ""
            self.name, self._held = head["name"], self._held[head.end() :]
        loose = _LOOSE_END.search(self._held)
        certain = loose.start() if loose else len(self._held)
        ready, self._held = self._held[:certain], self._held[certain:]
        return "", ready

    def rest(self, *, is_whole: bool) -> tuple[str, str]:
        """What was held back: the closing brace is the call's own, not the arguments', unless the text was cut."""
        if not self.name:
            return self._release(), ""
        tail, self._held = self._held.rstrip(), ""
        return "", tail[:-1] if is_whole and tail.endswith("}") else tail

    def _release(self) -> str:
        held, self._held = self._held, ""
        return held
