"""Write resources/models.json from a table of prices and limits: run by hand when the table changes.

    python packaging/make_models.py ../shared/api/prices.json

The table has one entry a model (kind, endpoints, limits, features, prices by tier, shutdown, sources). What only a
person reading the API's documentation knows (which parameters there are, which models take them) stands in
models_parameters.json beside this script, what models that hear can be asked for in models_hearing.json, our own local
models in models_own.json. What a model's name implies is
settled here, once: the application compares no names.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "resources" / "models.json"
PARAMETERS = HERE / "models_parameters.json"
OWN = HERE / "models_own.json"
HEARING = HERE / "models_hearing.json"

LEFT_OUT = {"video_generation"}  # the client does not offer them
LONG = re.compile(r"(?P<tier>\w+)_over_\d+k$")
TOOLS_IN_CHAT = {
    "responses only": "tools_only_in_responses",
    "chat only with reasoning_effort none": "tools_without_effort",
}


def text(number: float | str) -> str:
    """A price as it is written, so that no binary fraction comes in."""
    return str(number)


def rates(raw: dict[str, Any]) -> dict[str, str]:
    return {unit: text(dollars) for unit, dollars in raw.items()}


def features(name: str, raw: dict[str, Any]) -> list[str] | None:
    """What the table says, and what follows from the documentation for families of models."""
    if "features" not in raw:
        return None
    found = set(raw["features"])
    if raw.get("chat_tools"):
        found.add(TOOLS_IN_CHAT[raw["chat_tools"]])
    if "reasoning" in found and not re.match(r"o\d", name):
        found.add("verbosity")
    if "cache_write" in ((raw.get("per_million_tokens") or {}).get("standard") or {}):
        found.add("prompt_cache_options")
    if "search" in name and raw["kind"] == "chat":
        found.add("web_search_options")
    return sorted(found)


def encoding(name: str, kind: str) -> str | None:
    """The tokenizer: cl100k for what came before gpt-4o and for embeddings, o200k since."""
    if kind not in ("chat", "responses", "completion", "embedding"):
        return None
    older = re.match(r"(ft:)?(gpt-4(?![.o\w])|gpt-3\.5|davinci|babbage|text-embedding)", name)
    return "cl100k_base" if older else "o200k_base"


def prices(name: str, raw: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for tier, by_unit in (raw.get("per_million_tokens") or {}).items():
        if long := LONG.match(tier):
            found.setdefault("long_tokens", {})[long["tier"]] = rates(by_unit)
        else:
            found.setdefault("tokens", {})[tier] = rates(by_unit)
    if "long_tokens" in found:
        found["long_from"] = table["rules"]["long_context_threshold"]
    for key in (
        "per_minute",
        "per_minute_estimate",
        "per_million_characters",
        "training_per_million_tokens",
        "training_per_hour",
    ):
        if key in raw:
            found[key] = text(raw[key])
    if "per_thousand_web_searches" in raw:
        found["per_thousand_web_searches"] = text(raw["per_thousand_web_searches"])
    pictures = [
        {"size": p["size"], "quality": p["quality"], "dollars": text(p["usd"])}
        for p in table["per_picture"]
        if p["model"] == name
    ]
    return found | ({"pictures": pictures} if pictures else {})


def card(name: str, raw: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    made = {
        "id": name,
        "kind": raw["kind"],
        "endpoints": raw.get("endpoints"),
        "max_input": raw.get("max_input"),
        "max_output": raw.get("max_output"),
        "features": features(name, raw),
        "efforts": raw.get("reasoning_efforts"),
        "default_effort": raw.get("default_effort"),
        "dimensions": raw.get("dimensions"),
        "encoding": encoding(name, raw["kind"]),
        "shutdown": raw.get("shutdown"),
        "replacement": raw.get("replacement"),
        "prices": prices(name, raw, table),
        "note": note(raw),
        "source": raw["source"],
    }
    return {key: value for key, value in made.items() if value not in (None, "", {})}


def note(raw: dict[str, Any]) -> str:
    said = [raw["note"]] if raw.get("note") else []
    if raw.get("endpoints_assumed"):
        said.append("endpoints assumed")
    for field, by_source in (raw.get("differs") or {}).items():
        said.append(f"{field} price differs: " + ", ".join(f"{who} {what}" for who, what in by_source.items()))
    if differs := raw.get("shutdown_differs"):
        said.append("shutdown differs: " + ", ".join(f"{who} {day}" for who, day in differs.items()))
    return "; ".join(said)


def tools(table: dict[str, Any]) -> dict[str, Any]:
    keys = ("per_thousand_calls", "per_session", "per_gb_day", "per_call", "free_gb")
    return {
        name: {key: text(tool[key]) for key in keys if key in tool} | ({"note": tool["note"]} if "note" in tool else {})
        for name, tool in table["tools"].items()
    }


def own_cards(own: dict[str, Any]) -> dict[str, Any]:
    """The models of the application's own local server."""
    return {name: {"id": name, "server": "local", **facts, "source": ["davenport"]} for name, facts in own.items()}


def make(table: dict[str, Any], parameters: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    models = {name: raw for name, raw in table["models"].items() if raw["kind"] not in LEFT_OUT}
    cards = {name: card(name, raw, table) for name, raw in sorted(models.items())} | own_cards(own)
    for name, facts in json.loads(HEARING.read_text(encoding="utf-8")).items():
        cards[name]["hearing"] = facts
    return {
        "as_of": table["as_of"],
        "sources": {**table["sources"], "davenport": "the local server that comes with the application"},
        "tools": tools(table),
        "parameters": parameters,
        "cards": cards,
    }


def lines(made: dict[str, Any]) -> str:
    """JSON with one line for each model and each parameter, so that a change shows as one line."""

    def block(entries: dict[str, Any]) -> str:
        return (
            "{\n"
            + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in entries.items())
            + "\n }"
        )

    families = {
        family: "[\n" + ",\n".join(f"   {json.dumps(p, ensure_ascii=False)}" for p in entries) + "\n  ]"
        for family, entries in made["parameters"].items()
    }
    shown = "{\n" + ",\n".join(f"  {json.dumps(name)}: {text}" for name, text in families.items()) + "\n }"
    parts = [f' "as_of": {json.dumps(made["as_of"])}']
    parts += [f' "{key}": {block(made[key])}' for key in ("sources", "tools")]
    parts += [f' "parameters": {shown}', f' "cards": {block(made["cards"])}']
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("Name the table: python packaging/make_models.py PRICES.JSON")
    table = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"), parse_float=str)
    parameters = json.loads(PARAMETERS.read_text(encoding="utf-8"))
    made = make(table, parameters, json.loads(OWN.read_text(encoding="utf-8")))
    OUT.write_text(lines(made), encoding="utf-8")
    print(f"{OUT.name}: {len(made['cards'])} models, prices of {made['as_of']}")


if __name__ == "__main__":
    main()
