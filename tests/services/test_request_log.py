"""The file of `--show-requests`: each call once, for the user alone, without a key that was typed into it."""

from __future__ import annotations

import json

from key_scan import finds

from desktop.core.calls import CallStart, Fate
from desktop.core.secret import Redactor, Secret
from desktop.services.calls import Calls
from desktop.services.request_log import RequestLog

KEY = "sk-proj-Zq8vT3mK1xR7nB5wL9cDfG2h"


def test_each_call_is_one_line_also_when_it_is_priced_later(tmp_path):
    redactor = Redactor()
    redactor.learn(Secret(KEY))
    calls = Calls(redactor)
    path = tmp_path / "requests.jsonl"
    calls.listen(RequestLog(path, redactor).heard)
    for name in ("one", "two"):
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": f"My key is {KEY}"}]}).encode()
        calls.sending(CallStart(name, "POST", "https://h/v1/chat/completions", (), body, 1), 1)
        calls.answered(name, 200, (), 1.0)
        assert path.exists() == (name == "two")  # a call that runs is not there yet
        calls.ended(name, Fate.COMPLETE, 2.0)
        calls.price(name, "m", "$0.01")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["call"], line["status"], line["end"]) for line in lines] == [
        ("one", 200, "complete"),
        ("two", 200, "complete"),
    ]
    assert finds(KEY, path.read_bytes()) == [] and path.stat().st_mode & 0o077 == 0
