// The device's store: one IndexedDB database. Holds no personal data but what a label shows and the names of who signed in
// here. The schema only ever grows: an update of the page must find every scan an older page has written.
import { openDB } from "../vendor/idb-8.0.4/index.js";

const NAME = "liuzhuan-handheld";
const VERSION = 1;

/** Stores: `scans` is the queue; `meta` single values by name; the rest was fetched ahead and can be fetched again. */
export async function openStore({ name = NAME, blocking } = {}) {
  return openDB(name, VERSION, {
    upgrade(db, from) {
      if (from < 1) {
        const scans = db.createObjectStore("scans", { keyPath: "seq" });
        scans.createIndex("state", "state");
        scans.createIndex("id", "scan.scan_id", { unique: true });
        for (const [store, keyPath] of [["things", "code"], ["sites", "id"], ["shelves", "code"]]) {
          db.createObjectStore(store, { keyPath });
        }
        db.createObjectStore("meta");
      }
    },
    // Another tab has a newer page: let it upgrade. What this tab has written is safe.
    blocking() {
      blocking?.();
    },
  });
}

/** A single value. */
export async function get(db, name) {
  return db.get("meta", name);
}

/** Keeps a single value. */
export async function put(db, name, value) {
  await db.put("meta", value, name);
}
