"""What is too large for the local server is told in the units of all other sizes."""

from __future__ import annotations

from io import BytesIO

import pytest
from starlette.datastructures import UploadFile

from desktop.core.sizes import size_words
from desktop.local import audio, guard
from desktop.local.wire import WireProblem


def test_a_body_that_is_too_large():
    message = guard._too_large().body()["error"]["message"]
    assert size_words(guard.BODY_BYTES) in message and "MiB" not in message


def test_a_recording_that_is_too_large(tmp_path):
    endpoint = audio.AudioEndpoint(None, tmp_path)
    with pytest.raises(WireProblem) as refused:
        endpoint._save(UploadFile(BytesIO(), size=audio.LARGEST + 1, filename="long.wav"))
    message = refused.value.body()["error"]["message"]
    assert size_words(audio.LARGEST) in message and "MiB" not in message
