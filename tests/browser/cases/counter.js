// A clerk at the counter with a keyboard and a scanner, and nothing else: registers a dossier, finds it, reports it damaged, sees it
// on the page of the site; packs a bag and sends it; hands a result out. With SCREENS set, pictures are written there for people to look at.
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { until } from "../office.js";
import { equal } from "../phone.js";

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
    if (await page.evaluate((it) => document.activeElement?.matches(it), selector)) {
      const seen = await page.evaluate(() => {
        const [{ top, bottom }, { outlineStyle, outlineWidth }] = [document.activeElement.getBoundingClientRect(), getComputedStyle(document.activeElement)];
        return outlineStyle !== "none" && outlineWidth !== "0px" && bottom > 0 && top < innerHeight;
      });
      equal(seen, true, `whoever is at ${selector} sees it`);
      return;
    }
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

/** A bag is taken into use, packed, sealed and sent, and a result is handed out: by keys and a scanner. */
async function packedAndHandedOut({ office, desk }) {
  const at = await office({ people: [["clerk", "t01"]] });
  const [bag] = await at.mint("bag");
  const [inside] = await at.dossiers(1, { destination: "fgj" });
  const [result] = await at.dossiers(1);
  const it = await desk(at);
  const { page } = it;
  const going = (press) => Promise.all([page.waitForNavigation(), press()]);
  const follow = async (selector) => {
    await tabTo(page, selector);
    await going(() => page.keyboard.press("Enter"));
  };
  await it.begin("clerk");
  await it.go("/bags");
  await tabTo(page, "#code");
  await scan(page, bag);
  await until("the new bag's label is taken", () => page.evaluate((it) => document.getElementById("code").value.replaceAll(" ", "") === it, bag));
  await follow("main form.fields button");
  equal(await focus(page), "code", "packing waits for a label");
  await going(() => scan(page, inside));
  equal((await page.locator("#story h3").innerText()).endsWith("(1)"), true, "one is in it");
  await page.keyboard.press("Escape");
  await going(() => page.keyboard.press("6"));
  equal(await focus(page), "seal_no");
  await page.keyboard.type("F2026001");
  await going(() => page.keyboard.press("Enter"));
  await follow('.tabs a[href*="do=send"]');
  await follow(".scanbox button.main");
  equal(await page.locator("[role=alert]").count(), 0, "it is on its way");
  // From the bag's page a scan leads to the dossier, whatever lies folded on the page.
  await page.evaluate(() => document.activeElement?.blur());
  await Promise.all([page.waitForURL("**/dossiers/*"), scan(page, result)]);
  await page.evaluate(() => document.activeElement?.blur());
  await Promise.all([page.waitForURL("**/dossiers/*"), going(() => scan(page, inside))]);
  await page.evaluate(() => document.activeElement?.blur());
  await Promise.all([page.waitForURL("**/dossiers/*"), going(() => scan(page, result))]);
  await tabTo(page, "#hand-out summary");
  await page.keyboard.press("Enter");
  await tabTo(page, "#hand-out input[type=radio]");
  await page.keyboard.press("Space");
  await tabTo(page, "#hand-out-checked");
  await page.keyboard.press("ArrowDown");
  await follow("#hand-out button");
  equal(new URL(page.url()).search, "?done=hand-out");
  equal(await page.locator("p.done").count(), 1, "it says so");
}

/** Longer than a page waits for the rest of a scan. */
const SILENCE_MS = 900;

/** What a person pastes, dictates or composes comes without keys, as from a scanner's own input method; and is no scan. */
async function kept({ office, desk }) {
  const at = await office({ people: [["clerk", "t01"]] });
  const [label] = await at.dossiers(1, { destination: "fgj" });
  const it = await desk(at);
  await it.begin("clerk");
  const session = await it.context.newCDPSession(it.page);
  await it.go("/applicants");
  const box = () => it.page.inputValue("#q");
  await it.page.focus("#who");
  await session.send("Input.insertText", { text: "13812345678" });
  await it.page.waitForTimeout(SILENCE_MS);
  equal([await it.page.inputValue("#who"), await box()], ["13812345678", ""], "what was pasted");
  await it.page.fill("#who", "");
  for (const text of ["欧阳", "欧阳娜娜"]) await session.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  await session.send("Input.insertText", { text: "欧阳娜娜" });
  await it.page.waitForTimeout(SILENCE_MS);
  equal([await it.page.inputValue("#who"), await box()], ["欧阳娜娜", ""], "what was composed");
  // A whole label is a scan all the same, for nobody's name has a check character; what was begun is not thrown away for it.
  await it.page.fill("#who", "");
  await session.send("Input.insertText", { text: label });
  await until("the box has the label", async () => (await box()) === label);
  equal(await it.page.inputValue("#who"), "", "what was scanned");
}

