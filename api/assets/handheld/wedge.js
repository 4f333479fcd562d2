// Wedge scanners: they type. A scanner's burst is told from a person by its speed, measured with the events' own time
// stamps, because a busy page handles keys late but in order. With an input method on, keys come as 229 or as a composition:
// then the physical key, or the text it ends in, says what was scanned. Suffix Enter, Tab or none.
//
// Desk mode listens to the whole document, wherever the focus is. PDA mode keeps a field with `inputmode=none` focused, for
// devices whose scanner types through an input method of its own and sends no keys at all.
import { read } from "./code.js";

/** Keys of one burst are at most this far apart. Scanners need 5 to 60 ms a key; people rarely less than 100. */
export const GAP_MS = 100;
/** Fewer characters are no scan. */
export const SHORTEST = 4;
/** Silence that ends a burst without a suffix. */
export const SILENCE_MS = 120;

/** The character of a physical key; scanners send capitals with Shift, which an input method hides. */
function ofPhysicalKey({ code, shiftKey }) {
  if (/^Key[A-Z]$/.test(code)) return code[3];
  if (/^(Digit|Numpad)[0-9]$/.test(code)) return shiftKey ? ({ Digit5: "%", Digit4: "$" })[code] ?? code.at(-1) : code.at(-1);
  if (code === "Slash") return shiftKey ? "?" : "/";
  if (code === "Semicolon") return shiftKey ? ":" : ";";
  return { Period: ".", Minus: "-", Space: " ", NumpadDecimal: ".", NumpadDivide: "/", NumpadSubtract: "-" }[code] ?? "";
}

export class Wedge {
  #keys = [];
  #timer;
  #composing = false;
  #composed = "";
  #lastKeyAt = -Infinity;

  /**
   * @param {{target: EventTarget, onScan: (text, about) => void, onIme?: () => void, isTyping?: (event) => boolean,
   *   later?: typeof setTimeout, cancel?: typeof clearTimeout}} parts
   *   `isTyping`: whether a key belongs to a field that a person fills; there, only what a scanner's speed proves is taken.
   */
  constructor({ target, onScan, onIme = () => {}, isTyping = () => false, later, cancel }) {
    Object.assign(this, { target, onScan, onIme, isTyping });
    this.later = later ?? ((work, ms) => setTimeout(work, ms));
    this.cancel = cancel ?? ((timer) => clearTimeout(timer));
    this.handlers = {
      keydown: (event) => this.#key(event),
      compositionstart: () => this.#beginComposition(),
      compositionend: (event) => this.#endComposition(event),
      input: (event) => this.#input(event),
    };
  }

  start() {
    for (const [name, handler] of Object.entries(this.handlers)) this.target.addEventListener(name, handler, true);
  }

  stop() {
    for (const [name, handler] of Object.entries(this.handlers)) this.target.removeEventListener(name, handler, true);
    this.cancel(this.#timer);
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const at = event.timeStamp;
    if (event.key === "Enter" || event.key === "Tab") return this.#suffix(event, at);
    const hidden = event.keyCode === 229 || event.key === "Process" || event.key === "Unidentified";
    const character = hidden ? ofPhysicalKey(event) : event.key.length === 1 ? event.key : "";
    if (character === "") return;
    if (at - this.#lastKeyAt > GAP_MS) this.#begin();
    this.#lastKeyAt = at;
    this.#keys.push({ character, at, hidden });
    // From the second key of a burst on, a scan must not walk through the page's buttons.
    if (!hidden && this.#isBurst() && !this.isTyping(event)) event.preventDefault();
    this.#wait();
  }

  /** Enter or Tab ends a burst and is swallowed with it; after a person's typing it is the page's. */
  #suffix(event, at) {
    if (this.#isBurst() && at - this.#lastKeyAt <= GAP_MS) {
      event.preventDefault();
      event.stopPropagation();
      this.#end(event.key);
    } else {
      this.#begin();
    }
  }

  #begin() {
    this.cancel(this.#timer);
    // A burst whose suffix never came, and the next scan is here already.
    if (this.#isBurst()) this.#end("none");
    this.#keys = [];
    this.#composed = "";
  }

  #isBurst() {
    return this.#keys.length >= 2;
  }

  #wait() {
    this.cancel(this.#timer);
    this.#timer = this.later(() => this.#end("none"), SILENCE_MS);
  }

  #beginComposition() {
    this.#composing = true;
  }

  /** What an input method made of the keys. Its letters may be full-width; its text is taken only if no keys were seen. */
  #endComposition(event) {
    this.#composing = false;
    this.#composed += event.data ?? "";
    this.onIme();
    this.#wait();
  }

  /** A device's own input method sends text, not keys. */
  #input(event) {
    if (this.#composing || this.#keys.length > 0 || event.inputType === "insertCompositionText") return;
    if (typeof event.data !== "string") return;
    this.#composed += event.data;
    this.#wait();
  }

  #end(suffix) {
    this.cancel(this.#timer);
    const keys = this.#keys;
    const composed = this.#composed;
    this.#keys = [];
    this.#composed = "";
    this.#lastKeyAt = -Infinity;
    const typed = keys.map((key) => key.character).join("");
    const made = composed.normalize("NFKC").replace(/[\r\n\t]/g, "");
    const texts = [typed, made].filter((text) => text.length >= SHORTEST);
    if (texts.length === 0) return;
    // Keys and composition may both be seen, and one of them cut short: the one that is a label is right.
    const text = texts.find((it) => !read(it).error) ?? texts[0];
    const gaps = keys.slice(1).map((key, at) => key.at - keys[at].at);
    const hidden = keys.some((key) => key.hidden);
    if (hidden) this.onIme();
    this.onScan(text, { suffix, hidden, keys: keys.length, gap: Math.max(0, ...gaps), composed: text !== typed });
  }
}
