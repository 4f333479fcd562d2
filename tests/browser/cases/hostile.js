// Texts that would be scripts if any page took them for more than text: stored through every door that stores one, then every
// page is visited. Two locks, each looked at by itself: what is stored is shown as text, and what were not would not run.
import { randomUUID } from "node:crypto";
import { until } from "../office.js";
import { equal } from "../phone.js";

/** 50 characters at most, as long as a dossier's number may be; each says which one it is. */
const CORPUS = [
  "<script>alert(1)</script>", "<img src=x onerror=alert(2)>", '"><svg onload=alert(3)>', "'><img src=x onerror=alert(4)>",
  '" autofocus onfocus=alert(5) x="', "' onmouseover=alert(6) x='", "</title><script>alert(7)</script>",
  "</textarea><script>alert(8)</script>", "</script><script>alert(9)</script>", "<details open ontoggle=alert(10)>",
  "<iframe src=javascript:alert(11)>", "<iframe srcdoc='<script>alert(12)</script>'>", "javascript:alert(13)",
  "<a href=javascript:alert(14)>14</a>", "<input onfocus=alert(15) autofocus>", "<video><source onerror=alert(16)></video>",
  "<math><mtext><img src=x onerror=alert(17)>", "{{constructor.constructor('alert(18)')()}}",
  "&lt;img src=x onerror=alert(19)&gt;", "&#60;script&#62;alert(20)&#60;/script&#62;", "%3Cscript%3Ealert(21)%3C/script%3E",
  "<style>*{animation:x}</style><b onclick=alert(22)>", "<base href=//e.example/23>",
  "<meta http-equiv=refresh content=0;url=//e.cn/24>", "<!--><img src=x onerror=alert(25)>-->",
  "\u2028<script>alert(26)</script>", "<ScRiPt>alert(27)</sCrIpT>", "<form action=//e.cn/28><button>28</button></form>",
  "＜script＞alert(29)＜/script＞", "<link rel=stylesheet href=//e.cn/30>", "<object data=javascript:alert(31)>",
  "${alert(32)}`-alert(32)-`", "\\u003cscript\\u003ealert(33)", "<svg><animate onbegin=alert(34) attributeName=x>",
];
const PATH = (it) => new URL(it).pathname;

/** A browser in which whatever runs, or would have, is counted. */
async function watched(desk, at, options) {
  const it = await desk(at, options);
  it.refused = [];
  await it.context.exposeBinding("refusedByPolicy", (_, what) => it.refused.push(what));
  await it.context.addInitScript(() => addEventListener("securitypolicyviolation", (it) => refusedByPolicy(`${it.violatedDirective} ${it.blockedURI} ${it.sample}`)));
  return it;
}

/** What stands on the page that no template wrote. */
const strange = (page) => page.evaluate(() => {
  const mine = (it) => new URL(it, location.href).origin === location.origin;
  const wrong = (it) => {
    if ([...it.attributes].some(({ name }) => /^on|^style$|^srcdoc$/.test(name))) return true;
    if (["IFRAME", "OBJECT", "EMBED", "BASE", "STYLE", "MATH", "VIDEO"].includes(it.tagName) || it.matches("meta[http-equiv]")) return true;
    return ["src", "href", "action", "data"].some((name) => it.hasAttribute(name) && !it.getAttribute(name).startsWith("tel:") && !mine(it.getAttribute(name)))
      || (it.tagName === "SCRIPT" && !it.src);
  };
  return [...document.querySelectorAll("*")].filter(wrong).map((it) => it.outerHTML.slice(0, 200));
});

/** Visits a page and finds nothing on it but text. */
async function harmless(it, path) {
  const answer = await it.go(path);
  equal(answer.status() < 500, true, `${path}: ${answer.status()}`);
  equal(await strange(it.page), [], `elements at ${path}`);
  // What acts late: focus, the mouse, the opening of details.
  await it.page.evaluate(() => {
    for (const one of document.querySelectorAll("main *")) {
      for (const name of ["mouseover", "focus", "toggle", "error", "load"]) one.dispatchEvent(new Event(name));
      if (one.tagName === "DETAILS") one.open = true;
    }
  });
  equal(it.dialogs, [], `executed at ${path}`);
  equal(it.refused, [], `stopped by the policy alone at ${path}`);
  return it.page.locator("body").innerText();
}

/** Pages of one template that are visited. */
const ALIKE_MAX = 3;

