// The applicant with the printed receipt and a phone: from what the QR leads to, without a script, in both languages, up to the
// rating. With SCREENS set, pictures are written there for people to look at.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { equal } from "../phone.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WHO = { by: "li", at: "t01" };

/** The code on the receipt, as the applicant reads it. */
export async function receiptOf(at, id) {
  const answer = await fetch(`${at.direct}/api/v1/cases/${id}/receipt`, { method: "POST", headers: { Authorization: `Bearer ${at.token}` } });
  equal(answer.status, 200, "a receipt");
  const file = join(at.folder, "receipt.pdf");
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  return execFileSync("pdftotext", ["-raw", file, "-"], { encoding: "utf8" }).match(/R\w{3} \w{4} \w{4} \w{2}/)[0];
}

async function examined(page, name, size) {
  const folder = process.env.SCREENS;
  if (folder) {
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `progress-${size}-${name}.png`), fullPage: true });
  }
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  equal(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))]), [], `axe at ${name}`);
  const small = await page.evaluate(() => [...document.querySelectorAll("main *")].filter((it) => parseFloat(getComputedStyle(it).fontSize) < 18).length);
  equal(small, 0, `text below 18 px at ${name}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  equal(wide <= 0, true, `${wide} px too wide at ${name}`);
}

export const cases = {
  "an applicant with a phone and no script follows the receipt to the rating": async ({ office, desk }) => {
    const at = await office();
    const id = randomUUID();
    const item = (await at.ask("GET", "/api/v1/registers/items")).items[0].code;
    await at.ask("POST", "/api/v1/cases", { ...WHO, request_id: randomUUID(), case_id: id, case_no: "441424-C1", item, home: "t01" });
    await at.ask("PUT", `/api/v1/cases/${id}/parties/applicant`, { name: "王小明", phone: "13812345678" });
    const code = await receiptOf(at, id);
    const path = `/T/${code.replaceAll(" ", "")}`;
    const [phone, eyes, screen] = [await desk(at, { scripts: false }), await desk(at), await desk(at)];
    for (const it of [phone, eyes]) await it.page.setViewportSize({ width: 412, height: 915 });
    await screen.page.setViewportSize({ width: 1280, height: 800 });
    const look = async (name, address = path) => {
      for (const [it, size] of [[eyes, "phone"], [screen, "desk"]]) {
        for (const lang of ["zh", "en"]) {
          await it.go(`${address}${lang === "en" ? "?lang=en" : ""}`);
          equal(await it.page.locator("html").getAttribute("lang"), lang === "en" ? "en" : "zh-CN");
          await examined(it.page, `${name}-${lang}`, size);
        }
      }
    };
    const stage = () => phone.page.locator("h1").innerText();
    const push = (button) => Promise.all([phone.page.waitForNavigation(), phone.page.locator(button).click()]);

    await phone.go(path);
    equal(await stage(), "已收件");
    await look("received");
    await look("form", "/t");
    // By what the applicant knows by heart; a wrong ending first.
    await phone.go("/t");
    await phone.page.fill("#number", "441424-C1");
    await phone.page.fill("#ending", "1111");
    await push("form:has(#ending) button");
    equal(await phone.page.locator("[role=alert]").innerText(), "没有查到。请核对后再试，或到窗口询问。");
    equal(await phone.page.inputValue("#number"), "441424-C1", "what was typed is kept");
    await phone.page.fill("#ending", "5678");
    await push("form:has(#ending) button");
    equal(await stage(), "已收件");
    await phone.go("/t?lang=en");
    await phone.page.fill("#code", code);
    await push("form:has(#code) button");
    equal([await stage(), phone.at()], ["Received", `/t/${path.slice(3)}`]);
    await phone.page.locator("header a").click();
    equal(await stage(), "已收件", "the link leads to the same page in the other language");

    const label = (await at.mint("dossier"))[0];
    await at.ask("POST", "/api/v1/dossiers", { ...WHO, request_id: randomUUID(), code: label, dossier_no: "441424-8", kind: "result", case: id, home: "t01" });
    await at.ask("PUT", "/api/v1/devices/desk", { request_id: randomUUID(), name: "desk", from: 0, site: "t01" });
    const scan = { scan_id: randomUUID(), code: label, mode: "shelve", actor: "li", device: "desk", installation: randomUUID(), seq: 1, wall_ms: Date.now(), mono_ms: 1, action: "shelved", action_by: "rule" };
    await at.ask("POST", "/api/v1/scans", { sent_at: Date.now(), scans: [scan] });
    await phone.go(path);
    equal(await stage(), "可以领取");
    await look("ready");

    await at.ask("POST", `/api/v1/dossiers/${label}/hand-out`, { ...WHO, request_id: randomUUID(), receiver: "applicant", checked: "both" });
    await phone.go(path);
    equal(await stage(), "已领取");
    await look("handed-out");
    await phone.page.check("input[value='4']");
    await push("form button");
    equal(await phone.page.locator("[role=status]").innerText(), "已收到您的评价，谢谢！");
    await look("rated");
    equal((await at.events()).filter(({ name }) => name === "rated").map(({ body }) => body.fact.stars), [4]);
    await look("nothing", "/t/nonsense");
  },
};
