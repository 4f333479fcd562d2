// What stands above the work at the handheld goes when its time is over, and not before.
import { equal } from "../phone.js";

export const cases = {
  async "a notice that is said again stays as long again"({ office, phone }) {
    const at = await office();
    const it = await phone(at, { enrolled: false });
    await it.go();
    const { page } = it;
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 3_600_000);
    await page.evaluate(async () => {
      const { Notices } = await import(new URL("./notices.js", document.querySelector("script[type=module]").src).href);
      const app = { sender: { line: "online" }, counts: { waiting: 0 }, words: { t: (key) => key } };
      globalThis.said = new Notices(app);
    });
    const say = (text, ms) => page.evaluate(([text, ms]) => globalThis.said.notice("it", { text }, ms), [text, ms]);
    const shown = async (after) => {
      await page.clock.runFor(after);
      return page.evaluate(() => globalThis.said.banners().map(({ text }) => text));
    };
    await say("once", 4_000);
    equal(await shown(3_900), ["once"], "before its time is over");
    await say("again", 4_000);
    equal(await shown(3_900), ["again"], "the first one's time counts for nothing");
    equal(await shown(200), [], "after its own");
    await say("until waved off");
    equal(await shown(3_600_000), ["until waved off"], "without a time");
    await page.evaluate(() => globalThis.said.dismiss("it"));
    equal(await shown(0), [], "waved off");
  },
};
