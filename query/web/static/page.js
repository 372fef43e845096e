// Pages work without this. It keeps the page of the crawl current, and says
// that a question is under way.
"use strict";

for (const form of document.forms) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[data-busy]");
    if (!button) return;
    const words = button.textContent;
    button.textContent = button.dataset.busy;
    form.setAttribute("aria-busy", "true");
    addEventListener("pageshow", () => { // back from the answer
      button.textContent = words;
      form.removeAttribute("aria-busy");
    }, { once: true });
  });
}

const live = document.querySelector("[data-live]");
if (live && "EventSource" in window) {
  const number = new Intl.NumberFormat("en");
  const events = new EventSource(live.dataset.live);
  const say = (text) => { if (live.textContent !== text) live.textContent = text; };
  const shown = document.querySelector(".strip time")?.title;
  events.onmessage = (event) => {
    const p = JSON.parse(event.data);
    for (const tile of document.querySelectorAll("[data-of]")) {
      tile.textContent = p.broker ? number.format(p[tile.dataset.of]) : "–";
    }
    document.documentElement.dataset.reports = Number(document.documentElement.dataset.reports ?? 0) + 1;
    if (p.snapshot && p.snapshot !== shown) say("A newer snapshot is there: load the page anew.");
    else if (!p.broker) say("No broker can be asked: what waits is unknown.");
    else say(p.jobs + p.jobs_out + p.scans === 0 ? "Live. Nothing waits." : "Live.");
  };
  events.onerror = () => say("Not live: the server does not answer. Trying again …");
}
