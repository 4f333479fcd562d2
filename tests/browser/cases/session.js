// Sessions of people at a desk: what the cookie is, and what no longer opens anything: tampered, put back, over.
import { randomUUID } from "node:crypto";
import { PASSWORD, codeOf } from "../desk.js";
import { DrivenOffice } from "../driven.js";
import { equal } from "../phone.js";

const CLERK = [["clerk", "t01"]];
const PAGES = ["/", "/labels", "/account", "/account/second-factor"];

/** What a browser keeps of the session, what it says of itself, and that nothing else holds its secret. */
async function kept({ office, desk }, tls) {
  const at = await office({ people: CLERK, tls });
  const it = await desk(at);
  await it.begin("clerk");
  const cookie = await it.cookie();
  const { name, domain, path, secure, httpOnly, sameSite } = cookie;
  equal({ name, domain, path, secure, httpOnly, sameSite }, { name: "__Host-liuzhuan", domain: "127.0.0.1", path: "/", secure: true, httpOnly: true, sameSite: "Lax" });
  equal(cookie.expires * 1000 - Date.now() <= 12 * 3_600_000, true, "a day's work at most");
  equal(/^[\w-]{43}$/.test(cookie.value), true, "258 random bits");
  for (const path of PAGES) {
    const answer = await it.go(path);
    const headers = answer.headers();
    equal(headers["cache-control"], "no-store", path);
    equal(headers["content-security-policy"].includes("default-src 'self'") && !/unsafe|\*|data:|https?:/.test(headers["content-security-policy"]), true, path);
    equal(/max-age=31536000/.test(headers["strict-transport-security"] ?? ""), tls, `HSTS at ${path}`);
    equal(headers["set-cookie"], undefined, `${path} sets no cookie`);
    equal((await answer.text()).includes(cookie.value), false, `the source of ${path}`);
    const stored = await it.page.evaluate(async () => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, await indexedDB.databases(), await caches.keys()]));
    equal(stored.includes(cookie.value) || stored.includes("liuzhuan"), false, `what scripts of ${path} can read: ${stored}`);
  }
  equal(it.asked.filter((address) => address.includes(cookie.value)), [], "addresses");
}

/** Pages that were seen, and *back* after the session ended. */
async function back({ office, desk }, options, end) {
  const at = await office({ people: CLERK });
  const it = await desk(at, options);
  await it.begin("clerk");
  await it.go("/labels");
  await it.go("/account");
  equal((await it.page.content()).includes("clerk 同志"), true, "the page has something to show");
  await end(it, at);
  equal(it.at(), "/login", "the session is over");
  // Playwright does not notice what the browser takes from its memory: wait, do not listen.
  for (let step = 1; step <= 4; step++) {
    await it.page.evaluate(() => history.back()).catch(() => {});
    await it.page.waitForTimeout(1_000);
    equal((await it.page.content()).includes("同志"), false, `${step} back, at ${it.page.url()}`);
  }
}

