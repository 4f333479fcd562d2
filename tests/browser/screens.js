// Pictures of every page that a role's links lead to, at a desk and on a phone, in Chinese and English, with no dossier, one, and
// thousands; and what axe, the width of the window and a clock have to say of each. Settings:
//   SCREENS  the folder for the pictures; one is made if it is not given
//   ROWS     which of none, one, many; all of them if not given
//   ROLES    which roles, with commas; all of them if not given
//   LANGS    zh, en, or both with a comma
//   ONLY     a pattern of the pages that are photographed; the others are visited for their links alone
//   WINDOW   set: what the window shows instead of the whole page, as the pictures in docs
//   DEMO     a file with what a `liuzhuan demo` said that runs already: it serves as many
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Desk, closeDesks, codeOf } from "./desk.js";
import { Office, freePort, program, until } from "./office.js";
import { ASKED, everyPage, oneOfEverything } from "./pages.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = process.env.SCREENS ?? mkdtempSync(join(tmpdir(), "liuzhuan-screens-"));
const listed = (name, all) => process.env[name]?.split(",") ?? all;
const SIZES = [[1280, 800], [412, 915]];
/** 400 on each of 15 working days. */
const MANY = ["--weeks", "3", "--dossiers", "400"];
/** A page that takes longer is told. */
const SLOW_MS = 1_000;
/** Where a visit begins. */
const BEGIN = [...ASKED, "/t", "/exceptions?state=closed", "/nowhere/at/all"];
const SITED = { agent: "t01-s01", clerk: "t01", sorter: "hub", department: "fgj" };
const ROLES = ["supervisor", "clerk", "sorter", "department", "agent", "courier", "security-admin", "system-admin", "audit-admin"];

/** An office with nothing in it but people. */
async function none() {
  const others = ROLES.filter((role) => role !== "security-admin");
  const at = await Office.open({ people: others.map((role) => [role.replace("-", "_"), SITED[role]]) });
  const signIn = async (it, role) => {
    await it.begin(role);
    if (role.endsWith("-admin")) await it.setFactor();
  };
  return { direct: at.direct, at, signIn, close: () => at.close() };
}

/** One of everything. */
async function one() {
  const office = await none();
  await oneOfEverything(office.at);
  return office;
}

/** A county that has lived for three weeks. */
async function many() {
  let said = "";
  let child;
  if (process.env.DEMO) {
    said = readFileSync(process.env.DEMO, "utf8");
  } else {
    child = spawn(program, ["--listen", `127.0.0.1:${await freePort()}`, "--log", "warn", "demo", ...MANY], { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.on("data", (data) => (said += data));
    await until("the weeks are played", () => said.includes("lives on in real time"), 3_600_000);
  }
  const logins = new Map([...said.matchAll(/^ +([a-z-]+) +([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})\s*(\S*)$/gm)].map(([, account, password, key]) => [account, { password, key }]));
  const signIn = async (it, role) => {
    const { password, key } = logins.get(role);
    await it.go("/login");
    await it.send({ account: role, password });
    if (key) await it.send({ code: codeOf(key) });
  };
  return { direct: /http:\/\/\S+(?=\/\s)/.exec(said)[0], close: () => child?.kill("SIGTERM"), signIn };
}

const only = new RegExp(process.env.ONLY ?? "");

async function photographed(it, name, address) {
  const began = Date.now();
  const answer = await it.page.goto(address);
  if (!only.test(name)) return;
  const took = Date.now() - began;
  const told = [];
  if (answer.status() >= 500) told.push(`status ${answer.status()}`);
  if (took > SLOW_MS) told.push(`${took} ms`);
  const sized = ([width, height]) => it.page.setViewportSize({ width, height });
  for (const size of SIZES) {
    await sized(size);
    await it.page.screenshot({ path: join(folder, `${name}-${size[0]}.png`), fullPage: !process.env.WINDOW });
  }
  // What is folded away is part of the page.
  await it.page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  for (const size of SIZES) {
    await sized(size);
    const wide = await it.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) told.push(`${wide} px too wide at ${size[0]}`);
    await it.page.evaluate(axe);
    const { violations } = await it.page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, impact, nodes } of violations) if (["serious", "critical"].includes(impact)) told.push(`axe at ${size[0]}: ${id} ${nodes[0].html.slice(0, 160)}`);
  }
  if (told.length > 0) console.log(`${name}: ${told.join(" | ")}`);
}

mkdirSync(folder, { recursive: true });
console.log(`pictures in ${folder}`);
for (const rows of listed("ROWS", ["none", "one", "many"])) {
  const office = await { none, one, many }[rows]();
  for (const role of listed("ROLES", ROLES)) {
    const it = await Desk.open(office.at ?? { direct: office.direct });
    await office.signIn(it, role);
    for (const lang of listed("LANGS", ["zh", "en"])) {
      await it.go(`/lang/${lang}`);
      const pages = await everyPage(it, BEGIN, (page, address) => photographed(it, `${rows}-${role}-${lang}-${page}`, address));
      console.log(`${rows}, ${role}, ${lang}: ${pages.size} pages`);
    }
    await it.close();
  }
  await office.close();
}
await closeDesks();
