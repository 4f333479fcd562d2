// A server of its own on a fresh database, and what tests ask of it. Between it and the page lies a road with holes
// (road.js): the page speaks to `url`, tests to `direct`.
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Road } from "./road.js";
import { Staff } from "./staff.js";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const program = join(resolve(root, process.env.CARGO_TARGET_DIR ?? "target"), "debug/liuzhuan");
const run = promisify(execFile);

export class Office {
  /**
   * @param options `{folder}`: an existing one, to serve it again; `{people}`: a list of `[role, site, id, name]`, whose
   *   codes for the first sign-in are kept in `codes`; `{tls}`: served by TLS, with an authority of its own; `{printers}`: as
   *   `--printer` takes each; `{notices}`: the text of a notices file
   */
  static async open({ folder, people = [], tls = false, printers = [], notices } = {}) {
    if (!existsSync(program)) throw new Error(`${program} is not built: cargo build`);
    const it = new Office();
    it.fresh = folder === undefined;
    it.folder = folder ?? mkdtempSync(join(tmpdir(), "liuzhuan-browser-"));
    it.database = join(it.folder, "county.db");
    // One key file for the database and for what is restored from its copies.
    it.environment = { ...process.env, LIUZHUAN_VAULT_KEY_FILE: join(it.folder, "vault.key") };
    if (it.fresh) {
      await it.liuzhuan("vault", "key", join(it.folder, "vault.key"));
      await it.liuzhuan("import", "--wuhua");
    }
    it.token = (await it.liuzhuan("client", "add", `tests-${randomUUID()}`, "--scope", "scan,read,decide,set_up,feed,metrics")).trim().split(/\s+/).at(-1);
    it.codes = new Map();
    // Staff begins with who gives the posts: until then every way in leads to the first administrator's.
    for (const person of people.length > 0 ? [["security_admin"], ...people] : []) await it.takeIn(...person);
    if (it.fresh && people.length === 0) await Staff.takeIn(it);
    if (tls) await it.liuzhuan("tls", "init", "--host", "localhost", "--host", "127.0.0.1");
    it.tls = tls;
    it.options = printers.flatMap((printer) => ["--printer", printer]);
    if (notices) {
      const file = join(it.folder, "notices.toml");
      writeFileSync(file, notices, { mode: 0o600 });
      it.options.push("--notices-file", file);
    }
    await it.serve();
    it.staff = new Staff(it);
    it.road = await Road.open(it);
    it.url = it.road.url;
    return it;
  }

  /** The executable with this database. */
  async liuzhuan(...words) {
    const { stdout } = await run(program, ["--database", this.database, ...words], { cwd: this.folder, env: this.environment, maxBuffer: 1 << 28 });
    return stdout;
  }

  /** Takes in a person named like the role, with the post. */
  async takeIn(role, site, id = role.replace("_", "-"), name = `${id} 同志`) {
    const words = ["user", "add", id, "--name", name, "--role", role, ...(site ? ["--site", site] : [])];
    this.codes.set(id, (await this.liuzhuan(...words)).split("\n")[0].trim());
  }

  async serve() {
    const port = await freePort();
    this.direct = `${this.tls ? "https" : "http"}://127.0.0.1:${port}`;
    const certificate = this.tls ? ["--tls-cert", join(this.folder, "tls/server.crt"), "--tls-key", join(this.folder, "tls/server.key")] : [];
    this.process = spawn(program, ["--database", this.database, "--listen", `127.0.0.1:${port}`, "--log", "warn", ...certificate, ...this.options, "serve"], { env: this.environment, stdio: ["ignore", "ignore", "pipe"] });
    this.said = "";
    this.process.stderr.on("data", (data) => (this.said += data));
    await until("the server answers", async () => (await this.call("GET", "/readyz").catch(() => undefined))?.ok, 20_000);
  }

  /** A log begun again from a copy, served at the same address of the road. */
  async restore(copy) {
    this.database = join(this.folder, "restored.db");
    await this.liuzhuan("restore", copy);
    await this.serve();
  }

  /** Ends the server as an operator does. */
  async end(signal = "SIGTERM") {
    if (!this.process || this.process.exitCode !== null) return;
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill(signal);
    await ended;
  }

  async close() {
    await this.road?.close();
    await this.end("SIGKILL");
    if (this.fresh) rmSync(this.folder, { recursive: true, force: true });
  }

  /** Asks a JSON door, as a program that works with ours, or with somebody's cookie. */
  async ask(method, path, body, authority = { Authorization: `Bearer ${this.token}` }) {
    const headers = { ...authority, "Content-Type": "application/json" };
    const answer = await fetch(this.direct + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** As `ask`, by TLS too, trusting the county's authority; what is refused is an answer. */
  call(method, path, body) {
    const ca = this.tls ? readFileSync(join(this.folder, "tls/authority.crt")) : undefined;
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    return new Promise((done, lost) => {
      const on = (this.tls ? https : http).request(this.direct + path, { method, headers, ca }, async (got) => {
        const chunks = [];
        for await (const chunk of got) chunks.push(chunk);
        done({ ok: got.statusCode < 300, status: got.statusCode, text: Buffer.concat(chunks).toString() });
      });
      on.on("error", lost);
      on.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** New labels. */
  async mint(kind, count = 1, site, shelf) {
    const request = { request_id: randomUUID(), kind, count };
    if (site) request.site = site;
    if (shelf) request.shelf = shelf;
    return (await this.ask("POST", "/api/v1/labels", request)).codes;
  }

  /** A device, bound to `{site}` or `{courier}`: the one-time code that its QR holds. */
  async enrol(device, bound) {
    await this.ask("PUT", `/api/v1/devices/${device}`, { request_id: randomUUID(), name: device, from: 0, ...bound });
    return this.staff.offer(device, bound);
  }

  /** Dossiers that lie at `at` and go to `destination`, to come home to `home`. */
  async dossiers(count, { at = "t01", destination, home = at } = {}) {
    const codes = await this.mint("dossier", count);
    for (const [number, code] of codes.entries()) {
      const body = { request_id: randomUUID(), by: "li", code, dossier_no: `T-${code.slice(-6)}-${number}`, kind: destination ? "application" : "result", at, home };
      if (destination) body.destination = destination;
      await this.ask("POST", "/api/v1/dossiers", body);
    }
    return codes;
  }

  /** Everything in the log. */
  async events() {
    const all = [];
    for (let after = 0; ; ) {
      const page = await this.ask("GET", `/api/v1/events?after=${after}&limit=1000`);
      all.push(...page.events);
      if (page.events.length === 0 || all.at(-1).position >= page.head) return all;
      after = all.at(-1).position;
    }
  }

  /** The scans of devices in the log: by id, the events of each. */
  async scans() {
    const scans = new Map();
    for (const event of await this.events()) {
      if (event.body.source.stamp) scans.set(event.scan_id, [...(scans.get(event.scan_id) ?? []), event]);
    }
    return scans;
  }

  /** What the derived exceptions say, once they have caught up. */
  async exceptions(kind) {
    const head = (await this.ask("GET", "/api/v1/events?after=0&limit=1")).head;
    const page = await until("exceptions are folded", async () => {
      const it = await this.ask("GET", `/api/v1/exceptions?limit=1000${kind ? `&kind=${kind}` : ""}`);
      return it.position >= head && it;
    });
    return page.items;
  }
}

/** Waits until `check` gives something true. */
export async function until(what, check, ms = 30_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms / 1000} s until ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export async function freePort() {
  const { createServer } = await import("node:net");
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
