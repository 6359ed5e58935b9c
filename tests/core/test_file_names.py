"""Names from outside become one part of a path."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.file_names import LONGEST_BYTES, clean, unlike

HOSTILE = {
    "": "file",
    " ": "file",
    ".": "file",
    "..": "file",
    "...": "file",
    "-": "file",
    "--": "file",
    "~": "file",
    "/": "_",
    "\\": "_",
    "../../etc/passwd": "_.._etc_passwd",
    "..\\..\\boot.ini": "_.._boot.ini",
    "/etc/passwd": "_etc_passwd",
    "C:\\Windows\\win.ini": "C__Windows_win.ini",
    "C:file.txt": "C_file.txt",
    "\\\\server\\share\\x": "__server_share_x",
    "//server/share/x": "__server_share_x",
    "\\\\?\\C:\\x": "____C__x",
    "file.txt:stream": "file.txt_stream",
    "file.txt::$DATA": "file.txt__$DATA",
    "a/b": "a_b",
    "a\\b": "a_b",
    "a|b": "a_b",
    "a<b>c": "a_b_c",
    'say "x"': "say _x_",
    "what?.txt": "what_.txt",
    "*.txt": "_.txt",
    ".bashrc": "bashrc",
    "...hidden": "hidden",
    "-rf": "rf",
    "--help": "help",
    "~root": "root",
    "- .- x": "x",
    "name.": "name",
    "name...": "name",
    "name ": "name",
    "name. . ": "name",
    "  name  ": "name",
    "a  b": "a b",
    "a\tb": "a b",
    "a\nb": "a b",
    "a\r\nb": "a b",
    "a\x00b": "ab",
    "a\x1b[31mb": "a[31mb",
    "a\x7fb": "ab",
    "a\x85b": "a b",
    "a\u2028b": "a b",
    "a\u2029b": "a b",
    "a\u00a0b": "a b",
    "a\u200bb": "ab",
    "a\u200db": "ab",
    "a\ufeffb": "ab",
    "a\u00adb": "ab",
    "a\u2060b": "ab",
    "a\u3164b": "ab",
    "a\u2800b": "ab",
    "a\ufe0fb": "ab",
    "a\U000e0041b": "ab",
    "a\U000e0101b": "ab",
    "a\ue000b": "ab",
    "a\uffffb": "ab",
    "a\ud800b": "ab",
    "invoice\u202efdp.exe": "invoicefdp.exe",
    "\u202e\u202d": "file",
    "\u2066x\u2069.png": "x.png",
    "CON": "_CON",
    "con": "_con",
    "con.txt": "_con.txt",
    "CON .txt": "_CON .txt",
    "aux.tar.gz": "_aux.tar.gz",
    "NUL": "_NUL",
    "nul.": "_nul",
    "COM1": "_COM1",
    "com\u00b9.log": "_com\u00b9.log",
    "LPT9.x": "_LPT9.x",
    "CLOCK$": "_CLOCK$",
    "conin$": "_conin$",
    "Desktop.ini": "_Desktop.ini",
    "co\u200bn": "_con",
    ".con": "_con",
    "console": "console",
    "e\u0301.txt": "\u00e9.txt",
    "\u212a.txt": "K.txt",
    "日本語.txt": "日本語.txt",
    "עברית.txt": "עברית.txt",
    "photo.png ": "photo.png",
    "photo.png.exe": "photo.png.exe",
    "photo.png\u2003.exe": "photo.png .exe",
}


def test_there_are_enough():
    assert len(HOSTILE) >= 80


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names(name):
    assert clean(name) == HOSTILE[name]


@given(st.text() | st.text(alphabet='./\\:-~ \u202e\u200bconaux1"é\u0301\x00\ud800', max_size=30))
def test_any_name_is_stable_and_stays_inside(name):
    made = clean(name)
    assert clean(made) == made == unicodedata.normalize("NFC", made)
    assert 0 < len(made.encode()) <= LONGEST_BYTES
    assert Path("/folder", made).parent == Path("/folder") and made not in (".", "..")
    assert not set(made) & set('/\\:<>"|?*') and made[0] not in ".-~ " and made[-1] not in ". "
    assert all(unicodedata.category(c)[0] != "C" for c in made)


@given(st.text(alphabet="aé日.", min_size=150, max_size=400), st.sampled_from([".txt", ".exe", ".日本"]))
def test_a_long_name_keeps_its_ending(stem, ending):
    made = clean(stem + ending)
    assert made.endswith(ending) and len(made.encode()) <= LONGEST_BYTES


def test_a_cut_leaves_no_ending_that_was_not_there():
    assert "." not in clean("x" * 196 + ".exe" + "y" * 100)


def test_an_ending_says_what_the_content_is():
    assert clean("heron.exe", ending=".png") == "heron.exe.png"
    assert clean("heron.PNG", ending=".png") == "heron.PNG"
    assert clean("", ending=".png") == "file.png"
    assert clean("x" * 300, ending=".png").endswith(".png")


def test_names_that_are_taken_get_a_number():
    assert unlike("a.txt", {"b.txt"}) == "a.txt"
    assert unlike("A.txt", {"a.txt", "a (2).txt"}) == "A (3).txt"
    long = clean("é" * 200 + ".txt")
    again = unlike(long, {long.casefold()})
    assert again.endswith(" (2).txt") and len(again.encode()) <= LONGEST_BYTES
