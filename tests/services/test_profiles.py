"""Profiles: choosing, changing, keys that stay with their origin, and a connection test that says what is wrong."""

from __future__ import annotations

import email.utils
import json
import socket
import ssl
from decimal import Decimal

import httpx
import pytest
from key_scan import finds, finds_in_files
from msgspec.structs import replace

from desktop.api.client import Client
from desktop.core.errors import BadInput, KeyringFailed, Missing, NoKey, Untrusted, WireError
from desktop.core.keeping import Place
from desktop.core.profile import (
    ENVIRONMENT_ID,
    LOCAL_ID,
    Budget,
    Kind,
    Limits,
    ProxyMode,
    admin_key_id,
    key_may_go,
    origin,
)
from desktop.core.secret import Redactor, Secret
from desktop.services import profiles as service
from desktop.services import verdicts
from desktop.services.export.keys import learn_all
from desktop.services.profiles import Doubt, Profiles, check_address, host_in_words, questions
from desktop.services.settings import CurrentSettings
from desktop.store.secrets import NoKeyring, Secrets

KEY = "sk-proj-T4lQx9Zb7Rw2Kv8Ny3Mu6Ha1Jc5Pd0FsGe"


class Store:
    """A key store in memory."""

    def __init__(self):
        self.kept = {}
        self.is_locked = False

    def get_password(self, service, username):
        if self.is_locked:
            raise OSError("locked")
        return self.kept.get(username)

    def set_password(self, service, username, password):
        self.kept[username] = password

    def delete_password(self, service, username):
        del self.kept[username]


def no_store():
    raise NoKeyring("This computer has no key store that answers.")


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def make(tmp_path, store):
    def made(variables=None, base_url=""):
        environment = dict(variables or {})
        secrets = Secrets(tmp_path, Redactor(), environment=environment, find_keyring=lambda: (store, "the store"))
        return Profiles(tmp_path, secrets, environment=environment, base_url=base_url)

    return made


@pytest.fixture
def kept(make):
    return make()


async def test_the_filter_learns_every_key_there_is_before_an_export(tmp_path, kept, store):
    """An admin's key too, which no page reads before its own button is pressed."""
    mine = await kept.add(Kind.OPENAI)
    store.kept |= {mine.id: KEY, admin_key_id(mine.id): "sk-admin-Vb3nM8qW2eR5tY7uI1oP"}
    redactor = Redactor()
    secrets = Secrets(tmp_path, redactor, environment={}, find_keyring=lambda: (store, "the store"))
    await learn_all(kept, secrets)
    text = " ".join(store.kept.values())
    assert redactor.clean(text) == "… …"
    store.is_locked = True
    await learn_all(kept, Secrets(tmp_path, Redactor(), environment={}, find_keyring=lambda: (store, "the store")))


# --- which there are and which is chosen


def test_local_is_chosen_where_nothing_else_is_said(kept):
    assert [profile.id for profile in kept.all] == [LOCAL_ID]
    assert kept.chosen.id == LOCAL_ID


def test_the_environment_is_chosen_where_it_brings_a_key_and_nothing_was_chosen(make):
    found = make({"OPENAI_API_KEY": KEY, "OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj_1"})
    assert found.chosen.id == ENVIRONMENT_ID
    assert (found.chosen.organization, found.chosen.project) == ("org-1", "proj_1")
    assert found.chosen.base_url == service.OPENAI_URL
    assert key_may_go(found.chosen)


