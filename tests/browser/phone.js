// A handheld in a browser: enrolled, somebody on shift, and the ways to scan with it.
import { chromium } from "playwright-core";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./office.js";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"];
let count = 0;
let sharedBrowser;

export class Phone {
  /**
   * @param options `{site | courier, device, role, lang, size, args, enrolled, onShift, profile}`; by default a courier's, in Chinese,
   *   enrolled and on shift
   */
  static async open(office, { site, courier = site ? undefined : "wang", device, role = "clerk", lang = "zh-CN", size = [412, 915], args = [], enrolled = true, onShift = true, profile, shared = false, disk = tmpdir() } = {}) {
    const it = new Phone();
    Object.assign(it, { office, device: device ?? `phone-${++count}`, courier, site, role, person: courier ?? "li" });
    it.ownProfile = profile === undefined;
    it.profile = profile ?? mkdtempSync(join(disk, "liuzhuan-phone-"));
    it.problems = [];
    const browser = { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: [...FLAGS, ...args] };
    const options = {
      viewport: { width: size[0], height: size[1] },
      hasTouch: true,
      locale: lang,
      permissions: ["camera"],
      acceptDownloads: true,
    };
    // Many small devices share a browser; one that is to die or come back has its own.
    if (shared) it.context = await (sharedBrowser ??= await chromium.launch(browser)).newContext(options);
    else it.context = await chromium.launchPersistentContext(it.profile, { ...browser, ...options });
    it.page = it.context.pages()[0] ?? (await it.context.newPage());
    it.#watch(it.page);
    if (!enrolled) return it;
    if (it.ownProfile) {
      await it.enrol();
      if (onShift) await it.beginShift();
    } else {
      await it.go();
    }
    return it;
  }

