"""The pure rules of the wire: when to try again, rate limits, unpacking, addresses, what of an error is told."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_fakes import KEY, profile_for

from desktop.api import address, ratelimit, retry
from desktop.api.failures import Teller
from desktop.api.inflate import Inflater
from desktop.api.recording import KeyGuard
from desktop.api.retry import Failure, Stage
from desktop.core import errors
from desktop.core.profile import Kind
from desktop.core.secret import MASK, Redactor, Secret
from desktop.core.usage import RateLimit

NOW = 1_790_000_000.0


def answered(status, code=None, **headers):
    return Failure(Stage.ANSWERED, status, code, {name.replace("_", "-"): v for name, v in headers.items()})


def pause(failure, attempt=1, repeatable=False, rand=1.0):
    return retry.pause_s(failure, attempt, repeatable, NOW, lambda: rand)


# --- retries


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 520])
def test_repeatable_calls_are_tried_again_on_passing_statuses(status):
    assert pause(answered(status), repeatable=True) == 0.5


@pytest.mark.parametrize("status", [408, 409, 500, 502, 504, 520])
def test_paid_calls_are_not_tried_again_where_they_may_have_run(status):
    assert pause(answered(status)) is None


@pytest.mark.parametrize("status", [429, 503])
def test_paid_calls_are_tried_again_where_they_certainly_did_not_run(status):
    assert pause(answered(status)) == 0.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 422])
def test_other_client_errors_are_never_tried_again(status):
    assert pause(answered(status), repeatable=True) is None
    assert pause(answered(status, x_should_retry="true"), repeatable=True) is None


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_spent_quota_is_never_tried_again(code):
    assert pause(answered(429, code, retry_after="1"), repeatable=True) is None


def test_servers_own_no_wins():
    assert pause(answered(503, x_should_retry="false"), repeatable=True) is None


def test_refused_connections_are_tried_again_and_certificates_are_not():
    assert pause(Failure(Stage.NOT_SENT)) == 0.5
    assert pause(Failure(Stage.REFUSED), repeatable=True) is None


def test_nothing_is_tried_again_once_the_reply_has_begun():
    assert pause(Failure(Stage.BEGUN), repeatable=True) is None


def test_lost_before_an_answer_only_repeatable_calls_are_tried_again():
    assert pause(Failure(Stage.NO_ANSWER), repeatable=True) == 0.5
    assert pause(Failure(Stage.NO_ANSWER)) is None


def test_three_tries_in_all_with_doubling_pauses_and_a_random_part():
    assert [pause(answered(503), n) for n in (1, 2, 3)] == [0.5, 1.0, None]
    assert pause(answered(503), 1, rand=0.0) == 0.375
    assert retry.TRIES == 3 and retry.LONGEST_PAUSE_S == 8.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "120"}, 120.0),
        ({"retry_after": "Mon, 21 Sep 2026 14:13:30 GMT"}, 10.0),
        ({"retry_after": "Monday, 21-Sep-26 14:13:30 GMT"}, 10.0),
        ({"retry_after": "Mon Sep 21 14:13:30 2026"}, 10.0),
        ({"retry_after": "Mon, 21 Sep 2026 14:13:30 -0000"}, 10.0),
    ],
)
def test_retry_after_is_kept(headers, seconds):
    assert pause(answered(429, **headers)) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["-5", "nan", "soon", "", "0", "1e999", "inf", "Mon, 99 Foo 2026", "x" * 5000, "Mon"])
def test_wrong_retry_after_falls_back_to_the_own_pause(text):
    assert pause(answered(429, retry_after=text)) == 0.5


@pytest.mark.parametrize("text", ["121", "31536000", "Mon, 21 Sep 2037 14:13:30 GMT"])
def test_retry_after_past_two_minutes_is_not_waited_for(text):
    assert pause(answered(429, retry_after=text)) is None


@pytest.fixture
def elsewhere(monkeypatch):
    """A computer that is not in the zone of London."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_date_without_a_zone_is_utc_wherever_the_computer_is(elsewhere):
    assert retry.server_wait({"retry-after": "Mon Sep 21 14:13:30 2026"}, NOW) == pytest.approx(10.0)


def test_what_may_have_run_says_so_once():
    teller = Teller("api.example.com:443", Redactor())
    cause, _ = teller.rejected(500, {}, b"", NOW)
    error = teller.may_have_run(cause)
    said = f"{error.summary} {error.advice}"
    assert said.count("carried out") == 1 and said.count("charged") == 1


