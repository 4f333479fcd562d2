// How it looks: nothing serious for axe, targets of 60 pixels, nothing cut off, in both languages, sizes and themes. With
// SCREENS set, pictures are written there for people to look at.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { equal } from "../phone.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHEETS = ["mode", "type", "more", "queue", "conflicts", "shift", "sign", "enrol", "settings", "practice", "reason", "endShift", "register"];

async function examined(page, where) {
  // The page's own policy forbids scripts of others; a test may bring one in through the debugger.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  equal(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))]), [], `axe at ${where}`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, select, label.file, input:not(.hidden-file)")]
      .filter((it) => it.getClientRects().length > 0)
      .map((it) => [it.textContent || it.id, Math.round(it.getBoundingClientRect().width), Math.round(it.getBoundingClientRect().height)])
      .filter(([, width, height]) => width < 60 || height < 60));
  equal(small, [], `targets at ${where}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  equal(wide <= 0, true, `${wide} px too wide at ${where}`);
  const cut = await page.evaluate(() => [...document.querySelectorAll("button")].filter((it) => it.scrollWidth > it.clientWidth + 1).map((it) => it.textContent));
  equal(cut, [], `cut off at ${where}`);
}

async function picture(page, name) {
  const folder = process.env.SCREENS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

const sized = (size) => `${size[0]}x${size[1]}`;

async function walk({ office, phone }, lang, size, theme) {
  const at = await office();
  const codes = await at.dossiers(6, { at: "t01", destination: "fgj" });
  const [town] = await at.mint("site", 1, "t01");
  const name = `${lang}-${sized(size)}`;
  const it = await phone(at, { lang, size, onShift: false });
  const { page } = it;
  if (theme) await page.evaluate((theme) => liuzhuan.set({ theme }), theme);
  await examined(page, `${name}: no shift`);
  await it.beginShift();
  await page.evaluate(() => liuzhuan.sendNow());
  await page.evaluate(() => liuzhuan.notices.dismiss("storage"));
  await it.scan(town);
  await examined(page, `${name}: a stop`);
  for (const code of codes.slice(0, 3)) await it.scan(code);
  await picture(page, `${name}-done`);
  await examined(page, `${name}: done`);
  await it.scan(codes[2]);
  await examined(page, `${name}: already`);
  at.road.cutOff = true;
  const [unknown] = await at.mint("dossier", 1);
  await it.scan(unknown);
  await page.waitForTimeout(300);
  await picture(page, `${name}-look`);
  await examined(page, `${name}: look`);
  await it.scan("6901234567892");
  await picture(page, `${name}-not`);
  await examined(page, `${name}: not`);
  for (const sheet of SHEETS) {
    await page.evaluate((sheet) => void liuzhuan.open(sheet), sheet);
    await page.locator("dialog").waitFor();
    await page.waitForTimeout(100);
    await examined(page, `${name}: ${sheet}`);
    if (["queue", "settings", "sign"].includes(sheet)) await picture(page, `${name}-${sheet}`);
    await page.evaluate(() => document.querySelector("dialog").closeSheet());
  }
  at.road.cutOff = false;
}

export const cases = {
  "Chinese at 360×740": (tools) => walk(tools, "zh-CN", [360, 740]),
  "English at 360×740": (tools) => walk(tools, "en", [360, 740]),
  "Chinese at 412×915, at night": (tools) => walk(tools, "zh-CN", [412, 915], "night"),
  "English at 412×915, in sunlight": (tools) => walk(tools, "en", [412, 915], "sun"),
  "Chinese, lying": (tools) => walk(tools, "zh-CN", [740, 360]),

  async "the hub's sorter and a bag under check"({ office, phone }) {
    const at = await office();
    const inside = await at.dossiers(5, { at: "t01", destination: "fgj" });
    const [bag] = await at.mint("bag", 1);
    const clerk = await phone(at, { site: "t01" });
    await clerk.page.evaluate(() => liuzhuan.setMode("pack"));
    for (const code of [bag, ...inside]) await clerk.scan(code);
    await examined(clerk.page, "packing");
    await clerk.page.evaluate(() => void liuzhuan.open("seal"));
    await clerk.page.locator("#seal-no").waitFor();
    await examined(clerk.page, "sealing");
    await clerk.page.locator("#seal-no").fill("0815");
    await clerk.page.locator("#seal-do").click();
    await clerk.allSent();
    const it = await phone(at, { site: "hub" });
    await it.page.evaluate(() => liuzhuan.sendNow());
    await it.page.evaluate(() => liuzhuan.notices.dismiss("storage"));
    await it.page.evaluate(() => liuzhuan.setMode("check"));
    for (const code of [bag, ...inside.slice(0, 3)]) await it.scan(code);
    await picture(it.page, "zh-CN-412x915-check");
    await examined(it.page, "checking");
    await it.page.evaluate(() => void liuzhuan.open("manifest"));
    await it.page.locator("dialog").waitFor();
    await examined(it.page, "the manifest");
    await it.page.evaluate(() => document.querySelector("dialog").closeSheet());
    await it.page.evaluate(() => liuzhuan.bag.close());
    await it.page.evaluate(() => liuzhuan.setMode("sort"));
    const [homeward] = await at.dossiers(1, { at: "hub", home: "t01" });
    await it.page.evaluate(() => liuzhuan.sendNow());
    await it.scan(homeward);
    await picture(it.page, "zh-CN-412x915-sort");
    await examined(it.page, "sorting");
  },
};
