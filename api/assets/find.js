// Keys and scanners at a desk. Without this script every page is complete: forms are sent by their buttons, lists have links.
//   input data-suggest="/address"   asks `address?q=…` while somebody types; the answer is a list of options
//   input data-first                the first option is chosen unless another is
//   input data-label                takes a label from a scanner, wherever the focus is
//   input data-here                 takes one while it has the focus
//   input data-scan                 the same, and its form is sent at once: what the page is for is to scan
//   form data-steps                 Enter goes to the next field; Ctrl+Enter, or Enter on the button, sends it
//   button data-applicant           sends the box where applicants are looked for, if that is what was typed
//   a data-key="1"                  the key opens it; Escape leaves a field that takes labels, so that keys are keys again
import { read } from "./code.js";
import { GAP_MS, Wedge } from "./wedge.js";

/** A person pauses this long before the server is asked. */
const PAUSE_MS = 150;
/** A mobile phone number as people write it, and what becomes one while it is typed. */
const PHONE = /^((\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}$/;
const PHONE_BEGUN = /^((\+|00)?86[ -]?)?1[3-9]\d([ -]?\d{1,3}|[ -]?\d{4}[ -]?\d{0,4})$/;
/** A name: no digit, and a letter that is not Latin, in which labels end. */
const NAME = /^(?=.*(?!\p{Script=Latin})[\p{L}〇])[\p{L}\p{M}〇·•・.()\s]+$/u;
const box = document.getElementById("q");
const ofApplicants = box?.form.querySelector("[data-applicant]");
const main = document.getElementById("main");
/** Whether somebody began to fill a form here: neither a scan nor a key may throw that away. */
let begun = false;

const isField = (it) => it instanceof Element && it.matches("input:not([type=checkbox], [type=radio]), textarea, select");

/** Whether a person was typed into the box, or is being typed: that goes into no address, as numbers do. */
function isApplicant(typed, phone = PHONE) {
  const said = typed.normalize("NFKC").trim().replace(/[\u2010-\u2015]/g, "-");
  return ofApplicants && (phone.test(said) || NAME.test(said));
}

/** Whether somebody sees it: what lies in folded details has a place on the page and is not shown. */
const isShown = (it) => (it.checkVisibility ? it.checkVisibility() : it.offsetParent !== null);

/** The field after another in its form; the form's button comes last. */
function next(field) {
  const order = [...field.form.elements].filter((it) => it.type !== "hidden" && !it.disabled && isShown(it) && it.tagName !== "FIELDSET");
  const after = order[order.indexOf(field) + 1];
  after?.focus();
  if (after?.select && after.type !== "checkbox") after.select();
}

/** Options below a field: arrow keys choose, Enter goes there, Escape closes. */
class Suggestions {
  #at = -1;
  #timer;
  #asking;

  constructor(field) {
    this.field = field;
    this.list = document.createElement("ul");
    Object.assign(this.list, { id: `${field.id}-found`, className: "found", role: "listbox", hidden: true });
    this.list.setAttribute("aria-label", field.labels?.[0]?.textContent ?? "");
    field.after(this.list);
    const about = { role: "combobox", "aria-expanded": "false", "aria-controls": this.list.id, "aria-autocomplete": "list" };
    for (const [name, value] of Object.entries(about)) field.setAttribute(name, value);
    // What an input method has not made into words yet is nobody's question.
    field.addEventListener("input", (event) => (event.isComposing ? this.#wait() : this.#soon()));
    field.addEventListener("compositionend", () => this.#soon());
    field.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("blur", () => this.#show(false));
    // Before the field loses the focus.
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.#go(event.target.closest("[data-to]"));
    });
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  #soon() {
    this.#wait();
    this.#timer = setTimeout(() => this.ask(), PAUSE_MS);
  }

  async ask() {
    const typed = this.field.value.trim();
    const isNone = typed.length < Number(this.field.dataset.least ?? 1);
    if (isNone || (this.field === box && isApplicant(typed, PHONE_BEGUN))) return this.#show(false);
    this.#asking = new AbortController();
    const address = `${this.field.dataset.suggest}?q=${encodeURIComponent(typed)}`;
    const answer = await fetch(address, { signal: this.#asking.signal, headers: { Accept: "text/html" } }).catch(() => undefined);
    if (!answer?.ok || answer.redirected) return;
    const text = await answer.text().catch(() => undefined);
    // Somebody typed on meanwhile: another answer is on its way.
    if (text === undefined || this.field.value.trim() !== typed) return;
    this.list.replaceChildren(...new DOMParser().parseFromString(`<ul>${text}</ul>`, "text/html").querySelectorAll("li"));
    this.#options().forEach((it, at) => (it.id = `${this.list.id}-${at}`));
    this.#choose("first" in this.field.dataset ? 0 : -1);
    this.#show(document.activeElement === this.field);
  }

  #options() {
    return [...this.list.querySelectorAll("[data-to]")];
  }

  #show(open) {
    this.list.hidden = !open;
    this.field.setAttribute("aria-expanded", String(open));
    if (!open) this.#choose(-1);
  }

  #choose(at) {
    const options = this.#options();
    this.#at = options.length === 0 ? -1 : Math.min(at, options.length - 1);
    options.forEach((it, place) => it.setAttribute("aria-selected", String(place === this.#at)));
    const chosen = options[this.#at];
    if (chosen) this.field.setAttribute("aria-activedescendant", chosen.id);
    else this.field.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (event.isComposing || this.list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#choose(Math.max(-1, this.#at + step));
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.#show(false);
    } else if (event.key === "Enter" && this.#at >= 0) {
      event.preventDefault();
      event.stopPropagation();
      this.#go(this.#options()[this.#at]);
    }
  }

  #go(option) {
    if (option) location.assign(option.dataset.to);
  }
}

/** What a scanner typed goes to the label that is asked for, else to the box that finds. */
function scanned(text) {
  const at = document.activeElement;
  // Into whatever field it was typed: what a person had typed there stays.
  if (isField(at) && at.value?.endsWith(text)) at.value = at.value.slice(0, -text.length);
  const label = read(text);
  const isLabel = !label.error;
  const said = label.printed ?? text;
  const own = at?.matches?.("[data-here]") ? at : undefined;
  const asked = own ?? [...document.querySelectorAll("[data-label]")].find((it) => isShown(it) && (it === at || it.value === ""));
  if (asked && isLabel) {
    asked.value = said;
    begun = true;
    next(asked);
    return;
  }
  const scans = document.querySelector("[data-scan]");
  if (scans && isLabel && at !== box) {
    scans.value = said;
    scans.form.requestSubmit();
    return;
  }
  if (!box) return;
  box.value = said;
  box.focus();
  box.select();
  // What is no label may be somebody's identity number: it goes nowhere by itself.
  if (!isLabel) return;
  if (begun) suggestions.get(box)?.ask();
  else box.form.requestSubmit();
}

if (ofApplicants) box.placeholder = ofApplicants.dataset.hint;
box?.form.addEventListener("submit", (event) => {
  if (event.submitter === ofApplicants || !isApplicant(box.value)) return;
  event.preventDefault();
  // A form that is being sent is not sent again before that is over.
  setTimeout(() => box.form.requestSubmit(ofApplicants));
});

const suggestions = new Map();
for (const field of document.querySelectorAll("input[data-suggest]")) suggestions.set(field, new Suggestions(field));
new Wedge({ target: document, onScan: scanned, isTyping: (event) => isField(event.target) }).start();

document.addEventListener("input", (event) => {
  const { target } = event;
  if (main?.contains(target) && target.form?.method === "post" && !target.matches("[data-scan]")) begun = true;
});

/** What a key opens, a moment later: what is followed by another key at once is a scan, and those begin with any character. */
let opening;
const OPENS_MS = GAP_MS + 20;

document.addEventListener("keydown", (event) => {
  clearTimeout(opening);
  if (event.defaultPrevented || event.isComposing || event.altKey || event.metaKey) return;
  const { target } = event;
  if (event.key === "Enter" && target.form?.hasAttribute?.("data-steps") && target.matches("input, select")) {
    event.preventDefault();
    if (event.ctrlKey) target.form.requestSubmit();
    else next(target);
    return;
  }
  if (event.key === "Escape" && target.matches?.("[data-scan], [data-here]")) return target.blur();
  if (event.ctrlKey || isField(target)) return;
  if (event.key === "/" && box) {
    event.preventDefault();
    box.focus();
    box.select();
    return;
  }
  const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
  if (link && !begun) {
    event.preventDefault();
    opening = setTimeout(() => link.click(), OPENS_MS);
  }
});
