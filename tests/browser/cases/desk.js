// The pages of administrators and desks: walked in both languages, at a desk and on a phone, with forms and nothing else; axe
// finds nothing serious, and nothing is too wide. With SCREENS set, pictures are written there for people to look at.
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { equal } from "../phone.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ADMINISTRATORS = [["system_admin"], ["audit_admin"]];

/** Looked at, and by axe; nothing is too wide. */
export async function examined(page, name) {
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

async function walk({ office, desk }, lang, size) {
  const at = await office({ people: ADMINISTRATORS });
  const name = (of) => `${lang}-${size.join("x")}-${of}`;
  const administrator = async (account) => {
    const it = await desk(at, { lang });
    await it.page.setViewportSize({ width: size[0], height: size[1] });
    await it.begin(account);
    await it.setFactor();
    return it;
  };
  const deed = (it, of) => it.page.locator(`details:has(form[action$="${of}"]) summary`).first().click();

  const chief = await administrator("security-admin");
  await chief.go("/people");
  await examined(chief.page, name("people"));
  await chief.send({ name: "王小明", id: "wang" });
  equal(chief.at(), "/people/wang");
  await chief.page.selectOption("#role", "courier");
  await chief.send({}, 'form[action$="/posts"] button');
  await deed(chief, "/posts/end");
  await deed(chief, "/code");
  await examined(chief.page, name("person"));
  await chief.send({}, 'form[action$="/code"] button');
  await examined(chief.page, name("once"));
  await chief.go("/clients");
  await chief.page.check("input[value=read]");
  await chief.send({ name: "platform" });
  equal((await chief.page.locator(".secret").innerText()).startsWith("lz_"), true, "a token");
  await chief.go("/clients");
  await deed(chief, "/revoke");
  await examined(chief.page, name("clients"));

  const system = await administrator("system-admin");
  await system.go("/devices");
  await system.send({ name: "手持 1", courier: "wang" });
  await examined(system.page, name("enrol"));
  const code = await system.page.locator(".secret").innerText();
  const redeemed = await at.ask("POST", "/api/v1/enrolments/redeem", { code, installation: randomUUID() });
  equal(redeemed.courier, "wang");
  await system.go("/devices");
  await deed(system, "/revoke");
  await examined(system.page, name("devices"));
  await system.send({}, 'form[action$="/revoke"] button');
  equal(await system.page.locator("p.done").count(), 1, "it says that it was done");
  await system.go("/people/wang");
  equal(await system.page.locator("main form").count(), 0, "who may only look gets no form");

  const audit = await administrator("audit-admin");
  await audit.go("/record");
  await examined(audit.page, name("record"));
  await audit.page.selectOption("#name", "post_given");
  await audit.send({}, ".filters button");
  equal((await audit.page.locator(".record tbody tr").count()) >= 4, true, "three administrators and wang");
}

export const cases = {
  "Chinese at a desk": (tools) => walk(tools, "zh-CN", [1280, 800]),
  "English at a desk": (tools) => walk(tools, "en", [1280, 800]),
  "Chinese on a phone": (tools) => walk(tools, "zh-CN", [412, 915]),
  "English on a phone": (tools) => walk(tools, "en", [412, 915]),
};
