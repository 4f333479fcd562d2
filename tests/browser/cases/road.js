// What a valley does to uploads. After each case, the scans in the log are the scans that were made, once each.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../office.js";
import { equal } from "../phone.js";

const json = (value, status = 200) => ({ status, body: JSON.stringify(value) });
const toScans = ({ method, path }) => method === "POST" && path === "/api/v1/scans";

/** A device's rows by state. */
const counts = async (it) => {
  const { waiting, refused, acknowledged } = await it.counts();
  return { waiting, refused, acknowledged };
};

/** Every scan that was told "recorded" is in the log, once. */
async function once(at, made) {
  const scans = await at.scans();
  equal(scans.size, made, "in the log");
  equal([...scans.values()].every((events) => events.length === 1), true, "once each");
}

/** A disk of 80 MB, where this may be mounted. */
async function smallDisk(keep) {
  const folder = mkdtempSync(join(tmpdir(), "liuzhuan-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=80m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  keep({ close: () => execFileSync("umount", ["-l", folder]) });
  const all = join(folder, "everything-else");
  return {
    folder,
    fill: () => spawnSync("dd", ["if=/dev/zero", `of=${all}`, "bs=1k"], { stdio: "ignore" }),
    clear: () => rmSync(all),
  };
}

export const cases = {
  async "offline for 500 scans, the page opened anew without network, then back"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 500);
    const it = await phone(at);
    await it.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await until("the worker is in charge", () => it.page.evaluate(() => Boolean(navigator.serviceWorker.controller)));
    await it.context.setOffline(true);
    const tones = await it.scanAll(codes);
    equal(tones.length, 500);
    await it.page.reload();
    await it.ready();
    equal(await counts(it), { waiting: 500, refused: 0, acknowledged: 0 });
    const pill = await it.page.locator("#pill").innerText();
    if (!pill.includes("500")) throw new Error(`the pill says ${pill}`);
    equal((await at.scans()).size, 0);
    await it.context.setOffline(false);
    await it.agrees({ made: 500 });
  },

  async "the tab is killed in mid-upload"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 450);
    const it = await phone(at);
    at.road.cutOff = true;
    await it.scanAll(codes);
    let uploads = 0;
    // The first batch arrives and its answer is lost with the tab; nothing more gets through.
    let held;
    const arrived = new Promise((done) => (held = done));
    at.road.bend = async (request) => {
      if (!toScans(request)) return undefined;
      uploads += 1;
      if (uploads === 1) {
        held();
        return "lose";
      }
      return "cut";
    };
    at.road.cutOff = false;
    await it.page.evaluate(() => void liuzhuan.sendNow());
    await arrived;
    await it.kill();
    await until("the batch that was under way is in the log", async () => (await at.scans()).size === 200);
    at.road.bend = undefined;
    await it.go();
    await it.agrees({ made: 450 });
  },

  async "two tabs scan and send at once"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 400);
    const it = await phone(at);
    const other = await it.tab();
    at.road.cutOff = true;
    await Promise.all([it.scanAll(codes.slice(0, 200)), it.scanAll(codes.slice(200), other)]);
    at.road.cutOff = false;
    await Promise.all([it.page, other].map((page) => page.evaluate(() => liuzhuan.sendNow())));
    await it.agrees({ made: 400 });
    const sent = at.road.seen.filter(toScans).flatMap(({ body }) => JSON.parse(body).scans);
    const twice = sent.length - new Set(sent.map((scan) => scan.scan_id)).size;
    // What was cut off may have been sent before; what got through went once.
    if (twice > 400) throw new Error(`${twice} scans were sent more than once: both tabs send`);
  },

  async "the server answers 500, then 200"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 30);
    const it = await phone(at);
    let broken = true;
    let refused = 0;
    at.road.bend = (request) => {
      if (!broken || !toScans(request)) return undefined;
      refused += 1;
      return json({ type: "urn:liuzhuan:problem:internal", status: 500 }, 500);
    };
    await it.scanAll(codes);
    await until("the page says the server has trouble", () => it.page.locator('[data-banner="line"]').isVisible());
    equal(refused < 10, true, `30 scans knocked ${refused} times`);
    broken = false;
    await it.agrees({ made: 30 });
  },

  async "a gateway answers 200 with a page of its own"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 5);
    const it = await phone(at);
    let portal = true;
    at.road.bend = (request) => portal && toScans(request) && { status: 200, headers: { "content-type": "text/html" }, body: "<html>登录 Wi-Fi</html>" };
    await it.scanAll(codes);
    await it.page.evaluate(() => liuzhuan.sendNow());
    equal(await counts(it), { waiting: 5, refused: 0, acknowledged: 0 });
    portal = false;
    await it.agrees({ made: 5 });
  },

  async "the server answers for half of a batch only"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 40);
    const it = await phone(at);
    let half = true;
    at.road.bend = (request) =>
      half && toScans(request) && {
        after: (got) => {
          const body = JSON.parse(got.body);
          return { ...got, body: JSON.stringify({ ...body, results: body.results.slice(0, Math.floor(body.results.length / 2)) }) };
        },
      };
    at.road.cutOff = true;
    await it.scanAll(codes);
    at.road.cutOff = false;
    await it.page.evaluate(() => liuzhuan.sender.flush({ soon: true }));
    const { waiting } = await counts(it);
    equal(waiting > 0 && waiting < 40, true, `${waiting} of 40 wait after answers for half`);
    half = false;
    await it.agrees({ made: 40 });
  },

  async "each batch arrives twice, and answers get lost"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 60);
    const it = await phone(at);
    let uploads = 0;
    at.road.bend = (request) => (toScans(request) ? ["twice", "lose", "twice"][uploads++ % 3] : undefined);
    for (let from = 0; from < 60; from += 10) {
      await it.scanAll(codes.slice(from, from + 10));
      await it.page.evaluate(() => liuzhuan.sender.flush({ soon: true }));
    }
    at.road.bend = undefined;
    await it.agrees({ made: 60 });
  },

  async "the storage is full: what cannot be kept is said to be not recorded, the rest is safe"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 40);
    const it = await phone(at);
    await it.scanAll(codes.slice(0, 10));
    await it.allSent();
    at.road.cutOff = true;
    await it.scanAll(codes.slice(10, 20));
    // As browsers do at their quota: the transaction is undone, and says why.
    await it.page.evaluate(() => {
      const add = IDBObjectStore.prototype.add;
      globalThis.room = 0;
      IDBObjectStore.prototype.add = function (...about) {
        if (this.name === "scans" && globalThis.room-- <= 0) {
          Object.defineProperty(this.transaction, "error", { value: new DOMException("no room", "QuotaExceededError") });
          this.transaction.abort();
        }
        return add.apply(this, about);
      };
    });
    const full = await it.scanAll(codes.slice(20, 30));
    equal([...new Set(full)], ["not"], "with a full store");
    const shown = await it.page.locator(".result").innerText();
    if (!shown.includes("存储已满")) throw new Error(`the screen says: ${shown}`);
    await it.page.evaluate(() => (globalThis.room = 1_000));
    const after = await it.scanAll(codes.slice(20, 40));
    equal(after.includes("not"), false, "with room again");
    at.road.cutOff = false;
    await it.page.evaluate(() => liuzhuan.sendNow());
    await it.allSent();
    await once(at, 40);
  },

  async "the disk is full: the same, with a real one"({ office, phone, keep }) {
    const disk = await smallDisk(keep);
    if (!disk) return console.log("      not run here: a small disk may not be mounted");
    const at = await office();
    const codes = await at.mint("dossier", 40);
    const it = await phone(at, { disk: disk.folder });
    await it.scanAll(codes.slice(0, 10));
    at.road.cutOff = true;
    disk.fill();
    const tones = await it.scanAll(codes.slice(10, 30));
    equal(tones.includes("not"), true, "told");
    const kept = 10 + tones.filter((tone) => tone !== "not").length;
    disk.clear();
    let left = codes.slice(30);
    let made = kept;
    // The browser has closed the store; the page opens it again by itself.
    await until("it scans again", async () => {
      const [tone] = await it.scanAll([left[0]]);
      if (tone === "not") return false;
      left = left.slice(1);
      made += 1;
      return true;
    });
    made += (await it.scanAll(left)).filter((tone) => tone !== "not").length;
    at.road.cutOff = false;
    await it.page.evaluate(() => liuzhuan.sendNow());
    await it.allSent();
    await once(at, made);
  },

  async "one scan that no batch can carry holds nobody up, and is shown with its reason"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 20);
    const it = await phone(at);
    at.road.cutOff = true;
    await it.scanAll(codes.slice(0, 10));
    // As an older page with a fault might have written it.
    const person = it.person;
    await it.page.evaluate(([device, actor]) => liuzhuan.queue.add([{ code: "6901234567892", mode: "receive", device, actor, action: "received" }]), [it.device, person]);
    await it.scanAll(codes.slice(10));
    at.road.cutOff = false;
    await it.allSent();
    equal(await counts(it), { waiting: 0, refused: 1, acknowledged: 20 });
    equal((await at.scans()).size, 20);
    await it.page.locator("#pill").click();
    const list = await it.page.locator("dialog").innerText();
    if (!list.includes("not one of our labels")) throw new Error(`the list does not say why: ${list}`);
  },

  async "a whole batch that is turned away is halved until the one is found"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 33);
    const it = await phone(at);
    at.road.bend = (request) => toScans(request) && request.body.toString().includes(codes[17]) && json({ type: "urn:liuzhuan:problem:invalid", title: "nonsense", status: 422 }, 422);
    at.road.cutOff = true;
    await it.scanAll(codes);
    at.road.cutOff = false;
    await it.page.evaluate(() => liuzhuan.sendNow());
    await it.allSent();
    equal(await counts(it), { waiting: 0, refused: 1, acknowledged: 32 });
  },

  async "an unknown credential stops the sending and keeps the queue"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 12);
    const it = await phone(at);
    let known = false;
    at.road.bend = (request) => !known && toScans(request) && json({ type: "urn:liuzhuan:problem:bad-credential", status: 401 }, 401);
    at.road.seen.length = 0;
    await it.scanAll(codes);
    await it.page.evaluate(() => liuzhuan.sender.flush());
    equal(await counts(it), { waiting: 12, refused: 0, acknowledged: 0 });
    equal(await it.page.locator('[data-banner="line"]').isVisible(), true, "told");
    known = true;
    await it.page.evaluate(() => liuzhuan.sendNow());
    await it.agrees({ made: 12 });
  },

  async "a revoked device is told so, and its scans are kept on both sides"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 20);
    const it = await phone(at);
    await it.scanAll(codes.slice(0, 5));
    await it.allSent();
    at.road.cutOff = true;
    await it.scanAll(codes.slice(5, 15));
    await at.ask("DELETE", `/api/v1/devices/${it.device}`);
    at.road.cutOff = false;
    await it.page.evaluate(() => liuzhuan.sendNow());
    await it.allSent();
    await until("it is told", () => it.page.locator('[data-banner="revoked"]').isVisible());
    await it.scanAll(codes.slice(15));
    await it.agrees({ made: 20 });
    const aside = [...(await at.scans()).values()].filter(([event]) => event.body.source.quarantined);
    equal(aside.length, 15, "put aside");
    equal((await it.counts()).acknowledged, 20, "kept on the device");
  },

  async "a clock three days off is seen, told, and corrected by the server"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 10);
    const it = await phone(at, { enrolled: false });
    await it.context.addInitScript(() => {
      const real = Date.now.bind(Date);
      globalThis.shiftedBy = -3 * 86_400_000;
      Date.now = () => real() + globalThis.shiftedBy;
    });
    await it.enrol();
    await it.beginShift();
    await it.scanAll(codes);
    await it.agrees({ made: 10 });
    equal(await it.page.locator('[data-banner="clock-off"]').isVisible(), true, "told");
    for (const [event] of (await at.scans()).values()) {
      const off = Math.abs(event.occurred_at - event.recorded_at);
      if (off > 60_000) throw new Error(`a scan lies ${off} ms from when it was made`);
      equal(event.body.source.flags, ["clock_skew"].concat(event.body.source.flags.filter((flag) => flag !== "clock_skew")));
    }
  },

  async "a clock that is set between scans: each scan is judged by the clock that stamped it"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 20);
    const it = await phone(at, { enrolled: false });
    await it.context.addInitScript(() => {
      const real = Date.now.bind(Date);
      globalThis.shiftedBy = 0;
      Date.now = () => real() + globalThis.shiftedBy;
    });
    await it.enrol();
    await it.beginShift();
    at.road.cutOff = true;
    await it.scanAll(codes.slice(0, 10));
    await it.page.evaluate(() => (globalThis.shiftedBy = 3 * 86_400_000));
    await until("the jump is noticed", () => it.page.locator('[data-banner="clock-jumped"]').isVisible());
    await it.scanAll(codes.slice(10));
    at.road.cutOff = false;
    await it.page.evaluate(() => liuzhuan.sendNow());
    await it.agrees({ made: 20 });
    for (const [event] of (await at.scans()).values()) {
      const off = Math.abs(event.occurred_at - event.recorded_at);
      if (off > 60_000) throw new Error(`a scan lies ${off} ms from when it was made`);
    }
  },

  async "a server restored from an older copy gets again what it lost"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 60);
    const it = await phone(at);
    await it.scanAll(codes.slice(0, 20));
    await it.allSent();
    await at.liuzhuan("backup", `${at.folder}/copy`);
    await it.scanAll(codes.slice(20, 50));
    await it.agrees({ made: 50 });
    await at.end();
    await at.restore(`${at.folder}/copy`);
    equal((await at.scans()).size, 20, "the copy is older");
    await it.scanAll(codes.slice(50));
    await until("it hears of the new life", async () => (await at.scans()).size >= 60, 60_000);
    await it.agrees({ made: 60 });
  },

  async "leaving with unsent scans is warned of"({ office, phone }) {
    const at = await office();
    const [code] = await at.mint("dossier", 1);
    const it = await phone(at);
    at.road.cutOff = true;
    await it.scan(code);
    await it.page.locator("#type").click();
    await it.page.keyboard.press("Escape");
    const warned = new Promise((done) => it.page.once("dialog", (dialog) => done(dialog.type())));
    await it.page.evaluate(() => setTimeout(() => location.assign("/login"), 0));
    equal(await Promise.race([warned, new Promise((done) => setTimeout(() => done("no warning"), 5_000))]), "beforeunload");
    at.road.cutOff = false;
  },
};
