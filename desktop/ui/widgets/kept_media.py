"""What pages do with pictures, sounds and files of a transcript: show, play, copy, save. Nothing here has a network."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop.core.conversation import Attachment, Audio, Message, Picture
from desktop.core.errors import BadFile
from desktop.core.file_names import clean
from desktop.ui import dialogs
from desktop.ui.widgets.pictures import Pictures, in_worker
from desktop.ui.widgets.player import MakeDevice, Player, Sounds, qt_device
from desktop.ui.widgets.transcript_media import Media

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop.services.attachments import Attachments
    from desktop.ui.tasks import Tasks
    from desktop.ui.widgets.transcript import TranscriptView

ENDINGS = {"image/jpeg": ".jpg", "audio/wav": ".wav", "audio/mpeg": ".mp3", "image/webp": ".webp"}


class KeptMedia(QObject):
    """Gives a transcript its pictures and players; `notice` is a sentence about what was done."""

    notice = Signal(str, str)

    def __init__(
        self, transcript: TranscriptView, tasks: Tasks, *, page: str = "chat", make_device: MakeDevice = qt_device
    ) -> None:
        super().__init__(transcript)
        self._transcript, self._tasks, self._page = transcript, tasks, page
        self._attachments: Attachments | None = None
        self.pictures = Pictures(tasks, self)
        self.sounds = Sounds(tasks, make_device, self)
        self.pictures.changed.connect(transcript.media_changed)
        transcript.part_action.connect(self._act)

    def attach(self, attachments: Attachments) -> None:
        """From now on pictures are drawn and sounds can be played."""
        self._attachments = attachments
        self.pictures.attach(attachments)
        self.sounds.read = attachments.read
        self._transcript.set_media(Media(self.pictures, self._make_player))

    async def learn(self, messages: Iterable[Message]) -> None:
        """Before messages are shown: how large their pictures are."""
        await self.pictures.learn(messages)

    def _make_player(self, sound: Audio, parent: QWidget) -> QWidget:
        return Player(sound, self.sounds, parent, self._page)

    def _act(self, action: str, part: Picture | Audio | Attachment) -> None:
        name = f"part:{action}:{id(self)}"
        if isinstance(part, Picture) and action == "show":
            self._tasks.start(self._show(part), name=name)
        elif isinstance(part, Picture) and action == "copy":
            self._tasks.start(self._copy(part), name=name)
        elif action == "save":
            self._tasks.start(self._save(part), name=name)

    async def _show(self, picture: Picture) -> None:
        from desktop.ui.widgets.picture_window import PictureWindow  # nobody looks closer before the first paint

        image = await self.pictures.whole(picture)
        window = PictureWindow(image, picture.name, self._transcript.window())
        window.copy_wanted.connect(lambda: self._act("copy", picture))
        window.save_wanted.connect(lambda: self._act("save", picture))
        window.show()
        window.canvas.setFocus()

    async def _copy(self, picture: Picture) -> None:
        QGuiApplication.clipboard().setImage(await self.pictures.whole(picture))
        self.notice.emit("good", "The picture was copied.")

    async def _save(self, part: Picture | Audio | Attachment) -> None:
        assert self._attachments is not None, "the services are attached before anything is shown"
        content = await self._attachments.read(part.blob)
        chosen = await dialogs.choose_new_file(self._transcript, "Save as", file_name(part))
        if chosen:
            await in_worker(lambda: save(Path(chosen), content))
            self.notice.emit("good", f"Saved as “{Path(chosen).name}”.")


def file_name(part: Picture | Audio | Attachment) -> str:
    """A harmless name for a part, with the ending of what it is."""
    ending = ENDINGS.get(part.mime) or mimetypes.guess_extension(part.mime) or ""
    name = clean(part.name, instead={Picture: "picture", Audio: "recording"}.get(type(part), "file"))
    return name if Path(name).suffix or not ending else name + ending


def save(target: Path, content: bytes) -> None:
    """Under another name first; raises BadFile where there is no room or no right to write."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadFile(f"“{target.name}” could not be saved.", "Choose another folder, or make room on it.") from error
