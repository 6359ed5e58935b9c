"""What becomes of a job whose recording is changed or taken away: before it is heard, and while it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hearing import HearingServer, refused
from hearing_desk import ALL, OPTIONS, Desk
from hearing_desk import quick as quick
from hearing_desk import server as server
from hearing_desk import wav as wav

from desktop.services.jobs import JobState


@pytest.fixture
def mine(tmp_path, wav) -> Path:
    """A file that may be spoilt."""
    made = tmp_path / "mine.wav"
    made.write_bytes(wav.read_bytes())
    return made


def spoil(path: Path, how: str) -> None:
    if how == "gone":
        path.unlink()
    else:
        with path.open("ab") as file:
            file.write(b"\0" * 4)


@pytest.mark.parametrize("how", ["gone", "changed"])
async def test_the_archives_own_copy_is_heard_where_the_file_is_another_one_by_now(tmp_path, server, mine, how):
    desk = Desk(tmp_path / "data", server, parts=1)
    desk.copies = True
    server.faults = [None, refused(401)]
    view = await desk.one(mine)
    assert view.state is JobState.FAILED and view.parts_done == 1
    spoil(mine, how)
    desk.service.retry(view.id)
    await desk.service.settled()
    assert desk.service.job(view.id).state is JobState.DONE, desk.service.job(view.id).error
    assert await desk.text(view.id) == ALL
    await desk.close()


@pytest.mark.parametrize("how", ["gone", "changed"])
async def test_with_a_copy_nothing_that_becomes_of_the_file_meanwhile_counts(tmp_path, server, mine, how):
    desk = Desk(tmp_path / "data", server, parts=1)
    desk.copies = True

    def spoilt(id: str) -> None:
        if mine.exists() and desk.service.job(id).words.startswith(("Listens", "Connects")):
            spoil(mine, how)

    (id,) = await desk.add(mine)
    desk.service.listen(spoilt)
    await desk.service.settled()
    view = desk.service.job(id)
    assert view.state is JobState.DONE, view.error
    assert await desk.text(id) == ALL
    await desk.close()


@pytest.mark.parametrize(("how", "said"), [("gone", "is not where it was"), ("changed", "has changed since")])
async def test_without_one_it_is_said_and_nothing_is_sent(tmp_path, server: HearingServer, mine, how, said):
    desk = Desk(tmp_path / "data", server)
    (id,) = await desk.service.add(await desk.service.look([str(mine)], OPTIONS), OPTIONS, held=True)
    spoil(mine, how)
    desk.service.resume(id)
    await desk.service.settled()
    view = desk.service.job(id)
    assert view.state is JobState.FAILED and said in view.error and server.sent == []
    await desk.close()
