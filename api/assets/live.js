// Keeps a part of a page live: the stream says that something happened, the page is fetched again and the part put in place.
// One stream a page; without JavaScript the page is complete, only not live.
//   data-live       what is followed: `subject=…` or `site=…`
//   data-position   the log position that the page shows at least
//   data-again      seconds after which the part is fetched anyway, because time alone changes it
"use strict";
// *Back* may show a page from the browser's memory, whatever it says of not being kept: ask whether it still may be seen.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
(() => {
  const part = document.querySelector("[data-live]");
  const state = document.getElementById("live-state");
  if (!part || !window.EventSource) return;
  const { live, position, again } = part.dataset;
  const source = new EventSource(`/api/v1/live?${live}&after=${position}`);
  // A page that the browser keeps for *Back* would keep its stream too, and six of them are all that HTTP/1.1 has.
  addEventListener("pagehide", () => source.close());
  let waiting = null;
  const refresh = async () => {
    waiting = null;
    // Whoever has a form open in it is not disturbed.
    if (part.querySelector("details[open]")) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-live]");
    if (!fresh || fresh.innerHTML === part.innerHTML) return;
    // Whoever walks a list by keyboard stays at the same line.
    const line = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceChildren(...fresh.childNodes);
    if (line) [...part.querySelectorAll("a")].find((it) => it.getAttribute("href") === line)?.focus({ preventScroll: true });
    part.classList.remove("fresh");
    void part.offsetWidth;
    part.classList.add("fresh");
  };
  // What follows one thing answers at once; a list waits for what comes together.
  const soon = () => {
    waiting ??= setTimeout(refresh, live.startsWith("subject=") ? 250 : 1000);
  };
  source.addEventListener("recorded", soon);
  if (again) setInterval(() => document.hidden || soon(), Number(again) * 1000);
  source.onopen = () => { state.textContent = state.dataset.on; };
  source.onerror = () => { state.textContent = state.dataset.off; };
})();
