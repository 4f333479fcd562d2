// What the device knows without asking: sites, shelves, and the dossiers and bags that were fetched ahead, with what its
// own scans have changed since. Only for answering offline; the server never learns from it.
import { read } from "./code.js";

export class Known {
  constructor(db) {
    this.db = db;
    this.things = new Map();
    this.sites = new Map();
    this.shelves = new Map();
    this.siteOfLabel = new Map();
    /** When the server last said what to expect, by its own clock. */
    this.fetchedAt = undefined;
  }

  async load() {
    const [things, sites, shelves, fetchedAt] = await Promise.all([
      this.db.getAll("things"),
      this.db.getAll("sites"),
      this.db.getAll("shelves"),
      this.db.get("meta", "expected_at"),
    ]);
    this.things = new Map(things.map((thing) => [thing.code, thing]));
    this.#settle(sites, shelves);
    this.fetchedAt = fetchedAt;
  }

  /** What is known of a label; of one never heard of, that. */
  thing(code, kind) {
    return this.things.get(code) ?? { code, thing: kind, unknown: true };
  }

  site(id) {
    return id === undefined || id === null ? undefined : this.sites.get(id);
  }

  /** The things whose manifest place is this bag. */
  inside(bag) {
    return [...this.things.values()].filter((thing) => holds(thing, bag));
  }

  /** Labels that end with what somebody typed. */
  ending(matches) {
    return [...this.things.values()].filter((thing) => thing.printed && matches(thing.printed));
  }

  /** Own scans changed these; the queue has kept them already. */
  believe(things, seq) {
    for (const thing of things) this.things.set(thing.code, { ...thing, touched: seq });
  }

  /**
   * Takes the server's list in place of the old one. What this device read at or after `since` it knows better: the list
   * was made before the server heard of it.
   */
  async replace(answer, since, serverNow) {
    const own = [...this.things.values()].filter((thing) => (thing.touched ?? 0) >= since);
    const things = new Map();
    for (const row of answer.things) {
      const label = read(row.code);
      if (!label.error) things.set(label.code, fromServer(row, label));
    }
    for (const thing of own) things.set(thing.code, { ...things.get(thing.code), ...thing });
    const shelves = [];
    for (const row of answer.shelves ?? []) {
      const label = read(row.code);
      if (!label.error) shelves.push({ ...row, code: label.code });
    }
    const tx = this.db.transaction(["things", "sites", "shelves", "meta"], "readwrite");
    for (const [name, rows] of [["things", things.values()], ["sites", answer.sites], ["shelves", shelves]]) {
      await tx.objectStore(name).clear();
      for (const row of rows) tx.objectStore(name).put(row);
    }
    tx.objectStore("meta").put(serverNow, "expected_at");
    await tx.done;
    this.things = things;
    this.#settle(answer.sites, shelves);
    this.fetchedAt = serverNow;
  }

  #settle(sites, shelves) {
    this.sites = new Map(sites.map((site) => [site.id, site]));
    this.shelves = new Map(shelves.map((shelf) => [shelf.code, shelf]));
    this.siteOfLabel = new Map();
    for (const site of sites) {
      for (const text of site.codes ?? []) {
        const label = read(text);
        if (!label.error) this.siteOfLabel.set(label.code, site.id);
      }
    }
  }
}

function holds(thing, bag) {
  return thing.holder?.kind === "bag" && thing.holder.code === bag;
}

/** A row of the server's list; `inside` names its bag by label. */
function fromServer(row, label) {
  const { code, inside, ...rest } = row;
  const thing = { ...rest, code: label.code, printed: label.printed };
  const bag = inside ? read(inside) : { error: true };
  if (!bag.error) thing.holder = { kind: "bag", code: bag.code };
  return thing;
}

/**
 * Who has a thing after a scan of it: the same moves as docs/events.md, by the fields of the scan alone.
 * @param by `{site}` for a site's device; `{courier, stop}` for a courier's
 */
export function moved(thing, action, by, details = {}) {
  const here = by.site ?? by.stop;
  const reader = by.site ? { kind: "site", site: by.site } : { kind: "courier", courier: by.courier };
  const holder = () => {
    switch (action) {
      case "received":
        return here ? { kind: "site", site: here } : reader;
      case "at_department":
      case "sighted":
      case "shelved":
      case "unpacked":
      case "found":
      case "damaged":
      case "sealed":
      case "opened":
      case "checked":
        return reader;
      case "collected":
        return { kind: "courier", courier: by.courier };
      case "dispatched":
      case "returned":
        return { kind: "leg", from: here, to: details.to ?? thing.next_hop };
      case "posted":
        return { kind: "post", from: here, to: details.to ?? thing.next_hop };
      case "packed":
        return details.bag ? { kind: "bag", code: details.bag } : reader;
      case "refused":
        return details.left_with ? { kind: "courier", courier: details.left_with } : thing.holder;
      case "missing":
        return { kind: "unknown" };
      default:
        return thing.holder;
    }
  };
  const after = { ...thing, holder: holder(), unknown: false };
  const atGoal = here !== undefined && thing.next_hop === here && after.holder?.site === here;
  return { ...after, next_hop: atGoal ? undefined : thing.next_hop, arrived: atGoal || thing.arrived };
}
