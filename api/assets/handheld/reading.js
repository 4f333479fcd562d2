// One scan, no menu: from a text to a row in the queue and an outcome for the person. Knows no page and no network. What is
// read is kept first and judged after; nothing is turned away because it does not fit the plan.
//
// An outcome: {tone, say, next?, label?, thing?, row?, choices?, slot?}. `tone` is done, look (done, but look), not (not
// done) or already; `say` and `next` are a key of the words with its gaps.
import { read } from "./code.js";
import { moved } from "./known.js";
import { meaning } from "./rules.js";
import { situationOf } from "./situation.js";

/** What a person may say instead, one tap each, by what the rule said. */
const CHOICES = {
  received: ["refused", "damaged"],
  at_department: ["refused", "damaged"],
  collected: ["refused", "sighted"],
  dispatched: ["posted", "sighted"],
  returned: ["dispatched", "sighted"],
  packed: ["unpacked", "damaged"],
  opened: ["seal_broken"],
  sighted: ["damaged"],
  shelved: ["sighted"],
};

export class Reading {
  #last = Promise.resolve();
  /** This device's reads of each thing, oldest first: {at, mode, wall_ms, scan_id}. */
  #reads = new Map();

  /** @param {{queue, known, stop, bag, shift, rules, clock, device: () => object | undefined}} parts */
  constructor(parts) {
    Object.assign(this, parts);
    this.mode = "receive";
    this.shelf = undefined;
    this.latest = undefined;
  }

  /** Remembers earlier reads after a start, newest first as the queue gives them. */
  remember(rows) {
    const voided = new Set(rows.map((row) => row.scan.voids).filter(Boolean));
    for (const row of [...rows].reverse()) {
      if (row.scan.action !== "scan_voided" && !voided.has(row.scan.scan_id)) this.#noteRead(row.scan);
    }
  }

  /** Reads a text. One after the other: a burst of scans keeps its order. */
  read(text, how = "wedge") {
    return this.#queued(() => this.#read(text, how));
  }

  /** The person says it was something else: the first scan is taken back and the other recorded, in one step. */
  choose(row, action, details = {}) {
    return this.#queued(() => this.#choose(row, action, details));
  }

  /** Takes a scan back. */
  undo(row) {
    return this.#queued(() => this.#undo(row));
  }

  /** The open bag is sealed. */
  seal(sealNo, to) {
    return this.#queued(() => this.#seal(sealNo, to));
  }

  /** The count of the open bag is closed: what was not read is declared missing. */
  closeCount() {
    return this.#queued(() => this.#closeCount());
  }

  /** One signature for what passed from hand to hand: a badge's label, or the person whose PIN was right. */
  sign(signedBy) {
    return this.#queued(() => this.#sign(signedBy));
  }

  /** Once everything that was read so far is on disk, or was refused. */
  get idle() {
    return this.#last;
  }

