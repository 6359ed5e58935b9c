"""A message of the desktop, for what ends while another window is in front."""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QSystemTrayIcon

from desktop.ui import icons

SERVICE, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
AS_LONG_AS_ANY = -1
ANSWER_S = 5.0
TRAY_MS = 15_000  # how long the tray's icon stays, where a message needs one


class Messages(QObject):
    """`clicked` when the user follows a message. A later one takes the place of one that is still shown."""

    clicked = Signal()

    def tell(self, title: str, text: str) -> None:
        """Show a message; where nothing can show it, nothing happens. Does not wait."""
        raise NotImplementedError

    def close(self) -> None:
        """Listen no longer; what is shown stays."""


def of_desktop(parent: QObject, platform: str = sys.platform) -> Messages:
    """By the session's bus where there is one, else by the tray."""
    return ByBus(parent) if platform == "linux" else ByTray(parent)


class ByBus(Messages):
    """The desktop's own service, spoken to by a thread: Qt's bus has no unsigned numbers for Python."""

    _followed = Signal(str)  # from the thread: the token with which a window may come forward

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(1, "notification")
        self._bus: _Bus | None = None
        self._followed.connect(self._come_forward)

    def tell(self, title: str, text: str) -> None:
        self._thread.submit(self._tell, title, text)

    def close(self) -> None:
        if self._bus is not None:
            self._thread.submit(self._bus.close)
            self._bus = None
        self._thread.shutdown(wait=False)

    def _tell(self, title: str, text: str) -> None:
        try:
            if self._bus is None:
                self._bus = _Bus(self._followed.emit)
            self._bus.notify(title, text)
        except Exception:  # noqa: BLE001 - no bus, no service, another dialect: the window itself says the same
            if self._bus is not None:
                self._bus.close()
            self._bus = None

    def _come_forward(self, token: str) -> None:
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token  # Qt hands it to the compositor with the next activation
        self.clicked.emit()


class _Bus:
    """One connection for all messages: desktops forget those of a program that has left the bus. All blocking."""

    def __init__(self, followed: Callable[[str], object]) -> None:
        # It comes with the keyring, and few are ever told anything.
        from jeepney import DBusAddress, MatchRule, message_bus  # type: ignore[import-untyped]
        from jeepney.io.threading import open_dbus_connection  # type: ignore[import-untyped]

        self._followed, self._number, self._token = followed, 0, ""
        self._service = DBusAddress(PATH, SERVICE, SERVICE)
        self._answers: dict[int, Future[Any]] = {}
        self._connection = open_dbus_connection("SESSION")
        self._listener = Thread(target=self._listen, name="notifications", daemon=True)
        self._listener.start()
        try:
            self._ask(message_bus.AddMatch(MatchRule(type="signal", interface=SERVICE, path=PATH)))
            self._takes_markup = "body-markup" in self._call("GetCapabilities")[0]
        except BaseException:
            self.close()
            raise

    def notify(self, title: str, text: str) -> None:
        text = html.escape(text, quote=False) if self._takes_markup else text
        hints = {"desktop-entry": ("s", "davenport"), "category": ("s", "transfer.complete")}
        body = ("Davenport", self._number, "", title, text, ["default", "Show"], hints, AS_LONG_AS_ANY)
        self._number = int(self._call("Notify", "susssasa{sv}i", body)[0])

    def close(self) -> None:
        self._connection.interrupt()
        self._listener.join(ANSWER_S)
        self._connection.close()

    def _call(self, name: str, signature: str | None = None, body: tuple[object, ...] = ()) -> Any:
        from jeepney import new_method_call

        return self._ask(new_method_call(self._service, name, signature, body))

    def _ask(self, message: Any) -> Any:
        from jeepney.wrappers import unwrap_msg  # type: ignore[import-untyped]

        serial = next(self._connection.outgoing_serial)
        answer = self._answers[serial] = Future()
        self._connection.send(message, serial=serial)
        return unwrap_msg(answer.result(ANSWER_S))

    def _listen(self) -> None:
        from jeepney import HeaderFields
        from jeepney.io.threading import ReceiveStopped

        try:
            while True:
                message = self._connection.receive()
                fields = message.header.fields
                if answer := self._answers.pop(fields.get(HeaderFields.reply_serial, 0), None):
                    answer.set_result(message)
                elif len(message.body) == 2:
                    self._hear(fields.get(HeaderFields.member), *message.body)
        except (OSError, EOFError, ReceiveStopped) as error:
            for answer in self._answers.values():
                answer.set_exception(ConnectionError(f"the bus is gone: {error}"))

    def _hear(self, name: object, number: object, said: object) -> None:
        """An ActivationToken comes just before the ActionInvoked it is for."""
        if number != self._number:
            return
        if name == "ActivationToken":
            self._token = str(said)
        elif name == "ActionInvoked":
            self._followed(self._token)
            self._token = ""


class ByTray(Messages):
    """Qt's message of the tray, whose icon is there only as long as its message."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._icon: QSystemTrayIcon | None = None
        self._soon = QTimer(self, singleShot=True, interval=TRAY_MS)
        self._soon.timeout.connect(self.close)

    def tell(self, title: str, text: str) -> None:
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._icon is None:
            self._icon = QSystemTrayIcon(icons.application(), self)
            self._icon.messageClicked.connect(self.clicked)
        self._icon.show()
        self._icon.showMessage(title, text, icons.application())
        self._soon.start()

    def close(self) -> None:
        if self._icon is not None:
            self._icon.hide()
