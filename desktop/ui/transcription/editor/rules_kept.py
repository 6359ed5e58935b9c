"""The rules of subtitles as they were last set, remembered from one run to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from desktop.core.subtitles.rules import Rules

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.ui.transcription.editor.check_panel import CheckPanel

NAME = "transcription.rules"


async def read(services: Services, panel: CheckPanel) -> None:
    """Show what was kept; rules of another version are left alone, the usual ones hold."""
    kept = await services.remembered(NAME, None)
    if kept is not None:
        try:
            panel.set_rules(msgspec.convert(kept, Rules))
        except msgspec.ValidationError:
            return


async def keep(services: Services, rules: object) -> None:
    await services.remember(NAME, msgspec.to_builtins(rules))
