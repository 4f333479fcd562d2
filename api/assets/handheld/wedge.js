// Wedge scanners: they type. A scanner's burst is told from a person by its speed, measured with the events' own time
// stamps, because a busy page handles keys late but in order. With an input method on, keys come as 229 or as a composition:
// then the physical key, or the text it ends in, says what was scanned. Suffix Enter, Tab or none.
//
// Desk mode listens to the whole document, wherever the focus is. PDA mode keeps a field with `inputmode=none` focused, for
// devices whose scanner types through an input method of its own and sends no keys at all.
import { PRINTED_LENGTH, read } from "./code.js";

/** Keys of one burst are at most this far apart. Scanners need 5 to 60 ms a key; people rarely less than 100. */
export const GAP_MS = 100;
/** A burst that a busy device tore apart is still one text, if together it is a label: nobody types a check character by luck. */
export const TORN_MS = 1_500;
/** Fewer characters are no scan. */
export const SHORTEST = 4;
/** Silence after which a label without a suffix is taken, and after which anything else is told to be foreign. */
export const SILENCE_MS = 120;
const FOREIGN_MS = 400;
/** A timer that fires so late was held up with everything else: keys may lie behind it. */
const LATE_MS = 50;

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
  /** Whether what was composed went into a field that a person fills. */
  #composedByPerson = false;
  #lastKeyAt = -Infinity;
  /** What lies in the buffer was told to be foreign already; more keys may yet make it a label. */
  #told = false;
  /** The last key of a label that was taken after silence: its suffix may be late. */
  #takenAt = -Infinity;

  /**
   * @param {{target: EventTarget, onScan: (text, about) => void, onIme?: () => void, isTyping?: (event) => boolean,
   *   later?: typeof setTimeout, cancel?: typeof clearTimeout}} parts
   *   `isTyping`: whether a key or a text belongs to a field that a person fills; there, only a whole label is taken: a person
   *   pastes, dictates, or writes with a telephone's keyboard, which sends no keys either.
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
    const gap = at - this.#lastKeyAt;
    if (gap > TORN_MS || (gap > GAP_MS && this.#label())) this.#begin();
    this.#lastKeyAt = at;
    this.#takenAt = -Infinity;
    this.#keys.push({ character, at, hidden, gap, typing: this.isTyping(event) });
    // From the second key of a burst on, a scan must not walk through the page's buttons.
    if (!hidden && this.#isBurst() && !this.isTyping(event)) event.preventDefault();
    this.#wait();
  }

  /** Enter or Tab ends a burst and is swallowed with it, also when it comes late; after a person's typing it is the page's. */
  #suffix(event, at) {
    if (at - this.#takenAt <= TORN_MS) {
      this.#takenAt = -Infinity;
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const isScan = this.#label() || (this.#isBurst() && !this.isTyping(event) && !this.#told);
    if (isScan && at - this.#lastKeyAt <= TORN_MS) {
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
    if (this.#label() || (this.#isBurst() && !this.#told)) this.#end("none");
    this.#clear();
  }

  #isBurst() {
    return this.#keys.length >= 2 && this.#keys.at(-1).gap <= GAP_MS;
  }

  /** Silence ends a burst: soon if it is a label already, later if it may be torn. */
  #wait(ms = SILENCE_MS) {
    this.cancel(this.#timer);
    const due = performance.now() + ms;
    this.#timer = this.later(() => {
      if (performance.now() - due > LATE_MS) this.#wait(LATE_MS);
      else if (ms < FOREIGN_MS && !this.#label()) this.#wait(FOREIGN_MS);
      else this.#end("none");
    }, ms);
  }

  /** What was typed, from the last key back: all of it, what came after a gap, what an input method made of it. */
  #texts() {
    const typed = (keys) => keys.map((key) => key.character).join("");
    const torn = this.#keys.map((key) => key.gap > GAP_MS).lastIndexOf(true);
    const made = this.#composed.normalize("NFKC").replace(/[\r\n\t]/g, "");
    const whole = typed(this.#keys);
    const texts = [typed(this.#keys.slice(Math.max(0, torn))), whole, whole.slice(-PRINTED_LENGTH), made];
    return texts.filter((text) => text.length >= SHORTEST);
  }

  #label() {
    return this.#texts().find((text) => !read(text).error);
  }

  #beginComposition() {
    this.#composing = true;
  }

  /** What an input method made of the keys. Its letters may be full-width; its text is taken only if no keys were seen. */
  #endComposition(event) {
    this.#composing = false;
    this.onIme();
    this.#compose(event);
  }

  /** A device's own input method sends text, not keys. */
  #input(event) {
    if (this.#composing || this.#keys.length > 0 || event.inputType === "insertCompositionText") return;
    if (typeof event.data === "string") this.#compose(event);
  }

  #compose(event) {
    this.#composed += event.data ?? "";
    this.#composedByPerson = this.isTyping(event);
    this.#wait();
  }

  #clear() {
    this.#keys = [];
    this.#composed = "";
    this.#composedByPerson = false;
    this.#lastKeyAt = -Infinity;
    this.#told = false;
  }

  #end(suffix) {
    this.cancel(this.#timer);
    const keys = this.#keys;
    // Keys and composition may both be seen, and one of them cut short: the one that is a label is right.
    const label = this.#label();
    const text = label ?? this.#texts()[0];
    const composed = text !== undefined && !keys.map((key) => key.character).join("").endsWith(text);
    const isTold = this.#told;
    const byPerson = keys.length > 0 ? keys.at(-1).typing : this.#composedByPerson;
    if (label && suffix === "none") this.#takenAt = this.#lastKeyAt;
    if (label || suffix !== "none" || composed || keys.length === 0) this.#clear();
    else this.#told = true;
    if (isTold && !label) return;
    if (text === undefined) return;
    // A person fills a field: only a whole label is a scanner's for certain.
    if (byPerson && !label) return;
    const gaps = keys.slice(1).map((key) => key.gap);
    const hidden = keys.some((key) => key.hidden);
    if (hidden) this.onIme();
    this.onScan(text, { suffix, hidden, keys: keys.length, gap: Math.max(0, ...gaps), composed });
  }
}
