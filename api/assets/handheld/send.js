// The sender: empties the queue whenever it can. One tab at a time sends (Web Locks, freed when a tab dies); the queue is
// read again until nothing waits, so what is scanned during a send goes too. Each scan is settled by its own id; one that
// no batch will carry is found by halving and put aside; a server in trouble is asked again later; 401 stops.
import { BATCH_MAX } from "./queue.js";

/** The first pause after a failure, and the longest. */
const PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 60_000;
const LOCK = "liuzhuan-send";

/** What the person is told about the way to the server. */
export const LINE = { UNKNOWN: "unknown", ONLINE: "online", OFFLINE: "offline", TROUBLE: "trouble", REFUSED: "refused" };

export class Sender {
  #running = false;
  #again = false;
  #timer;
  #failures = 0;
  #notBefore = 0;
  #roundTrip = 0;
  #size = BATCH_MAX;

  /**
   * @param {{queue, door, clock, changed?: () => void, heard?: (answer) => void, locks?: LockManager,
   *   random?: () => number, later?: typeof setTimeout}} parts
   */
  constructor({ queue, door, clock, changed, heard, locks = globalThis.navigator?.locks, random = Math.random, later }) {
    Object.assign(this, { queue, door, clock, locks, random });
    this.changed = changed ?? (() => {});
    this.heard = heard ?? (() => {});
    this.later = later ?? ((work, ms) => setTimeout(work, ms));
    this.line = LINE.UNKNOWN;
    this.lastContact = undefined;
    this.revoked = false;
  }

  /** Asks for a send: after a scan, by a timer; `soon` when the network is back or somebody presses. Never throws. */
  async flush({ soon = false } = {}) {
    if (soon) this.#failures = 0;
    // After a failure a scan does not hurry: a hundred scans would be a hundred knocks.
    if (this.#failures > 0 && this.clock.mono() < this.#notBefore) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    clearTimeout(this.#timer);
    try {
      do {
        this.#again = false;
        await this.#locked(() => this.#drain());
      } while (this.#again && this.#failures === 0);
    } catch (error) {
      this.#failures += 1;
      this.line = LINE.TROUBLE;
      console.error("sending", error);
    } finally {
      this.#running = false;
    }
    await this.#comeBack();
    this.changed();
  }

  /** While another tab sends, this one need not. */
  async #locked(work) {
    if (!this.locks) return work();
    return this.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? work() : undefined));
  }

  async #drain() {
    for (;;) {
      const rows = await this.queue.next(this.#size);
      if (rows.length === 0) return;
      const went = await this.#send(rows);
      this.changed();
      if (!went) return;
    }
  }

  /** Sends one batch. Whether the next may follow at once. */
  async #send(rows) {
    const began = this.clock.mono();
    const batch = {
      sent_at: this.clock.wallOf(rows[0].era),
      round_trip_ms: this.#roundTrip,
      scans: rows.map((row) => row.scan),
    };
    const answer = await this.door.scans(batch);
    if (answer.status === 200 && Array.isArray(answer.body?.results)) {
      this.#roundTrip = Math.round(this.clock.mono() - began);
      return this.#settle(answer);
    }
    return this.#failed(answer, rows);
  }

  async #settle({ body, serverNow }) {
    const { settled, again } = await this.queue.settle(body.results, { epoch: body.epoch, serverNow });
    this.line = LINE.ONLINE;
    this.lastContact = this.clock.now();
    this.revoked = body.device_revoked === true;
    this.#size = Math.min(BATCH_MAX, this.#size * 2);
    this.clock.heard(serverNow);
    this.heard({ ...body, serverNow, again });
    // An answer that settles nothing would be asked for without end.
    this.#failures = settled > 0 ? 0 : this.#failures + 1;
    return settled > 0;
  }

  async #failed({ status, body }, rows) {
    if (status === 401 || status === 403) {
      this.line = LINE.REFUSED;
      this.revoked = String(body?.type).endsWith(":device-revoked");
      this.#failures += 1;
      return false;
    }
    if ([400, 413, 422].includes(status)) {
      // One of them cannot be carried: look for it.
      if (rows.length > 1) {
        this.#size = Math.ceil(rows.length / 2);
        return true;
      }
      await this.queue.refuse(rows[0].scan.scan_id, { status, title: body?.title, type: body?.type, detail: body?.detail });
      return true;
    }
    this.line = status === 0 ? LINE.OFFLINE : LINE.TROUBLE;
    this.#failures += 1;
    return false;
  }

  /** After a failure: later, and later still, never all devices at the same moment. */
  async #comeBack() {
    const { waiting } = await this.queue.counts().catch(() => ({ waiting: 1 }));
    if (waiting === 0) return;
    const most = Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    const pause = most * (0.5 + this.random() / 2);
    this.#notBefore = this.clock.mono() + pause;
    this.#timer = this.later(() => this.flush({ soon: false }), pause + 1);
  }
}
