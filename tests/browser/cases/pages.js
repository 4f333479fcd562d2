// Every page of a clerk, a supervisor and of nobody, with one of everything on it: axe finds nothing serious, at a desk in Chinese and
// on a phone in English, and nothing is too wide in either language at either size. With SCREENS set, pictures are written there.
import { ASKED, everyPage, oneOfEverything } from "../pages.js";
import { equal } from "../phone.js";
import { examined } from "./desk.js";

const SIZES = [[1280, 800], [412, 915]];
const PEOPLE = [["clerk", "t01"], ["supervisor"]];

async function looked({ office, desk }, lang, size) {
  const at = await office({ people: PEOPLE });
  await oneOfEverything(at);
  const someone = async (account) => {
    const it = await desk(at, { lang });
    if (account) await it.begin(account);
    const other = SIZES.find((one) => one !== size);
    const visit = async (name, address) => {
      equal((await it.page.goto(address)).status(), 200, address);
      // What is folded away is part of the page.
      await it.page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      await it.page.setViewportSize({ width: other[0], height: other[1] });
      const wide = await it.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      equal(wide <= 0, true, `${wide} px too wide at ${name}, ${lang}, ${other[0]}`);
      await it.page.setViewportSize({ width: size[0], height: size[1] });
      await examined(it.page, `${lang}-${size.join("x")}-${account ?? "nobody"}-${name}`);
    };
    return { it, visit };
  };
  const nobody = await someone();
  await everyPage(nobody.it, ["/login", "/login/code", "/t"], nobody.visit);
  // An address that nothing stands at says so in a page, too.
  equal((await nobody.it.go("/nowhere/at/all")).status(), 404);
  await examined(nobody.it.page, `${lang}-${size.join("x")}-nothing`);
  const clerk = await someone("clerk");
  const seen = await everyPage(clerk.it, ASKED, clerk.visit);
  const chief = await someone("supervisor");
  // What a clerk has not seen already.
  const others = [...seen].filter((name) => !["home", "county", "today"].includes(name));
  const all = await everyPage(chief.it, ["/", "/exceptions?state=closed"], chief.visit, others);
  console.log(`      ${seen.size} pages of a clerk, ${all.size} in all`);
  equal(seen.size > 30 && all.size > seen.size, true, `too few to be all: ${[...all]}`);
}

export const cases = {
  "each of them, Chinese, at a desk": (tools) => looked(tools, "zh-CN", SIZES[0]),
  "each of them, English, on a phone": (tools) => looked(tools, "en", SIZES[1]),
  async "larger letters stay chosen, and nothing is too wide"({ office, desk }) {
    const at = await office({ people: PEOPLE });
    const { papers } = await oneOfEverything(at);
    const it = await desk(at);
    await it.begin("clerk");
    const letters = () => it.page.evaluate(() => parseFloat(getComputedStyle(document.querySelector("main p, main td, main a")).fontSize));
    const usual = await letters();
    await Promise.all([it.page.waitForNavigation(), it.page.click('a[href="/type/large"]')]);
    equal((await letters()) > usual * 1.3, true, `${await letters()} px instead of ${usual}`);
    for (const path of ["/", "/sites/t01", `/dossiers/${papers}`, "/bags", "/register", "/pickup", "/exceptions"]) {
      await it.go(path);
      for (const [width, height] of SIZES) {
        await it.page.setViewportSize({ width, height });
        const wide = await it.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        equal(wide <= 0, true, `${wide} px too wide at ${path}, ${width}`);
      }
    }
    await Promise.all([it.page.waitForNavigation(), it.page.click('a[href="/type/usual"]')]);
    equal(await letters(), usual);
  },
};
