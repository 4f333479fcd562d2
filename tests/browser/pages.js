// Every page that a role's links lead to, once for each kind of address; and an office with one of everything to see on them.
import { randomUUID } from "node:crypto";
import { until } from "./office.js";

/** What makes another page of one address: the other words of a query only choose rows. */
const TELLING = ["queue", "show", "do", "part"];
/** Lists whose second word is a page of its own, not a thing. */
const NAMED = ["register", "account", "login"];
/** What is no page, and what ends the visit. */
const SKIPPED = /\/(lang|type|api|logout|handheld)\b|\/template/;

/** A name for a page: addresses that differ in numbers, labels, people and kinds are alike. */
export function shape(address) {
  const { pathname, searchParams } = new URL(address);
  const [list = "home", thing, deed] = pathname.split("/").filter(Boolean);
  const path = [list, thing && (NAMED.includes(list) ? thing : "one"), deed && list !== "exceptions" && deed];
  const asked = [...searchParams].map(([key, value]) => (TELLING.includes(key) ? `${key}=${value}` : key));
  return [...path.filter(Boolean), ...asked].join("+").replace(/[^a-zA-Z0-9_=+-]/g, "-");
}

/** Visits the pages that links lead to, beginning with some and leaving out those of names seen before; all names seen. */
export async function everyPage(it, begin, visit, before = []) {
  const links = () => it.page.locator("header nav a, main a").evaluateAll((all) => all.map((one) => new URL(one.getAttribute("href"), location.href).href.split("#")[0]));
  const todo = begin.map((path) => it.url + path);
  const seen = new Set(before);
  for (const address of todo) {
    const name = shape(address);
    if (seen.has(name) || SKIPPED.test(address) || !address.startsWith(it.url)) continue;
    seen.add(name);
    await visit(name, address);
    todo.push(...(await links()));
  }
  return seen;
}

/** What no link on the way leads to: the answers to what is typed. */
export const ASKED = ["/", "/?q=nothing-like-it", "/register?q=ws", "/register?item=990123001000"];

/** Lays one of everything at a town: a case with an applicant, its papers on their way and its result on the shelf, a bag with a
 * dossier, a device, what is late and what is damaged. */
export async function oneOfEverything(at, by = "clerk") {
  const item = (await at.ask("GET", "/api/v1/registers/items")).items[0].code;
  const who = () => ({ request_id: randomUUID(), by, at: "t01", home: "t01" });
  const id = randomUUID();
  await at.ask("POST", "/api/v1/cases", { ...who(), case_id: id, case_no: "441424-20261123-00001", item });
  await at.ask("PUT", `/api/v1/cases/${id}/parties/applicant`, { name: "王小明", phone: "13812345678" });
  const [papers, result, late] = await at.mint("dossier", 3);
  const [bag] = await at.mint("bag");
  const day = 86_400_000;
  const pieces = [{ name: "申请书", kind: "original", count: 1 }];
  await at.ask("POST", "/api/v1/dossiers", { ...who(), code: papers, dossier_no: "441424-20261123-00001-1", kind: "application", case: id, destination: "fgj", pieces });
  await at.ask("POST", "/api/v1/dossiers", { ...who(), code: result, dossier_no: "441424-20261123-00001-2", kind: "result", case: id });
  await at.ask("POST", "/api/v1/dossiers", { ...who(), code: late, dossier_no: "441424-20261113-00007-1", kind: "application", destination: "wjj", occurred_at: Date.now() - 10 * day });
  await at.ask("POST", "/api/v1/bags", { ...who(), code: bag, bag_no: "水寨-01" });
  await at.ask("PUT", "/api/v1/devices/desk-1", { request_id: randomUUID(), name: "窗口 1", from: 0, site: "t01" });
  const installation = randomUUID();
  const scan = (code, seq, more) => ({ scan_id: randomUUID(), code, actor: by, device: "desk-1", installation, seq, wall_ms: Date.now() - 60_000 + seq * 1_000, mono_ms: seq * 1_000, action_by: "person", ...more });
  const scans = [scan(result, 1, { mode: "shelve", action: "shelved", shelf: "A3" }), scan(papers, 2, { mode: "pack", action: "packed", bag }), scan(late, 3, { action: "damaged", mode: "receive" })];
  await at.ask("POST", "/api/v1/scans", { sent_at: Date.now(), scans });
  await until("what does not fit is listed", async () => (await at.exceptions()).length >= 2);
  return { case: id, papers, result, late, bag };
}