def test_long_wait_is_shown():
    teller = Teller("api.example.com:443", Redactor())
    error, _ = teller.rejected(429, {"retry-after": "3600"}, b'{"error":{"message":"slow"}}', NOW)
    assert "60 minutes" in error.summary and error.detail.retry_after_s == 3600


@given(st.text(max_size=40), st.sampled_from(["retry-after", "retry-after-ms"]))
def test_no_header_breaks_the_decision(text, name):
    wait = retry.server_wait({name: text}, NOW)
    assert wait is None or wait > 0


# --- rate limits


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12ms", 0.012), ("1s", 1), ("6m0s", 360), ("1h2m3.5s", 3723.5), ("0s", 0), ("7.66s", 7.66)],
)
def test_reset_durations(text, seconds):
    assert ratelimit.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", [None, "", "1", "s", "-1s", "1d", "1s?", "nan", "9" * 80 + "s", "9" * 50 + "h"])
def test_what_is_no_duration_is_none(text):
    assert ratelimit.duration(text) is None


def test_rate_limit_headers_are_all_optional():
    assert ratelimit.parse({}) is None
    assert ratelimit.parse({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-limit-tokens": "-3"}) == RateLimit(
        remaining_tokens=5
    )


# --- unpacking


def unpacked(encoding, *pieces):
    inflater = Inflater(encoding)
    return b"".join(out for piece in pieces for out in inflater.feed(piece))


@given(st.binary(max_size=3000), st.integers(1, 50))
def test_gzip_in_any_pieces(data, step):
    packed = gzip.compress(data) + gzip.compress(b"more")
    assert unpacked("gzip", *(packed[i : i + step] for i in range(0, len(packed), step))) == data + b"more"


def test_deflate_with_and_without_its_wrapper():
    raw = zlib.compressobj(wbits=-15)
    assert unpacked("deflate", zlib.compress(b"abc" * 100)) == b"abc" * 100
    assert unpacked("deflate", raw.compress(b"abc" * 100) + raw.flush()) == b"abc" * 100


def test_unpacking_bomb_is_stopped_early():
    packed = gzip.compress(bytes(200_000_000), 9)
    given_out = 0
    with pytest.raises(errors.TooMuch):
        for piece in Inflater("gzip").feed(packed):
            given_out += len(piece)
    assert given_out <= 100 * len(packed) + 65536


def test_small_bodies_may_unpack_to_more():
    assert len(unpacked("gzip", gzip.compress(bytes(900_000)))) == 900_000


def test_wrong_packing_is_a_known_error():
    with pytest.raises(errors.BadReply):
        unpacked("gzip", b"not packed at all")
    with pytest.raises(errors.BadReply):
        Inflater("br")


# --- addresses

HTTPS = "https://api.example.com/v1"


@pytest.mark.parametrize("part", ["a/b", "../x", "a?b", "a#b", "%2e%2e", "https://evil.example/x", "a:b", "a b", "é"])
def test_parts_of_a_path_are_quoted(part):
    url = address.url_of(profile_for(HTTPS), address.path("models", part))
    assert url.startswith("https://api.example.com:443/v1/models/")
    assert "/" not in url.removeprefix("https://api.example.com:443/v1/models/") and "?" not in url and "#" not in url


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_parts_that_name_another_folder_are_refused(part):
    with pytest.raises(errors.BadInput):
        address.path("models", part)


@pytest.mark.parametrize(
    "below",
    [
        "https://evil.example/",
        "//evil.example/x",
        "models",
        "/a/../b",
        "/./a",
        "/a?b",
        "/a#b",
        "/a\\b",
        "/a b",
        "/é",
        "/\n",
    ],
)
def test_absolute_urls_and_climbing_paths_are_refused(below):
    with pytest.raises(errors.BadInput):
        address.url_of(profile_for(HTTPS), below)


def test_azure_gets_its_version_and_its_own_key_header():
    profile = profile_for("https://r.openai.azure.com/openai/v1", kind=Kind.AZURE, api_version="preview")
    assert address.url_of(profile, "/models").endswith("/openai/v1/models?api-version=preview")
    made = address.headers(profile, Secret(KEY), "c", has_body=False, packed="identity")
    assert made["api-key"] == KEY and "Authorization" not in made


def test_organization_and_project_are_sent_and_checked():
    profile = profile_for(HTTPS, organization="org-1", project="proj_2")
    made = address.headers(profile, Secret(KEY), "call-1", has_body=True, packed="identity")
    assert (made["OpenAI-Organization"], made["OpenAI-Project"]) == ("org-1", "proj_2")
    assert made["X-Client-Request-Id"] == "call-1" and made["User-Agent"].startswith("Davenport/")
    with pytest.raises(errors.BadInput):
        address.headers(profile_for(HTTPS, project="a\r\nb"), None, "c", has_body=False, packed="identity")


CONFIRMED = "https://api.example.com:443"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.org/v1",
        "https://api.example.com:8443/v1",
        "https://sub.api.example.com/v1",
        "https://api.example.com.evil.org/v1",
        "https://xapi.example.com/v1",
        "https://api.exämple.com/v1",
        "https://аpi.example.com/v1",
    ],
)
def test_key_stays_with_its_origin(url):
    with pytest.raises(errors.NoKey) as caught:
        address.check(profile_for(url, confirmed_origin=CONFIRMED), Secret(KEY))
    assert address.host_of(url) in caught.value.summary