  #queued(work) {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #read(text) {
    const label = read(text);
    if (label.error) return { tone: "not", say: [`not.${label.error}`], next: nextOfError(label) };
    switch (label.kind) {
      case "site":
        return this.#atSite(label);
      case "shelf":
        return this.#atShelf(label);
      case "badge":
        return { tone: "badge", say: ["badge.read"], label: label.printed };
      case "receipt":
        return { tone: "not", say: ["not.receipt"], next: ["not.receipt_next"] };
      default:
        return this.#thing(label);
    }
  }

  #atSite(label) {
    const device = this.device();
    const id = this.known.siteOfLabel.get(label.code) ?? label.code;
    if (device?.courier) {
      this.stop.arrive(id);
      return { tone: "done", say: ["stop.arrived", { site: id }], next: ["stop.arrived_next"], site: id };
    }
    const own = device?.site === id;
    return { tone: own ? "done" : "look", say: [own ? "site.own" : "site.other", { site: id }], next: ["site.next"] };
  }

  #atShelf(label) {
    const shelf = this.known.shelves.get(label.code);
    this.shelf = { code: label.code, printed: label.printed, shelf: shelf?.shelf ?? label.printed };
    this.mode = "shelve";
    return { tone: shelf ? "done" : "look", say: ["shelf.set", { shelf: this.shelf.shelf }], next: ["shelf.next"] };
  }

  async #thing(label) {
    const device = this.device();
    if (!device) return { tone: "not", say: ["not.no_device"], next: ["not.no_device_next"] };
    const person = this.shift.person;
    if (!person) return { tone: "not", say: ["not.no_shift"], next: ["not.no_shift_next"] };
    if (this.bag.work === "pack" && this.bag.code === label.code) {
      return { tone: "ask", ask: "seal", say: ["bag.seal_now"], label: label.printed };
    }
    const thing = { ...this.known.thing(label.code, label.kind), printed: label.printed };
    const { wall_ms } = this.clock.stamp();
    const situation = this.#situation(thing, person, wall_ms);
    const row = meaning(this.rules, situation);
    return this.#record(thing, label, row.action, { situation, rule: row.id });
  }

  #situation(thing, person, wall_ms) {
    const device = this.device();
    return situationOf(
      {
        thing,
        mode: this.mode,
        device,
        site: this.known.site(device.site),
        stop: this.stop.site,
        actor: person.person,
        bag: this.bag.code,
        last: this.#reads.get(thing.code)?.at(-1),
        wall_ms,
      },
      this.rules,
    );
  }

  async #record(thing, label, action, about) {
    const draft = this.#draft(label.printed, action, "rule", this.#details(action, thing));
    const after = this.#after(thing, draft);
    const [row] = await this.queue.add([{ ...draft, before: plain(thing) }], [after]);
    this.#took(row, after);
    const outcome = this.#outcome(thing, after, row, about);
    this.latest = outcome;
    return outcome;
  }

  /** What every scan of this device says. */
  #draft(code, action, by, details = {}) {
    const device = this.device();
    const draft = { code, mode: this.mode, actor: this.shift.person.person, device: device.device };
    if (this.bag.printed) draft.bag = this.bag.printed;
    if (device.courier && this.stop.site) draft.stop = this.stop.site;
    return { ...draft, action, action_by: by, ...details };
  }

  #details(action, thing) {
    if (action === "shelved" && this.shelf) return { shelf: this.shelf.shelf };
    if (action === "dispatched" && thing.unknown) return {};
    return {};
  }

  #by() {
    const device = this.device();
    return device.site ? { site: device.site } : { courier: this.shift.person.person, stop: this.stop.site };
  }

  #after(thing, draft) {
    const bag = draft.bag ? read(draft.bag).code : undefined;
    return moved(plain(thing), draft.action, this.#by(), { ...draft, bag });
  }

  #took(row, after) {
    this.#noteRead(row.scan);
    this.known.believe([after], row.seq);
    this.stop.count(row);
    if (row.scan.action === "packed") this.bag.packed(after.code);
    if (row.scan.action === "opened") this.bag.openToCheck(after, this.known.inside(after.code).map(plain));
    else if (this.mode === "pack" && after.thing === "bag" && !this.bag.code) this.bag.openToPack(after);
  }

  /** Another tab of this device has read something. */
  adopt(scan, thing, seq) {
    this.#noteRead(scan);
    if (thing) this.known.believe([thing], seq);
  }

  #noteRead({ code, scan_id, mode, wall_ms, stop }) {
    const label = read(code).code;
    const at = this.device()?.site ?? stop;
    this.#reads.set(label, [...(this.#reads.get(label) ?? []).slice(-4), { scan_id, mode, wall_ms, at }]);
  }

  /** What the person is told of a scan that is kept. */
  #outcome(thing, after, row, { situation, rule }) {
    const { action } = row.scan;
    const base = { row, thing: after, label: thing.printed, rule, choices: this.#choices(action, situation, rule) };
    if (rule === "repeat") return { ...base, tone: "already", say: ["already"], next: ["already_next"] };
    const isBag = this.bag.code === after.code;
    const checked = this.mode === "check" && !isBag ? this.bag.check(after.code) : undefined;
    if (action === "opened") {
      const count = this.bag.state.manifest.length;
      return { ...base, tone: "done", say: ["did.opened"], next: [count > 0 ? "bag.expects" : "bag.no_manifest", { count }] };
    }
    if (checked !== undefined) {
      const left = this.bag.unread.length;
      const tone = checked ? "done" : "look";
      return { ...base, tone, say: [checked ? "bag.checked" : "bag.unexpected"], next: ["bag.left", { left }] };
    }
    if (this.mode === "sort" && after.thing === "dossier") return { ...base, ...this.#slot(thing) };
    // An empty bag is on nobody's list.
    if (this.bag.work === "pack" && this.bag.code === after.code) return { ...base, tone: "done", say: [`did.${this.#word(action)}`], next: ["bag.opened_to_pack"] };
    const wrong = this.#wrong(thing, action);
    if (wrong) return { ...base, tone: "look", say: [`did.${this.#word(action)}`], next: wrong };
    return { ...base, tone: "done", say: [`did.${this.#word(action)}`], next: this.#next(thing, after, action) };
  }

  /** The same fact has another word in a courier's hand. */
  #word(action) {
    return action === "received" && this.device().courier ? "handed_over" : action;
  }

  /** What does not fit, if anything: recorded all the same. */
  #wrong(thing, action) {
    const here = this.device().site ?? this.stop.site;
    if (action === "looked_up") return undefined;
    if (thing.unknown) return [this.known.fetchedAt === undefined ? "look.no_list" : "look.unknown"];
    const arrives = ["received", "at_department"].includes(action);
    const elsewhere = thing.next_hop && thing.next_hop !== here && thing.holder?.site !== here;
    if (arrives && elsewhere) return ["look.wrong_place", { site: thing.next_hop }];
    if (this.mode === "shelve" && action !== "shelved") return ["look.not_collected_here"];
    if (action === "shelved" && !this.shelf) return ["look.no_shelf"];
    return undefined;
  }

  #next(thing, after, action) {
    const device = this.device();
    const to = after.next_hop;
    switch (action) {
      case "packed":
        return ["next.in_bag", { count: this.bag.state?.packed.length ?? 0 }];
      case "collected":
        return to ? ["next.carry", { site: to }] : undefined;
      case "dispatched":
      case "returned":
        return to ? ["next.goes", { site: to }] : undefined;
      case "received":
      case "at_department":
        if (device.courier) return ["next.sign", { count: this.stop.state.unsigned.length }];
        if (thing.pickup_here && !to) return ["next.shelve"];
        return to ? ["next.send", { site: to }] : ["next.stays"];
      case "looked_up":
        return ["next.where", { holder: thing.holder, site: to }];
      case "sighted":
        return to ? ["next.send", { site: to }] : undefined;
      default:
        return undefined;
    }
  }

  #slot(thing) {
    const site = this.known.site(thing.next_hop);
    if (!site) return { tone: "look", say: ["sort.unknown"], next: ["sort.unknown_next"] };
    if (!site.slot) return { tone: "done", say: ["next.goes", { site: site.id }] };
    return { tone: "done", say: ["sort.slot", { slot: site.slot }], slot: site.slot, next: ["next.goes", { site: site.id }] };
  }

  #choices(action, situation, rule) {
    if (rule === "repeat") return [meaning(this.rules, { ...situation, repeated: false }).action];
    const courierOnly = situation.reader.startsWith("courier");
    return (CHOICES[action] ?? []).filter((it) => !(courierOnly && it === "posted"));
  }

  async #choose(row, choice, more) {
    const label = read(row.scan.code);
    const before = { ...this.known.thing(label.code, label.kind), ...row.before, printed: label.printed };
    const action = choice === "seal_broken" ? "opened" : choice;
    const details = { ...more };
    if (choice === "seal_broken") details.seal_intact = false;
    if (action === "refused" && this.device().courier) details.left_with = this.shift.person.person;
    const draft = this.#draft(label.printed, action, "person", details);
    if (action === "opened") delete draft.bag;
    const after = this.#after(before, draft);
    const rows = await this.queue.add([this.#void(row), { ...draft, before: plain(before) }], [after]);
    this.#forget(row, label.code);
    if (action !== "opened") this.bag.forget(label.code);
    this.#took(rows[1], after);
    const outcome = { row: rows[1], thing: after, label: label.printed, tone: "done", say: [`did.${this.#word(action)}`], choices: [] };
    this.latest = outcome;
    return outcome;
  }

  async #undo(row) {
    const label = read(row.scan.code);
    const before = { ...row.before, code: label.code, printed: label.printed };
    await this.queue.add([this.#void(row)], [before]);
    this.#forget(row, label.code);
    this.known.believe([before], row.seq);
    if (this.bag.code === label.code) this.bag.close();
    else this.bag.forget(label.code);
    this.latest = undefined;
    return { tone: "done", say: ["undone"], label: label.printed, thing: before };
  }

  /** A void: of one's own scan, a fact; it names what it takes back and repeats where and how that was read. */
  #void({ scan }) {
    const { code, mode, stop, bag, scan_id } = scan;
    const draft = { code, mode, actor: this.shift.person.person, device: this.device().device };
    if (stop) draft.stop = stop;
    if (bag) draft.bag = bag;
    return { ...draft, action: "scan_voided", action_by: "person", voids: scan_id };
  }

  #forget(row, code) {
    const reads = this.#reads.get(code) ?? [];
    this.#reads.set(code, reads.filter((it) => it.scan_id !== row.scan.scan_id));
    this.stop.uncount(row);
  }

  async #seal(sealNo, to) {
    const { code, printed, packed } = this.bag.state;
    const thing = { ...this.known.thing(code, "bag"), printed };
    const draft = this.#draft(printed, "sealed", "person", { seal_no: sealNo });
    delete draft.bag;
    const goal = to ?? this.goalOfBag();
    if (goal) draft.to = goal;
    const after = { ...this.#after(thing, draft), next_hop: goal ?? thing.next_hop };
    const [row] = await this.queue.add([{ ...draft, before: plain(thing) }], [after]);
    this.#noteRead(row.scan);
    this.known.believe([after], row.seq);
    this.bag.close();
    this.latest = { row, thing: after, label: printed, tone: "done", say: ["did.sealed"], next: ["bag.holds", { count: packed.length }], choices: [] };
    return this.latest;
  }

  /** Where the things in the open bag go, if all agree. */
  goalOfBag() {
    const goals = new Set((this.bag.state?.packed ?? []).map((code) => this.known.thing(code, "dossier").next_hop));
    return goals.size === 1 ? [...goals][0] : undefined;
  }

  async #closeCount() {
    const { code, printed } = this.bag.state;
    const missing = this.bag.unread;
    const thing = { ...this.known.thing(code, "bag"), printed };
    const draft = this.#draft(printed, "checked", "person", {});
    delete draft.bag;
    if (missing.length > 0) draft.absent = missing.map((it) => it.printed);
    const gone = missing.map((it) => ({ ...plain(it), holder: { kind: "unknown" } }));
    const [row] = await this.queue.add([{ ...draft, before: plain(thing) }], [this.#after(thing, draft), ...gone]);
    this.#noteRead(row.scan);
    this.known.believe([this.#after(thing, draft), ...gone], row.seq);
    const unexpected = this.bag.state.unexpected.length;
    this.bag.close();
    const right = missing.length === 0 && unexpected === 0;
    const next = right ? ["bag.all_there"] : ["bag.differs", { missing: missing.length, unexpected }];
    this.latest = { row, thing, label: printed, tone: right ? "done" : "look", say: ["did.checked"], next, choices: [] };
    return this.latest;
  }

  async #sign(signedBy) {
    const { unsigned } = this.stop.state;
    if (unsigned.length === 0) return { tone: "not", say: ["sign.nothing"] };
    const signs = unsigned.map((one) => one.scan_id);
    const draft = this.#draft(unsigned[0].code, "looked_up", "person", { signed_by: signedBy, signs });
    const [row] = await this.queue.add([draft]);
    this.#noteRead(row.scan);
    this.stop.signed();
    return { tone: "done", say: ["sign.done", { count: signs.length }], row, unsigned };
  }
}

/** What the store keeps of a thing. */
function plain(thing) {
  const { touched: _, ...kept } = thing;
  return kept;
}

function nextOfError({ error, looks }) {
  return error === "foreign" ? [`looks.${looks}`] : [`not.${error}_next`];
}
