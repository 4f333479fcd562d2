// A page of somebody else in the browser of somebody who is signed in. From another port it is of the same site, so that the
// cookie goes along; from another name it is not. Neither may change anything, read anything, or show our pages inside its own.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { join } from "node:path";
import { COOKIE, PASSWORD } from "../desk.js";
import { equal } from "../phone.js";

const SCHEMES = { "on loopback": false, "over TLS": true };
const NAMES = { "another port": "127.0.0.1", "another name": "localhost" };

/** Somebody else's server: empty pages, at two names. */
async function foreign(at, keep) {
  const page = (_, to) => to.setHeader("content-type", "text/html").end("<!doctype html><title>elsewhere</title><body>elsewhere");
  const file = (name) => readFileSync(join(at.folder, "tls", name));
  const server = at.tls ? https.createServer({ cert: file("server.crt"), key: file("server.key") }, page) : http.createServer(page);
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  keep({ close: () => new Promise((done) => (server.closeAllConnections(), server.close(done))) });
  return (name) => `${at.tls ? "https" : "http"}://${name}:${server.address().port}/`;
}

/** The clerk at work, with a session at another browser too, and somebody else's account. */
async function scene({ office, desk, keep }, tls) {
  const at = await office({ people: [["clerk", "t01"], ["courier", undefined, "mallory"]], tls });
  const [it, second, mallory] = [await desk(at), await desk(at), await desk(at)];
  await it.begin("clerk");
  await second.signIn("clerk");
  await mallory.begin("mallory");
  await it.go("/account");
  const session = /sessions\/([0-9a-f-]{36})\/end/.exec(await it.page.content())[1];
  return { at, it, second, session, elsewhere: await foreign(at, keep) };
}

/** Forms that would change something, filled as well as an attacker could at best. */
const forms = (session) => ({
  "/logout": {},
  "/account/password": { old: PASSWORD, new: "copper tunnel 31 meadow" },
  "/account/pin": { old: PASSWORD, pin: "482913" },
  [`/account/sessions/${session}/end`]: {},
  "/labels": { job: randomUUID(), kind: "dossier", count: "3", start: "1" },
  "/login": { account: "mallory", password: PASSWORD },
  "/login/code": { account: "clerk", code: "0000-0000-0000", password: PASSWORD },
  // A form can say JSON in plain text.
  "/api/v1/labels": { [`{"request_id":"${randomUUID()}","kind":"dossier","count":3,"x":"`]: '"}' },
  "/api/v1/enrolments": { '{"name":"phone","site":"t01","device":null,"x":"': '"}' },
  "/api/v1/scans": { '{"sent_at":0,"scans":[],"x":"': '"}' },
});

async function sendForm(page, address, fields) {
  const gone = page.waitForNavigation();
  await page.evaluate(([action, fields, enctype]) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action, enctype });
    for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { name, value }));
    document.body.append(form);
    setTimeout(() => form.submit(), 0);
  }, [address, fields, address.includes("/api/") ? "text/plain" : "application/x-www-form-urlencoded"]);
  const answer = await gone;
  return { status: answer.status(), cookie: ((await answer.request().allHeaders()).cookie ?? "").includes(COOKIE) };
}

