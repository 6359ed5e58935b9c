"""Every failure that is the world's fault, in words for the user.

KnownError                 summary, advice, detail
├── WireError              a call to a server did not do what was asked
│   ├── Offline            no network, or the application was started with --offline
│   ├── Unreachable        no connection: refused, timed out, unknown host
│   │   ├── UnknownHost
│   │   ├── Untrusted      the certificate was not accepted; nothing was sent
│   │   └── ProxyFailed
│   ├── Silent             nothing came for longer than the profile allows
│   ├── MayHaveRun         the request may have been carried out and charged; asking comes before repeating
│   ├── Cut                a reply ended before the server said that it was complete
│   ├── TooMuch            a reply went past a bound of ours
│   ├── BadReply           a reply that cannot be read
│   ├── Redirected         the server pointed elsewhere and was not followed
│   └── Rejected           the server answered with an error status
│       ├── BadRequest     400, 405, 415, 422
│       ├── KeyRefused     401
│       ├── Forbidden      403
│       ├── NotFound       404
│       ├── TooLarge       413
│       ├── RateLimited    429 that passes
│       ├── QuotaSpent     429 that only the user can end
│       ├── Overloaded     503
│       └── ServerFailed   every other status from 500, and errors inside a stream
├── KeyProblem             a key cannot be stored, read or used
│   ├── BadKey             characters that no key has
│   ├── NoKey              a profile that needs a key has none
│   ├── KeyringFailed      the operating system's key store refused, is locked or does not answer
│   └── SealFailed         the sealed key file: wrong passphrase, or damaged
├── StoreError             the archive
│   ├── ArchiveForeign     a file of another program stands in its place
│   ├── ArchiveNewer       written by a later version; opened for reading only
│   ├── ArchiveDamaged     set aside whole
│   ├── ArchiveLocked      another window has this data folder
│   ├── ArchiveFull        no room on the disk, or the folder cannot be written
│   └── Missing            what was asked for is not there (any more)
├── BudgetReached          a call would go beyond what the user set; nothing was sent
├── LocalFailed            the embedded local server or one of its engines
│   └── EngineMissing      a part that is not installed; the advice names the command
└── BadInput               what the user gave cannot be used, with the place it entered
    └── BadFile            a file that cannot be read as what it should be
        ├── FileGone       it is not where it was
        ├── FileChanged    it is not the one that was chosen any more
        └── FileSilent     nothing can be heard in it
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Detail:
    """What a report needs and a sentence does not: never a key, never the text of a message.

    `said` is what the server wrote, already cut to 2,000 characters and 20 lines of plain text.
    `retry_after_s` is the server's own wait in seconds, where it named one.
    """

    status: int | None = None
    code: str | None = None
    param: str | None = None
    request_id: str | None = None
    host: str | None = None
    said: str | None = None
    retry_after_s: float | None = None
    more: dict[str, str] = field(default_factory=dict)


class KnownError(Exception):
    """A failure that is nobody's bug: one plain sentence, and what to try."""

    advice_by_default = ""

    def __init__(self, summary: str, advice: str | None = None, detail: Detail | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        self.advice = self.advice_by_default if advice is None else advice
        self.detail = detail or Detail()


class WireError(KnownError):
    advice_by_default = "Try again in a moment."


class Offline(WireError):
    advice_by_default = "What you wrote is kept. Send it again when the network is back."


class Unreachable(WireError):
    advice_by_default = "Check the network and the profile's address, then try again."


class UnknownHost(Unreachable):
    advice_by_default = "Check the spelling of the profile's address and the network."


class Untrusted(Unreachable):
    advice_by_default = "Nothing was sent. If the server is yours, add its certificate to the profile."


class ProxyFailed(Unreachable):
    advice_by_default = "Check the proxy in the profile or in the system's settings."


class Silent(WireError):
    advice_by_default = "What arrived is kept. Continue the reply, or try again."


class MayHaveRun(WireError):
    advice_by_default = "Look at the server first: what is repeated may be charged twice."


class Cut(WireError):
    advice_by_default = "What arrived is kept. Continue the reply, or try again."


class TooMuch(WireError):
    advice_by_default = "What arrived up to the bound is kept."


class BadReply(WireError):
    advice_by_default = "Check that the profile's address is that of an OpenAI-compatible API."


class Redirected(WireError):
    advice_by_default = "Enter the new address in the profile if you trust it. Nothing was sent there."


class Rejected(WireError):
    """The server answered with an error; `detail.said` has its words."""


class BadRequest(Rejected):
    advice_by_default = "Change the parameter that is named and send again."


class KeyRefused(Rejected):
    advice_by_default = "Check the key in the profile."


class Forbidden(Rejected):
    advice_by_default = "The key or the organization has no right to this."


class NotFound(Rejected):
    advice_by_default = "Check the model's name and the profile's address."


class TooLarge(Rejected):
    advice_by_default = "Send less at once."


class RateLimited(Rejected):
    advice_by_default = "Wait, or send less at once."


class QuotaSpent(Rejected):
    advice_by_default = "Add credit or raise the limit in the provider's billing settings."


class Overloaded(Rejected):
    advice_by_default = "Try again in a minute."


class ServerFailed(Rejected):
    advice_by_default = "Try again in a moment."


class KeyProblem(KnownError):
    advice_by_default = "Open the profile and enter the key again."


class BadKey(KeyProblem):
    advice_by_default = "Copy the key again, whole and without anything around it."


class NoKey(KeyProblem):
    advice_by_default = "Enter a key in the profile, or choose the Local profile."


class KeyringFailed(KeyProblem):
    advice_by_default = "The key can be kept for this run only, or in a file sealed with a passphrase."


class SealFailed(KeyProblem):
    advice_by_default = "Enter the passphrase again. Nothing was changed."


class StoreError(KnownError):
    advice_by_default = "Nothing that was kept before is harmed."


class ArchiveForeign(StoreError):
    advice_by_default = "Choose another data folder, or move the file away."


class ArchiveNewer(StoreError):
    advice_by_default = "It is opened for reading only. Update Davenport to write in it."


class ArchiveDamaged(StoreError):
    advice_by_default = "The damaged file was set aside whole. The newest good copy is open."


class ArchiveLocked(StoreError):
    advice_by_default = "Use the window that is open, or choose another data folder."


class ArchiveFull(StoreError):
    advice_by_default = "Make room on the disk. What is on the screen is saved as soon as there is some."


class Missing(StoreError):
    advice_by_default = "It may have been deleted. Look in the trash."


class BudgetReached(KnownError):
    """`period` is "day", "month" or "total": what to allow for going on. Money in dollars."""

    advice_by_default = "Go on all the same, or raise the budget in the profile."

    def __init__(
        self,
        summary: str,
        advice: str | None = None,
        *,
        profile: str,
        period: Literal["day", "month", "total"],
        spent: Decimal,
        limit: Decimal,
    ) -> None:
        super().__init__(summary, advice)
        self.profile, self.period, self.spent, self.limit = profile, period, spent, limit

    @property
    def action(self) -> str:
        """What going on is called."""
        return {"day": "Go on today", "month": "Go on this month"}.get(self.period, "Go on")


class LocalFailed(KnownError):
    advice_by_default = "Start it again from the footer, or choose another profile."


class EngineMissing(LocalFailed):
    advice_by_default = "Run: python3 packaging/dev.py run"


class BadInput(KnownError):
    advice_by_default = "Change it and try again."


class BadFile(BadInput):
    advice_by_default = "Nothing was changed. Choose another file."


class FileGone(BadFile):
    advice_by_default = "Find the file again, then retry."


class FileChanged(BadFile):
    advice_by_default = "Add it again."


class FileSilent(BadFile):
    advice_by_default = "Nothing was sent. Choose another one."
