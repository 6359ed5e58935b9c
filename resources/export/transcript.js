// Plays the recording from where the reader clicks, and marks what is said while it plays.
"use strict";
(function () {
  const STEP_S = 5, HOLD_MS = 1500;
  const sound = document.querySelector("audio");
  const said = Array.from(document.querySelectorAll(".plays span"));
  if (!sound) { return; }
  let shown = null;

  function play(milliseconds) {
    sound.currentTime = milliseconds / 1000;
    const started = sound.play();
    if (started) { started.catch(function () {}); }
  }

  // The last stretch that has begun; it stays marked over a short pause.
  function current(now) {
    let low = 0, high = said.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(said[middle].dataset.begins) <= now) { low = middle + 1; } else { high = middle; }
    }
    const found = said[low - 1];
    return found && now < Number(found.dataset.ends) + HOLD_MS ? found : null;
  }

  function isInSight(element) {
    const box = element.getBoundingClientRect();
    return box.bottom > 0 && box.top < window.innerHeight;
  }

  function mark() {
    const now = current(sound.currentTime * 1000);
    if (now === shown) { return; }
    const follows = !sound.paused && (!shown || isInSight(shown));
    if (shown) { shown.classList.remove("now"); shown.removeAttribute("aria-current"); }
    shown = now;
    if (!shown) { return; }
    shown.classList.add("now");
    shown.setAttribute("aria-current", "true");
    if (follows) { shown.scrollIntoView({ block: "nearest" }); }
  }

  document.addEventListener("click", function (event) {
    const place = event.target.closest("[data-begins]");
    if (place && window.getSelection().isCollapsed) { play(Number(place.dataset.begins)); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.target !== document.body || event.ctrlKey || event.altKey || event.metaKey) { return; }
    if (event.key === " ") { if (sound.paused) { play(sound.currentTime * 1000); } else { sound.pause(); } }
    else if (event.key === "ArrowLeft") { sound.currentTime = Math.max(0, sound.currentTime - STEP_S); }
    else if (event.key === "ArrowRight") { sound.currentTime += STEP_S; }
    else { return; }
    event.preventDefault();
  });
  sound.addEventListener("timeupdate", mark);
  sound.addEventListener("seeked", mark);
})();
