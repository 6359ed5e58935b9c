"""The limits that replies name, kept for an hour."""

from __future__ import annotations

import msgspec
import pytest

from desktop.core.calls import CallStart, Fate
from desktop.services.calls import Calls
from desktop.services.rate_limits import KEPT_MODELS, KEPT_POINTS, RateLimits, model_in

START = 1_800_000_000.0


class Time:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def limits(time):
    return RateLimits(time)


def answer(limits, name="c", model="m", profile="p", *, calls=None, **said):
    recorder = limits.recorder(profile, calls or Calls())
    body = msgspec.json.encode({"messages": [], "model": model})
    recorder.sending(CallStart(name, "POST", "https://x.example/v1/chat/completions", (), body, 0), 1)
    headers = tuple((f"X-RateLimit-{key.replace('_', '-')}", str(value)) for key, value in said.items())
    recorder.answered(name, 200, headers, 1.0)
    recorder.ended(name, Fate.COMPLETE, 2.0)


def test_what_a_reply_says_is_shown_for_its_profile_and_model(limits):
    answer(
        limits, limit_requests=100, remaining_requests=75, limit_tokens=1000, remaining_tokens=200, reset_tokens="6m0s"
    )
    (gauge,) = limits.models("p")
    assert (gauge.remaining_requests, gauge.limit_tokens, gauge.share) == (75, 1000, 0.2)
    assert gauge.reset_at == round((START + 360) * 1_000_000)
    assert gauge.words == "200 of 1\u202f000 tokens left for m"
    assert limits.models("other") == ()


def test_calls_still_hears_everything(limits):
    calls = Calls()
    answer(limits, calls=calls, limit_requests=1, remaining_requests=1)
    (record,) = calls.records()
    assert (record.status, record.fate) == (200, Fate.COMPLETE)


def test_a_limit_is_whole_again_after_its_reset(limits, time):
    answer(limits, limit_requests=100, remaining_requests=0, reset_requests="1m0s")
    assert limits.models("p")[0].share == 0
    time.at += 61
    assert limits.models("p")[0].share == 1


def test_an_hour_is_remembered_and_no_more(limits, time):
    for left in (90, 50, 10):
        answer(limits, limit_requests=100, remaining_requests=left)
        time.at += 1800
    assert [share for _, share in limits.models("p")[0].history] == [0.5, 0.1]
    time.at += 3601
    assert limits.models("p") == ()


def test_memory_is_bounded(limits, time):
    for _ in range(KEPT_POINTS + 50):
        answer(limits, limit_requests=100, remaining_requests=50)
    assert len(limits.models("p")[0].history) == KEPT_POINTS
    for number in range(KEPT_MODELS + 5):
        answer(limits, model=f"m{number}", limit_requests=100, remaining_requests=50)
    assert len(limits.models("p")) == KEPT_MODELS


def test_the_tightest_comes_first_and_a_reply_without_limits_changes_nothing(limits):
    answer(limits, model="wide", limit_requests=100, remaining_requests=99)
    answer(limits, model="tight", limit_requests=100, remaining_requests=1)
    answer(limits, model="tight")
    assert [gauge.model for gauge in limits.models("p")] == ["tight", "wide"]


def test_the_model_is_found_in_json_and_in_forms():
    assert model_in(b'{"model": "a\\u0062", "input": "x"}') == "ab"
    assert model_in(b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--x--') == "whisper-1"
    assert model_in(b"{broken") == ""
    assert model_in(b'{"model":"big","input":"' + b"x" * 300_000 + b'"}') == "big"
