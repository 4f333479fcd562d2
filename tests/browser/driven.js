// A county whose clock tests drive: the same doors as `serve`, mounted by `demo --empty`, with a login for each role.
import { spawn } from "node:child_process";
import { freePort, program, until } from "./office.js";

export class DrivenOffice {
  static async open() {
    const it = new DrivenOffice();
    const port = await freePort();
    it.direct = `http://127.0.0.1:${port}`;
    it.process = spawn(program, ["--listen", `127.0.0.1:${port}`, "--log", "warn", "demo", "--empty"], { stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    it.process.stdout.on("data", (data) => (said += data));
    await until("the county is there", () => said.includes("An empty county"), 60_000);
    it.token = /token for programs +(\S+)/.exec(said)[1];
    it.passwords = new Map([...said.matchAll(/^ +([a-z-]+) +([0-9A-Z-]{14})\b/gm)].map(([, account, password]) => [account, password]));
    it.now = (await it.#clock("GET")).now;
    return it;
  }

  /** Minutes pass. */
  async pass(minutes) {
    this.now += minutes * 60_000;
    await this.#clock("PUT", { now: this.now });
  }

  async #clock(method, body) {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    const answer = await fetch(`${this.direct}/simulation/clock`, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`the clock: ${answer.status}`);
    return method === "GET" ? answer.json() : undefined;
  }

  async close() {
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill("SIGTERM");
    await ended;
  }
}
