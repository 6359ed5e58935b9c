"""A real Secret Service (gnome-keyring) on a bus of its own, in a home of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

BUS = """<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""
NAME = "org.freedesktop.secrets"


@contextmanager
def private_bus(folder: Path) -> Iterator[str]:
    """The address of a bus that starts nothing by itself."""
    config, socket = folder / "bus.conf", folder / "bus"
    config.write_text(BUS.format(socket))
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"]
    with ended(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)) as bus:
        yield bus.stdout.readline().decode().strip()


@contextmanager
def keyring_daemon(folder: Path, address: str) -> Iterator[None]:
    """gnome-keyring with an unlocked collection, ready when its name has an owner.

    The bus is asked about names only: a call to the name itself while the daemon starts would be a second start.
    """
    from jeepney import DBusAddress, MatchRule, message_bus, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    places = {name: str(folder / name.lower()) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME")}
    for place in places.values():
        Path(place).mkdir(mode=0o700, exist_ok=True)
    environment = {**os.environ, **places, "DBUS_SESSION_BUS_ADDRESS": address}
    with closing(open_dbus_connection(address)) as connection:
        appears = MatchRule(type="signal", interface=message_bus.interface, member="NameOwnerChanged")
        appears.add_arg_condition(0, NAME)
        connection.send_and_get_reply(message_bus.AddMatch(appears))
        bus = DBusAddress(message_bus.object_path, message_bus.bus_name, message_bus.interface)
        command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
        with connection.filter(appears) as signals:
            daemon = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            with ended(daemon):
                daemon.stdin.write(b"of the test")
                daemon.stdin.close()
                connection.recv_until_filtered(signals, timeout=60)
                reply = connection.send_and_get_reply(new_method_call(bus, "NameHasOwner", "s", (NAME,)))
                assert reply.body == (True,)
                yield


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()


@pytest.fixture(scope="session")
def secret_service_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not all(map(shutil.which, ("dbus-daemon", "gnome-keyring-daemon"))):
        assert "CI" not in os.environ, "a Secret Service must be installed: apt-get install gnome-keyring dbus"
        pytest.skip("no Secret Service is installed here")
    folder = tmp_path_factory.mktemp("bus")
    with private_bus(folder) as address, keyring_daemon(folder, address):
        yield address


@pytest.fixture
def secret_service(secret_service_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A running Secret Service, as the session's, with its collection open."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", secret_service_address)
    return secret_service_address


@pytest.fixture
def locked_secret_service(
    secret_service_address: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Another one, whose collection is locked; nobody is there to ask for its password."""
    import secretstorage

    folder = tmp_path_factory.mktemp("locked")
    with private_bus(folder) as address, keyring_daemon(folder, address):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with closing(secretstorage.dbus_init()) as connection:
            secretstorage.get_default_collection(connection).lock()
        yield address
