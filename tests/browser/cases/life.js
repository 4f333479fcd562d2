// A whole life, as each role lives it: registered at a counter, bagged, sent, sorted, decided at the department, its result sent
// back, shelved with a handheld, its applicant told, and handed out by receipt and dossier together; the applicant looks from
// time to time.
import { randomUUID } from "node:crypto";
import http from "node:http";
import { until } from "../office.js";
import { equal } from "../phone.js";
import { examined } from "./desk.js";
import { receiptOf } from "./progress.js";

// The handheld brings its own administrators.
const OWN = ["security_admin", "system_admin"].map((role) => [role, undefined, `tests.${role}`]);
const PEOPLE = [["clerk", "t01"], ["sorter", "hub"], ["department", "wjj"], ...OWN];
/** Decided by the county's health department. */
const ITEM = "990123001000";

// A wedge types the label and presses Enter; the box has the focus.
const wedge = (it, text) => Promise.all([it.page.waitForNavigation(), it.page.keyboard.type(`${text}\n`)]);
const press = (it, button) => Promise.all([it.page.waitForNavigation(), it.page.locator(button).first().click()]);
const deed = (it, of) => press(it, `.tabs a[href*="do=${of}&"]`);

/** Packs a dossier into a bag here, and opens and counts the bag there. */
async function carry({ bag, name, seal, from, to, site, label }) {
  await from.go("/bags");
  await from.send({ code: bag, bag_no: name });
  await wedge(from, label);
  await deed(from, "seal");
  await from.page.fill("#seal_no", seal);
  await from.page.fill("#to", site);
  await press(from, ".scanbox button.main");
  await deed(from, "send");
  await press(from, ".scanbox button.main");
  await to.go(`/bags/${bag}`);
  await press(to, ".scanbox button.main");
  await to.page.check("input[value=yes]");
  await to.page.focus("#seal_no");
  await wedge(to, seal);
  await wedge(to, label);
  await deed(to, "done");
  await press(to, ".scanbox button.main");
}

/** Fills one of the forms of a dossier's page and sends it. */
async function done(it, label, of, fields) {
  await it.go(`/dossiers/${label}`);
  await it.page.locator(`#${of} > summary`).click();
  for (const [name, value] of Object.entries(fields)) {
    const field = it.page.locator(`#${of} [name=${name}]`);
    if (await field.evaluate((element) => element.tagName === "SELECT")) await field.selectOption(value);
    else await field.fill(value);
  }
  await press(it, `#${of} button`);
  equal(new URL(it.page.url()).searchParams.get("done"), of, await it.page.locator("main").innerText());
}

/** An SMS gateway that takes everything, and what it was asked to send. */
async function gateway() {
  const told = [];
  const server = http.createServer(async (asked, answer) => {
    const chunks = [];
    for await (const chunk of asked) chunks.push(chunk);
    told.push(JSON.parse(Buffer.concat(chunks)));
    answer.end("{}");
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  return { told, url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** It is quiet half an hour, half a day from now: Beijing is eight hours ahead. */
const hour = String((new Date().getUTCHours() + 8 + 12) % 24).padStart(2, "0");
const notices = (url) => `signature = "五华政务"
[[channel]]
name = "sms"
quiet = "${hour}:00-${hour}:30"
[channel.sms]
url = "${url}"
format = "json"
body = '{"to":"{phone}","say":"{text}"}'
`;

export const cases = {
  async "a dossier and its result, from the counter to the pickup"({ office, desk, phone, keep }) {
    const sms = await gateway();
    keep(sms);
    const at = await office({ people: PEOPLE, notices: notices(sms.url) });
    const [clerk, sorter, window, applicant] = [await desk(at), await desk(at), await desk(at), await desk(at, { scripts: false })];
    await clerk.begin("clerk");
    await sorter.begin("sorter");
    await window.begin("department");
    const bags = await at.mint("bag", 4);
    const [shelf] = await at.mint("shelf", 1, "t01", "甲3");
    const { codes: [label, result] } = await at.ask("POST", "/api/v1/labels", { request_id: randomUUID(), kind: "dossier", count: 2 });

    await clerk.go(`/register?item=${ITEM}`);
    await clerk.page.locator("[name=piece]").first().check();
    await clerk.send({ case_no: "441424-20261129-00001", label });
    const { case: id } = await at.ask("GET", `/api/v1/dossiers/${label}`);
    await clerk.go(`/cases/${id}/party`);
    await clerk.send({ name: "王小明", phone: "13812345678" });
    const receipt = (await receiptOf(at, id)).replaceAll(" ", "");
    const stage = async () => {
      await applicant.go(`/T/${receipt}`);
      return applicant.page.locator("h1").innerText();
    };
    equal(await stage(), "已收件");

    await carry({ bag: bags[0], name: "水寨-01", seal: "F1", from: clerk, to: sorter, site: "hub", label });
    equal(await stage(), "正在送往部门");
    await carry({ bag: bags[1], name: "卫健-01", seal: "F2", from: sorter, to: window, site: "wjj", label });
    equal(await stage(), "部门正在办理");
    await done(window, label, "step", { step: "accepted", number: "卫健受〔2026〕1号" });
    await done(window, label, "step", { step: "granted" });
    equal(await stage(), "已有结果");
    await done(window, label, "result", { number: "441424-20261129-00001-R", code: result });
    await carry({ bag: bags[2], name: "卫健-02", seal: "F3", from: window, to: sorter, site: "hub", label: result });
    await carry({ bag: bags[3], name: "水寨-02", seal: "F4", from: sorter, to: clerk, site: "t01", label: result });
    equal(await stage(), "正在送回", "it is in the house and not on the shelf");

    await clerk.go("/pickup");
    await wedge(clerk, result);
    await press(clerk, 'main a[href="/pickup"]');
    equal(sms.told, [], "nobody is told before it lies on the shelf");
    const handheld = await phone(at, { site: "t01" });
    equal((await handheld.scan(shelf)).say, "shelf.set");
    equal((await handheld.scan(result)).action, "shelved");
    await handheld.agrees({});
    await until("the applicant may fetch it", async () => (await stage()).includes("可以领取"));
    await until("the applicant is told", () => sms.told.length > 0);
    equal(sms.told.map((it) => it.to), ["13812345678"]);
    equal(/^【五华政务】/.test(sms.told[0].say) && !sms.told[0].say.includes("王小明"), true, sms.told[0].say);
    await clerk.go("/notices");
    await examined(clerk.page, "notices");
    equal((await clerk.page.locator("tbody td").nth(2).innerText()).includes("已发送"), true, await clerk.page.locator("main").innerText());
    await clerk.go("/notices/phoning");
    await examined(clerk.page, "phoning");

    await clerk.go("/pickup");
    await examined(clerk.page, "pickup-none");
    await wedge(clerk, receipt);
    await examined(clerk.page, "pickup-case");
    await wedge(clerk, result);
    await clerk.page.check("input[name=receiver][value=applicant]");
    await clerk.page.selectOption("#checked", "both");
    await examined(clerk.page, "pickup-taken");
    await press(clerk, 'form[action="/pickup/hand-out"] button');
    equal(await clerk.page.locator("p.done").innerText(), "已交申请人。");
    await examined(clerk.page, "pickup-done");
    equal(await stage(), "已领取");
    const odd = (await at.exceptions()).map((it) => it.kind).filter((kind) => kind !== "too_fast");
    equal(odd, [], "nothing was out of order but that the way took seconds");
  },
};
