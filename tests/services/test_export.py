"""Exports of every form, each read back by something that knows nothing of how it was written."""

from __future__ import annotations

import asyncio
import base64
import csv
import errno
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser

import archives
import export_archive
import pytest
import yaml

from desktop.core.errors import BadInput, Missing
from desktop.core.secret import Redactor, Secret
from desktop.services.export import Export, Exported, Progress, Selection, html_text
from desktop.services.export import target as targets
from desktop.services.export.csv_form import guarded
from desktop.services.export.target import Target
from desktop.services.export.told import Told
from desktop.store.database import Database

KEY = "sk-proj-AbCd0123456789efGh"
ALL = Selection()


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    opened = Database.open(tmp_path_factory.mktemp("archive") / "data")
    export_archive.fill(opened)
    yield opened
    opened.close()


@pytest.fixture
def export(database):
    return Export(database)


def of(*ids: str) -> Selection:
    return Selection(ids)


# The place


async def test_nothing_is_written_over_and_nothing_half_is_seen(export, tmp_path):
    out = tmp_path / "talk.md"
    first, second = [await export.run(of("C1TALK"), "md", out) for _ in range(2)]
    assert first.path == out and second.path == tmp_path / "talk (2).md"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "talk (2) files",
        "talk (2).md",
        "talk files",
        "talk.md",
    ]
    assert "talk%20%282%29%20files/" in second.path.read_text("utf-8")


async def test_a_file_the_user_was_asked_about_is_replaced(export, tmp_path):
    out = tmp_path / "talk.txt"
    out.write_text("old")
    done = await export.run(of("C4LONG"), "txt", out, replaces=True)
    assert done.path == out and out.read_text("utf-8").startswith("A long talk")


