// Searches the exported texts. They come in files of a few megabytes, each read when the first search needs it.
"use strict";
(function () {
  const MOST_HITS = 200, BEFORE = 40, AFTER = 120;
  const field = document.getElementById("search");
  const said = document.getElementById("said");
  const all = document.getElementById("all");
  const hits = document.getElementById("hits");
  const count = Number(field.dataset.files);
  const loaded = [];
  let asked = 0;

  // Lower case and without accents; one character stays one, so that places in the text stay what they are.
  function folded(text) {
    return text.replace(/[^\x00-\x7f]/gu, function (c) {
      const plain = c.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
      return plain.length === c.length ? plain : c;
    }).toLowerCase();
  }

  function words(line) {
    const found = folded(line).match(/"[^"]+"?|[^\s"]+/g) || [];
    return found.map(function (word) { return word.replace(/"/g, ""); }).filter(Boolean);
  }

  window.davenport = {
    add: function (number, rows) {
      loaded[number] = rows.map(function (row) {
        return { page: row[0], title: row[1], about: row[2], text: row[3], folded: folded(row[1] + "\n" + row[3]) };
      });
    }
  };

  function load(number, then) {
    if (loaded[number]) { then(); return; }
    const script = document.createElement("script");
    script.src = "index-" + (number + 1) + ".js";
    script.onload = then;
    script.onerror = function () { loaded[number] = []; then(); };
    document.head.appendChild(script);
  }

  function element(name, kind, text) {
    const made = document.createElement(name);
    made.className = kind;
    made.textContent = text;
    return made;
  }

  function marked(kind, text, wanted) {
    const made = element("div", kind, "");
    const low = folded(text);
    let at = 0;
    while (at < text.length) {
      let next = -1, length = 0;
      wanted.forEach(function (word) {
        const place = low.indexOf(word, at);
        if (place >= 0 && (next < 0 || place < next)) { next = place; length = word.length; }
      });
      if (next < 0) { break; }
      made.appendChild(document.createTextNode(text.slice(at, next)));
      made.appendChild(element("mark", "", text.slice(next, next + length)));
      at = next + length;
    }
    made.appendChild(document.createTextNode(text.slice(at)));
    return made;
  }

  function snippet(row, wanted) {
    const low = row.folded.slice(row.title.length + 1);
    const places = wanted.map(function (word) { return low.indexOf(word); }).filter(function (p) { return p >= 0; });
    if (!places.length) { return ""; }
    const first = places.reduce(function (a, b) { return Math.min(a, b); });
    const start = Math.max(0, first - BEFORE), end = Math.min(row.text.length, first + AFTER);
    return (start ? "…" : "") + row.text.slice(start, end) + (end < row.text.length ? "…" : "");
  }

  function hit(row, wanted) {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = row.page;
    link.appendChild(marked("name", row.title, wanted));
    link.appendChild(element("div", "caption", row.about));
    const part = snippet(row, wanted);
    if (part) { link.appendChild(marked("snippet", part, wanted)); }
    item.appendChild(link);
    return item;
  }

  function search() {
    const turn = ++asked, wanted = words(field.value);
    hits.textContent = "";
    all.hidden = wanted.length > 0;
    hits.hidden = !wanted.length;
    if (!wanted.length) { said.textContent = ""; return; }
    let found = 0;
    function next(number) {
      if (turn !== asked) { return; }
      if (number >= count || found >= MOST_HITS) {
        said.textContent = found >= MOST_HITS ? "The first " + MOST_HITS + " conversations"
          : found === 1 ? "1 conversation" : found ? found + " conversations" : "Nothing found";
        return;
      }
      said.textContent = "Searching…";
      load(number, function () {
        if (turn !== asked) { return; }
        loaded[number].forEach(function (row) {
          if (found < MOST_HITS && wanted.every(function (word) { return row.folded.includes(word); })) {
            found += 1;
            hits.appendChild(hit(row, wanted));
          }
        });
        setTimeout(function () { next(number + 1); }, 0);
      });
    }
    next(0);
  }

  field.addEventListener("input", search);
  field.hidden = false;
  if (field.value) { search(); }
})();