  #watch(page) {
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && this.problems.push(message.text()));
    page.on("pageerror", (error) => this.problems.push(String(error)));
    page.on("dialog", (dialog) => dialog.accept().catch(() => {}));
  }

  async go(hash = "") {
    await this.page.goto(`${this.office.url}/handheld/${hash}`);
    await this.ready();
  }

  async ready(page = this.page) {
    await page.waitForFunction(() => globalThis.liuzhuan !== undefined, undefined, { timeout: 20_000 });
  }

  /** Another tab of the same device. */
  async tab() {
    const page = await this.context.newPage();
    this.#watch(page);
    await page.goto(`${this.office.url}/handheld/`);
    await this.ready(page);
    return page;
  }

  /** The device by its one-time code, and whoever is to hold it, with badge and PIN. */
  async enrol() {
    const { device, person, role, site, courier } = this;
    const post = courier ? { name: "王师傅", role: "courier" } : { name: "李敏", role, site };
    Object.assign(this, await this.office.staff.person(person, post));
    this.secret = await this.office.enrol(device, site ? { site } : { courier });
    await this.go(`#enrol=${this.secret}`);
    // From here on the page needs no network.
    await this.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  }

  async beginShift() {
    const outcome = await this.page.evaluate(([it, pin]) => liuzhuan.beginShift(it, pin), [this.badge, this.pin]);
    if (outcome !== "begun") throw new Error(`the shift: ${outcome}`);
  }

  /** As a wedge scanner does: keys at its own speed, whether or not the page keeps up, then its suffix. */
  async wedge(text, { delay = 5, suffix = "Enter", page = this.page } = {}) {
    const session = await this.#session(page);
    const sent = [];
    const press = (about) => {
      sent.push(session.send("Input.dispatchKeyEvent", { type: "keyDown", ...about }));
      sent.push(session.send("Input.dispatchKeyEvent", { type: "keyUp", ...about, text: undefined }));
    };
    let due = performance.now();
    for (const character of text) {
      press({ ...keyOf(character), text: character });
      due += delay;
      await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
    }
    if (suffix === "Enter") press({ key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" });
    if (suffix === "Tab") press({ key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
    await Promise.all(sent);
  }

  async #session(page) {
    this.sessions ??= new Map();
    if (!this.sessions.has(page)) this.sessions.set(page, await this.context.newCDPSession(page));
    return this.sessions.get(page);
  }

  /** One scan through the wedge, and its outcome on the screen. */
  async scan(text, options = {}) {
    const page = options.page ?? this.page;
    await page.evaluate(() => {
      liuzhuan.outcome = undefined;
      liuzhuan.seen = document.querySelector(".result").dataset.say = "";
    });
    await this.wedge(text, options);
    await page.waitForFunction(() => document.querySelector(".result").dataset.say !== "" || document.querySelector("dialog"), undefined, { timeout: 10_000 });
    return this.outcome(page);
  }

  outcome(page = this.page) {
    return page.evaluate(() => {
      const { outcome } = liuzhuan;
      return outcome && { tone: outcome.tone, say: outcome.say?.[0], next: outcome.next, action: outcome.row?.scan.action, scan: outcome.row?.scan, choices: outcome.choices, rule: outcome.rule, shown: document.querySelector(".result").innerText };
    });
  }

  /** Many scans, straight into the page's own reading, each as if it had come from a scanner. */
  async scanAll(texts, page = this.page) {
    return page.evaluate(async (all) => {
      const outcomes = [];
      for (const text of all) outcomes.push((await liuzhuan.scan(text, "wedge")).tone);
      return outcomes;
    }, texts);
  }

  counts(page = this.page) {
    return page.evaluate(() => liuzhuan.queue.counts());
  }

  rows(page = this.page) {
    return page.evaluate(() => liuzhuan.queue.newest(100_000));
  }

  async allSent(ms = 60_000) {
    await until("everything is sent", async () => (await this.counts()).waiting === 0, ms);
  }

  /** What the device says it scanned is what the server has, each once. */
  async agrees({ made } = {}) {
    await this.allSent();
    const rows = await this.rows();
    const scans = await this.office.scans();
    const mine = [...scans].filter(([, events]) => events[0].body.source.stamp.device === this.device);
    const ids = new Set(rows.map((row) => row.scan.scan_id));
    if (ids.size !== rows.length) throw new Error(`the device has ${rows.length} rows and ${ids.size} ids`);
    if (made !== undefined && rows.length !== made) throw new Error(`${made} scans were made, the device has ${rows.length}`);
    if (mine.length !== rows.length) throw new Error(`the device has ${rows.length} scans, the server ${mine.length}`);
    for (const [id, events] of mine) {
      if (!ids.has(id)) throw new Error(`the server has ${id}, the device does not`);
      if (events.length !== 1) throw new Error(`${id} is ${events.length} times in the log`);
    }
    const seqs = mine.map(([, [event]]) => event.body.source.stamp.seq).sort((a, b) => a - b);
    if (seqs.some((seq, at) => seq !== at + 1)) throw new Error(`the sequence has gaps or repeats: ${seqs.slice(0, 20)}`);
    return mine.length;
  }

  /** The tab dies as when a phone kills it: no goodbye. */
  async kill() {
    const session = await this.context.newCDPSession(this.page);
    await Promise.race([session.send("Page.crash").catch(() => {}), new Promise((done) => setTimeout(done, 1_000))]);
    const page = await this.context.newPage();
    this.#watch(page);
    await this.page.close({ runBeforeUnload: false }).catch(() => {});
    this.page = page;
  }

  async close() {
    await this.context.close().catch(() => {});
    if (this.ownProfile) rmSync(this.profile, { recursive: true, force: true });
  }
}

/** What a keyboard says of a character. */
function keyOf(character) {
  const upper = character.toUpperCase();
  if (/[A-Z]/.test(upper)) return { key: character, code: `Key${upper}`, windowsVirtualKeyCode: upper.charCodeAt(0), modifiers: character === upper ? 8 : 0 };
  if (/[0-9]/.test(character)) return { key: character, code: `Digit${character}`, windowsVirtualKeyCode: character.charCodeAt(0) };
  return { key: character };
}

export async function closeBrowsers() {
  await sharedBrowser?.close();
}

export function equal(found, wanted, what = "") {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what} found ${a}, wanted ${b}`);
}
