// The one screen people work on: who and where, what waits, the last result, what is under way, and four buttons. Draws
// state; decides nothing.
import { grouped } from "./code.js";
import { button, h } from "./dom.js";

const SIGNS = { done: "✓", look: "!", not: "✗", already: "=" };
const COUNTED = ["received", "collected", "packed", "dispatched", "shelved", "sighted", "refused"];

export class Screen {
  /** @param root where it lives @param app the state and the deeds */
  constructor(root, app) {
    this.app = app;
    this.header = h("header");
    this.banners = h("div", { role: "status", "aria-live": "polite" });
    this.result = h("section", { class: "result", "aria-live": "assertive" });
    this.work = h("div", { class: "stack" });
    this.camera = h("section", { class: "camera", hidden: true });
    this.pda = h("div", { class: "pda" });
    this.main = h("main", {}, this.camera, this.result, this.work, this.pda);
    this.nav = h("nav");
    root.replaceChildren(this.header, this.banners, this.main, this.nav);
    this.showCamera();
  }

  draw() {
    this.drawHeader();
    this.drawBanners();
    this.drawWork();
    this.drawNav();
    if (!this.app.outcome) this.drawResult(undefined);
  }

  drawHeader() {
    const { app } = this;
    const { words: w, device, shift, stop } = app;
    const place = device?.courier ? (stop.site ? w.t("stop.at", { site: stop.site }) : w.t("stop.none")) : device?.site ? app.siteName(device.site) : "";
    const name = [device?.name ?? w.t("app.title"), shift.person?.name].filter(Boolean).join(" · ");
    this.pill = this.#pill();
    this.header.replaceChildren(h("div", { class: "who" }, h("h1", {}, name), h("p", { class: "place" }, place)), this.pill);
  }

