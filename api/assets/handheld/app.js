// Puts the parts together and lives the page's life: starts, listens to scanners, sends, fetches ahead, watches clock and
// network. The rules are in reading.js, the promises in queue.js and send.js; here is only who calls whom, and when.
import { Bag } from "./bag.js";
import { Clock } from "./clock.js";
import { read } from "./code.js";
import { Contact } from "./contact.js";
import { openSheet } from "./dom.js";
import { Door } from "./door.js";
import { Known } from "./known.js";
import { Later } from "./later.js";
import { Lens } from "./lens.js";
import { Notices } from "./notices.js";
import { Queue } from "./queue.js";
import { Reading } from "./reading.js";
import { Screen } from "./screen.js";
import { Sender } from "./send.js";
import { Shift } from "./shift.js";
import { play, setSound, unlock } from "./sound.js";
import { Stop } from "./stop.js";
import { Store } from "./store.js";
import { watchUpdates } from "./update.js";
import { Wedge } from "./wedge.js";
import { Words, wordsOf } from "./words.js";

const SEND_EVERY_MS = 30_000;
const EXPECT_EVERY_MS = 600_000;
const DEFAULTS = { language: "zh-CN", theme: "day", sound: true, pda: false, camera: {} };
/** Where the enrolment secret stands in the address that the desk shows. */
const ENROL = "#enrol=";

export class App {
  practising = false;
  outcome = undefined;
  counts = { waiting: 0, refused: 0, acknowledged: 0 };
  conflicts = [];
  contact = new Contact(this);
  lens = new Lens(this);
  notices = new Notices(this);

  static async start(root) {
    const app = new App();
    app.version = new URL(import.meta.url).pathname.split("/").at(-2);
    const rules = fetch(new URL("./rules.json", import.meta.url)).then((answer) => answer.json());
    app.db = await Store.open();
    await app.#load(await rules);
    app.screen = new Screen(root, app);
    app.#applySettings();
    await app.counted();
    app.#listen();
    performance.mark("ready");
    document.documentElement.dataset.ready = "true";
    await app.#begin();
    return app;
  }

  async #load(rules) {
    const names = ["device", "settings", "eras", "stop", "bag", "shift", "mode", "later", "settled", "last_contact"];
    const values = await Promise.all(names.map((name) => this.db.get("meta", name)));
    const saved = Object.fromEntries(names.map((name, at) => [name, values[at]]));
    const keep = (name) => (value) => this.keep(name, value);
    const language = navigator.language.startsWith("zh") ? "zh-CN" : "en";
    this.device = saved.device;
    this.settings = { ...DEFAULTS, language, ...saved.settings };
    this.later = new Later(this, saved.later);
    this.settled = new Set(saved.settled ?? []);
    this.clock = new Clock({ eras: saved.eras ?? [] });
    this.queue = new Queue(this.db, this.clock, () => this.#changed());
    this.door = new Door({ credential: () => this.device?.credential });
    this.known = new Known(this.db);
    this.stop = new Stop({ clock: this.clock, minutes: rules.stop_minutes, saved: saved.stop, keep: keep("stop") });
    this.bag = new Bag({ saved: saved.bag, keep: keep("bag") });
    this.shift = new Shift({ door: this.door, clock: this.clock, saved: saved.shift, keep: keep("shift") });
    const lang = this.settings.language;
    this.words = new Words({ lang, table: await wordsOf(lang), siteName: (id, english) => this.siteName(id, english) });
    const { queue, known, stop, bag, shift, clock, door } = this;
    this.reading = new Reading({ queue, known, stop, bag, shift, rules, clock, device: () => this.device });
    this.reading.mode = saved.mode ?? "receive";
    this.sender = new Sender({ queue, door, clock, changed: () => this.contact.sent(), heard: (answer) => this.contact.heard(answer) });
    this.sender.lastContact = saved.last_contact;
    this.channel = globalThis.BroadcastChannel && new BroadcastChannel("liuzhuan-handheld");
    await this.known.load();
    this.reading.remember(await queue.newest(300));
  }

  /** Keeps a part's state; other tabs take it over. */
  keep(name, value) {
    this.persist(name, value);
    this.channel?.postMessage({ name, value });
  }

  /** Comfort, not promise: what is lost here is typed or fetched again. */
  async persist(name, value) {
    try {
      await this.db.keep(name, value);
    } catch (error) {
      console.warn("not kept", name, error);
    }
  }

  get mode() {
    return this.reading.mode;
  }

  siteName(id, english = this.words.english) {
    const site = this.known.site(id);
    return (english && site?.name_en) || site?.name || id;
  }

  exceptionName({ kind }) {
    return this.words.t(`exception.${kind}`);
  }

  // Listening.

