"""How many tokens a conversation will be, before it is sent.

Source: the API's own rule for chat (3 for each message, 3 for the request), o200k_base for every model since gpt-4o.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

Count = Callable[[str], int]

PER_MESSAGE = 3
PER_REQUEST = 3
CHARACTERS_PER_TOKEN = 4


def rough(text: str) -> int:
    """A count for want of a tokenizer: four bytes of UTF-8 to a token, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // CHARACTERS_PER_TOKEN)


def of_chat(texts: Iterable[str], count: Count = rough) -> int:
    """Input tokens of a chat request with these messages' texts; pictures and tools are not in it."""
    return PER_REQUEST + sum(PER_MESSAGE + count(text) for text in texts)
