"""Where a key may go: origins in one comparable form."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from desktop.core import profile
from desktop.core.errors import BadInput
from desktop.core.profile import READY_MADE, Kind, Limits, Profile, origin

OURS = Profile(
    id="p",
    name="P",
    kind=Kind.OPENAI,
    base_url="https://api.example.com/v1",
    confirmed_origin="https://api.example.com:443",
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example.com/v1", "https://api.example.com:443"),
        ("HTTPS://API.Example.COM/", "https://api.example.com:443"),
        ("https://api.example.com:443", "https://api.example.com:443"),
        ("https://api.example.com.", "https://api.example.com:443"),
        ("https://api.example.com:8443/x?y#z", "https://api.example.com:8443"),
        ("http://localhost/", "http://localhost:80"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434"),
        ("http://[::1]:8080/v1", "http://[::1]:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example:443"),
        ("  https://h/ ", "https://h:443"),
    ],
)
def test_one_origin_has_one_form(url, expected):
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "ftp://h/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://user@h/",
        "https://user:pass@h/",
        "https://h:99999/",
        "https://h:port/",
        "https://[::1/",
        "https://" + "a" * 70 + ".com",
        "//h/",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(BadInput):
        origin(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/v1",
        "https://api.example.com:444/v1",
        "https://api.example.com.evil.org/v1",
        "https://evil.org/api.example.com",
        "https://xapi.example.com",
        "https://api.example.com\u2024evil.org",
    ],
)
def test_a_key_belongs_to_one_origin_alone(url):
    try:
        assert not profile.key_may_go(replace(OURS, base_url=url))
    except BadInput:
        return  # an address that cannot be used has no key either


def test_a_key_may_go_where_it_was_confirmed_whatever_the_path():
    assert profile.key_may_go(OURS)
    assert profile.key_may_go(replace(OURS, base_url="https://API.example.com:443/other"))
    assert not profile.key_may_go(replace(OURS, confirmed_origin=""))


@given(st.text(max_size=40))
def test_any_text_has_an_origin_or_is_refused(text):
    try:
        found = origin(text)
    except BadInput:
        return
    assert origin(found) == found


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://localhost:1/", True),
        ("http://LOCALHOST.", True),
        ("http://127.0.0.1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:5", True),
        ("http://0.0.0.0", False),
        ("http://localhost.evil.org", False),
        ("http://127.0.0.1.evil.org", False),
        ("http://192.168.1.5", False),
        ("nonsense", False),
    ],
)
def test_this_computer_is_told_from_others(url, is_here):
    assert profile.is_loopback(url) is is_here


@pytest.mark.parametrize(("kind", "name", "url", "needs_key"), READY_MADE)
def test_ready_made_profiles_have_ids_of_their_own(kind, name, url, needs_key):
    made, other = profile.new_profile(kind), profile.new_profile(kind)
    assert (made.kind, made.name, made.base_url, made.needs_key) == (kind, name, url, needs_key)
    assert made.id != other.id
    assert not profile.key_may_go(made) if url != "https://" else True
    assert not made.is_local


def test_a_kind_without_a_ready_made_profile_is_refused():
    with pytest.raises(BadInput):
        profile.new_profile(Kind.LOCAL)


def test_plain_http_is_offered_for_this_computer_alone():
    assert all(profile.is_loopback(url) for _, _, url, _ in READY_MADE if not url.startswith("https://"))


@pytest.mark.parametrize("limit", list(Limits.__struct_fields__))
def test_time_limits_are_above_nothing(limit):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({limit: 0}, Limits)
    assert msgspec.convert({limit: 1}, Limits) == replace(Limits(), **{limit: 1.0})