  #listen() {
    const scanned = (text, about) => this.arrived(text, { how: "wedge", ...about });
    const isTyping = ({ target }) => /^(INPUT|SELECT|TEXTAREA)$/.test(target?.tagName ?? "") && target.id !== "pda";
    this.wedge = new Wedge({ target: document, onScan: scanned, onIme: () => this.notices.notice("ime", { text: this.words.t("ime") }, 8_000), isTyping });
    this.wedge.start();
    for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, unlock, { once: false, passive: true });
    addEventListener("online", () => this.contact.all());
    addEventListener("beforeunload", (event) => {
      if (this.counts.waiting > 0) event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => this.#visibility());
    this.channel?.addEventListener("message", ({ data }) => this.#otherTab(data));
    setInterval(() => this.#tick(), 1_000);
    setInterval(() => this.sender.flush(), SEND_EVERY_MS);
    setInterval(() => this.contact.expect(), EXPECT_EVERY_MS);
    setInterval(() => this.counted(), 15_000);
    watchUpdates({ isSafe: () => this.isSafe(), found: (update) => this.#updateFound(update) });
  }

  /** A text came in: to whatever is open, else to the work. */
  arrived(text, about) {
    const field = document.getElementById("pda");
    if (field) field.value = "";
    const dialog = openSheet();
    if (this.practising && dialog?.practise) {
      play(read(text).error ? "not" : "done");
      return dialog.practise(text, about);
    }
    const enrol = text.indexOf(ENROL) >= 0 ? text.slice(text.indexOf(ENROL) + ENROL.length) : undefined;
    if (enrol) return this.enrol(enrol);
    const label = read(text);
    if (label.kind === "badge") return this.#badge(label.printed, dialog);
    if (dialog?.seal) return dialog.seal(text);
    return this.scan(text, about.how);
  }

  async #badge(printed, dialog) {
    if (this.stop.state.unsigned.length > 0 && this.shift.person && printed !== this.shift.person.badge) {
      dialog?.closeSheet?.();
      return this.sign(printed);
    }
    if (dialog?.badge) return dialog.badge(printed);
    if (!this.shift.person) return this.open("shift", printed);
    return this.#show({ tone: "already", say: ["shift.begun", { name: this.shift.person.name }] });
  }

  // Work.

  async scan(text, how) {
    return this.#deed(() => this.reading.read(text, how));
  }

  async choose(row, choice) {
    const more = {};
    if (choice === "refused") {
      more.reason = await this.open("reason");
      if (!more.reason) return;
    }
    return this.#deed(() => this.reading.choose(row, choice, more));
  }

  undo(row) {
    return this.#deed(() => this.reading.undo(row));
  }

  seal(number, to) {
    return this.#deed(() => this.reading.seal(number || undefined, to));
  }

  closeCount() {
    return this.#deed(() => this.reading.closeCount());
  }

  sign(signedBy) {
    return this.#deed(() => this.reading.sign(signedBy));
  }

  /** Does it, shows what came of it, sends. The tone comes after the scan is on disk, never before. */
  async #deed(work) {
    let outcome;
    try {
      outcome = await work();
    } catch (error) {
      outcome = this.#broken(error);
    }
    if (outcome.ask) return this.open(outcome.ask);
    this.#show(outcome);
    if (outcome.row) this.channel?.postMessage({ name: "scan", value: outcome.row.scan, thing: outcome.thing, seq: outcome.row.seq });
    this.sender.flush();
    return outcome;
  }

  #show(outcome) {
    this.outcome = outcome;
    play(outcome.slot ? "slot" : outcome.tone === "badge" ? "done" : outcome.tone);
    this.screen.drawResult(outcome.tone === "badge" ? { ...outcome, tone: "done" } : outcome);
    this.screen.drawHeader();
    this.screen.drawWork();
  }

  /** The store failed: the scan was not made, and the person must know. */
  #broken(error) {
    console.error("store", error);
    const full = error?.name === "QuotaExceededError";
    return { tone: "not", say: [full ? "not.store_full" : "not.store"], next: [full ? "not.store_full_next" : "not.store_next"] };
  }

  driveOn() {
    this.stop.driveOn();
    this.#show({ tone: "done", say: ["stop.left"] });
  }

  leaveBag() {
    this.bag.close();
    this.screen.drawWork();
  }

  setMode(mode) {
    this.reading.mode = mode;
    this.keep("mode", mode);
    this.outcome = undefined;
    this.screen.draw();
  }

  /** Opens a sheet; they are loaded when the first is wanted. */
  async open(name, about) {
    const sheets = await import("./sheets.js");
    return sheets[name](this, about);
  }

  // People and device.

  async enrol(secret) {
    const { status, body } = await this.door.redeem(secret, await this.queue.installation());
    if (status === 0) return this.#enrolled("no-network");
    if (status !== 200 || !body?.credential) return this.#enrolled("wrong");
    const { device, name, site, courier, credential, region } = body;
    this.device = { device, name, site: site?.id ?? site ?? undefined, courier: courier ?? undefined, credential, region };
    await this.db.keep("device", this.device);
    this.sender.revoked = false;
    this.contact.all();
    return this.#enrolled("done");
  }

  #enrolled(outcome) {
    const tone = outcome === "done" ? "done" : "not";
    this.#show({ tone, say: [`enrol.${outcome}`, { name: this.device?.name }] });
    this.screen.draw();
    return outcome;
  }

  async beginShift(badge, pin) {
    const outcome = await this.shift.begin(badge, pin);
    if (outcome === "begun") {
      this.#show({ tone: "done", say: ["shift.begun", { name: this.shift.person.name }] });
      this.#askToStay();
      this.contact.all();
    }
    this.screen.draw();
    return outcome;
  }

  async endShift() {
    this.outcome = undefined;
    await this.shift.end();
    this.lens.close();
    this.screen.draw();
  }

  // The server.

  async #begin() {
    if (location.hash.startsWith(ENROL)) {
      const secret = decodeURIComponent(location.hash.slice(ENROL.length));
      history.replaceState(null, "", location.pathname);
      await this.enrol(secret);
    }
    this.#askToStay();
    this.#stayAwake();
    const idle = globalThis.requestIdleCallback ?? ((work) => setTimeout(work, 1_500));
    idle(() => Promise.all([import("./sheets.js"), import("./camera.js"), navigator.serviceWorker?.ready.then((it) => it.active?.postMessage("fetch-decoder"))]));
    await this.contact.all();
  }

  sendNow() {
    return this.contact.all();
  }

  // The page's life.

  #changed() {
    this.counted();
    this.channel?.postMessage({ name: "queue" });
  }

  /** Counts at most ten times a second: a burst of scans must not wait for its own pill. */
  async counted() {
    if (this.#counting) return;
    this.#counting = true;
    await new Promise((done) => setTimeout(done, this.screen ? 100 : 0));
    this.#counting = false;
    this.counts = await this.queue.counts().catch(() => this.counts);
    const before = this.screen?.pill;
    if (before?.isConnected) this.screen.drawHeader();
  }

  #counting = false;
  /** Another tab of this device did something. */
  #otherTab({ name, value, thing, seq }) {
    if (name === "queue") this.counted();
    else if (name === "scan") this.reading.adopt(value, thing, seq);
    else if (name === "mode") this.reading.mode = value;
    else if (["stop", "bag", "shift"].includes(name)) this[name].state = value;
    else return;
    if (name !== "queue") this.screen.draw();
  }

  #tick() {
    const era = this.clock.look();
    if (!era) return;
    this.keep("eras", this.clock.eras);
    this.notices.notice("clock-jumped", { text: this.words.t("clock.jumped", { age: era.jump }) });
  }

  #visibility() {
    if (document.hidden) {
      this.clock.hidden();
      this.lens.close();
    } else {
      this.#tick();
      this.#stayAwake();
      this.sender.flush({ soon: true });
    }
  }

  async #stayAwake() {
    this.wakeLock = await navigator.wakeLock?.request("screen").catch(() => undefined);
  }

  /** Asks that the browser does not clear the queue by itself. */
  async #askToStay() {
    if (!navigator.storage?.persist) return;
    this.persisted = (await navigator.storage.persisted()) || (await navigator.storage.persist());
    if (this.persisted) this.notices.dismiss("storage");
    else if (this.device) this.notices.notice("storage", { text: this.words.t("storage.temporary") });
  }

  /** Whether a new version may take over: nothing waits, nothing is half done. */
  isSafe() {
    return this.counts.waiting === 0 && !this.bag.work && this.stop.state.unsigned.length === 0 && !openSheet();
  }

  #updateFound({ take }) {
    const text = this.words.t(this.isSafe() ? "update.ready" : "update.waits");
    this.notices.notice("update", { text, act: [this.words.t("update.now"), take] });
  }

  async set(settings) {
    if (settings.language && settings.language !== this.words.lang) {
      this.words.table = await wordsOf(settings.language);
      this.words.lang = settings.language;
    }
    this.settings = { ...this.settings, ...settings };
    this.persist("settings", this.settings);
    this.#applySettings();
  }

  #applySettings() {
    const { language, theme, sound, pda } = this.settings;
    document.documentElement.lang = language;
    document.documentElement.dataset.theme = theme;
    document.title = this.words.t("app.title");
    setSound(sound);
    this.screen.draw();
    if (this.outcome) this.screen.drawResult(this.outcome);
    this.screen.showPda(pda);
    for (const pressed of document.querySelectorAll("dialog [data-set]")) {
      const [name, value] = pressed.dataset.set.split(":");
      pressed.setAttribute("aria-pressed", String(String(this.settings[name]) === value));
    }
  }
}