/** By a name or a phone in the box; with a script and without. */
async function foundByPerson({ office, desk }) {
  const at = await office({ people: [["clerk", "t01"], ["clerk", "t01", "second"]] });
  const id = randomUUID();
  const item = (await at.ask("GET", "/api/v1/registers/items")).items[0].code;
  await at.ask("POST", "/api/v1/cases", { by: "li", at: "t01", request_id: randomUUID(), case_id: id, case_no: "441424-C1", item, home: "t01" });
  await at.ask("PUT", `/api/v1/cases/${id}/parties/applicant`, { name: "王小明", phone: "13812345678" });
  const it = await desk(at);
  await it.begin("clerk");
  const found = (one) => one.page.locator("#found strong").allInnerTexts();
  for (const typed of ["王小明", "138 1234 5678"]) {
    await it.go("/account");
    await it.page.keyboard.press("/");
    // Slower than the server waits before it is asked.
    await it.page.keyboard.type(typed, { delay: 250 });
    await it.page.waitForTimeout(SILENCE_MS);
    await Promise.all([it.page.waitForURL("**/applicants"), it.page.keyboard.press("Enter")]);
    equal(await found(it), ["441424-C1"], typed);
  }
  // With an input method, which shows the letters first.
  const session = await it.context.newCDPSession(it.page);
  await it.go("/account");
  await it.page.focus("#q");
  await session.send("Input.imeSetComposition", { text: "wang xiao ming", selectionStart: 14, selectionEnd: 14 });
  await it.page.waitForTimeout(SILENCE_MS);
  await session.send("Input.insertText", { text: "王小明" });
  await it.page.waitForTimeout(SILENCE_MS);
  equal(await it.page.inputValue("#q"), "王小明");
  await Promise.all([it.page.waitForURL("**/applicants"), it.page.keyboard.press("Enter")]);
  equal(await found(it), ["441424-C1"], "composed");
  // A number is still a number.
  const [label] = await at.dossiers(1, { destination: "fgj" });
  await it.page.fill("#q", label.replaceAll(" ", "").slice(-6));
  await it.page.waitForSelector("#q-found [data-to]");
  await Promise.all([it.page.waitForURL("**/dossiers/*"), it.page.keyboard.press("Enter")]);
  const plain = await desk(at, { scripts: false });
  await plain.begin("second");
  await plain.page.fill("#q", "王小明");
  await Promise.all([plain.page.waitForNavigation(), plain.page.locator("noscript button[formaction='/applicants']").click()]);
  equal(await found(plain), ["441424-C1"], "without a script");
  const told = [...it.asked, ...plain.asked].filter((url) => /王|wang|13812/.test(decodeURIComponent(url).replace(/[\s+]/g, "")));
  equal(told, [], "addresses that name a person");
}

/** Longer than what a busy machine may tear a scan apart by: what follows is another. */
const APART_MS = 1_600;

/** What a key opens is not opened by a scan that begins with it. */
async function keys({ office, desk }) {
  const at = await office({ people: [["clerk", "t01"]] });
  const it = await desk(at);
  const { page } = it;
  await it.begin("clerk");
  await it.go("/today");
  const chosen = () => page.locator("#scan [aria-current]").allInnerTexts();
  for (const [key, name] of [["5", "收件"], ["6", "发出"], ["7", "上架"]]) {
    await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
    equal((await chosen()).map((text) => text.trim()), [`${key} ${name}`], `key ${key}`);
    await page.keyboard.press("Escape");
  }
  // An identity card's number and a waybill's: neither changes what the next scan means.
  for (const text of ["441424199001011234", "5512345678", "0123456789"]) {
    await page.keyboard.type(text, { delay: 5 });
    await page.waitForTimeout(APART_MS);
    equal([await page.inputValue("#q"), (await chosen()).map((text) => text.trim())], [text, ["7 上架"]], text);
    await page.fill("#q", "");
    await page.evaluate(() => document.activeElement.blur());
  }
  await Promise.all([page.waitForNavigation(), page.keyboard.press("0")]);
  equal(await chosen(), [], "nothing is scanned any more");
  await Promise.all([page.waitForURL("**/register"), page.keyboard.press("n")]);
  // A form that was begun is not left by a key.
  await it.go("/register?item=990123001000");
  await page.fill("#case_no", "441424-C9");
  await page.focus("input[name=piece]");
  await page.keyboard.press("n");
  await page.waitForTimeout(SILENCE_MS);
  equal(await page.inputValue("#case_no"), "441424-C9", "what was begun");
}

export const cases = {
  "a key opens what it stands at, and no scan does": keys,
  "an applicant is found from the box, and stands in no address": foundByPerson,
  "what is pasted, dictated or composed stays in its field": kept,
  "registers, finds and reports by keyboard and scanner alone": registered,
  "packs a bag and hands a result out by keyboard and scanner alone": packedAndHandedOut,
};