export const cases = {
  "the cookie is the server's alone, over TLS": (tools) => kept(tools, true),
  "the cookie is the server's alone, on loopback": (tools) => kept(tools, false),

  // By the header where a page runs no scripts, by the script where the session ended in another way.
  "after signing out, going back shows nothing": (tools) => back(tools, { scripts: false }, (it) => it.signOut()),
  "after a session was ended elsewhere, going back shows nothing": (tools) => back(tools, {}, async (it, at) => {
    await at.liuzhuan("user", "end", "clerk/clerk/t01");
    await it.go("/account");
  }),

  async "a tampered cookie opens nothing"({ office, desk }) {
    const at = await office({ people: [...CLERK, ["clerk", "t02", "other"]] });
    const [it, other] = [await desk(at), await desk(at)];
    await it.begin("clerk");
    await other.begin("other");
    await it.isIn("before");
    const { value } = await it.cookie();
    const changed = (n) => value.slice(0, n) + (value[n] === "A" ? "B" : "A") + value.slice(n + 1);
    await other.go("/account");
    const tampered = {
      "the first character": changed(0), "the middle": changed(21), "the last": changed(42),
      "one cut off": value.slice(0, -1), "half": value.slice(0, 21), "one more": `${value}A`, "twice": value + value,
      "lower case": value.toLowerCase(), "an id": randomUUID(), "empty": "",
      "SQL": "' or 1=1 --", "a device's": `lzd_${value}`.slice(0, 43),
    };
    for (const [what, text] of Object.entries(tampered)) {
      await it.context.clearCookies();
      await it.put(text);
      await it.isOut(what);
    }
    // The id that lists name a session by is no secret: it opens nothing, and ends nothing of others.
    await it.context.clearCookies();
    await it.put(value);
    const more = await desk(at);
    await more.signIn("clerk");
    await more.go("/account");
    const id = /sessions\/([0-9a-f-]{36})\/end/.exec(await more.page.content())[1];
    await it.context.clearCookies();
    await it.put(id);
    await it.isOut("a session's id");
    await other.go("/account");
    equal(await other.status(`/account/sessions/${id}/end`, "POST"), 404, "another's session");
    await it.context.clearCookies();
    await it.put(value, "liuzhuan");
    await it.put(value, "Host-liuzhuan");
    await it.isOut("another name");
    await it.put(value);
    await it.isIn("the cookie itself");
  },

  async "a cookie that is put back after it ended opens nothing"({ office, desk }) {
    const at = await office({ people: CLERK });
    const it = await desk(at);
    const back = async (value, what) => {
      await it.context.clearCookies();
      await it.put(value);
      await it.isOut(what);
      await it.context.clearCookies();
    };
    await it.begin("clerk");
    const first = (await it.cookie()).value;
    await it.go("/account");
    await it.signOut();
    await back(first, "signed out");

    await it.signIn("clerk");
    const old = (await it.cookie()).value;
    const elsewhere = await desk(at);
    await elsewhere.signIn("clerk");
    await it.go("/account");
    await it.send({ old: PASSWORD, new: "copper tunnel 31 meadow" }, 'form[action="/account/password"] button');
    await it.isIn("whoever changed the password goes on");
    const fresh = (await it.cookie()).value;
    equal(fresh === old, false, "with another secret");
    await elsewhere.isOut("the other browser, whose password changed");
    await back(old, "the password changed");

    await it.put(fresh);
    await elsewhere.signIn("clerk", "copper tunnel 31 meadow");
    await elsewhere.go("/account");
    await Promise.all([elsewhere.page.waitForNavigation(), elsewhere.page.locator('form[action^="/account/sessions/"] button').click()]);
    equal(await elsewhere.page.locator('form[action^="/account/sessions/"]').count(), 0, "the list has one left");
    await back(fresh, "ended from another browser");
    await elsewhere.isIn("who ended it");

    const last = (await elsewhere.cookie()).value;
    await at.liuzhuan("user", "end", "clerk/clerk/t01");
    await elsewhere.isOut("the post ended");
    await back(last, "the post ended");
  },

  async "signing in changes the secret, whoever chose the old one"({ office, desk }) {
    const at = await office({ people: CLERK });
    const it = await desk(at);
    const planted = "A".repeat(43);
    await it.go("/login");
    await it.put(planted);
    await it.begin("clerk");
    const first = (await it.cookie()).value;
    equal(first === planted, false, "the planted one is replaced");
    // Signing in once more, without signing out, leaves the former one behind as dead as the planted one.
    await it.signIn("clerk");
    const second = (await it.cookie()).value;
    equal(second === first, false, "a sign-in, a secret");
    for (const [value, what] of [[planted, "planted"], [first, "before signing in again"]]) {
      await it.put(value);
      await it.isOut(what);
    }
    await it.put(second);
    await it.isIn("the last one");
  },

  async "half a sign-in opens nothing, and its secret is not the whole one's"({ office, desk }) {
    const at = await office({ people: CLERK });
    const it = await desk(at);
    await it.begin("security-admin");
    equal(it.at(), "/account/second-factor", "an administrator is led to the second factor");
    for (const path of ["/", "/labels"]) {
      await it.go(path);
      equal(it.at(), "/account/second-factor", `before a second factor is set: ${path}`);
    }
    equal(await it.status("/api/v1/people"), 404, "nor are the doors there");
    const weak = (await it.cookie()).value;
    const key = await it.setFactor();
    equal((await it.cookie()).value === weak, false, "setting it changes the secret");
    equal(await it.status("/api/v1/people"), 200, "now they are");
    await it.go("/account");
    await it.signOut();
    await it.signIn("security-admin");
    equal(it.at(), "/login/second", "the second step");
    const half = (await it.cookie()).value;
    await it.isOut("half a sign-in");
    // The code that set the factor is used up; the next half minute's is not.
    await it.go("/login/second");
    await it.send({ code: codeOf(key, 1) });
    equal(await it.status("/api/v1/people"), 200, "signed in");
    const whole = (await it.cookie()).value;
    equal(whole === half, false, "the second step changes the secret");
    const other = await desk(at);
    await other.signIn("security-admin");
    await other.send({ code: codeOf(key, 0) });
    equal([other.at(), await other.page.locator("main [role=alert]").count()], ["/login/second", 1], "a code that was used");
    for (const [value, what] of [[half, "the half one"], [weak, "the one without a second factor"]]) {
      await it.put(value);
      await it.isOut(what);
    }
    await it.go("/login/second");
    await it.put(whole);
    await it.isIn("the whole one");
  },

  async "guessing rests after five tries, and tells nobody who has an account"({ office, desk }) {
    const at = await office({ people: CLERK });
    const it = await desk(at);
    for (const password of ["short", "password123", "1234567890", "clerk 同志clerk"]) {
      await it.go("/login/code");
      await it.page.evaluate(() => document.querySelector("form").setAttribute("novalidate", ""));
      await it.send({ account: "clerk", code: at.codes.get("clerk"), password });
      equal([it.at(), await it.page.locator("main [role=alert]").count(), await it.page.inputValue("#account")], ["/login/code", 1, "clerk"], `${password} may be chosen`);
    }
    await it.begin("clerk");
    await it.signOut();
    const said = {};
    for (const account of ["clerk", "nobody"]) {
      said[account] = [];
      for (let wrong = 0; wrong < 6; wrong++) {
        await it.go("/login");
        // The sixth of the one who is there is right, and yet too late.
        await it.send({ account, password: wrong === 5 ? PASSWORD : `wrong ${wrong}` });
        said[account].push((await it.page.locator("main [role=alert]").innerText()).replace(/\d+/, "…"));
      }
    }
    equal(said.clerk, said.nobody, "who is there and who is not");
    equal([new Set(said.clerk.slice(0, 5)).size, said.clerk[5].includes("…")], [1, true], "five tries, then a rest");
  },

  async "a session is over when nobody asked for fifteen minutes, and after twelve hours in any case"({ desk, keep }) {
    const at = await DrivenOffice.open();
    keep(at);
    const it = await desk(at);
    const enter = async () => {
      await it.signIn("clerk", at.passwords.get("clerk"));
      await it.isIn("signed in");
    };
    await enter();
    for (let asked = 0; asked < 3; asked++) {
      await at.pass(14);
      await it.isIn(`after ${asked + 1} × 14 minutes, each with a question`);
    }
    await at.pass(15);
    await it.isOut("nobody asked for fifteen minutes");

    // What was typed into a form meanwhile is not lost without a word.
    await enter();
    await it.go("/labels");
    await it.page.fill("#count", "7");
    await at.pass(16);
    await it.send({});
    equal(it.at(), "/login", "the form leads to the sign-in");
    equal((await it.page.locator("main [role=status]").innerText()).includes("没有保存"), true, "it says that nothing was kept");
    await enter();
    await it.go("/labels");
    equal(await it.page.locator("main tbody tr").count(), 0, "and nothing was printed");
    await at.pass(16);
    await it.go("/labels");
    equal((await it.page.locator("main [role=status]").innerText()).includes("登录已结束"), true, "it says why");

    await enter();
    const { value } = await it.cookie();
    for (let minutes = 10; minutes < 12 * 60; minutes += 10) {
      await at.pass(10);
      equal(await it.status("/api/v1/dossiers"), 200, `in use for ${minutes} minutes`);
    }
    await at.pass(9);
    await it.isIn("a minute before twelve hours");
    await at.pass(1);
    await it.isOut("twelve hours after signing in, though never idle");
    await it.put(value);
    await it.isOut("and put back");
  },
};
