// Keeps a trail live: the stream says that something happened, the page is fetched again and its story put in place.
// One stream a page; without JavaScript the page is complete, only not live.
"use strict";
// *Back* may show a page from the browser's memory, whatever it says of not being kept: ask whether it still may be seen.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
(() => {
  const story = document.getElementById("story");
  const state = document.getElementById("live-state");
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing) {
      event.preventDefault();
      document.getElementById("q")?.focus();
    }
  });
  if (!story?.dataset.live || !window.EventSource) return;
  const { live, position } = story.dataset;
  const source = new EventSource(`/api/v1/live?subject=${live}&after=${position}`);
  // A page that the browser keeps for *Back* would keep its stream too, and six of them are all that HTTP/1.1 has.
  addEventListener("pagehide", () => source.close());
  let again = null;
  const refresh = async () => {
    again = null;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("story");
    if (!fresh || fresh.innerHTML === story.innerHTML) return;
    story.replaceChildren(...fresh.childNodes);
    story.classList.remove("fresh");
    void story.offsetWidth;
    story.classList.add("fresh");
  };
  source.addEventListener("recorded", () => {
    again ??= setTimeout(refresh, 250);
  });
  source.onopen = () => { state.textContent = state.dataset.on; };
  source.onerror = () => { state.textContent = state.dataset.off; };
})();
