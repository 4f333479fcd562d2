// The pages of administrators and desks: walked in both languages, at a desk and on a phone, with forms and nothing else; axe
// finds nothing serious, and nothing is too wide. With SCREENS set, pictures are written there for people to look at.
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { equal } from "../phone.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PASSWORD = "four old bridges over the river";

async function examined(page, name) {
  const folder = process.env.SCREENS;
  if (folder) {
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
  // The page's own policy forbids scripts of others; a test may bring one in through the debugger.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  equal(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))]), [], `axe at ${name}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  equal(wide <= 0, true, `${wide} px too wide at ${name}`);
}

/** The code of now, as an app on a phone shows it (RFC 6238). */
function oneTime(base32) {
  const bits = [...base32].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", secret).update(step).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Somebody with a post comes in by the code from the machine, as on the first day. */
async function signIn(at, page, role, code) {
  await page.context().clearCookies();
  await page.goto(`${at.direct}/login/code`);
  await page.fill("#account", role);
  await page.fill("#code", code);
  await page.fill("#password", PASSWORD);
  await page.click("button.main");
  await page.waitForURL("**/account/second-factor");
  await page.fill("#code", oneTime(await page.locator("ol code").innerText()));
  await page.click("button.main");
  await page.waitForURL((url) => !url.pathname.startsWith("/account"));
}

async function walk({ office, phone }, lang, size) {
  const at = await office();
  const { page } = await phone(at, { lang, size, enrolled: false });
  const name = (of) => `${lang}-${size.join("x")}-${of}`;
  const code = async (role) => (await at.liuzhuan("user", "add", role, "--name", role, "--role", role)).split("\n")[0];
  const codes = {};
  for (const role of ["security_admin", "system_admin", "audit_admin"]) codes[role] = await code(role);
  // The server looks every second whether others changed the registers.
  await page.waitForTimeout(1_500);

  await signIn(at, page, "security_admin", codes.security_admin);
  await page.goto(`${at.direct}/people`);
  await examined(page, name("people"));
  await page.fill("#name", "王小明");
  await page.fill("#id", "wang");
  await page.click("form.fields button.main");
  await page.waitForURL("**/people/wang?done=saved");
  await page.selectOption("#role", "courier");
  await page.click("form[action$='/posts'] button");
  await page.waitForURL("**/people/wang?done=post_given");
  await page.locator("details.deed summary").first().click();
  await examined(page, name("person"));
  await page.locator("details:has(form[action$='/code']) summary").click();
  await page.click("form[action$='/code'] button");
  await page.waitForURL("**/people/wang/code");
  await examined(page, name("once"));
  await page.goto(`${at.direct}/clients`);
  await page.fill("#name", "platform");
  await page.check("input[value=read]");
  await page.click("form.fields button.main");
  await page.locator(".secret").waitFor();
  await page.goto(`${at.direct}/clients`);
  await page.locator("details.deed summary").first().click();
  await examined(page, name("clients"));

  await signIn(at, page, "system_admin", codes.system_admin);
  await page.goto(`${at.direct}/devices`);
  await page.fill("#name", "手持 1");
  await page.fill("#courier", "wang");
  await page.click("form.fields button.main");
  await page.locator("svg.qr").waitFor();
  await examined(page, name("enrol"));
  const enrolment = await page.locator(".secret").innerText();
  const redeemed = await at.ask("POST", "/api/v1/enrolments/redeem", { code: enrolment, installation: crypto.randomUUID() });
  equal(redeemed.courier, "wang");
  await page.goto(`${at.direct}/devices`);
  await page.locator("details:has(form[action$='/revoke']) summary").first().click();
  await examined(page, name("devices"));
  await page.click("form[action$='/revoke'] button");
  await page.waitForURL("**/devices?done=revoked");
  await page.goto(`${at.direct}/people/wang`);
  equal(await page.locator("main form").count(), 0, "who may only look gets no form");

  await signIn(at, page, "audit_admin", codes.audit_admin);
  await page.goto(`${at.direct}/record`);
  await examined(page, name("record"));
  await page.selectOption("#name", "post_given");
  await page.click(".filters button");
  equal(await page.locator(".record tbody tr").count(), 4, "three administrators and wang");
}

export const cases = {
  "Chinese at a desk": (tools) => walk(tools, "zh-CN", [1280, 800]),
  "English at a desk": (tools) => walk(tools, "en", [1280, 800]),
  "Chinese on a phone": (tools) => walk(tools, "zh-CN", [412, 915]),
  "English on a phone": (tools) => walk(tools, "en", [412, 915]),
};
