// A new version of the page while the queue is full: it waits, it is told, and the queue survives it.
import { until } from "../office.js";
import { equal } from "../phone.js";

/** From now on the server has a newer version: the same files under another hash, as after an upgrade. */
function upgrade(road) {
  const hash = "feedfacefeedface";
  let old;
  road.rewrite = {
    path: (path) => (old ? path.replace(`/handheld/${hash}/`, `/handheld/${old}/`) : path),
    body: (path, text) => {
      old ??= /\/handheld\/([0-9a-f]{16})\//.exec(text)?.[1];
      return old ? text.replaceAll(old, hash) : text;
    },
  };
  return { hash };
}

export const cases = {
  async "a new version waits for the queue to be safe, and the queue survives it"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 120);
    const it = await phone(at);
    await until("the worker is in charge", () => it.page.evaluate(() => Boolean(navigator.serviceWorker.controller)));
    const before = await it.page.evaluate(() => liuzhuan.version);
    at.road.bend = ({ path }) => (path === "/api/v1/scans" ? "cut" : undefined);
    await it.scanAll(codes.slice(0, 100));
    const { hash } = upgrade(at.road);
    await it.page.evaluate(() => navigator.serviceWorker.ready.then((registration) => registration.update()).then(() => undefined));
    await until("the new version is told of", () => it.page.locator('[data-banner="update"]').isVisible());
    await it.page.waitForTimeout(6_000);
    equal(await it.page.evaluate(() => liuzhuan.version), before, "it waits while scans wait");
    await it.scanAll(codes.slice(100, 110));
    // A person may take it all the same: the queue does not mind.
    await it.page.locator('[data-banner="update"] button').first().click();
    await until("the page is the new one", async () => (await it.page.evaluate(() => globalThis.liuzhuan?.version).catch(() => undefined)) === hash);
    await it.ready();
    equal((await it.counts()).waiting, 110, "nothing of the queue is gone");
    at.road.bend = undefined;
    await it.scanAll(codes.slice(110));
    await it.agrees({ made: 120 });
  },

  async "a new version takes over by itself once everything is sent"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 10);
    const it = await phone(at);
    await until("the worker is in charge", () => it.page.evaluate(() => Boolean(navigator.serviceWorker.controller)));
    at.road.cutOff = true;
    await it.scanAll(codes);
    await it.page.evaluate(() => liuzhuan.stop.signed());
    at.road.cutOff = false;
    await it.page.evaluate(() => liuzhuan.sendNow());
    await it.allSent();
    const { hash } = upgrade(at.road);
    await it.page.evaluate(() => navigator.serviceWorker.ready.then((registration) => registration.update()).then(() => undefined));
    await until("the page is the new one", async () => (await it.page.evaluate(() => globalThis.liuzhuan?.version).catch(() => undefined)) === hash);
    await it.ready();
    await it.agrees({ made: 10 });
  },
};
