// The road between a phone and the office: hands requests on, and does to them what a valley does. `bend` sees each request
// to a JSON door before it goes and may answer, delay, cut, or lose the answer.
import { request as ask, createServer } from "node:http";

export class Road {
  static async open(office) {
    const it = new Road();
    it.office = office;
    it.seen = [];
    it.bend = undefined;
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

  async #pass(from, to) {
    const body = await whole(from);
    if (this.cutOff) return to.destroy();
    const request = { method: from.method, path: from.url, body };
    if (from.url.startsWith("/api/")) {
      this.seen.push({ ...request, body: body.toString() });
      const bent = await this.bend?.(request);
      if (bent === "cut") return to.destroy();
      if (bent?.status) return answer(to, bent);
      if (bent === "lose") {
        await this.#hand(request, from.headers);
        return to.destroy();
      }
      if (bent === "twice") await this.#hand(request, from.headers);
      const got = await this.#hand(request, from.headers);
      return answer(to, bent?.after ? bent.after(got) : got);
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

  #hand({ method, path, body }, headers) {
    const { host, port } = new URL(this.office.direct);
    const passed = { ...headers, host };
    // What is to be bent must be read.
    if (path.startsWith("/api/")) passed["accept-encoding"] = "identity";
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
