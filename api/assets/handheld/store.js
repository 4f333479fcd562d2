// The device's store: one IndexedDB database. Holds no personal data but what a label shows and the names of who signed in
// here. The schema only ever grows: an update of the page must find every scan an older page has written.
import { openDB } from "../vendor/idb-8.0.4/index.js";

const NAME = "liuzhuan-handheld";
const VERSION = 1;
const AGAIN_MS = 500;

/**
 * The open connection. A full disk makes browsers close it; then it is opened again and again until that succeeds. In
 * between, every use throws, and whoever scans is told so.
 */
export class Store {
  #db;

  static async open(name = NAME) {
    const it = new Store();
    await it.#open(name);
    return it;
  }

  async #open(name) {
    this.#db = await openDB(name, VERSION, {
      upgrade,
      // Another tab has a newer page: let it upgrade. What this tab has written is safe.
      blocking: () => this.close(),
      terminated: () => this.#reopen(name),
    });
  }

  #reopen(name) {
    this.#open(name).catch(() => setTimeout(() => this.#reopen(name), AGAIN_MS));
  }

  close() {
    this.#db.close();
  }

  transaction(...about) {
    return this.#db.transaction(...about);
  }

  get(...about) {
    return this.#db.get(...about);
  }

  getAll(...about) {
    return this.#db.getAll(...about);
  }

  getAllFromIndex(...about) {
    return this.#db.getAllFromIndex(...about);
  }

  countFromIndex(...about) {
    return this.#db.countFromIndex(...about);
  }

  /** Keeps a single value. */
  async keep(name, value) {
    await this.#db.put("meta", value, name);
  }
}

/** `scans` is the queue; `meta` single values by name; the rest was fetched ahead and can be fetched again. */
function upgrade(db, from) {
  if (from >= 1) return;
  const scans = db.createObjectStore("scans", { keyPath: "seq" });
  scans.createIndex("state", "state");
  scans.createIndex("id", "scan.scan_id", { unique: true });
  for (const [store, keyPath] of [["things", "code"], ["sites", "id"], ["shelves", "code"]]) {
    db.createObjectStore(store, { keyPath });
  }
  db.createObjectStore("meta");
}