@pytest.mark.parametrize(
    "url", ["HTTPS://API.Example.COM/v1", "https://api.example.com./v1/", "https://api.example.com:443"]
)
def test_other_spellings_of_one_origin_are_the_same(url):
    address.check(profile_for(url, confirmed_origin=CONFIRMED), Secret(KEY))


@pytest.mark.parametrize(
    "url", ["https://user@api.example.com/v1", "https://api.example.com@evil.org/v1", "file:///etc"]
)
def test_addresses_with_a_user_or_another_scheme_are_refused(url):
    with pytest.raises(errors.BadInput):
        address.check(profile_for(HTTPS, base_url=url), Secret(KEY))


def test_plain_http_only_to_loopback_or_after_confirmation():
    for url in ("http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:9/v1"):
        address.check(profile_for(url), Secret(KEY))
    with pytest.raises(errors.Untrusted):
        address.check(profile_for("http://10.0.0.5/v1"), Secret(KEY))
    address.check(profile_for("http://10.0.0.5/v1", plain_http_confirmed=True), Secret(KEY))


def test_a_missing_key_is_said_before_anything_is_sent():
    with pytest.raises(errors.NoKey):
        address.check(profile_for(HTTPS), None)
    address.check(profile_for(HTTPS, needs_key=False), None)


# --- what servers say


def told(status, body, **headers):
    redactor = Redactor()
    redactor.learn(Secret(KEY))
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Teller("api.example.com:443", redactor).rejected(status, headers, raw, NOW)[0]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.KeyRefused),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (405, errors.BadRequest),
        (409, errors.Rejected),
        (413, errors.TooLarge),
        (415, errors.BadRequest),
        (418, errors.Rejected),
        (422, errors.BadRequest),
        (429, errors.RateLimited),
        (500, errors.ServerFailed),
        (503, errors.Overloaded),
        (529, errors.ServerFailed),
    ],
)
def test_each_status_has_its_error_with_advice(status, kind):
    error = told(status, {"error": {"message": "m", "code": "c", "param": "p"}})
    assert type(error) is kind and error.advice and error.summary.endswith(".")
    assert (error.detail.status, error.detail.code, error.detail.said) == (status, "c", "m")


def test_spent_quota_has_an_error_of_its_own():
    assert type(told(429, {"error": {"message": "m", "code": "insufficient_quota"}})) is errors.QuotaSpent


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><b>Bad gateway</b></html>", b"[1,2]", b'"text"', b"null", b"[" * 100_000, b'{"error":"words"}'],
)
def test_errors_of_any_shape_are_told(body):
    error = told(502, body)
    assert isinstance(error, errors.ServerFailed) and error.detail.status == 502


def test_server_words_are_plain_and_short():
    said = told(400, {"error": {"message": "\x1b[31mred\x1b[0m \u202eevil <b>x</b>\x07\n" * 3000}}).detail.said
    assert len(said) <= 2100 and len(said.splitlines()) <= 21
    assert "\x1b" not in said and "\u202e" not in said and "\x07" not in said and "<b>x</b>" in said


def test_key_in_a_server_error_is_not_repeated():
    said = told(401, {"error": {"message": f"Incorrect API key provided: {KEY}, part {KEY[4:20]}"}}).detail.said
    assert KEY not in said and KEY[4:20] not in said and MASK in said


# --- the recorder's guard


@given(st.lists(st.sampled_from([KEY, KEY[:9], KEY[5:], "text ", "\n\n", "s", "sk-"]), max_size=12), st.integers(1, 9))
def test_key_never_passes_the_guard(words, step):
    raw = "".join(words).encode()
    guard = KeyGuard(Secret(KEY))
    out = b"".join(guard.feed(raw[i : i + step]) for i in range(0, len(raw), step)) + guard.finish()
    assert KEY.encode() not in out
    if KEY not in raw.decode():
        assert len(out) >= len(raw) - len(KEY)