/** Every page that the head line leads this person to, and what those pages lead to on the same level. */
async function everyPage(it) {
  await it.go("/account");
  const links = () => it.page.locator("header nav a, main a").evaluateAll((all) => all.map((one) => new URL(one.getAttribute("href"), location.href).href));
  const todo = new Set((await links()).map(PATH).concat("/", "/account", "/account/second-factor"));
  const seen = new Map();
  const alike = new Map();
  for (const path of todo) {
    // Lists as files are read back elsewhere.
    if (seen.has(path) || /^\/(lang|type)\//.test(path) || path.startsWith("/api/") || path.startsWith("/register/import/template") || path === "/handheld/" || seen.size > 120) continue;
    // One template shows them all in the same way: a few of each are enough.
    const shape = path.split("?")[0].replace(/[0-9a-f-]{36}|[a-z]+-\d+|\b[a-z]+\d+\b|[DB][0-9A-Z]{13}/g, "*");
    alike.set(shape, (alike.get(shape) ?? 0) + 1);
    if (alike.get(shape) > ALIKE_MAX) continue;
    seen.set(path, await harmless(it, path));
    if (!path.startsWith("/dossiers/")) for (const more of await links()) if (more.startsWith(it.url)) todo.add(PATH(more));
  }
  return seen;
}

/** A request of our own page, in the name of whoever is signed in. */
const ask = (it, method, path, body) => it.page.evaluate(async ([method, path, body]) => {
  const answer = await fetch(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}, [method, path, body]);

/** Scans whose free fields hold a text each: shelves, seals, tracking numbers; and cases with their people. What does not fit then. */
async function laidEverywhere(at, labels, bags) {
  await at.ask("PUT", "/api/v1/devices/desk", { request_id: randomUUID(), name: "desk", from: 0, site: "t01" });
  const installation = randomUUID();
  let seq = 0;
  const scan = (code, more) => ({ scan_id: randomUUID(), code, actor: "clerk", device: "desk", installation, seq: ++seq, wall_ms: Date.now() - 600_000 + seq * 1_000, mono_ms: seq * 1_000, action_by: "person", ...more });
  const item = (await at.ask("GET", "/api/v1/registers/items")).items[0].code;
  const scans = [];
  for (const [n, text] of CORPUS.entries()) {
    scans.push(scan(labels[n], { action: "shelved", mode: "shelve", shelf: text.slice(0, 40) }), scan(labels[n], { action: "damaged", mode: "receive" }));
    scans.push(scan(bags[n], { action: "sealed", mode: "pack", seal_no: text.slice(0, 40) }));
    if (n % 2 > 0) scans.push(scan(bags[n], { action: "posted", mode: "receive", carrier: { post: { tracking_no: text.slice(0, 40) } } }));
    const id = randomUUID();
    await at.ask("POST", "/api/v1/cases", { request_id: randomUUID(), by: "li", at: "t01", home: "t01", case_id: id, case_no: text.slice(0, 48), item });
    await at.ask("PUT", `/api/v1/cases/${id}/parties/applicant`, { name: text, address: text });
  }
  const { results } = await at.ask("POST", "/api/v1/scans", { sent_at: Date.now(), scans });
  equal(results.filter(({ problem }) => problem), [], "every scan was taken");
  const found = await until("all that is damaged is an exception", async () => {
    const all = await at.exceptions("damaged");
    return all.length >= CORPUS.length && all;
  });
  return labels.map((label) => found.find(({ code }) => code === label));
}

export const cases = {
  async "34 hostile texts, stored wherever a text is stored, stay texts on every page"({ office, desk, phone }) {
    equal(CORPUS.filter((text) => text.length > 50), []);
    // The handheld at the end brings its own administrators.
    const own = ["security_admin", "system_admin"].map((role) => [role, undefined, `tests.${role}`]);
    const at = await office({ people: [["clerk", "t01"], ["supervisor"], ["system_admin"], ["audit_admin"], ...own] });
    const chief = await watched(desk, at);
    await chief.begin("security-admin");
    await chief.setFactor();
    const labels = await at.mint("dossier", CORPUS.length);
    const bags = await at.mint("bag", CORPUS.length);
    for (const [n, text] of CORPUS.entries()) {
      const who = { request_id: randomUUID(), by: "li", at: "t01" };
      await at.ask("POST", "/api/v1/dossiers", { ...who, code: labels[n], dossier_no: text, kind: "application", destination: "fgj", home: "t01" });
      await at.ask("POST", "/api/v1/bags", { ...who, request_id: randomUUID(), code: bags[n], bag_no: text });
      await at.ask("PUT", `/api/v1/devices/hostile-${n}`, { request_id: randomUUID(), name: text, from: 0, site: "t01" });
      await ask(chief, "PUT", `/api/v1/people/hostile-${n}`, { name: text, phone: text });
    }
    await ask(chief, "PUT", "/api/v1/people/clerk", { name: CORPUS[1] });
    const differing = await laidEverywhere(at, labels, bags);
    const all = await everyPage(chief);

    const clerk = await watched(desk, at, { agent: `Mozilla/5.0 ${CORPUS[1]} ${CORPUS[0]}` });
    await clerk.begin("clerk");
    // By somebody of the site: what programs say and print is not shown there.
    for (const [n, text] of CORPUS.entries()) {
      const answer = { request_id: randomUUID(), subject: differing[n].subject, kind: differing[n].kind, anchor: differing[n].anchor, answer: "explained", text };
      await ask(clerk, "POST", "/api/v1/exceptions/answers", answer);
      await ask(clerk, "POST", `/api/v1/dossiers/${labels[n]}/notes`, { request_id: randomUUID(), text });
    }
    for (const [n, reason] of CORPUS.entries()) await ask(clerk, "POST", "/api/v1/labels/prints", { request_id: randomUUID(), codes: [labels[n]], reason });
    for (const [path, text] of await everyPage(clerk)) all.set(`clerk ${path}`, text);
    // The pages do show them: or this test would find nothing anywhere.
    equal(all.get("clerk /account").includes(`Mozilla/5.0 ${CORPUS[1]}`), true, "what the browser calls itself");
    equal(all.get("clerk /labels").includes(CORPUS.at(-1)), true, "the reasons for printing again");
    equal(all.get("clerk /labels").includes(CORPUS[1]), true, "the clerk's own name");
    for (const [n, text] of CORPUS.entries()) {
      await harmless(clerk, `/dossiers/${labels[n]}`);
      equal(await clerk.page.locator("h1").textContent(), text, "a dossier's number is its title");
      equal((await clerk.page.locator("#notes").innerText()).includes(text.trim()), true, `the note ${text}`);
      await harmless(clerk, `/dossiers/${bags[n]}`);
      equal(await clerk.page.locator("h1").textContent(), text, "a bag's number is its title");
      if (n % 3 > 0) continue;
      const { subject, kind, anchor } = differing[n];
      const said = await harmless(clerk, `/exceptions/${subject}/${kind}/${anchor}`);
      equal(said.includes(text.trim()), true, `the answer ${text}`);
      await harmless(clerk, `/sites/t01/stocktake?since=${Date.now()}&shelf=${encodeURIComponent(text)}`);
      await harmless(clerk, `/?q=${encodeURIComponent(text)}`);
      await clerk.go("/");
      await clerk.page.fill("#q", text);
      await Promise.all([clerk.page.waitForNavigation(), clerk.page.keyboard.press("Enter")]);
      equal(await strange(clerk.page), [], `searching ${text}`);
    }
    for (const role of ["supervisor", "system-admin", "audit-admin"]) {
      const it = await watched(desk, at);
      await it.begin(role);
      if (role !== "supervisor") await it.setFactor();
      await everyPage(it);
    }
    // What nobody signed in for: typed, and shown again.
    const nobody = await watched(desk, at);
    for (const text of CORPUS.slice(0, 12)) {
      await nobody.go("/login");
      await nobody.send({ account: text, password: text });
      equal(await nobody.page.inputValue("#account"), text, "what was typed is kept");
      equal(await strange(nobody.page), [], `signing in as ${text}`);
      const nowhere = await nobody.go(`/${encodeURIComponent(text)}`);
      equal([nowhere.status(), nowhere.headers()["content-type"]], [404, "text/html; charset=utf-8"], `the address ${text}`);
      equal(await strange(nobody.page), [], `the address ${text}`);
    }
    for (const it of [chief, clerk, nobody]) equal([it.dialogs, it.refused], [[], []], "executed, or stopped by the policy");

    // The handheld shows numbers too.
    const handheld = await phone(at, { site: "t01" });
    const said = [];
    handheld.page.on("dialog", (dialog) => said.push(dialog.message()));
    await handheld.page.evaluate(() => liuzhuan.sendNow());
    for (const label of labels.slice(0, 12)) await handheld.scan(label);
    await handheld.page.evaluate(() => void liuzhuan.open("queue"));
    await handheld.page.locator("dialog").waitFor();
    equal([said, await handheld.page.locator("img[onerror], svg[onload], iframe, script:not([src])").count()], [[], 0], "the handheld");
  },

  async "what were a script all the same would not run: the policy stops it"({ office, desk }) {
    const at = await office({ people: [["clerk", "t01"]] });
    const it = await watched(desk, at);
    await it.begin("clerk");
    for (const path of ["/", "/labels", "/account", "/login", "/handheld/"]) {
      const policy = (await it.go(path)).headers()["content-security-policy"];
      // WebAssembly has a word of its own, and is no script that a page could bring.
      equal(/(?<!wasm-)unsafe-(inline|eval|hashes)/.test(policy), false, `the policy of ${path}`);
      it.refused.length = 0;
      await it.page.evaluate(() => {
        document.body.insertAdjacentHTML("beforeend", '<img src="/none" onerror="alert(1)"><svg onload="alert(2)"></svg><a id="j" href="javascript:alert(3)">x</a><b style="color:red">y</b>');
        document.body.append(Object.assign(document.createElement("script"), { textContent: "alert(4)" }));
        document.body.append(Object.assign(document.createElement("script"), { src: "data:text/javascript,alert(5)" }));
        document.body.append(Object.assign(document.createElement("iframe"), { srcdoc: "<script>parent.alert(6)</script>" }));
        document.body.append(Object.assign(document.createElement("form"), { action: "https://e.example/", id: "f" }));
        document.querySelector("#j").click();
        document.querySelector("#f").submit();
      });
      const stopped = (what) => it.refused.some((one) => one.startsWith(what));
      await until(`the policy of ${path} stops an inline script, handler and style and a foreign form`, () =>
        ["script-src-elem inline", "script-src-attr inline", "script-src-elem data", "style-src-attr inline", "form-action"].every(stopped), 5_000);
      equal(it.dialogs, [], `executed at ${path}`);
    }
  },
};
