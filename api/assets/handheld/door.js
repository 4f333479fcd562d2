// The server's doors, and nothing else knows their addresses. Every answer is `{status, body, serverNow}`; a request that
// never came back has status 0. Never throws: no network is a state, not an error.

/** A road that has swallowed a request gives nothing back: after this it is asked again. */
const PATIENCE_MS = 30_000;

export class Door {
  /** @param {{credential: () => string | undefined, base?: string, fetch?: typeof fetch}} how */
  constructor({ credential, base = "", fetch = globalThis.fetch.bind(globalThis) }) {
    Object.assign(this, { credential, base, fetch });
  }

  scans(batch) {
    return this.#ask("POST", "/api/v1/scans", batch);
  }

  expected(device) {
    return this.#ask("GET", `/api/v1/handheld/expected?device=${encodeURIComponent(device)}`);
  }

  conflicts(scanIds) {
    return this.#ask("POST", "/api/v1/handheld/conflicts", { scan_ids: scanIds });
  }

  redeem(code, installation) {
    return this.#ask("POST", "/api/v1/enrolments/redeem", { code, installation });
  }

  beginShift(request) {
    return this.#ask("POST", "/api/v1/shifts", request);
  }

  endShift(request) {
    return this.#ask("DELETE", "/api/v1/shifts", request);
  }

  async #ask(method, path, body) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
    const headers = { Accept: "application/json" };
    const credential = this.credential();
    if (credential) headers.Authorization = `Bearer ${credential}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    try {
      const answer = await this.fetch(this.base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        signal: abort.signal,
      });
      const text = await answer.text();
      const serverNow = Date.parse(answer.headers.get("date") ?? "");
      return { status: answer.status, body: parsed(text), serverNow, retryAfter: Number(answer.headers.get("retry-after")) };
    } catch {
      return { status: 0, body: undefined, serverNow: NaN };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A captive portal answers 200 with a page of its own: that is no answer of ours. */
function parsed(text) {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
}
