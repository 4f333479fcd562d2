// A whole life, as each role lives it: registered at a counter, bagged, sent, sorted, decided at the department, its result sent
// back, shelved with a handheld, and handed out by receipt and dossier together; the applicant looks from time to time.
import { randomUUID } from "node:crypto";
import { until } from "../office.js";
import { equal } from "../phone.js";
import { examined } from "./desk.js";
import { receiptOf } from "./progress.js";

const PEOPLE = [["clerk", "t01"], ["sorter", "hub"], ["department", "wjj"]];
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

export const cases = {
  async "a dossier and its result, from the counter to the pickup"({ office, desk, phone }) {
    const at = await office({ people: PEOPLE });
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
    const handheld = await phone(at, { site: "t01" });
    equal((await handheld.scan(shelf)).say, "shelf.set");
    equal((await handheld.scan(result)).action, "shelved");
    await handheld.agrees({});
    await until("the applicant may fetch it", async () => (await stage()).includes("可以领取"));

    await clerk.go("/pickup");
    await examined(clerk.page, "pickup-none");
    await wedge(clerk, receipt);
    await examined(clerk.page, "pickup-case");
    await wedge(clerk, result);
    await clerk.page.check("input[name=receiver][value=applicant]");
    await clerk.page.selectOption("#checked", "both");
    await examined(clerk.page, "pickup-taken");
    await press(clerk, 'form[action="/pickup/hand-out"] button');
    equal(await clerk.page.locator("p.done").innerText(), "已交给申请人。");
    await examined(clerk.page, "pickup-done");
    equal(await stage(), "已领取");
    equal((await at.exceptions()).map((it) => it.kind), [], "nothing was out of order");
  },
};
