"""Messages of the desktop on a bus of the test's own, with a service that answers as the real ones do."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from contextlib import closing
from threading import Thread

import pytest

from desktop.ui.widgets.notification import PATH, SERVICE, ByBus
from tests.secret_service import private_bus

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon")


class Shell:
    """A desktop that shows messages: keeps what it was told, and follows one when the test says so."""

    def __init__(self, address, capabilities=("body", "body-markup", "actions")):
        from jeepney import message_bus
        from jeepney.io.blocking import open_dbus_connection

        self.connection, self.capabilities, self.shown = open_dbus_connection(address), capabilities, []
        self.connection.send_and_get_reply(message_bus.RequestName(SERVICE, 4))
        self.thread = Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        """Its socket is shut: the thread that reads from it ends."""
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()

    def serve(self):
        from jeepney import HeaderFields, MessageType, new_method_return

        while True:
            try:
                message = self.connection.receive()
            except (OSError, EOFError):
                self.connection.close()
                return
            if message.header.message_type is not MessageType.method_call:
                continue
            name = message.header.fields[HeaderFields.member]
            if name == "GetCapabilities":
                self.connection.send(new_method_return(message, "as", (list(self.capabilities),)))
            elif name == "Notify":
                self.shown.append(message.body)
                self.connection.send(new_method_return(message, "u", (7,)))

    def follow(self, number=7):
        from jeepney import DBusAddress, new_signal

        place = DBusAddress(PATH, interface=SERVICE)
        self.connection.send(new_signal(place, "ActivationToken", "us", (number, "token-1")))
        self.connection.send(new_signal(place, "ActionInvoked", "us", (number, "default")))


@pytest.fixture
def bus(tmp_path, monkeypatch):
    with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "")
        yield address


async def until(is_so):
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.005)


def settled(messages):
    """All that was told has been answered, or has failed."""
    messages._thread.submit(lambda: None).result(60)


async def test_a_message_is_shown_and_followed(qtbot, bus):
    followed = []
    with closing(Shell(bus)) as shell, closing(ByBus()) as messages:
        messages.clicked.connect(lambda: followed.append(os.environ["XDG_ACTIVATION_TOKEN"]))
        messages.tell("3 recordings are transcribed", "<b>one</b> & two")
        settled(messages)
        program, replaced, _, title, text, actions, hints, _ = shell.shown[0]
        assert (program, replaced, title) == ("Davenport", 0, "3 recordings are transcribed")
        assert text == "&lt;b&gt;one&lt;/b&gt; &amp; two"  # the desktop would take it for its own markup
        assert actions[0] == "default" and hints["desktop-entry"] == ("s", "davenport")
        shell.follow(number=99)  # somebody else's
        shell.follow()
        await until(lambda: followed)
        assert followed == ["token-1"]
        messages.tell("Again", "")
        settled(messages)
        assert shell.shown[1][1] == 7  # takes the place of the first


async def test_without_markup_words_are_as_they_are(qtbot, bus):
    with closing(Shell(bus, capabilities=("body",))) as shell, closing(ByBus()) as messages:
        messages.tell("Done", "one & two")
        settled(messages)
        assert shell.shown[0][4] == "one & two"


async def test_a_desktop_that_shows_nothing_is_no_failure(qtbot, bus, monkeypatch):
    with closing(ByBus()) as messages:
        messages.tell("Done", "nobody has the name")
        settled(messages)
        assert messages._bus is None
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all")
        messages.tell("Done", "no bus at all")
        settled(messages)
        assert messages._bus is None
