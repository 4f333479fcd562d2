// The road between a phone and the office: hands requests on, and does to them what a valley does. `bend` sees each request
// to a JSON door before it goes and may answer, delay, cut, or lose the answer.
//
// Enrolment and shifts: as long as the server has no doors for them, the road answers as docs of the contract say; once it
// has, it hands them on like the rest.
import { request as ask, createServer } from "node:http";

export class Road {
  static async open(office) {
    const it = new Road();
    it.office = office;
    it.seen = [];
    it.bend = undefined;
    it.people = new Map();
    it.devices = new Map();
    it.revoked = new Set();
    it.cutOff = false;
    it.sockets = new Set();
    it.server = createServer((from, to) => it.#pass(from, to).catch(() => to.destroy()));
    it.server.on("connection", (socket) => {
      it.sockets.add(socket);
      socket.on("close", () => it.sockets.delete(socket));
    });
    await new Promise((done) => it.server.listen(0, "127.0.0.1", done));
    it.url = `http://127.0.0.1:${it.server.address().port}`;
    return it;
  }

  async close() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }

  /** A device that may redeem the secret once. */
  admit(secret, device) {
    this.devices.set(secret, device);
  }

  async #pass(from, to) {
    const body = await whole(from);
    if (this.cutOff) return to.destroy();
    const request = { method: from.method, path: from.url, body };
    if (from.url.startsWith("/api/")) {
      this.seen.push({ ...request, body: body.toString() });
      const own = this.#contract(request, from.headers);
      if (own) return answer(to, own);
      const bent = await this.bend?.(request);
      if (bent === "cut") return to.destroy();
      if (bent?.status) return answer(to, bent);
      if (bent === "lose") {
        await this.#hand(request, from.headers);
        return to.destroy();
      }
      if (bent === "twice") await this.#hand(request, from.headers);
      const got = await this.#hand(request, from.headers);
      return answer(to, this.#marked(request, bent?.after ? bent.after(got) : got, from.headers));
    }
    return this.#page(request, from.headers, to);
  }

  /** The page itself; a test may put another version in its place. */
  async #page(request, headers, to) {
    if (!this.rewrite) return answer(to, await this.#hand(request, headers));
    const plain = { ...headers, "accept-encoding": "identity" };
    const got = await this.#hand({ ...request, path: this.rewrite.path(request.path) }, plain);
    const isText = /html|javascript/.test(got.headers["content-type"] ?? "") && !/\/handheld\/(vendor|[0-9a-f]{16})\//.test(request.path);
    const conditional = Object.fromEntries(Object.entries(got.headers).filter(([name]) => name !== "etag"));
    return answer(to, isText ? { ...got, headers: conditional, body: this.rewrite.body(request.path, got.body.toString()) } : got);
  }

  /** What the contract says of enrolment, shifts and revoked devices. */
  #contract({ method, path, body }, headers) {
    const json = () => JSON.parse(body.toString());
    const problem = (status, kind) => ({ status, body: JSON.stringify({ type: `urn:liuzhuan:problem:${kind}`, status, title: kind }) });
    if (path === "/api/v1/enrolments/redeem") {
      const device = this.devices.get(json().code);
      this.devices.delete(json().code);
      return device ? { status: 200, body: JSON.stringify(device) } : problem(404, "not-found");
    }
    const credential = headers.authorization?.replace("Bearer ", "") ?? "";
    if (!credential.startsWith("lzd_")) return problem(401, "no-credential");
    if (!path.startsWith("/api/v1/scans") && this.revoked.has(credential)) return problem(401, "device-revoked");
    if (path === "/api/v1/shifts" && method === "POST") {
      const { badge, pin } = json();
      const person = this.people.get(badge);
      return person && person.pin === pin ? { status: 200, body: JSON.stringify(person.answer) } : problem(422, "wrong-badge-or-pin");
    }
    if (path === "/api/v1/shifts") return { status: 200, body: "{}" };
    return undefined;
  }

  #marked({ path }, got, headers) {
    const credential = headers.authorization?.replace("Bearer ", "");
    if (path !== "/api/v1/scans" || !this.revoked.has(credential) || got.status !== 200) return got;
    return { ...got, body: JSON.stringify({ ...JSON.parse(got.body), device_revoked: true }) };
  }

  #hand({ method, path, body }, headers) {
    const { host, port } = new URL(this.office.direct);
    const passed = { ...headers, host };
    // What is to be bent must be read.
    if (path.startsWith("/api/")) passed["accept-encoding"] = "identity";
    if (passed.authorization?.startsWith("Bearer lzd_")) passed.authorization = `Bearer ${this.office.token}`;
    return new Promise((done, lost) => {
      const on = ask({ host: "127.0.0.1", port, method, path, headers: passed }, async (got) => {
        done({ status: got.statusCode, headers: got.headers, body: await whole(got) });
      });
      on.on("error", lost);
      on.end(body);
    });
  }
}

function answer(to, { status, headers = { "content-type": "application/json" }, body = "" }) {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !["transfer-encoding", "content-length", "connection"].includes(name)));
  to.writeHead(status, kept);
  to.end(body);
}

async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
