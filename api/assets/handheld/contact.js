// What the page hears from the server beside acknowledgements: what to expect, what did not fit, a new life of the log, how
// far the clock is off. None of it is needed to scan.

export class Contact {
  /** @param app whose device, queue and screen it serves */
  constructor(app) {
    this.app = app;
  }

  /** Everything there is to say and to hear. */
  async all() {
    await this.app.sender.flush({ soon: true });
    await this.expect();
    await this.fetchConflicts();
  }

  /** Fetches what to expect, so that answers without network are useful. */
  async expect() {
    if (!this.app.device) return;
    const since = (await this.#oldestUnsure()) ?? Infinity;
    const { status, body, serverNow } = await this.app.door.expected(this.app.device.device);
    if (status === 401) return this.#turnedAway(body);
    if (status !== 200 || !Array.isArray(body?.things)) return;
    this.app.clock.heard(body.now ?? serverNow);
    await this.#again(await this.app.queue.heardEpoch(body.epoch));
    await this.app.known.replace(body, since, body.now ?? serverNow);
    this.#contacted();
    if (Number.isFinite(serverNow)) await this.app.queue.purge(serverNow);
    this.app.screen.draw();
  }

  /** From this sequence number on, the server's list may be older than what this device has read. */
  async #oldestUnsure() {
    const [first] = await this.app.queue.next(1);
    return first?.seq ?? ((await this.app.db.get("meta", "seq")) ?? 0) + 1;
  }

  heard({ again }) {
    this.#contacted();
    this.#again(again);
  }

  #contacted() {
    this.app.persist("last_contact", this.app.clock.now());
    this.app.sender.lastContact = this.app.clock.now();
    if (this.app.clock.isOff) this.app.notices.notice("clock-off", { text: this.app.words.t("clock.off", { age: this.app.clock.behind }) });
    else this.app.notices.dismiss("clock-off");
  }

  async #again(count) {
    if (!(count > 0)) return;
    this.app.notices.notice("restored", { text: this.app.words.t("restored", { count }) }, 60_000);
    this.app.sender.flush({ soon: true });
  }

  #turnedAway(body) {
    if (String(body?.type).endsWith(":device-revoked")) this.app.sender.revoked = true;
    else this.app.sender.line = "refused";
    this.app.screen.drawBanners();
  }

  sent() {
    this.app.counted();
    this.app.screen?.drawBanners();
    if (this.app.counts.waiting > 0 || this.app.sender.line !== "online") return;
    clearTimeout(this.#conflictTimer);
    this.#conflictTimer = setTimeout(() => this.fetchConflicts(), 5_000);
  }
  #conflictTimer;

  /** What the server found not to fit in what this device sent. @returns whether the server answered */
  async fetchConflicts() {
    if (!this.app.device) return false;
    const rows = await this.app.queue.rows("acknowledged", 500);
    if (rows.length === 0) return true;
    const { status, body } = await this.app.door.conflicts(rows.map((row) => row.scan.scan_id));
    if (status !== 200) return false;
    this.app.conflicts = (body.items ?? []).filter((it) => !this.app.settled.has(`${it.kind} ${it.anchor}`));
    this.app.screen.drawNav();
    return true;
  }

  settle(it) {
    this.app.settled.add(`${it.kind} ${it.anchor}`);
    this.app.keep("settled", [...this.app.settled].slice(-1_000));
    this.app.conflicts = this.app.conflicts.filter((other) => other !== it);
    this.app.screen.drawNav();
  }
}
