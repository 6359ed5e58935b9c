"""The steps of one response: items and parts that open, grow and close, each step with its number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from desktop.local.generation import Json, Piece, chance
from desktop.local.tools import CallReader
from desktop.local.wire import new_id


class Answer:
    """Turns pieces of text into the typed events of the stream. There is one item: a message, or a call."""

    def __init__(self, response_id: str, *, reads_calls: bool) -> None:
        self._reader = CallReader() if reads_calls else None
        self._message_id, self._call_id, self._item_id = new_id("msg_"), new_id("call_"), new_id("fc_")
        self._number = -1
        self._words, self._arguments = "", ""
        self._chances: list[Json] = []
        self._is_message = self._is_call = False
        self._status = "in_progress"

    def step(self, kind: str, **fields: Any) -> Json:
        self._number += 1
        return {"type": kind, "sequence_number": self._number, **fields}

    def items(self) -> Iterator[Json]:
        """The output as it stands."""
        if self._is_message:
            yield self._message()
        if self._is_call:
            yield self._call()

    def take(self, piece: Piece) -> Iterator[Json]:
        words, arguments = piece.text, ""
        if self._reader is not None:
            words, arguments = self._reader.take(piece.text)
            if piece.finish:
                more = self._reader.rest(is_whole=piece.finish == "stop")
                words, arguments = words + more[0], arguments + more[1]
        if words or (piece.finish and not (self._reader and self._reader.name)):
            yield from self._say(words, piece)
        if self._reader is not None and self._reader.name:
            yield from self._fill(arguments)
        if piece.finish:
            self._status = "completed" if piece.finish == "stop" else "incomplete"
            yield from self._close()

    def _say(self, words: str, piece: Piece) -> Iterator[Json]:
        if not self._is_message:
            self._is_message = True
            yield self.step("response.output_item.added", output_index=0, item={**self._message(), "content": []})
            yield self.step("response.content_part.added", **self._where(), part=self._part())
        chances = [chance(entry) for entry in piece.logprobs]
        self._words += words
        self._chances += chances
        if words:
            yield self.step("response.output_text.delta", **self._where(), delta=words, logprobs=chances)

    def _fill(self, arguments: str) -> Iterator[Json]:
        if not self._is_call:
            self._is_call = True
            yield self.step("response.output_item.added", output_index=self._call_at(), item=self._call())
        if arguments:
            self._arguments += arguments
            place = {"item_id": self._item_id, "output_index": self._call_at()}
            yield self.step("response.function_call_arguments.delta", **place, delta=arguments)

    def _close(self) -> Iterator[Json]:
        if self._is_message:
            logprobs = self._chances
            yield self.step("response.output_text.done", **self._where(), text=self._words, logprobs=logprobs)
            yield self.step("response.content_part.done", **self._where(), part=self._part())
            yield self.step("response.output_item.done", output_index=0, item=self._message())
        if self._is_call:
            place = {"item_id": self._item_id, "output_index": self._call_at()}
            call = self._call()
            yield self.step(
                "response.function_call_arguments.done", **place, name=call["name"], arguments=self._arguments
            )
            yield self.step("response.output_item.done", output_index=self._call_at(), item=call)

    def _call_at(self) -> int:
        return 1 if self._is_message else 0

    def _where(self) -> Json:
        return {"item_id": self._message_id, "output_index": 0, "content_index": 0}

    def _part(self) -> Json:
        return {"type": "output_text", "text": self._words, "annotations": [], "logprobs": list(self._chances)}

    def _message(self) -> Json:
        head = {"id": self._message_id, "type": "message", "role": "assistant", "status": self._status}
        return {**head, "content": [self._part()]}

    def _call(self) -> Json:
        return {
            "id": self._item_id,
            "type": "function_call",
            "status": self._status,
            "call_id": self._call_id,
            "name": self._reader.name if self._reader else "",
            "arguments": self._arguments,
        }
