// A desk: somebody's browser with the pages, signed in as people sign in. Desks share a browser and nothing in it.
import { chromium } from "playwright-core";
import { createHmac } from "node:crypto";
import { equal } from "./phone.js";

export const COOKIE = "__Host-liuzhuan";
/** What everybody here chooses; long enough for zxcvbn. */
export const PASSWORD = "violet ladder 77 harbour";
let browser;

export class Desk {
  /** @param options `{lang, agent, scripts}`; `agent`: what the browser calls itself; `scripts`: whether pages may run any */
  static async open(office, { lang = "zh-CN", agent, scripts = true } = {}) {
    // As people have it: Playwright would switch off the cache that *back* is answered from.
    browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"], ignoreDefaultArgs: ["--disable-back-forward-cache"] });
    const it = new Desk();
    it.office = office;
    it.url = office.direct;
    // Nobody has installed the authority of this county here.
    it.context = await browser.newContext({ locale: lang, userAgent: agent, ignoreHTTPSErrors: true, javaScriptEnabled: scripts });
    it.page = await it.context.newPage();
    it.problems = [];
    it.dialogs = [];
    it.asked = [];
    it.context.on("request", (request) => it.asked.push(request.url()));
    it.page.on("dialog", (dialog) => {
      it.dialogs.push(dialog.message());
      dialog.dismiss().catch(() => {});
    });
    return it;
  }

  go(path) {
    return this.page.goto(this.url + path);
  }

  /** Where the browser is. */
  at() {
    return new URL(this.page.url()).pathname;
  }

  /** Fills the form on the page and sends it. */
  async send(fields, button = "main form.fields button.main") {
    for (const [id, text] of Object.entries(fields)) await this.page.fill(`#${id}`, text);
    // The page that follows is another, also where its address is the same.
    const loading = new Set();
    const [begun, ended] = [(it) => loading.add(it.url()), (it) => loading.delete(it.url())];
    this.page.on("request", begun).on("requestfinished", ended).on("requestfailed", ended);
    try {
      await Promise.all([this.page.waitForNavigation(), this.page.locator(button).first().click()]);
    } catch (error) {
      throw new Error(`${error.message}; at ${this.page.url()}, still loading: ${[...loading]}`);
    } finally {
      this.page.off("request", begun).off("requestfinished", ended).off("requestfailed", ended);
    }
  }

  /** The first time: with a one-time code, choosing a password. */
  async begin(account, code = this.office.codes.get(account)) {
    await this.go("/login/code");
    await this.send({ account, code, password: PASSWORD });
    this.account = account;
  }

  async signIn(account, password = PASSWORD) {
    await this.go("/login");
    await this.send({ account, password });
    this.account = account;
  }

  /** Sets a second factor; its key. */
  async setFactor() {
    await this.go("/account/second-factor");
    const key = await this.page.locator("main ol code").innerText();
    await this.send({ code: codeOf(key) });
    return key;
  }

  signOut() {
    return Promise.all([this.page.waitForURL("**/login*"), this.page.locator("form.out button").click()]);
  }

  /** The cookie of the session, as the browser keeps it. */
  async cookie() {
    return (await this.context.cookies(this.url)).find(({ name }) => name === COOKIE);
  }

  /** Puts a cookie into the browser as if the server had set it. */
  async put(value, name = COOKIE) {
    const session = await this.context.newCDPSession(this.page);
    const { success } = await session.send("Network.setCookie", { url: this.url, name, value, path: "/", secure: true, httpOnly: true, sameSite: "Lax" });
    equal(success, true, `the browser took ${name}`);
    await session.detach();
  }

  /** What a script of our own page is answered. */
  status(path, method = "GET") {
    return this.page.evaluate(async ([path, method]) => {
      const cut = new AbortController();
      const { status } = await fetch(path, { method, signal: cut.signal });
      cut.abort();
      return status;
    }, [path, method]);
  }

  async isIn(what) {
    await this.go("/account");
    equal(this.at(), "/account", `${what}: signed in`);
  }

  /** With the cookie of now, pages lead to the sign-in, doors say who are you, and nobody's name is shown. */
  async isOut(what) {
    for (const path of ["/account", "/labels", "/", "/dossiers/T-1"]) {
      await this.go(path);
      equal(this.at(), "/login", `${what}: ${path}`);
      equal((await this.page.content()).includes("同志"), false, `${what}: a name at ${path}`);
    }
    for (const path of ["/api/v1/dossiers", "/api/v1/live", "/api/v1/registers/sites"]) equal(await this.status(path), 401, `${what}: ${path}`);
  }

  async close() {
    await this.context.close();
  }
}

/** The code that an authenticator app shows for a key (RFC 6238), now or some half minutes later. */
export function codeOf(key, later = 0) {
  const bits = [...key.replaceAll("=", "")].map((it) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(it).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const hash = createHmac("sha1", secret).update(step).digest();
  const number = hash.readUInt32BE(hash.at(-1) & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, "0");
}

export async function closeDesks() {
  await browser?.close();
}
