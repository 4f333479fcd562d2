// Staff who come in by the real doors: the two administrators whom a handheld needs before its first scan, and the people
// who then hold it.
import { PASSWORD, codeOf } from "./desk.js";

const ADMINISTRATORS = ["security_admin", "system_admin"];

export class Staff {
  #cookies = new Map();
  #people = new Map();

  constructor(office) {
    this.office = office;
  }

  /** Takes the administrators in, before the county is served. */
  static async takeIn(office) {
    for (const role of ADMINISTRATORS) await office.takeIn(role, undefined, `tests.${role}`);
  }

  /** Signed in as an administrator of a kind, second factor and all: what asks, with the session's authority. */
  async as(role) {
    if (!this.#cookies.has(role)) this.#cookies.set(role, await this.#signIn(role));
    return (method, path, body) => this.office.ask(method, path, body, { Cookie: this.#cookies.get(role), Origin: this.office.direct });
  }

  /** A member of the staff with a post, a badge and a PIN: `{badge, pin}`. */
  async person(id, { name, role, site }) {
    const ask = await this.as("security_admin");
    const path = `/api/v1/people/${id}`;
    if (!this.#people.has(id)) {
      await ask("PUT", path, { name });
      const badge = (await ask("POST", `${path}/badge`)).secret;
      const pin = (await ask("POST", `${path}/pin`)).secret;
      this.#people.set(id, { badge, pin });
    }
    await ask("POST", `${path}/posts`, { role, site, from: 0 });
    return this.#people.get(id);
  }

  /** A one-time code for a device that is known by its id. */
  async offer(device, { site, courier }) {
    const ask = await this.as("system_admin");
    return (await ask("POST", "/api/v1/enrolments", { name: `手持 ${device}`, device, site, courier })).code;
  }

  async #signIn(role) {
    const account = `tests.${role}`;
    const form = async (path, fields, cookie) => {
      const headers = { Origin: this.office.direct, ...(cookie && { Cookie: cookie }) };
      const answer = await fetch(this.office.direct + path, { method: "POST", headers, body: new URLSearchParams(fields), redirect: "manual" });
      const set = answer.headers.get("set-cookie")?.split(";")[0];
      if (answer.status !== 303 || !set) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return set;
    };
    const half = await form("/login/code", { account, code: this.office.codes.get(account), password: PASSWORD });
    const page = await (await fetch(`${this.office.direct}/account/second-factor`, { headers: { Cookie: half } })).text();
    const sealed = /name="sealed" value="([^"]+)"/.exec(page)[1];
    const secret = /<code>([A-Z2-7]+)<\/code>/.exec(page)[1];
    return form("/account/second-factor", { sealed, code: codeOf(secret) }, half);
  }
}
