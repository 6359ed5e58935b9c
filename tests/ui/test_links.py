"""The one decision over links: what may be opened, and what is said before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.ui.widgets.links import SCHEMES, decide, host_of

MAY_NOT = [
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "//host/share",
    "\\\\host\\share",
    "/etc/passwd",
    "etc/passwd",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<b>x</b>",
    "vbscript:x",
    "ftp://example.com/x",
    "smb://example.com/x",
    "ssh://example.com",
    "tel:+123",
    "ms-word:ofe|u|https://example.com",
    "http:example.com",
    "http:///etc/passwd",
    "https:\\\\example.com",
    "https://exa mple.com",
    "https://example.com\u202e/gpj.exe",
    "https://example\u200b.com",
    "https://[::1",
    "https://",
    "http://-bad-.com",
    "about:blank",
    "mailto:a@example.com?attach=/etc/passwd",
    "mailto:a@example.com%0d%0abcc:b@example.com",
    "mailto:nobody",
    "",
    "https://example.com/" + "x" * 9000,
]


@pytest.mark.parametrize("url", MAY_NOT)
def test_only_three_schemes_and_well_formed_addresses_open(url):
    verdict = decide(url)
    assert not verdict.may_open
    assert verdict.warning


@pytest.mark.parametrize(
    "url", ["http://example.com", "https://example.com/a?b#c", "HTTPS://EXAMPLE.com/", "mailto:a@example.com"]
)
def test_plain_links_open_without_a_warning(url):
    verdict = decide(url, "the manual")
    assert verdict.may_open
    assert verdict.host == "example.com"
    assert verdict.warning == ""


@pytest.mark.parametrize(
    ("url", "shown", "host"),
    [
        ("https://evil.example/x", "https://bank.example/x", "evil.example"),
        ("https://evil.example/x", "bank.com", "evil.example"),
        ("https://evil.example/x", "log in at www.bank.com now", "evil.example"),
        ("https://bank.com@evil.example/", "bank", "evil.example"),
        ("https://user:secret@evil.example/", "x", "evil.example"),
        ("https://bank.com.evil.example/", "bank.com", "bank.com.evil.example"),
        ("https://xn--pple-43d.com/", "apple.com", "xn--pple-43d.com"),
        ("https://аpple.com/", "apple.com", "xn--pple-43d.com"),
        ("https://аpple.com/", "a link", "xn--pple-43d.com"),
        ("https://ｅxample.com/", "a link", "example.com"),
        ("http://127.0.0.1:8080/x", "a link", "127.0.0.1"),
        ("http://localhost/", "a link", "localhost"),
        ("http://2130706433/", "a link", "2130706433"),
        ("http://[::1]/", "a link", "::1"),
        ("http://192.168.0.1/", "the router", "192.168.0.1"),
        ("https://example.com:8443/", "a link", "example.com"),
        ("mailto:a@evil.example", "a@bank.com", "evil.example"),
    ],
)
def test_a_link_that_seems_to_go_elsewhere_is_warned_of_with_its_true_host(url, shown, host):
    verdict = decide(url, shown)
    assert verdict.may_open
    assert verdict.host == host
    assert host in verdict.warning or "evil.example" in verdict.warning


def test_the_same_host_with_and_without_www_is_no_warning():
    assert decide("https://www.example.com/a", "example.com").warning == ""
    assert decide("https://example.com", "https://www.example.com/").warning == ""


def test_words_with_dots_in_the_text_of_a_link_to_the_same_host_are_fine():
    assert decide("https://docs.example.org/io", "docs.example.org").warning == ""


def test_the_host_of_an_address_is_shown_in_ascii():
    assert host_of("https://аpple.com/x.png") == "xn--pple-43d.com"
    assert host_of("file:///etc/passwd") == ""
    assert host_of("http://[bad") == ""


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_makes_the_decision_fail_or_open_a_fourth_scheme(url, shown):
    verdict = decide(url, shown)
    assert not verdict.may_open or verdict.address.partition(":")[0].lower() in SCHEMES


@given(st.sampled_from(["http://", "https://", "mailto:"]), st.text(max_size=40))
def test_an_address_that_may_open_has_a_host_in_ascii(scheme, rest):
    verdict = decide(scheme + rest)
    assert not verdict.may_open or (verdict.host and verdict.host.isascii())