async def test_a_full_disk_is_told_and_leaves_nothing(export, tmp_path, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(targets.os, "fsync", full)
    for form in ("json", "html", "csv"):
        with pytest.raises(BadInput, match="no room"):
            await export.run(ALL, form, tmp_path / f"all.{form}")
    assert list(tmp_path.iterdir()) == []


async def test_a_name_that_is_taken_meanwhile_is_not_written_over(export, tmp_path):
    out = tmp_path / "talk.txt"

    def tell(progress: Progress) -> None:
        out.write_text("another's")

    with pytest.raises(BadInput, match="there already"):
        await export.run(of("C4LONG"), "txt", out, tell=tell)
    assert out.read_text() == "another's" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("form", ["json", "html", "md", "csv"])
async def test_stopped_it_leaves_nothing(export, tmp_path, form):
    heard = asyncio.Event()
    task = asyncio.get_running_loop().create_task(
        export.run(ALL, form, tmp_path / "all", tell=lambda progress: heard.set())
    )
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = list(tmp_path.iterdir())
    assert left == [] or task.cancelled()
    assert not [path for path in left if path.name.startswith(".")]


async def test_progress_goes_up_to_the_end(export, tmp_path):
    heard: list[Progress] = []
    await export.run(of("C4LONG", "C1TALK"), "json", tmp_path / "x.json", tell=heard.append)
    await asyncio.sleep(0)
    assert heard and [p.done for p in heard] == sorted(p.done for p in heard)
    assert heard[-1].done == heard[-1].of == 1211


async def test_what_is_not_there_is_told(export, tmp_path):
    with pytest.raises(Missing):
        await export.run(of("NOWHERE"), "md", tmp_path / "x.md")
    with pytest.raises(BadInput, match="Nothing is found"):
        await export.run(Selection(line="nougat"), "md", tmp_path / "x.md")
    with pytest.raises(BadInput):
        await export.run(Selection(line="before:never"), "md", tmp_path / "x.md")
    assert await export.count(Selection(line="long talk")) == 1 and await export.count(ALL) == 4


# Attachments and keys


async def test_attachments_go_beside_under_clean_names(export, tmp_path):
    done = await export.run(of("C1TALK", "C3HOSTILE"), "md", tmp_path / "talks")
    files = {path.name: path.read_bytes() for path in (done.path / "files").iterdir()}
    assert set(files) == {"heron.png", "_.._heron two.png", "call.wav"} and done.files == 3
    assert files["_.._heron two.png"] == export_archive.LARGE and files["call.wav"] == export_archive.SOUND
    for path in done.path.rglob("*"):
        assert path.resolve().is_relative_to(done.path.resolve())
    text = "".join(path.read_text("utf-8") for path in done.path.glob("*.md"))
    for address in re.findall(r"\]\((.+?)\)", text):
        assert address.startswith("files/") or "alert" in address


def test_a_name_that_is_taken_at_the_last_moment_leaves_no_folder_of_attachments(tmp_path):
    target = Target(tmp_path / "all.md", is_folder=False)
    for file in (target.open(), target.open_file("heron.png")):
        file.close()
    (tmp_path / "all.md").write_text("somebody else's")
    with pytest.raises(FileExistsError):
        target.finish()
    target.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["all.md"]


async def test_what_has_nothing_beside_it_gets_the_name_it_was_given(export, tmp_path):
    for form, name in (("md", "all.md"), ("jsonl", "all.jsonl"), ("csv", "all (2).csv")):
        done = await export.run(of("C1TALK"), form, tmp_path / f"all.{form}")
        assert done.path.name == name
    assert (await export.run(of("C1TALK"), "txt", tmp_path / "all.txt", attachments=False)).path.name == "all.txt"


async def test_left_out_they_are_named(export, tmp_path):
    done = await export.run(of("C1TALK"), "md", tmp_path / "t.md", attachments=False)
    assert "heron.png" in done.path.read_text("utf-8") and len(list(tmp_path.iterdir())) == 1


async def test_no_export_holds_a_key(tmp_path):
    database = Database.open(tmp_path / "data")
    archives.talk(database, "C1", title=f"A key: {KEY}")
    parts = (export_archive.Text(f"It is {KEY}."), export_archive.ToolCall("t", "use", json.dumps({"key": KEY})))
    archives.add(database, archives.message("M1", chat="C1", parts=parts, model=KEY, error=f"{KEY} was refused"))
    file = database.write_now(lambda db: export_archive.blobs.put(db, f"key={KEY}".encode()))
    large = database.write_now(lambda db: export_archive.blobs.put(db, b"x" * 1_048_570 + KEY.encode() + b"x" * 9))
    attached = [export_archive.Attachment("env.txt", "text/plain", each) for each in (file, large)]
    archives.add(database, archives.message("M2", "M1", chat="C1", parts=tuple(attached)))
    redactor = Redactor()
    redactor.learn(Secret(KEY))
    export = Export(database, redactor)
    for form in ("json", "md", "txt", "csv", "jsonl", "html"):
        done = await export.run(ALL, form, tmp_path / f"out.{form}")
        assert form == "jsonl" or [line.partition(": ")[2] for line in done.left_out] == ["it holds a key"] * 2
    written = [path.read_bytes() for path in tmp_path.glob("out*") if path.is_file()]
    written += [path.read_bytes() for path in tmp_path.glob("out*/**/*") if path.is_file()]
    database.close()
    for content in written:
        for disguise in (
            KEY.encode(),
            base64.b64encode(KEY.encode())[:12],
            KEY.encode().hex().encode(),
            KEY[8:20].encode(),
        ):
            assert disguise not in content


# Forms


async def test_markdown_has_front_matter_that_yaml_reads(export, tmp_path):
    done = await export.run(of("C3HOSTILE"), "md", tmp_path / "x.md")
    text = done.path.read_text("utf-8")
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["id"] == "C3HOSTILE" and "<script>alert(1)</script>" in front["title"]
    talk = (await export.run(of("C1TALK"), "md", tmp_path / "y.md")).path.read_text("utf-8")
    assert yaml.safe_load(talk.split("---\n")[1])["tags"] == ["wading", "Äsche"]
    assert "## Assistant (gpt-heron-2026)" in talk and "```python\nprint('heron')\n```" in talk


async def test_cells_are_no_formulas_and_read_back(export, tmp_path):
    done = await export.run(ALL, "csv", tmp_path / "x.csv", branches="all")
    csv.field_size_limit(1_000_000)
    with done.path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11 + 5 + 3 + 1200, "the fork with the past it shares"
    by_id = {row["message_id"]: row for row in rows}
    assert by_id["M30"]["text"] == export_archive.HOSTILE and by_id["M04"]["cost_usd"] == "0.123456789012"
    assert by_id["M05"]["branch"] != by_id["M10"]["branch"] == "1"
    for row in rows:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    assert [guarded(cell) for cell in ("=1", "-2", "@x", "+3", "\tx", "\rx", "x=1", "")] == [
        *("'=1", "'-2", "'@x", "'+3", "'\tx", "'\rx", "x=1", ""),
    ]


async def test_lines_for_fine_tuning_are_accepted_by_the_description(export, tmp_path, spec):
    done = await export.run(ALL, "jsonl", tmp_path / "x.jsonl", branches="all")
    lines = [json.loads(line) for line in done.path.read_text("utf-8").split("\n") if line]
    forms = {role: f"ChatCompletionRequest{role.capitalize()}Message" for role in ("system", "user", "tool")}
    forms["assistant"] = "FineTuneChatCompletionRequestAssistantMessage"
    for line in lines:
        assert set(line) == {"messages"}
        for message in line["messages"]:
            schema = {"$ref": f"#/components/schemas/{forms[message['role']]}"}
            assert spec.problems(message, schema, "message") == []
        assert line["messages"][-1]["role"] == "assistant"
    assert "unfinished repl" in " ".join(done.skipped) and "pictures" in " ".join(done.skipped)
    for line in lines:
        *before, _ = line["messages"]  # an example may end with a call
        asked = [call["id"] for turn in before for call in turn.get("tool_calls", ())]
        assert asked == [turn["tool_call_id"] for turn in before if turn["role"] == "tool"]


async def test_text_has_every_word(export, tmp_path):
    done = await export.run(of("C1TALK"), "txt", tmp_path / "x.txt", branches="all")
    text = done.path.read_text("utf-8")
    for words in (
        "What is on this picture?",
        "A **heron**",
        "I can't.",
        "It is raining",
        "[Cut: The connection was cut.]",
    ):
        assert words in text


# Web pages


class Page(HTMLParser):
    """What a browser would take from a page: addresses, text, and whether anything could run."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.addresses: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.attributes: set[str] = set()
        self.policy = ""
        self.links: list[dict[str, str | None]] = []
        self._in_style = False
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.attributes |= set(known)
        if tag == "script":
            self.scripts.append(known.get("src") or "inline")
        if tag == "a":
            self.links.append(known)
        if tag == "meta" and known.get("http-equiv"):
            self.policy = known["content"]
        self._in_style = tag == "style"
        assert tag not in ("iframe", "object", "embed", "base", "form", "textarea", "b")
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            if known.get(name):
                self.addresses.append((tag, known[name]))

    def handle_endtag(self, tag):
        self._in_style = False

    def handle_data(self, text):
        if not self._in_style:
            self.words.append(text)


def judged(content: str, *, scripts: list[str] | None = None) -> Page:
    page = Page(content)
    assert page.scripts == (scripts or [])
    assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
    for tag, address in page.addresses:
        if tag == "a" and address.startswith(("http:", "https:", "mailto:")):
            continue  # opened only by a click
        assert ":" not in address or address.startswith(("data:image/", "data:audio/")), address
        assert not address.startswith("//")
    for link in page.links:
        if ":" in (link.get("href") or ""):
            assert link["rel"] == "noreferrer noopener"
    assert page.policy.startswith("default-src 'none'") and "unsafe" not in page.policy
    assert "http" not in page.policy
    return page


async def test_a_page_is_alone_escaped_and_asks_nothing_of_a_network(export, tmp_path):
    done = await export.run(of("C3HOSTILE"), "html", tmp_path / "x.html", branches="all")
    content = done.path.read_text("utf-8")
    page = judged(content)
    words = "".join(page.words)
    assert "<script>alert(1)</script>" in words and "w" * 200_000 in words
    assert "\x00" not in content and "\x1b" not in content
    style = re.search(r"<style>(.*?)</style>", content, re.DOTALL)[1]
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{hashed}'" in page.policy and "url(" not in style and "@import" not in style
    assert "prefers-color-scheme: dark" in style


async def test_pictures_and_sounds_are_inside_the_page(export, tmp_path):
    done = await export.run(of("C1TALK"), "html", tmp_path / "x.html")
    page = judged(done.path.read_text("utf-8"))
    inside = [base64.b64decode(address.partition(",")[2]) for _, address in page.addresses if address[:5] == "data:"]
    assert inside == [export_archive.SMALL, export_archive.LARGE, export_archive.SOUND]
    assert [path.name for path in tmp_path.iterdir()] == ["x.html"]
    assert "print" in done.path.read_text("utf-8") and 'class="f"' in done.path.read_text("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x) [y](file:///etc/passwd) [z](//host/x) [w](relative)",
        "![x](https://tracker.example/x.png)",
        "![x](data:image/svg+xml,<svg onload=alert(1)>)",
        "<img src=x onerror=alert(1)>",
        '<https://example.org/?a=1&b="2">',
        '[x](https://example.org "title\\" onmouseover=alert(1)")',
        '```"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```',
        "| a | b |\n|---|---|\n| <script>x</script> | `<b>` |",
        "[ref]\n\n[ref]: javascript:alert(1)",
        "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
        "`<script>`",
        "# <script>alert(1)</script>",
        "[x](https://user:pw@host/ )",
        "[a [b](https://b.example) c](javascript:x)",
    ],
)
def test_markdown_of_others_can_do_nothing(text):
    made = html_text.markdown(text)
    page = Page(made)
    assert page.scripts == [] and not [name for name in page.attributes if name.startswith("on")]
    for tag, address in page.addresses:
        assert tag == "a" and address.startswith(("https://", "mailto:"))
    assert all(link["rel"] == "noreferrer noopener" and "title" not in link for link in page.links)


@pytest.mark.parametrize(
    "text", ["`" * 7 + "x " * 20_000, "[" * 50_000, "> " * 5_000 + "x", "*a " * 20_000, "w" * 200_000, "|a" * 20_000]
)
def test_hostile_markdown_is_shown_as_it_was_typed(text):
    assert html_text.markdown(text).startswith('<div class="plain"')


def test_sides_of_cells_and_directions_of_blocks_need_no_styles():
    made = html_text.markdown("| a | b |\n|---|--:|\n| 1 | 2 |\n\nשלום\n\n- x\n\n  y\n")
    assert "style=" not in made, "the page's policy refuses styles in tags"
    assert '<td class="right">2</td>' in made and '<table dir="auto">' in made
    assert '<p dir="auto">שלום</p>' in made and '<ul dir="auto">' in made and "<li>" in made


async def test_the_archive_is_a_folder_with_a_list(export, tmp_path):
    done = await export.run(ALL, "html", tmp_path / "site", branches="all")
    index = judged((done.path / "index.html").read_text("utf-8"), scripts=["search.js"])
    listed = [address for tag, address in index.addresses if tag == "a"]
    assert len(listed) == 4 and all((done.path / address).is_file() for address in listed)
    for path in (done.path / "pages").iterdir():
        page = judged(path.read_text("utf-8"))
        for _, address in page.addresses:
            if not address.startswith(("http", "data:")):
                assert (path.parent / address.replace("%20", " ")).is_file(), address
    for path in done.path.glob("*.js"):
        assert "http" not in path.read_text("utf-8").replace("https://", "") or path.name.startswith("index-")
    assert (done.path / "files" / "heron.png").is_file()


BROWSER = """
const fs = require("fs"), vm = require("vm"), path = require("path");
const folder = process.argv[2], lines = JSON.parse(process.argv[3]), out = [];
class Element {
  constructor(name) { this.name = name; this.children = []; this.own = ""; this.dataset = {}; this.listeners = {}; }
  set textContent(text) { this.own = text; this.children = []; }
  get textContent() { return this.own + this.children.map(c => c.textContent).join(""); }
  appendChild(child) {
    this.children.push(child);
    if (child.name === "script") {
      vm.runInContext(fs.readFileSync(path.join(folder, child.src), "utf8"), context);
      setImmediate(child.onload);
    }
    return child;
  }
  addEventListener(name, work) { this.listeners[name] = work; }
}
const known = {};
for (const id of ["search", "said", "all", "hits"]) { known[id] = new Element(id); }
known.search.dataset.files = /data-files="(\\d+)"/.exec(fs.readFileSync(path.join(folder, "index.html"), "utf8"))[1];
known.search.value = "";
const document = {
  getElementById: id => known[id], createElement: name => new Element(name), head: new Element("head"),
  createTextNode: text => { const made = new Element("text"); made.textContent = text; return made; },
};
const context = vm.createContext({ document, setTimeout, Math, Number, RegExp });
context.window = context;
vm.runInContext(fs.readFileSync(path.join(folder, "search.js"), "utf8"), context);
function next() {
  if (!lines.length) { process.stdout.write(JSON.stringify(out)); return; }
  const line = lines.shift();
  known.search.value = line;
  known.search.listeners.input();
  (function wait() {
    if (known.said.textContent === "Searching…") { setTimeout(wait, 1); return; }
    const marks = [];
    (function walk(e) { if (e.name === "mark") { marks.push(e.textContent); } e.children.forEach(walk); })(known.hits);
    out.push({ said: known.said.textContent, pages: known.hits.children.map(i => i.children[0].href), marks,
               all: !known.all.hidden });
    next();
  })();
}
next();
"""


async def test_the_search_of_the_folder_finds(export, tmp_path, monkeypatch):
    node = shutil.which("node")
    if node is None:
        assert "CI" not in os.environ, "Node must be there to try the search"
        pytest.skip("Node is not there")
    from desktop.services.export import html_site

    monkeypatch.setattr(html_site, "FILE_CHARACTERS", 1000)
    done = await export.run(ALL, "html", tmp_path / "site", branches="all")
    assert len(list(done.path.glob("index-*.js"))) > 1
    (tmp_path / "browser.js").write_text(BROWSER)
    lines = ["heron", "HERÓN", "line 1199", '"line 1199"', "日本語", "nougat", "heron weather", "", "<script>"]
    ran = await asyncio.to_thread(
        subprocess.run,
        [node, str(tmp_path / "browser.js"), str(done.path), json.dumps(lines)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    found = dict(zip(lines, json.loads(ran.stdout), strict=True))
    assert found["heron"]["pages"] == ["pages/C1TALK.html", "pages/C2FORK.html"]
    assert {mark.lower() for mark in found["heron"]["marks"]} == {"heron"}
    assert found["HERÓN"]["pages"] == found["heron"]["pages"]
    assert found["line 1199"]["pages"] == found['"line 1199"']["pages"] == ["pages/C4LONG.html"]
    assert found["日本語"]["pages"] == found["<script>"]["pages"] == ["pages/C3HOSTILE.html"]
    assert found["nougat"] == {"said": "Nothing found", "pages": [], "marks": [], "all": False}
    assert found["heron weather"]["pages"] == ["pages/C1TALK.html"]
    assert found[""]["all"] and found[""]["said"] == ""


async def test_a_large_archive_needs_little_memory_and_leaves_the_loop_free(tmp_path):
    import tracemalloc

    database = Database.open(tmp_path / "data")

    def talk(number: int):
        def work(db):
            export_archive.conversations.create(db, export_archive.Conversation(f"C{number:03}", f"Talk {number}"))
            export_archive.conversations.add_messages(
                db,
                [
                    archives.message(
                        f"M{number:03}-{n:03}", f"M{number:03}-{n - 1:03}" if n else None, "w " * 1500, f"C{number:03}"
                    )
                    for n in range(50)
                ],
            )

        return work

    for number in range(60):
        database.write_now(talk(number))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.get_running_loop().create_task(tick())
    for form, most in (("json", 8), ("html", 24), ("csv", 8)):
        tracemalloc.start()
        done = await Export(database).run(ALL, form, tmp_path / f"out-{form}")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert done.size_bytes > 9_000_000 and peak < most * 1_000_000, (form, peak)
    ticking.cancel()
    assert ticks > 50
    database.close()


async def test_pages_are_drawn_by_who_can(export, tmp_path):
    drawn: list[str] = []

    def draw(told: Told, path) -> None:
        drawn.append(told.title)
        path.write_bytes(b"%PDF-")

    done = await export.run(of("C4LONG"), "pdf", tmp_path / "x.pdf", pages=draw)
    assert isinstance(done, Exported) and done.path.read_bytes() == b"%PDF-"
    many = await export.run(ALL, "pdf", tmp_path / "many", pages=draw)
    assert len(list(many.path.glob("*.pdf"))) == 4 and drawn[0] == "A long talk"


async def test_one_text_goes_to_a_terminal(export):
    out = io.StringIO()
    await export.write(of("C4LONG"), "md", out.write)
    assert out.getvalue().count("## ") == 1200
    with pytest.raises(BadInput, match="folder"):
        await export.write(ALL, "md", out.write)
