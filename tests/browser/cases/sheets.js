// Registering by a sheet as a clerk does it: a file with two bad rows is looked at, the rest is registered, what is wrong is taken
// home, mended and uploaded again. With SCREENS set, pictures are written there for people to look at.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { equal } from "../phone.js";

async function picture(page, name) {
  const folder = process.env.SCREENS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  for (const [width, height] of [[1280, 800], [412, 915]]) {
    await page.setViewportSize({ width, height });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    equal(wide <= 0, true, `${wide} px too wide at ${name}`);
    await page.screenshot({ path: join(folder, `${name}-${width}.png`), fullPage: true });
  }
}

async function file(it, name, text, button) {
  await it.page.setInputFiles("#file", { name, mimeType: "text/csv", buffer: Buffer.from(text) });
  await Promise.all([it.page.waitForNavigation(), it.page.locator(button).click()]);
}

async function registers({ office, desk }, lang) {
  const at = await office({ people: [["clerk", "t01"]] });
  const labels = await at.mint("dossier", 3);
  const it = await desk(at, { lang, scripts: false });
  await it.begin("clerk");
  await it.go("/register/import");
  await picture(it.page, `${lang}-sheet`);
  const rows = [`${labels[0]},S-1,t01`, `${labels[1]},=2+2,nowhere`, `${labels[2]},S-1,t01`];
  await file(it, "sheet.csv", `label,dossier_no,home\n${rows.join("\n")}\n`, "button[value=check]");
  equal(await it.page.locator("tbody .wrong").count(), 2, "two bad rows");
  await picture(it.page, `${lang}-sheet-looked-at`);
  await Promise.all([it.page.waitForNavigation(), it.page.locator("button[value=register]").click()]);
  equal(await it.page.locator("tbody .wrong").count(), 2, "they are left");
  await picture(it.page, `${lang}-sheet-registered`);
  equal((await at.ask("GET", `/api/v1/dossiers/${labels[0]}`)).dossier_no, "S-1");
  const [taken] = await Promise.all([it.page.waitForEvent("download"), it.page.locator("button[value=rest]").click()]);
  const wrong = readFileSync(await taken.path(), "utf8");
  equal(wrong.includes(`"'=2+2"`), true, "what might be a formula is marked");
  const mended = wrong.replace("nowhere", "t01").replace(`"S-1"`, `"S-3"`);
  await it.go("/register/import");
  await file(it, "mended.csv", mended, "button[value=check]");
  equal(await it.page.locator("tbody .wrong").count(), 0, "all is mended");
  await Promise.all([it.page.waitForNavigation(), it.page.locator("button[value=register]").click()]);
  const numbers = await Promise.all(labels.map(async (label) => (await at.ask("GET", `/api/v1/dossiers/${label}`)).dossier_no));
  equal(numbers, ["S-1", "=2+2", "S-3"]);
}

export const cases = {
  "a clerk registers by a sheet, mends what was wrong and registers that": (it) => registers(it, "zh-CN"),
  "a sheet is registered in English": (it) => registers(it, "en-GB"),
};