async function changesNothing(tools, tls, name) {
  const { at, it, second, session, elsewhere } = await scene(tools, tls);
  const before = (await it.cookie()).value;
  const page = await it.context.newPage();
  const sameSite = name === "127.0.0.1";
  for (const [path, fields] of Object.entries(forms(session))) {
    await page.goto(elsewhere(name));
    const { status, cookie } = await sendForm(page, at.direct + path, fields);
    equal({ status, cookie }, { status: 403, cookie: sameSite }, `a form to ${path}`);
  }
  await page.goto(elsewhere(name));
  const asked = [["POST", "/logout"], ["POST", "/api/v1/labels"], ["PUT", "/api/v1/devices/d1"], ["DELETE", "/api/v1/devices/d1"], ["POST", "/api/v1/scans"]];
  for (const [method, path] of asked) {
    // As plain text the browser sends it without asking; as JSON, or by another method, it asks first.
    for (const [mode, kind] of [["no-cors", "text/plain"], ["cors", "application/json"]]) {
      if (mode === "no-cors" && method !== "POST") continue;
      const read = await page.evaluate(([url, method, mode, kind]) => {
        const request = { method, mode, credentials: "include", headers: { "content-type": kind }, body: "{}" };
        return fetch(url, request).then((it) => it.type, (error) => error.name);
      }, [at.direct + path, method, mode, kind]);
      equal(["TypeError", "opaque"].includes(read), true, `${mode} ${method} ${path} was read: ${read}`);
    }
  }
  await page.close();
  // Nothing of all that was done; what a script was answered it may not even see.
  await it.isIn("still the same person");
  equal(await it.page.locator("h1 .hint").innerText(), "clerk", "signed in as before");
  equal((await it.cookie()).value, before, "with the same secret");
  equal(await it.page.locator('form[action^="/account/sessions/"]').count(), 1, "the other session is there");
  equal((await it.page.content()).includes("未设置。设置后才能在手持机上用工牌接班"), true, "no PIN");
  await second.isIn("the other browser");
  await second.signIn("clerk");
  equal(second.at(), "/", "the old password is good");
  equal((await at.call("GET", "/api/v1/labels/prints")).text, "[]", "nothing was printed");
  // And the same form from our own page is taken.
  await it.go("/account");
  await it.page.fill("#pin-old", PASSWORD);
  await it.send({ pin: "482913" }, 'form[action="/account/pin"] button');
  equal(await it.page.locator("main p.done").count(), 1, "our own form is taken");
}

async function readsNothing(tools, tls, name) {
  const { at, it, elsewhere } = await scene(tools, tls);
  const page = await it.context.newPage();
  await page.goto(elsewhere(name));
  for (const path of ["/api/v1/dossiers", "/account", "/labels", "/api/v1/openapi.json"]) {
    for (const mode of ["cors", "no-cors"]) {
      const read = await page.evaluate(([url, mode]) => fetch(url, { mode, credentials: "include" }).then((it) => it.text(), (error) => error.name), [at.direct + path, mode]);
      equal(read, "TypeError", `${mode} ${path}`);
    }
  }
  const stream = await page.evaluate((url) => new Promise((done) => {
    const source = new EventSource(url, { withCredentials: true });
    source.onopen = source.onmessage = (it) => done(it.type);
    source.onerror = () => done(`closed ${source.readyState}`);
  }), `${at.direct}/api/v1/live?after=0`);
  equal(stream, "closed 2", "the live stream");
  for (const [element, path] of [["script", "/api/v1/dossiers"], ["script", "/assets/live.js"], ["img", "/assets/icon.svg"], ["link", "/assets/site.css"]]) {
    const loaded = await page.evaluate(([name, url]) => new Promise((done) => {
      const it = document.createElement(name);
      it.onload = () => done("loaded");
      it.onerror = () => done("refused");
      Object.assign(it, name === "link" ? { rel: "stylesheet", href: url } : { src: url });
      document.body.append(it);
    }), [element, at.direct + path]);
    equal(loaded, "refused", `<${element}> of ${path}`);
  }
  for (const path of ["/", "/login", "/account", "/labels", "/handheld/", "/api/v1/dossiers"]) {
    await page.evaluate((src) => {
      document.querySelector("iframe")?.remove();
      document.body.append(Object.assign(document.createElement("iframe"), { src }));
    }, at.direct + path);
    await page.waitForTimeout(400);
    const frame = page.frames()[1];
    equal(frame.url().startsWith("chrome-error:"), true, `a frame shows ${frame.url()}`);
  }
  const opened = await page.evaluate((url) => {
    const other = open(url);
    return new Promise((done) => setTimeout(() => {
      try {
        done(`${other.closed} ${other.document?.title}`);
      } catch (error) {
        done(`${other.closed} ${error.name}`);
      }
    }, 800));
  }, `${at.direct}/account`);
  equal(opened.startsWith("true"), true, `a window that was opened is out of reach: ${opened}`);
}

const every = (what, body) => Object.entries(SCHEMES).flatMap(([scheme, tls]) =>
  Object.entries(NAMES).map(([where, name]) => [`a page at ${where} ${what}, ${scheme}`, (tools) => body(tools, tls, name)]));

export const cases = Object.fromEntries([...every("changes nothing", changesNothing), ...every("reads and frames nothing", readsNothing)]);
