// The queue: every scan goes into it first, in one transaction with its sequence number, and is on disk before anybody
// hears a tone. A scan is never changed and never deleted while the server has not acknowledged that very id; what was
// acknowledged is kept 14 days and sent again when the server's log begins a new life (its epoch changes).
//
// A row: {seq, scan, state, era, made_at, thing?, before?, acknowledged_at?, epoch?, answer?, problem?}; `scan` is what
// goes over the wire, byte for byte the same each time.
import { newId } from "./ids.js";

/** How long what was acknowledged is kept. */
export const KEPT_MS = 14 * 86_400_000;
/** Scans in one batch at most; the server takes 500. */
export const BATCH_MAX = 200;

const STRICT = { durability: "strict" };

export class Queue {
  /**
   * @param db the store
   * @param clock stamps scans
   * @param changed called after every change
   */
  constructor(db, clock, changed = () => {}) {
    this.db = db;
    this.clock = clock;
    this.changed = changed;
  }

  /** The id of this installation; made once, with the store. A store that was cleared is a new installation. */
  async installation() {
    this.known ??= this.#installation();
    return this.known;
  }

  async #installation() {
    const tx = this.db.transaction("meta", "readwrite", STRICT);
    const found = (await tx.store.get("installation")) ?? newId(this.clock.now());
    await tx.store.put(found, "installation");
    await tx.done;
    return found;
  }

  /**
   * Adds scans, all or none. Resolves when they are on disk.
   * @param drafts what each says, without id, sequence and times
   * @param things what the device believes after them, by code, kept in the same transaction
   * @returns the rows
   */
  async add(drafts, things = []) {
    try {
      return await this.#add(drafts, things);
    } catch (error) {
      if (error?.name !== "QuotaExceededError") throw error;
      // Room is made by what the server has had for longest; what waits is never touched.
      await this.#makeRoom();
      return this.#add(drafts, things);
    }
  }

  async #add(drafts, things) {
    const installation = await this.installation();
    const tx = this.db.transaction(["scans", "meta", "things"], "readwrite", STRICT);
    const rows = [];
    // Not awaited one by one, each would cost a turn of the page's thread: what fails aborts the whole, and `done` says so.
    const write = (name, ...what) => tx.objectStore(name).put(...what).catch(() => {});
    try {
      let seq = (await tx.objectStore("meta").get("seq")) ?? 0;
      for (const { before, ...draft } of drafts) {
        const { wall_ms, mono_ms, era } = this.clock.stamp();
        seq += 1;
        const scan = { scan_id: newId(wall_ms), ...draft, installation, seq, wall_ms, mono_ms };
        const row = { seq, scan, state: "waiting", era, made_at: wall_ms };
        if (before !== undefined) row.before = before;
        rows.push(row);
        tx.objectStore("scans").add(row).catch(() => {});
      }
      write("meta", seq, "seq");
      for (const thing of things) write("things", { ...thing, touched: seq });
      await tx.done;
    } catch (error) {
      // An aborted transaction has written nothing; the reason it gives is better than the request's.
      await tx.done.catch(() => {});
      throw tx.error ?? error;
    }
    this.changed();
    return rows;
  }

  /** The next rows to send: the oldest that wait, all of one clock era. */
  async next(limit = BATCH_MAX) {
    const rows = await this.db.getAllFromIndex("scans", "state", "waiting", limit);
    rows.sort((a, b) => a.seq - b.seq);
    return rows.filter((row) => row.era === rows[0].era);
  }

  /**
   * Writes down what the server said about a batch, each scan by its own id. What it did not name goes on waiting.
   * @param results `{scan_id, status, problem?, …}` as answered
   * @param about the answer's epoch and the server's time
   * @returns how many were settled, and how many wait again because the log began a new life
   */
  async settle(results, { epoch, serverNow }) {
    const tx = this.db.transaction(["scans", "meta"], "readwrite", STRICT);
    const scans = tx.objectStore("scans");
    let settled = 0;
    for (const result of results) {
      if (!result?.scan_id) continue;
      const row = await scans.index("id").get(result.scan_id);
      const update = row && row.state === "waiting" ? settledBy(result, { epoch, serverNow }) : undefined;
      if (!update) continue;
      await scans.put({ ...row, problem: undefined, ...update });
      settled += 1;
    }
    const again = await this.#newLife(tx, epoch);
    await tx.done;
    this.changed();
    return { settled, again };
  }

  /** The server told its epoch without a batch. */
  async heardEpoch(epoch) {
    const tx = this.db.transaction(["scans", "meta"], "readwrite", STRICT);
    const again = await this.#newLife(tx, epoch);
    await tx.done;
    if (again > 0) this.changed();
    return again;
  }

  /** A log that was restored from a copy may lack what it acknowledged: all of that waits again. */
  async #newLife(tx, epoch) {
    if (epoch === undefined) return 0;
    const known = await tx.objectStore("meta").get("epoch");
    if (known === epoch) return 0;
    await tx.objectStore("meta").put(epoch, "epoch");
    if (known === undefined) return 0;
    let again = 0;
    let cursor = await tx.objectStore("scans").index("state").openCursor("acknowledged");
    for (; cursor; cursor = await cursor.continue()) {
      if (cursor.value.epoch === epoch) continue;
      await cursor.update({ ...cursor.value, state: "waiting" });
      again += 1;
    }
    return again;
  }

  /** One scan will not be taken by the server in any company: it is put aside with the reason, and holds nobody up. */
  async refuse(scanId, problem) {
    const tx = this.db.transaction("scans", "readwrite", STRICT);
    const row = await tx.store.index("id").get(scanId);
    if (row?.state === "waiting") await tx.store.put({ ...row, state: "refused", problem });
    await tx.done;
    this.changed();
  }

  /** Somebody wants refused scans tried again. */
  async retry() {
    const tx = this.db.transaction("scans", "readwrite", STRICT);
    let cursor = await tx.store.index("state").openCursor("refused");
    for (; cursor; cursor = await cursor.continue()) await cursor.update({ ...cursor.value, state: "waiting" });
    await tx.done;
    this.changed();
  }

  /** How many wait, since when, how many were refused, how many are kept. */
  async counts() {
    const tx = this.db.transaction("scans", "readonly");
    const state = tx.store.index("state");
    const [waiting, refused, acknowledged] = await Promise.all(
      ["waiting", "refused", "acknowledged"].map((name) => state.count(name)),
    );
    const first = waiting > 0 ? (await state.openCursor("waiting"))?.value : undefined;
    await tx.done;
    // By the clock that stamped it: a jump since does not make it older.
    const age = first ? Math.max(0, this.clock.wallOf(first.era) - first.made_at) : undefined;
    return { waiting, refused, acknowledged, age };
  }

  /** Rows of a state, newest first. */
  async rows(state, limit = 200) {
    const tx = this.db.transaction("scans", "readonly");
    const rows = [];
    let cursor = await tx.store.index("state").openCursor(state, "prev");
    for (; cursor && rows.length < limit; cursor = await cursor.continue()) rows.push(cursor.value);
    return rows;
  }

  /** The newest rows of any state, newest first. */
  async newest(limit = 50) {
    const tx = this.db.transaction("scans", "readonly");
    const rows = [];
    let cursor = await tx.store.openCursor(null, "prev");
    for (; cursor && rows.length < limit; cursor = await cursor.continue()) rows.push(cursor.value);
    return rows;
  }

  /** Drops what was acknowledged more than 14 days ago by the server's own time: the device's may be wrong. */
  async purge(serverNow) {
    return this.#drop((row) => row.acknowledged_at !== undefined && row.acknowledged_at < serverNow - KEPT_MS, Infinity);
  }

  /** The store is full: the oldest acknowledged tenth goes, and a hundred at least. */
  async #makeRoom() {
    const kept = await this.db.countFromIndex("scans", "state", "acknowledged");
    await this.#drop(() => true, Math.max(100, Math.ceil(kept / 10)));
  }

  async #drop(goes, most) {
    const tx = this.db.transaction("scans", "readwrite");
    let dropped = 0;
    let cursor = await tx.store.index("state").openCursor("acknowledged");
    for (; cursor && dropped < most; cursor = await cursor.continue()) {
      if (!goes(cursor.value)) continue;
      await cursor.delete();
      dropped += 1;
    }
    await tx.done;
    return dropped;
  }

  /** Everything not acknowledged, as lines a clerk can upload from another machine. */
  async export() {
    const tx = this.db.transaction("scans", "readonly");
    const states = await Promise.all(["waiting", "refused"].map((state) => tx.store.index("state").getAll(state)));
    const scans = states.flat().sort((a, b) => a.seq - b.seq).map((row) => row.scan);
    return { made_at: this.clock.now(), scans };
  }
}

/** What an answer makes of a row; nothing if it should be sent again. */
function settledBy(result, { epoch, serverNow }) {
  const { status, problem, ...answer } = result;
  if (["recorded", "stray", "duplicate"].includes(status)) {
    return { state: "acknowledged", acknowledged_at: serverNow, epoch, answer: { status, ...answer } };
  }
  // A server in trouble refuses for now, not for good.
  if (status === "refused" && (problem?.status ?? 0) < 500) return { state: "refused", problem };
  return undefined;
}
