// The work itself, as people do it: stops, bags, sorting, refusing, signing, taking back; and in the end the server finds
// nothing in it that the rules would have read otherwise.
import { until } from "../office.js";
import { equal } from "../phone.js";

/** Fetches what to expect anew, as the page does every ten minutes. */
const fetchAhead = (it) => it.page.evaluate(() => liuzhuan.sendNow());

const press = (it, selector) => it.page.locator(selector).first().click();

export const cases = {
  async "a round: packed and sealed at a town, carried, handed over, opened, counted, sorted"({ office, phone }) {
    const at = await office();
    const inside = await at.dossiers(4, { at: "t01", destination: "fgj" });
    const [stray] = await at.dossiers(1, { at: "t01", destination: "fgj" });
    const [bag] = await at.mint("bag", 1);
    const [town] = await at.mint("site", 1, "t01");
    const [hub] = await at.mint("site", 1, "hub");

    // The clerk at the town: pack, seal with a number.
    const clerk = await phone(at, { site: "t01" });
    await press(clerk, "#mode");
    await press(clerk, '[data-mode="pack"]');
    equal((await clerk.scan(bag)).next[0], "bag.opened_to_pack");
    for (const code of inside) equal((await clerk.scan(code)).action, "packed");
    equal(await clerk.page.locator("#bag").isVisible(), true);
    equal((await clerk.outcome()).next[1].count, 4);
    await clerk.scan(bag);
    await clerk.page.locator("#seal-no").fill("4711");
    equal(await clerk.page.locator("#seal-goal").inputValue(), "hub");
    await press(clerk, "#seal-do");
    await until("sealed", async () => (await clerk.outcome())?.action === "sealed");
    await clerk.agrees({});

    // The courier: a stop, one scan for the bag; a stop at the hub, one scan again; the hub's badge signs.
    const courier = await phone(at);
    await fetchAhead(courier);
    equal((await courier.scan(town)).say, "stop.arrived");
    const taken = await courier.scan(bag);
    equal([taken.action, taken.tone, taken.next[1].site], ["collected", "done", "hub"]);
    equal((await courier.scan(hub)).say, "stop.arrived");
    const given = await courier.scan(bag);
    equal([given.action, given.say], ["received", "did.handed_over"]);
    const [badge] = await at.mint("badge", 1);
    await courier.wedge(badge);
    await until("signed", async () => (await courier.outcome())?.say === "sign.done");
    await press(courier, "#drive-on");
    await courier.agrees({});

    // The hub: open, count; one is missing, one nobody expected; then sort by slot.
    const sorter = await phone(at, { site: "hub" });
    await fetchAhead(sorter);
    await press(sorter, "#mode");
    await press(sorter, '[data-mode="check"]');
    const opened = await sorter.scan(bag);
    equal([opened.action, opened.next[1].count], ["opened", 4]);
    for (const code of inside.slice(0, 3)) equal((await sorter.scan(code)).say, "bag.checked");
    equal((await sorter.scan(stray)).say, "bag.unexpected");
    const line = await sorter.page.locator("#bag").innerText();
    for (const part of ["3/4", "未核 1", "多出 1"]) if (!line.includes(part)) throw new Error(`the bag's line says: ${line}`);
    await press(sorter, "#end-check");
    await press(sorter, "#end-check-yes");
    await until("closed", async () => (await sorter.outcome())?.action === "checked");
    equal((await sorter.outcome()).next, ["bag.differs", { missing: 1, unexpected: 1 }]);
    await press(sorter, "#mode");
    await press(sorter, '[data-mode="sort"]');
    const [homeward] = await at.dossiers(1, { at: "hub", home: "t01" });
    await fetchAhead(sorter);
    const slot = await sorter.scan(homeward);
    equal([slot.say, slot.tone, slot.shown.includes("A1")], ["sort.slot", "done", true]);
    equal((await sorter.scan(inside[0])).say, "next.goes", "a department has no compartment: its name is shown");
    await sorter.agrees({});

    const kinds = (await at.exceptions()).map((it) => it.kind).sort();
    equal(kinds.includes("meaning_differs"), false, `the page reads as the server does: ${kinds}`);
    equal([kinds.includes("missing_from_bag"), kinds.includes("received_without_dispatch")], [true, true], String(kinds));
    const signature = (await at.events()).find((event) => event.body.fact.because === "signature");
    equal([signature.body.fact.signature.by, signature.body.fact.signature.scans.length >= 1], [badge, true]);
  },

  async "a choice is one tap, undoing is one tap, and both are new scans"({ office, phone }) {
    const at = await office();
    const [a, b, c] = await at.dossiers(3, { at: "t01", destination: "fgj" });
    const it = await phone(at, { site: "hub" });
    equal((await it.scan(a)).action, "received");
    await press(it, '[data-choice="damaged"]');
    await until("damaged", async () => (await it.outcome())?.action === "damaged");
    equal((await it.outcome()).scan.action_by, "person");
    equal((await it.scan(b)).action, "received");
    await press(it, "#undo");
    await until("undone", async () => (await it.outcome())?.say === "undone");
    // Taken back, it is read as for the first time.
    equal((await it.scan(b)).action, "received");
    await it.scan(c);
    await press(it, '[data-choice="refused"]');
    await press(it, '[data-reason="torn"]');
    await until("refused", async () => (await it.outcome())?.action === "refused");
    await it.agrees({ made: 9 });
    const names = (await at.events()).filter((event) => event.body.source.stamp).map((event) => event.name);
    equal(names, ["received", "scan_voided", "damaged", "received", "scan_voided", "received", "received", "scan_voided", "refused"], "in the log");
  },

  async "the second read of one thing is told and not counted"({ office, phone }) {
    const at = await office();
    const [code] = await at.dossiers(1, { at: "t01", destination: "fgj" });
    const it = await phone(at, { site: "hub" });
    equal((await it.scan(code)).tone, "done");
    const again = await it.scan(code);
    equal([again.tone, again.action, again.rule], ["already", "looked_up", "repeat"]);
    await it.agrees({ made: 2 });
    equal(await it.page.evaluate(() => liuzhuan.stop.state.counts.received), 1);
  },

  async "what is not for here, and what is on no list, is recorded and said"({ office, phone }) {
    const at = await office();
    const [unknown] = await at.mint("dossier", 1);
    const [elsewhere] = await at.dossiers(1, { at: "t02", destination: "fgj" });
    const it = await phone(at, { site: "t01" });
    await fetchAhead(it);
    const strange = await it.scan(unknown);
    equal([strange.tone, strange.next], ["look", ["look.unknown"]]);
    const lost = await it.scan(elsewhere);
    equal([lost.tone, lost.action], ["look", "received"]);
    await it.agrees({ made: 2 });
  },

  async "results are shelved: the shelf's label, then each"({ office, phone }) {
    const at = await office();
    const results = await at.dossiers(2, { at: "hub", home: "t01" });
    const [shelf] = await at.mint("shelf", 1, "t01", "A3");
    const it = await phone(at, { site: "t01" });
    await fetchAhead(it);
    await it.scanAll(results);
    equal((await it.scan(shelf)).say, "shelf.set");
    const shelved = await it.scan(results[0]);
    equal([shelved.action, shelved.scan.shelf, shelved.tone], ["shelved", "A3", "done"]);
    await it.agrees({});
    equal((await at.exceptions("meaning_differs")).length, 0);
  },

  async "a damaged label is found by its last characters"({ office, phone }) {
    const at = await office();
    const [code] = await at.dossiers(1, { at: "t01", destination: "fgj" });
    const it = await phone(at, { site: "t01" });
    await fetchAhead(it);
    await press(it, "#type");
    await it.page.locator("#typed").fill(code.slice(-5).toLowerCase());
    await press(it, "#typed-go");
    await until("found", async () => (await it.outcome())?.scan?.code === code);
    await press(it, "#type");
    await it.page.locator("#typed").fill("0000");
    await press(it, "#typed-go");
    equal((await it.page.locator("dialog .error").innerText()).length > 0, true);
  },

  async "a shift: wrong PIN, right PIN, and without network by what the device remembers"({ office, phone }) {
    const at = await office();
    const it = await phone(at);
    const again = (pin) => it.page.evaluate(async ([badge, pin]) => {
      await liuzhuan.endShift();
      return liuzhuan.beginShift(badge, pin);
    }, [it.badge, pin]);
    const wrong = it.pin === "111111" ? "222222" : "111111";
    equal(await again(wrong), "wrong");
    equal(await again(it.pin), "begun");
    at.road.cutOff = true;
    equal(await again(wrong), "wrong");
    equal(await again(it.pin), "begun");
    for (let tries = 1; tries < 5; tries++) equal(await again(wrong), "wrong", `try ${tries}`);
    equal(await again(wrong), "locked");
    equal(await again(it.pin), "no-network", "forgotten after five");
    const stored = await it.page.evaluate(async () => JSON.stringify(await liuzhuan.db.getAll("meta")));
    equal(stored.includes(it.pin), false, "the PIN is nowhere");
    at.road.cutOff = false;
    equal(await again(it.pin), "begun");
  },

  async "a shift by hand: the badge is scanned, the PIN typed on the large keys"({ office, phone }) {
    const at = await office();
    const it = await phone(at, { onShift: false });
    const [code] = await at.mint("dossier", 1);
    equal((await it.scan(code)).say, "not.no_shift");
    await it.wedge(it.badge);
    await it.page.locator("dialog .keys").waitFor();
    for (const digit of it.pin) await it.page.locator(`dialog [data-key="${digit}"]`).click();
    await until("on shift", () => it.page.evaluate(() => liuzhuan.shift.person?.person === "wang"));
    equal((await it.scan(code)).action, "collected");
    await it.agrees({ made: 1 });
  },

  async "an enrolment secret works once, and stays out of the address"({ office, phone }) {
    const at = await office();
    const it = await phone(at);
    equal(await it.page.evaluate(() => location.hash), "");
    const outcome = await it.page.evaluate((secret) => liuzhuan.enrol(secret), it.secret);
    equal(outcome, "wrong");
    equal(await it.page.evaluate(() => liuzhuan.device.device), it.device, "the old enrolment holds");
  },

  async "what did not fit comes back as a list to work off"({ office, phone }) {
    const at = await office();
    const [code] = await at.dossiers(1, { at: "t02", destination: "fgj" });
    const it = await phone(at, { site: "t01" });
    await it.scan(code);
    await it.agrees({ made: 1 });
    await until("the server finds it", async () => (await at.exceptions("not_expected_here")).length === 1);
    const stranger = await phone(at, { site: "t02" });
    const [{ scan }] = await it.rows();
    const told = async (who) => {
      const credential = await who.page.evaluate(() => liuzhuan.device.credential);
      const authority = { Authorization: `Bearer ${credential}` };
      return (await at.ask("POST", "/api/v1/handheld/conflicts", { scan_ids: [scan.scan_id] }, authority)).items.length > 0;
    };
    equal([await told(it), await told(stranger)], [true, false], "a device is told of its own scans only");
    await it.page.evaluate(() => void liuzhuan.open("conflicts"));
    await it.page.locator('dialog [data-kind="not_expected_here"]').waitFor();
    await it.page.locator('dialog [data-kind="not_expected_here"] button').click();
    equal(await it.page.evaluate(() => liuzhuan.conflicts.filter((one) => one.kind === "not_expected_here").length), 0);
  },

  async "a village agent without network: label, count, register later"({ office, phone }) {
    const at = await office();
    const [code] = await at.mint("dossier", 1);
    const station = (await at.ask("GET", "/api/v1/registers/sites")).items.find((site) => site.kind === "station").id;
    const it = await phone(at, { site: station, role: "agent" });
    await fetchAhead(it);
    at.road.cutOff = true;
    await it.scan(code);
    await press(it, '[data-choice="register"]');
    await press(it, '[data-pieces="7"]');
    equal(await it.page.evaluate(() => liuzhuan.later.notes.map(({ printed, pieces }) => [printed, pieces])), [[code, 7]]);
    at.road.cutOff = false;
    await it.agrees({ made: 1 });
  },

  async "the queue can be taken out as a file"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 3);
    const it = await phone(at);
    at.road.cutOff = true;
    await it.scanAll(codes);
    await it.page.locator("#pill").click();
    const [download] = await Promise.all([it.page.waitForEvent("download"), it.page.locator("#export").click()]);
    const { readFileSync } = await import("node:fs");
    const file = JSON.parse(readFileSync(await download.path(), "utf8"));
    equal(file.scans.map((scan) => scan.code), codes);
    // A clerk uploads it from another machine; later the device sends the same, and each is there once.
    await at.ask("POST", "/api/v1/scans", { sent_at: Date.now(), scans: file.scans });
    at.road.cutOff = false;
    await it.agrees({ made: 3 });
  },
};