  #pill() {
    const { words: w, counts } = this.app;
    const { waiting, refused, age } = counts;
    const sent = waiting === 0 ? w.t("queue.all_sent") : w.t(age === undefined ? "queue.pill" : "queue.pill_age", { count: waiting, age });
    const text = refused > 0 ? `${sent} · ${w.t("queue.refused", { count: refused })}` : sent;
    const style = refused > 0 ? "refused" : waiting > 0 ? "waiting" : "";
    return button(text, () => this.app.open("queue"), { class: `pill ${style}`, id: "pill" });
  }

  drawBanners() {
    this.banners.replaceChildren(
      ...this.app.notices.banners().map(({ id, text, bad, act, dismiss }) =>
        h("div", { class: bad ? "banner bad" : "banner", "data-banner": id }, h("span", {}, text), act && button(act[0], act[1]), dismiss && button("×", dismiss, { "aria-label": this.app.words.t("close") })),
      ),
    );
  }

  /** The outcome of a scan, or what to do next. */
  drawResult(outcome) {
    const { words: w } = this.app;
    this.result.className = outcome ? `result ${outcome.tone} fresh` : "result";
    if (!outcome) {
      this.result.replaceChildren(h("p", { class: "ready" }, this.#invitation(), h("br"), h("span", { class: "hint" }, w.t("ready_more"))));
      return;
    }
    const { tone, thing, label, slot, row, choices = [] } = outcome;
    const named = [thing?.number, label && grouped(label)].filter(Boolean).join(" · ");
    this.result.replaceChildren(
      h("p", { class: "tone" }, h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[tone] ?? ""), " ", w.t(`tone.${tone}`)),
      h("p", { class: slot ? "say slot" : "say" }, w.say(outcome.say)),
      outcome.next ? h("p", { class: "next" }, w.say(outcome.next)) : "",
      named ? h("p", { class: "label" }, named) : "",
      h("div", { class: "row" }, row && outcome.tone !== "undone" ? this.#deeds(row, choices, thing) : []),
    );
    this.result.dataset.tone = tone;
    this.result.dataset.say = outcome.say[0];
    this.result.dataset.action = row?.scan.action ?? "";
  }

  #deeds(row, choices, thing) {
    const { app } = this;
    const { words: w } = app;
    const buttons = choices.map((choice) => button(w.t(`choice.${choice}`), () => app.choose(row, choice), { "data-choice": choice }));
    if (app.later.may(thing)) buttons.push(button(w.t("register.add"), () => app.later.ask(thing), { "data-choice": "register" }));
    if (row.scan.action !== "checked") buttons.push(button(w.t("undo"), () => app.undo(row), { class: "danger", id: "undo" }));
    return buttons;
  }

  #invitation() {
    const { device, shift, words: w } = this.app;
    if (!device) return w.t("enrol.title");
    return shift.person ? w.t("ready") : w.t("shift.title");
  }

  drawWork() {
    const { app } = this;
    const { words: w, device, bag, stop } = app;
    const parts = [];
    if (!device) parts.push(h("div", { class: "work" }, h("p", {}, w.t("enrol.help")), button(w.t("enrol.code"), () => app.open("enrol"), { id: "enrol" })));
    else if (!app.shift.person) parts.push(h("div", { class: "work" }, h("p", {}, w.t("shift.help")), button(w.t("shift.title"), () => app.open("shift"), { class: "main", id: "shift" })));
    if (bag.work) parts.push(this.#bag());
    const counted = this.#counts();
    if (counted || stop.site) {
      parts.push(h("div", { class: "work", id: "stop" }, h("p", {}, counted || w.t("stop.at", { site: stop.site })), this.#signButton(), stop.site && button(w.t("stop.drive_on"), () => app.driveOn(), { id: "drive-on" })));
    }
    this.work.replaceChildren(...parts);
  }

  #counts() {
    const { stop, device, words: w } = this.app;
    const word = (action) => (action === "received" && device?.courier ? "handed_over" : action);
    const counts = Object.entries(stop.state.counts).filter(([action, count]) => count > 0 && COUNTED.includes(action));
    return counts.map(([action, count]) => w.t(`counts.${word(action)}`, { count })).join(" · ");
  }

  #signButton() {
    const count = this.app.stop.state.unsigned.length;
    return count > 0 && button(this.app.words.t("sign.button", { count }), () => this.app.open("sign"), { class: "main", id: "sign" });
  }

  #bag() {
    const { bag, words: w } = this.app;
    const number = bag.state.number ?? grouped(bag.printed).slice(-7);
    if (bag.work === "pack") {
      return h("div", { class: "work", id: "bag" }, h("p", {}, w.t("bag.packing", { number, count: bag.state.packed.length })), button(w.t("bag.seal"), () => this.app.open("seal"), { class: "main", id: "seal" }), button(w.t("bag.leave"), () => this.app.leaveBag()));
    }
    const { manifest, seen, unexpected } = bag.state;
    const gaps = { number, seen: seen.length, count: manifest.length, left: bag.unread.length, unexpected: unexpected.length };
    return h("div", { class: "work", id: "bag" }, h("p", {}, w.t("bag.checking", gaps)), button(w.t("bag.list"), () => this.app.open("manifest")), button(w.t("bag.end"), () => this.app.open("endCheck"), { class: "main", id: "end-check" }));
  }

  drawNav() {
    const { app } = this;
    const { words: w } = app;
    const mode = app.device?.courier && app.mode === "receive" ? "receive_courier" : app.mode;
    const focused = this.nav.contains(document.activeElement) && document.activeElement.id;
    this.nav.replaceChildren(
      button(w.t(app.lens.isOpen ? "camera.off" : "camera.on"), () => app.lens.toggle(), { id: "camera", "aria-pressed": String(app.lens.isOpen) }),
      button(w.t("type.open"), () => app.open("type"), { id: "type" }),
      button(w.t(`mode.${mode}`), () => app.open("mode"), { id: "mode", class: "main" }),
      button(app.conflicts.length > 0 ? w.t("conflicts.count", { count: app.conflicts.length }) : w.t("more.open"), () => app.open("more"), { id: "more" }),
    );
    // Whoever goes by keyboard stays where they were.
    if (focused) document.getElementById(focused)?.focus();
  }

  /** The picture and what this lens can do. */
  showCamera(state) {
    const { app } = this;
    this.video ??= h("video", { playsinline: true, muted: true, autoplay: true });
    this.video.muted = true;
    if (!state) return;
    const { words: w, lens } = app;
    this.video.setAttribute("aria-label", w.t("camera.view"));
    const troubled = ["impossible", "denied", "none", "no-decoder", "idle"].includes(state);
    this.camera.hidden = !lens.isOpen && !troubled;
    const { torch, zoom } = lens.abilities;
    const { settings } = lens;
    const controls = [];
    if (torch) controls.push(button(w.t("camera.torch"), () => lens.use({ torch: !settings.torch }), { id: "torch", "aria-pressed": String(settings.torch === true) }));
    if (zoom) controls.push(button(`${w.t("camera.zoom")} ${(settings.zoom ?? 1).toFixed(0)}×`, () => lens.zoom(zoom), { id: "zoom" }));
    if (lens.isOpen) controls.push(button(w.t("camera.lens"), () => lens.next(), { id: "lens" }));
    if (troubled && state !== "idle") controls.push(this.#photo());
    this.camera.replaceChildren(...(lens.isOpen ? [this.video] : []), h("p", { role: "status" }, w.t(`camera.${state}`)), h("div", { class: "row" }, controls));
  }

  /** Where no camera may be opened, a photo will do. */
  #photo() {
    const input = h("input", { type: "file", accept: "image/*", capture: "environment", class: "hidden-file", id: "photo", onchange: (event) => this.app.lens.readPhoto(event.target.files[0]) });
    return h("label", { class: "file", for: "photo" }, this.app.words.t("camera.photo"), input);
  }

  /** A focused field for scanners whose input method sends text, not keys. */
  showPda(on) {
    if (!on) return this.pda.replaceChildren();
    const input = h("input", { type: "text", inputmode: "none", autocomplete: "off", autocapitalize: "off", spellcheck: "false", id: "pda", "aria-label": this.app.words.t("pda.field"), placeholder: this.app.words.t("ready") });
    this.pda.replaceChildren(input);
    input.focus();
  }
}
