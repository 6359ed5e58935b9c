"""A transcript as one page: a click on a word's time plays from there, and what is said is marked while it plays."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from desktop import paths
from desktop.core.subtitles.times import short
from desktop.core.transcript import Transcript
from desktop.core.transcript_edits import Paragraph, paragraphs
from desktop.services.export.html_text import escaped

if TYPE_CHECKING:
    from desktop.services.transcription.export import About, Shape

EMBEDDED_BYTES = 48 * 1024 * 1024
"""A recording up to this size stands in the page itself; a larger one is played from its file beside the page."""

MIMES = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".webm": "audio/webm",
}
_SCRIPT = """
const sound = document.querySelector('audio');
const turns = [...document.querySelectorAll('p[data-begins]')];
document.querySelectorAll('button[data-at]').forEach(button => button.addEventListener('click', () => {
  if (sound) { sound.currentTime = button.dataset.at / 1000; sound.play(); }
}));
let shown = null;
if (sound) sound.addEventListener('timeupdate', () => {
  const now = sound.currentTime * 1000;
  const at = turns.find(turn => turn.dataset.begins <= now && now < turn.dataset.ends);
  if (at === shown) return;
  if (shown) shown.classList.remove('now');
  shown = at || null;
  if (shown) { shown.classList.add('now'); shown.scrollIntoView({block: 'nearest'}); }
});
"""
_STYLE = """
:root {{ color-scheme: light dark; {light} }}
@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}
body {{ margin: 0; background: var(--window); color: var(--text); font: 16px/1.6 system-ui, sans-serif; }}
main {{ max-width: 44rem; margin: 0 auto; padding: 2rem 1rem 6rem; }}
h1 {{ font-size: 1.5rem; margin: 0 0 .25rem; }}
.facts {{ color: var(--muted); margin: 0 0 1.5rem; }}
audio {{ position: sticky; top: .5rem; width: 100%; margin-bottom: 1rem; }}
p[data-begins] {{ margin: 0 0 .75rem; padding: .25rem .5rem; border-radius: 6px; }}
p.now {{ background: var(--selection); }}
button {{ font: inherit; font-size: .8rem; color: var(--muted); background: none; border: 0; padding: 0 .4rem 0 0;
  cursor: pointer; font-variant-numeric: tabular-nums; }}
button:hover {{ color: var(--accent); }}
"""


def written(transcript: Transcript, about: About, shape: Shape, facts: tuple[tuple[str, str], ...]) -> str:
    """Blocking where the recording is put into the page."""
    names = {speaker.id: speaker.name for speaker in transcript.speakers}
    turns = "\n".join(_turn(each, names, shape) for each in paragraphs(transcript, shape.pause))
    said = " · ".join(value for _, value in facts if value)
    style = _style()
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(_SCRIPT)}'; style-src 'sha256-{_digest(style)}'; "
        "media-src 'self' data: file:; base-uri 'none'; form-action 'none'"
    )
    language = escaped((transcript.second_language if shape.second else transcript.language) or "und")
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escaped(about.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escaped(about.title)}</h1>\n<p class="facts">{escaped(said)}</p>\n{_sound(about.audio)}\n'
        f"{turns}\n</main>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _turn(paragraph: Paragraph, names: dict[str, str], shape: Shape) -> str:
    text = paragraph.second if shape.second else paragraph.text
    moment = f'<button data-at="{paragraph.begins}">{short(paragraph.begins)}</button>' if shape.times else ""
    is_named = shape.speakers and paragraph.speaker in names
    name = f"<strong>{escaped(names[paragraph.speaker])}</strong> " if is_named else ""
    place = f'data-begins="{paragraph.begins}" data-ends="{paragraph.ends}"'
    return f'<p dir="auto" {place}>{moment}{name}{escaped(text)}</p>'


def _sound(audio: Path | None) -> str:
    """The player, with the recording in it, or beside it where it is large; nothing where there is none."""
    if audio is None or not audio.is_file():
        return ""
    mime = MIMES.get(audio.suffix.lower(), "")
    if mime and audio.stat().st_size <= EMBEDDED_BYTES:
        address = f"data:{mime};base64,{base64.b64encode(audio.read_bytes()).decode()}"
    else:
        address = quote(audio.name)
    return f'<audio controls preload="metadata" src="{escaped(address)}"></audio>'


def _style() -> str:
    tokens = json.loads(paths.resource("theme.json").read_text(encoding="utf-8"))
    wanted = ("window", "text", "muted", "accent", "selection")
    light, dark = (
        " ".join(f"--{name}: {tokens['schemes'][scheme][name]};" for name in wanted) for scheme in ("light", "dark")
    )
    return _STYLE.format(light=light, dark=dark)


def _digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
