// A clerk at the counter with a keyboard and a scanner, and nothing else: registers a dossier, finds it, reports it damaged, and
// sees it on the page of the site. With SCREENS set, pictures are written there for people to look at.
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { until } from "../office.js";
import { equal } from "../phone.js";
import { examined } from "./desk.js";

/** Types as a wedge scanner does: fast, with Enter at the end. */
async function scan(page, text) {
  await page.keyboard.type(text, { delay: 5 });
  await page.keyboard.press("Enter");
}

/** The id of the element that has the focus. */
const focus = (page) => page.evaluate(() => document.activeElement?.id ?? "");

/** Goes on by Tab until an element of this kind has the focus. */
async function tabTo(page, selector) {
  for (let step = 0; step < 60; step++) {
    if (await page.evaluate((it) => document.activeElement?.matches(it), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`no way to ${selector} by Tab`);
}

async function picture(page, name) {
  if (!process.env.SCREENS) return;
  mkdirSync(process.env.SCREENS, { recursive: true });
  await page.screenshot({ path: join(process.env.SCREENS, `${name}.png`), fullPage: true });
}

async function registered({ office, desk }) {
  const at = await office({ people: [["clerk", "t01"]] });
  const { codes: [label, other] } = await at.ask("POST", "/api/v1/labels", { request_id: randomUUID(), kind: "dossier", count: 2 });
  const it = await desk(at);
  const { page } = it;
  await it.begin("clerk");
  await it.go("/register");
  const began = Date.now();
  equal(await focus(page), "item", "the field of the item has the focus");
  await page.keyboard.type("ggcs", { delay: 30 });
  await page.waitForSelector("#item-found [aria-selected=true]");
  await picture(page, "counter-item");
  await Promise.all([page.waitForURL("**/register?item=*"), page.keyboard.press("Enter")]);
  equal(await focus(page), "case_no");
  await page.keyboard.type("441424-20261123-00001");
  await page.keyboard.press("Enter");
  equal(await page.evaluate(() => document.activeElement.name), "piece", "Enter goes on");
  await page.keyboard.press("Space");
  await picture(page, "counter-form");
  // Scanned while a tick has the focus: the label goes where it belongs, and nothing is sent.
  await scan(page, label);
  await until("the label is taken", () => page.evaluate((it) => document.getElementById("label").value === it, label));
  equal(it.at(), "/register");
  await tabTo(page, "main form button");
  await Promise.all([page.waitForURL("**/register?done=*"), page.keyboard.press("Enter")]);
  console.log(`      registered in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  await picture(page, "counter-done");
  equal(await page.locator(".place").innerText(), "441424-20261123-00001-1");

  // Found by a part of the number, while typing.
  await it.go("/");
  await page.keyboard.press("/");
  equal(await focus(page), "q");
  await until("the options come", async () => {
    await page.keyboard.press("Control+A");
    await page.keyboard.type("441424-20261123-00001-1", { delay: 10 });
    return page.waitForSelector("#q-found [data-to]", { timeout: 1_000 }).catch(() => undefined);
  });
  await picture(page, "find");
  await page.keyboard.press("ArrowDown");
  await Promise.all([page.waitForURL("**/dossiers/*"), page.keyboard.press("Enter")]);
  const dossier = it.at();

  await tabTo(page, "#report summary");
  await page.keyboard.press("Enter");
  await tabTo(page, "#report input[type=radio]");
  await page.keyboard.press("Space");
  await tabTo(page, "#report textarea");
  await page.keyboard.type("右上角撕开");
  await tabTo(page, "#report button");
  await Promise.all([page.waitForURL("**/dossiers/*?done=report"), page.keyboard.press("Enter")]);
  equal((await page.locator(".trail").innerText()).includes("损毁"), true, "the trail tells it");
  await picture(page, "dossier-reported");

  // A scan from anywhere goes to the dossier; the queue shows what happens without being asked again.
  await it.go("/today");
  equal(it.at(), "/sites/t01");
  await page.keyboard.press("3");
  await page.waitForURL("**queue=to%5Fsend*");
  equal((await page.locator(".list").innerText()).includes("441424-20261123-00001-1"), true, "it waits to be sent");
  await page.waitForFunction(() => document.getElementById("live-state").textContent !== "");
  const next = { request_id: randomUUID(), by: "li", code: other, dossier_no: "441424-2", destination: "wjj", home: "t01", at: "t01" };
  await at.ask("POST", "/api/v1/dossiers", next);
  await page.waitForFunction(() => document.querySelector(".list").innerText.includes("441424-2\n") || document.querySelectorAll(".list tbody tr").length === 2);
  await picture(page, "today");
  await page.evaluate(() => document.activeElement?.blur());
  await scan(page, label);
  await page.waitForURL(`**${dossier}`);
}

/** The same pages in both languages and sizes, with a word from axe. */
async function looked({ office, desk }, lang, size) {
  const at = await office({ people: [["clerk", "t01"]] });
  const { codes } = await at.ask("POST", "/api/v1/labels", { request_id: randomUUID(), kind: "dossier", count: 3 });
  const day = 86_400_000;
  for (const [n, code] of codes.entries()) {
    await at.ask("POST", "/api/v1/dossiers", { request_id: randomUUID(), by: "li", code, dossier_no: `441424-${n}`, destination: "wjj", home: "t01", at: "t01", occurred_at: Date.now() - n * 2.2 * day, pieces: [{ name: "申请书", kind: "original", count: 1 }] });
  }
  const it = await desk(at, { lang });
  await it.page.setViewportSize({ width: size[0], height: size[1] });
  await it.begin("clerk");
  const name = (of) => `${lang}-${size.join("x")}-${of}`;
  for (const [of, path] of [["empty", "/sites/t01?queue=to_come"], ["queue", "/sites/t01?queue=to_send"], ["choose", "/today?page=1"], ["item", "/register?q=ws"], ["counter", "/register?item=990123001000"], ["dossier", `/dossiers/${codes[1]}`]]) {
    await it.go(path);
    for (const one of await it.page.locator("details").all()) await one.evaluate((details) => (details.open = true));
    await examined(it.page, name(of));
  }
}

export const cases = {
  "registers, finds and reports by keyboard and scanner alone": registered,
  "the desk's pages, Chinese, at a desk": (tools) => looked(tools, "zh-CN", [1280, 800]),
  "the desk's pages, English, on a phone": (tools) => looked(tools, "en", [412, 915]),
};