def test_an_address_without_a_key_makes_an_environment_that_is_not_chosen(make):
    found = make({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    assert [profile.id for profile in found.all] == [LOCAL_ID, ENVIRONMENT_ID]
    assert found.chosen.id == LOCAL_ID


async def test_what_was_chosen_wins_over_the_environment_and_survives(make):
    first = make({"OPENAI_API_KEY": KEY})
    await first.choose(LOCAL_ID)
    assert make({"OPENAI_API_KEY": KEY}).chosen.id == LOCAL_ID
    again = make({"OPENAI_API_KEY": KEY})
    await again.choose(ENVIRONMENT_ID)
    assert make({"OPENAI_API_KEY": KEY}).chosen.id == ENVIRONMENT_ID
    assert make().chosen.id == LOCAL_ID, "the environment is not there this time"


async def test_a_choice_for_the_run_is_not_kept(make):
    first = make()
    mine = await first.add(Kind.OLLAMA)
    first.choose_for_run(mine.id)
    assert first.chosen.id == mine.id
    assert make().chosen.id == LOCAL_ID


async def test_profiles_are_found_by_name_in_any_case(make):
    found = make()
    mine = await found.add(Kind.OPENROUTER)
    assert found.named("openrouter") == found.named(mine.id) == mine
    with pytest.raises(BadInput) as failed:
        found.named("nobody")
    assert "Local" in failed.value.advice
    with pytest.raises(Missing):
        found.get("01GONE")


async def test_added_profiles_have_names_of_their_own_and_are_kept(make):
    first = make()
    names = [(await first.add(Kind.OPENAI)).name for _ in range(3)]
    assert names == ["OpenAI", "OpenAI 2", "OpenAI 3"]
    assert [profile.name for profile in make().all] == ["Local", *names]


async def test_a_removed_profile_comes_back_whole_with_its_key(make, store):
    found = make()
    mine = await found.add(Kind.OPENAI)
    await found.set_key(mine.id, Secret(KEY))
    await found.choose(mine.id)
    removed = await found.remove(mine.id)
    assert (store.kept, found.chosen.id) == ({}, LOCAL_ID)
    assert [profile.id for profile in make().all] == [LOCAL_ID]
    await found.restore(removed)
    assert store.kept == {mine.id: KEY}
    assert make().chosen == removed


@pytest.mark.parametrize("profile_id", [LOCAL_ID, ENVIRONMENT_ID])
async def test_local_and_environment_are_neither_removed_nor_changed(make, profile_id):
    found = make({"OPENAI_API_KEY": KEY})
    with pytest.raises(BadInput):
        await found.remove(profile_id)
    with pytest.raises(BadInput):
        await found.change(replace(found.get(profile_id), base_url="https://evil.example/v1"))
    changed = await found.change(replace(found.get(profile_id), limits=Limits(silence_s=900)))
    assert found.get(profile_id) == changed
    assert changed.limits.silence_s == 900


async def test_every_change_is_heard(kept):
    heard = []
    kept.listen(lambda: heard.append(kept.chosen.name))
    mine = await kept.add(Kind.OPENAI)
    await kept.set_key(mine.id, Secret(KEY))
    await kept.choose(mine.id)
    assert heard[0] == "Local"
    assert heard[-1] == "OpenAI"


async def test_the_environment_profile_and_its_key_are_never_written_anywhere(make, tmp_path, store):
    found = make({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "https://canary.example/v1"})
    await found.confirm_host(ENVIRONMENT_ID, "https://canary.example:443")
    await found.change(replace(found.get(ENVIRONMENT_ID), limits=Limits(silence_s=900)))
    await found.choose(ENVIRONMENT_ID)
    await found.add(Kind.OLLAMA)
    assert finds_in_files(KEY, [tmp_path]) == []
    assert "canary" not in "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert store.kept == {}


# --- a key belongs to one origin


async def call(profile, key, seen):
    """List models as any page would; what went out is in `seen`."""

    def answer(request):
        seen.append(request)
        return httpx.Response(200, json={"data": []})

    client = Client(profile, key, transport=httpx.MockTransport(answer))
    try:
        await client.get("/models", dict)
    finally:
        await client.aclose()


CHANGED = {
    "host": "https://llm.example.org/v1",
    "longer host": "https://llm.example.com.evil.example/v1",
    "shorter host": "https://example.com/v1",
    "port": "https://llm.example.com:8443/v1",
    "scheme": "http://llm.example.com/v1",
    "scheme on the port": "http://llm.example.com:443/v1",
    "user@": "https://llm.example.com@evil.example/v1",
    "user:password@": "https://llm.example.com:443@evil.example/v1",
    "backslash": "https://evil.example\\@llm.example.com/v1",
    "IDN twin": "https://llm.exаmple.com/v1",
    "wide letters": "https://ｌｌｍ.example.com.evil.example/v1",
    "percent": "https://llm.example.com%2eevil.example/v1",
    "hidden": "https://llm.example.com\u200b.evil.example/v1",
    "line break": "https://llm.example.com\n.evil.example/v1",
    "address": "https://203.0.113.7/v1",
}


@pytest.mark.parametrize("url", CHANGED.values(), ids=CHANGED)
async def test_a_changed_base_url_never_carries_the_key_along(make, url):
    found, seen = make(), []
    mine = await found.add(Kind.COMPATIBLE)
    await found.change(replace(mine, base_url="https://llm.example.com/v1"))
    await found.set_key(mine.id, Secret(KEY))
    await found.confirm_host(mine.id, "https://llm.example.com:443")
    await call(found.get(mine.id), await found.read_key(mine.id), seen)
    assert seen.pop().headers["authorization"] == f"Bearer {KEY}"

    try:
        changed = await found.change(replace(found.get(mine.id), base_url=url))
    except BadInput:
        assert found.get(mine.id).base_url == "https://llm.example.com/v1", "refused, and nothing was changed"
        return
    assert changed.confirmed_origin == ""
    assert not key_may_go(changed)
    assert Doubt.HOST in [question.doubt for question in found.questions(changed, True)]
    with pytest.raises((NoKey, Untrusted)):
        await call(make().get(mine.id), await found.read_key(mine.id), seen)
    assert seen == [], "nothing at all went out"


@pytest.mark.parametrize(
    "url", ["HTTPS://LLM.Example.COM/v1", "https://llm.example.com./v1", "https://llm.example.com:443/v2"]
)
async def test_the_same_origin_in_another_spelling_keeps_its_key(make, url):
    found, seen = make(), []
    mine = await found.add(Kind.COMPATIBLE)
    await found.change(replace(mine, base_url="https://llm.example.com/v1"))
    await found.set_key(mine.id, Secret(KEY))
    await found.confirm_host(mine.id, "https://llm.example.com:443")
    changed = await found.change(replace(found.get(mine.id), base_url=url))
    assert key_may_go(changed)
    await call(changed, Secret(KEY), seen)
    assert seen[0].url.host.rstrip(".") == "llm.example.com"


async def test_a_confirmation_in_the_given_profile_is_not_believed(make):
    """An imported or hand-made value may claim what the user never said."""
    found = make()
    mine = await found.add(Kind.COMPATIBLE)
    url = "http://evil.example/v1"
    claimed = replace(mine, base_url=url, confirmed_origin=origin(url), plain_http_confirmed=True)
    changed = await found.change(claimed)
    assert (changed.confirmed_origin, changed.plain_http_confirmed) == ("", False)


async def test_confirming_names_the_host_and_holds_for_it_alone(make):
    found = make()
    mine = await found.change(replace(await found.add(Kind.COMPATIBLE), base_url="https://llm.example.com/v1"))
    await found.set_key(mine.id, Secret(KEY))
    (question,) = found.questions(found.get(mine.id), True)
    assert question.action == "Send the key to llm.example.com"
    await found.change(replace(found.get(mine.id), base_url="https://evil.example/v1"))
    with pytest.raises(BadInput, match="changed meanwhile"):
        await found.confirm_host(mine.id, question.origin)
    assert not key_may_go(found.get(mine.id))


async def test_a_ready_made_kind_with_its_own_host_needs_no_further_question(make):
    found = make()
    mine = await found.add(Kind.OPENAI)
    await found.set_key(mine.id, Secret(KEY))
    assert key_may_go(found.get(mine.id))
    assert found.questions(found.get(mine.id), True) == ()


@pytest.mark.parametrize("url", ["https://evil.example/v1", "https://api.openai.com.evil.example/v1",
                                 "http://api.openai.com/v1", "https://api.openai.com:444/v1"])  # fmt: skip
async def test_an_address_named_by_a_variable_gets_the_environments_key_only_after_a_confirmation(make, url):
    found, seen = make({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url}), []
    key = await found.read_key(ENVIRONMENT_ID)
    with pytest.raises((NoKey, Untrusted)):
        await call(found.chosen, key, seen)
    assert seen == []
    for question in found.questions(found.chosen, True):
        confirm = found.confirm_host if question.doubt is Doubt.HOST else found.confirm_plain_http
        await confirm(ENVIRONMENT_ID, question.origin)
    await call(found.chosen, key, seen)
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert make({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url}).chosen.confirmed_origin == "", "asked in each run"


async def test_an_address_typed_on_the_command_line_is_named_by_the_user(make):
    seen = []
    found = make({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "https://other.example/v1"}, "http://127.0.0.1:8001/v1")
    assert found.chosen.id == ENVIRONMENT_ID
    await call(found.chosen, await found.read_key(ENVIRONMENT_ID), seen)
    assert (seen[0].url.host, seen[0].headers["authorization"]) == ("127.0.0.1", f"Bearer {KEY}")


async def test_plain_http_elsewhere_needs_a_confirmation_that_names_the_risk(make):
    found, seen = make(), []
    mine = await found.change(replace(await found.add(Kind.COMPATIBLE), base_url="http://llm.example.com:8080/v1"))
    (question,) = found.questions(mine, False)
    assert question.doubt is Doubt.PLAIN_HTTP
    assert "llm.example.com, port 8080" in question.summary
    assert "read the key" in question.advice
    with pytest.raises(Untrusted):
        await call(mine, None, seen)
    mine = await found.confirm_plain_http(mine.id, question.origin)
    await call(mine, None, seen)
    assert len(seen) == 1
    moved = await found.change(replace(mine, base_url="http://llm.example.com:8081/v1"))
    assert not moved.plain_http_confirmed


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:8080/v1"])
def test_plain_http_to_this_computer_is_free(kept, url):
    assert questions(replace(kept.chosen, kind=Kind.COMPATIBLE, base_url=url), False) == ()


def test_a_host_is_named_as_it_is_looked_up():
    assert host_in_words("https://API.OpenAI.com./v1") == "api.openai.com"
    assert host_in_words("https://аpi.openai.com/v1") == "xn--pi-6kc.openai.com (written аpi.openai.com)"
    assert host_in_words("http://llm.example.com:8080") == "llm.example.com, port 8080"
    assert host_in_words("http://[::1]:8080") == "[::1], port 8080"


# --- what a profile may hold


BAD_ADDRESSES = [
    "https://",
    "ftp://a.example",
    "a.example/v1",
    "https://a*b.example",
    "https://a.example/v1?key=x",
    "https://a.example/v1#x",
    "https://a.example/v1?",
    "https://a.example/../v1",
    "https://a.example:99999/v1",
    "https://[::1/v1",
    "https://a.example/v1\u202e",
    "javascript:alert(1)",
    "https://user:pw@a.example/v1",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("url", ["", "https://a b.example", "https://a.\texample", *BAD_ADDRESSES], ids=ascii)
def test_addresses_that_cannot_be_used_are_refused(url):
    with pytest.raises(BadInput):
        check_address(url)


def test_addresses_lose_their_last_slash_and_blanks_around():
    assert check_address(" https://a.example:8443/openai/v1/ ") == "https://a.example:8443/openai/v1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 81},
        {"name": "a\u202eb"},
        {"organization": "org\r\nX-Evil: 1"},
        {"project": "pröj"},
        {"api_version": "1 2"},
        {"proxy": ProxyMode.GIVEN, "proxy_url": "proxy:3128"},
        {"proxy": ProxyMode.GIVEN, "proxy_url": "http://user:secret@proxy.example:3128"},
        {"certificates": ("/nowhere/cert.pem",)},
        {"certificates": (__file__,)},
        {"limits": Limits(silence_s=0)},
        {"budget": Budget(day=Decimal("-1"))},
    ],
    ids=str,
)
async def test_what_cannot_be_used_is_refused_with_its_place_and_changes_nothing(kept, wrong):
    mine = await kept.change(replace(await kept.add(Kind.COMPATIBLE), base_url="https://a.example/v1"))
    with pytest.raises(BadInput):
        await kept.change(replace(mine, **wrong))
    assert kept.get(mine.id) == mine


# --- keys


async def test_a_key_is_kept_removed_and_its_place_told(kept, store):
    mine = await kept.add(Kind.OPENAI)
    where = await kept.set_key(mine.id, Secret(KEY))
    assert where.words == "Kept by the operating system in the store."
    assert kept.where_of(mine.id) == where
    await kept.remove_key(mine.id)
    assert (store.kept, await kept.read_key(mine.id), kept.where_of(mine.id)) == ({}, None, None)


async def test_a_locked_key_store_is_in_the_way_only_of_profiles_that_need_a_key(make, store):
    mine, free = await make().add(Kind.OPENAI), await make().add(Kind.OLLAMA)
    store.is_locked = True
    found = make()
    with pytest.raises(KeyringFailed):
        await found.read_key(mine.id)
    free = await found.add(Kind.OLLAMA)
    assert await found.read_key(free.id) is None
    assert await found.read_key(LOCAL_ID) is None


async def test_profiles_json_never_holds_a_key(kept, tmp_path):
    mine = await kept.add(Kind.OPENAI)
    await kept.set_key(mine.id, Secret(KEY))
    await kept.choose(mine.id)
    assert finds_in_files(KEY, [tmp_path]) == []
    assert json.loads((tmp_path / "profiles.json").read_text())["chosen"] == mine.id


async def test_without_a_key_store_the_run_goes_on_and_says_so(tmp_path):
    secrets = Secrets(tmp_path, Redactor(), environment={}, find_keyring=no_store)
    found = Profiles(tmp_path, secrets, environment={})
    mine = await found.add(Kind.OPENAI)
    assert (await found.set_key(mine.id, Secret(KEY))).place is Place.RUN
    assert (await found.where()).reason == "This computer has no key store that answers."


# --- settings in force


async def test_a_setting_is_in_force_heard_and_kept(tmp_path):
    current, heard = CurrentSettings(tmp_path), []
    current.listen(lambda changed: heard.append(changed.text_scale))
    await current.change(text_scale=150)
    assert (current.value.text_scale, heard) == (150, [150])
    assert CurrentSettings(tmp_path).value.text_scale == 150
    await current.change(text_scale=150)
    assert heard == [150], "no change, no word"


@pytest.mark.parametrize("values", [{"text_scale": 500}, {"trash_days": -1}, {"send_key": "Esc"}, {"keep_raw": 3}])
async def test_a_setting_out_of_bounds_is_refused(tmp_path, values):
    current = CurrentSettings(tmp_path)
    with pytest.raises(BadInput):
        await current.change(**values)
    assert current.value == CurrentSettings(tmp_path / "none").value


# --- test connection: the wire is false, everything else is real


NOW = 1_782_000_000.0


def replies(*answers):
    """A client factory whose server gives these answers in turn: responses, or errors to raise."""
    queue = list(answers)
    requests = []

    def answer(request):
        requests.append(request)
        reply = queue.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def no_time(_seconds):
        return None

    def factory(profile, key, recorder):
        transport = httpx.MockTransport(answer)
        return Client(profile, key, transport=transport, recorder=recorder, sleep=no_time, now=lambda: NOW)

    factory.requests = requests
    return factory


def caused(cause):
    error = httpx.ConnectError("no connection")
    error.__cause__ = cause
    return error


def certificate(reason):
    error = ssl.SSLCertVerificationError(1, f"certificate verify failed: {reason}")
    error.verify_message = reason
    return caused(error)


def models(*names, **headers):
    return httpx.Response(200, json={"data": [{"id": name} for name in names]}, headers=headers)


PLACE = service.new_profile(Kind.COMPATIBLE)
PLACE = replace(PLACE, base_url="https://llm.example.com/v1", confirmed_origin="https://llm.example.com:443")
HTML = httpx.Response(200, html="<!doctype html><title>Welcome</title>")


async def ask(profile, *answers, key=KEY):
    factory = replies(*answers)
    return await verdicts.test_connection(profile, key and Secret(key), factory, now=lambda: NOW), factory.requests


async def test_a_good_connection_says_how_many_models(kept):
    verdict, requests = await ask(PLACE, models("a", "b"))
    assert verdict.is_good
    assert verdict.summary == "Connected to llm.example.com: 2 models."
    assert verdict.models == ("a", "b")
    assert str(requests[0].url) == "https://llm.example.com/v1/models"
    verdict, _ = await ask(PLACE, models())
    assert (verdict.is_good, verdict.summary) == (True, "llm.example.com answers, and offers no model.")


WRONG = {
    "key": (lambda: httpx.Response(401, json={"error": {"message": f"Incorrect API key provided: {KEY}"}}), "key"),
    "rights": (lambda: httpx.Response(403, json={"error": {"message": "no"}}), "key"),
    "unknown issuer": (lambda: certificate("unable to get local issuer certificate"), "tls"),
    "expired": (lambda: certificate("certificate has expired"), "tls"),
    "wrong name": (lambda: certificate("Hostname mismatch, certificate is not valid for 'llm.example.com'."), "tls"),
    "not yet valid": (lambda: certificate("certificate is not yet valid"), "clock"),
    "no TLS at this port": (lambda: caused(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]")), "tls"),
    "proxy": (lambda: httpx.ProxyError("407 Proxy Authentication Required"), "proxy"),
    "refused": (lambda: caused(ConnectionRefusedError(111, "refused")), "host"),
    "redirect": (lambda: httpx.Response(302, headers={"location": "https://other.example/v1/models"}), "path"),
    "busy": (lambda: httpx.Response(503, json={}), "server"),
    "broken": (lambda: httpx.Response(500, json={}), "server"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_is_said_in_words(monkeypatch, case):
    monkeypatch.setattr("desktop.api.failures.has_route", lambda: True)
    make_reply, cause = WRONG[case]
    verdict, _ = await ask(PLACE, *[make_reply() for _ in range(4)])
    assert not verdict.is_good
    assert verdict.cause == cause
    assert verdict.summary.endswith(".")
    assert verdict.advice
    assert finds(KEY, repr(verdict)) == []


async def test_an_unknown_host_and_no_network_are_told_apart(monkeypatch):
    lost = caused(socket.gaierror(-2, "Name or service not known"))
    monkeypatch.setattr("desktop.api.failures.has_route", lambda: True)
    assert (await ask(PLACE, *[lost] * 3))[0].cause == "host"
    monkeypatch.setattr("desktop.api.failures.has_route", lambda: False)
    assert (await ask(PLACE, *[lost] * 3))[0].cause == "network"


async def test_a_server_of_this_computer_that_is_not_running_is_named():
    place = service.new_profile(Kind.OLLAMA)
    verdict, _ = await ask(place, *[caused(ConnectionRefusedError(111, "refused"))] * 3, key=None)
    assert (verdict.cause, verdict.advice) == ("host", "Start Ollama (ollama serve), or correct the port.")


@pytest.mark.parametrize(
    "answer", [lambda: httpx.Response(404, json={}), lambda: HTML, lambda: httpx.Response(200, json=[])]
)
async def test_a_path_without_v1_is_found_and_the_better_address_offered(answer):
    bare = replace(PLACE, base_url="https://llm.example.com")
    verdict, requests = await ask(bare, answer(), models("a"))
    assert (verdict.is_good, verdict.cause) == (False, "path")
    assert verdict.better_url == "https://llm.example.com/v1"
    assert [request.url.path for request in requests] == ["/models", "/v1/models"]
    assert {request.url.host for request in requests} == {"llm.example.com"}


async def test_a_wrong_path_that_has_no_better_one_is_explained():
    verdict, requests = await ask(PLACE, HTML)
    assert (verdict.cause, verdict.better_url, len(requests)) == ("path", "", 1)
    assert "/v1" in verdict.advice
    verdict, requests = await ask(replace(PLACE, base_url="https://llm.example.com/api"), HTML, HTML)
    assert (verdict.cause, verdict.better_url, len(requests)) == ("path", "", 2)


@pytest.mark.parametrize(
    ("url", "better"),
    [
        ("https://a.example", "https://a.example/v1"),
        ("https://v1.example", "https://v1.example/v1"),
        ("https://a.example/api", "https://a.example/api/v1"),
        ("https://a.example/v1", ""),
        ("https://a.example/v1beta", ""),
        ("https://a.example/v1/chat/completions", "https://a.example/v1"),
    ],
)
def test_the_better_path_of_an_address(url, better):
    assert verdicts.better_path(replace(PLACE, base_url=url)) == better


@pytest.mark.parametrize(
    ("off_s", "words"), [(720, "12 minutes fast"), (-720, "12 minutes slow"), (86400, "24 hours fast")]
)
async def test_a_clock_that_is_off_is_named(off_s, words):
    date = email.utils.formatdate(NOW - off_s, usegmt=True)
    verdict, _ = await ask(PLACE, models("a", date=date))
    assert verdict.is_good
    assert words in verdict.advice


async def test_a_clock_that_is_nearly_right_or_a_senseless_date_is_no_matter():
    for date in (email.utils.formatdate(NOW - 290, usegmt=True), "yesterday", ""):
        assert (await ask(PLACE, models("a", date=date)))[0].advice == ""


async def test_nothing_is_sent_before_host_and_plain_http_are_confirmed():
    for place in (replace(PLACE, confirmed_origin=""), replace(PLACE, base_url="http://llm.example.com/v1")):
        verdict, requests = await ask(place)
        assert (verdict.is_good, verdict.cause, requests) == (False, "profile", [])


async def test_an_address_that_is_not_finished_is_said_and_hinders_no_other_change(make):
    found = make()
    mine = await found.add(Kind.COMPATIBLE)
    assert (await found.change(replace(mine, name="Laboratory"))).name == "Laboratory"
    assert (await found.set_key(mine.id, Secret(KEY))).place is Place.KEYRING
    verdict, requests = await ask(found.get(mine.id))
    assert (verdict.cause, requests) == ("profile", [])
    assert "not finished" in verdict.summary


async def test_a_profile_without_its_key_is_not_tried():
    verdict, requests = await ask(replace(PLACE, needs_key=True), key=None)
    assert (verdict.cause, requests) == ("key", [])


async def test_a_server_that_does_not_answer_ends_the_test():
    class Mute(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            import asyncio

            await asyncio.Event().wait()

    def factory(profile, key, recorder):
        return Client(profile, key, transport=Mute(), recorder=recorder)

    verdict = await verdicts.test_connection(PLACE, Secret(KEY), factory, limit_s=0.05)
    assert (verdict.is_good, verdict.cause) == (False, "host")
    assert "did not answer" in verdict.summary


async def test_a_kept_profile_is_tested_with_its_own_key(make):
    found = make()
    mine = await found.add(Kind.OPENAI)
    await found.set_key(mine.id, Secret(KEY))
    factory = replies(models("a"))
    verdict = await verdicts.ConnectionTest(found, factory).run(mine.id)
    assert verdict.is_good
    assert factory.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_every_wire_error_has_words_in_a_verdict():
    def below(kind):
        return [kind, *(leaf for child in kind.__subclasses__() for leaf in below(child))]

    for kind in below(WireError):
        verdict = verdicts._bad(PLACE, kind("It failed."))
        assert verdict.cause and verdict.advice, kind
