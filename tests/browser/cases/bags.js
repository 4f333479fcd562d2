// A bag from desk to desk with a wedge scanner and a keyboard: packed, sealed and sent in a town, received, opened and
// counted at the hub; what is missing is worked off. The pages are looked at on the way.
import { equal } from "../phone.js";
import { until } from "../office.js";
import { examined } from "./desk.js";

const PEOPLE = [["clerk", "t01"], ["sorter", "hub"], ["supervisor"]];

async function walk({ office, desk }, lang, size) {
  const at = await office({ people: PEOPLE });
  const name = (of) => `${lang}-${size.join("x")}-${of}`;
  const somebody = async (account) => {
    const it = await desk(at, { lang });
    await it.page.setViewportSize({ width: size[0], height: size[1] });
    await it.begin(account);
    return it;
  };
  // A wedge types the label and presses Enter; the box has the focus.
  const wedge = (it, text) => Promise.all([it.page.waitForNavigation(), it.page.keyboard.type(`${text}\n`)]);
  const deed = (it, of) => Promise.all([it.page.waitForNavigation(), it.page.locator(`.tabs a[href*="do=${of}&"]`).click()]);
  const press = (it) => Promise.all([it.page.waitForNavigation(), it.page.locator(".scanbox button.main").click()]);
  const shown = (it) => it.page.locator("h3").allInnerTexts();

  const [bag] = await at.mint("bag", 1);
  const [one, other] = await at.dossiers(2, { at: "t01" });
  const clerk = await somebody("clerk");
  await clerk.go("/bags");
  await examined(clerk.page, name("bags-none"));
  await clerk.send({ code: bag, bag_no: "水寨-01" });
  for (const label of [one, other]) await wedge(clerk, label);
  equal((await shown(clerk)).map((it) => /\((\d+)\)/.exec(it)[1]), ["2"], "both are in it");
  await examined(clerk.page, name("bag-packing"));
  await deed(clerk, "seal");
  await clerk.page.fill("#seal_no", "F2026001");
  await clerk.page.fill("#to", "hub");
  await press(clerk);
  await deed(clerk, "send");
  await examined(clerk.page, name("bag-send"));
  await press(clerk);

  const chief = await somebody("supervisor");
  await chief.go("/county");
  await examined(chief.page, name("county"));

  const sorter = await somebody("sorter");
  await sorter.go("/bags?show=coming");
  await examined(sorter.page, name("bags-coming"));
  await Promise.all([sorter.page.waitForNavigation(), sorter.page.getByText("水寨-01").click()]);
  await press(sorter);
  await sorter.page.locator("#seal_no").waitFor();
  await sorter.page.check("input[value=yes]");
  await sorter.page.focus("#seal_no");
  await wedge(sorter, "F2026001");
  equal((await shown(sorter)).length, 1, "nothing is checked yet");
  await wedge(sorter, one);
  equal((await shown(sorter)).length, 2, "one is checked, one is not yet");
  await examined(sorter.page, name("bag-checking"));
  await deed(sorter, "done");
  await press(sorter);
  await examined(sorter.page, name("bag-counted"));

  await until("the missing one is an exception", async () => {
    await sorter.go("/exceptions");
    return (await sorter.page.locator("tbody tr").count()) > 0;
  });
  await examined(sorter.page, name("exceptions"));
  await Promise.all([sorter.page.waitForNavigation(), sorter.page.locator("tbody th a").first().click()]);
  await Promise.all([sorter.page.waitForNavigation(), sorter.page.locator('button[value="me"]').click()]);
  await sorter.page.fill("#text", "在分拣架下找到，已重新扫描。");
  await Promise.all([sorter.page.waitForNavigation(), sorter.page.locator('button[value="resolved"]').click()]);
  equal(await sorter.page.locator(".hits li").count(), 2, "who took it, and how it ended");
  await examined(sorter.page, name("exception"));

  await clerk.go("/sites/t01/stocktake");
  await examined(clerk.page, name("stocktake-begin"));
  await at.dossiers(2, { at: "t01" });
  await clerk.send({});
  await examined(clerk.page, name("stocktake"));
}

export const cases = {
  "Chinese, at two desks": (tools) => walk(tools, "zh-CN", [1280, 800]),
  "English, on a phone": (tools) => walk(tools, "en", [412, 915]),
};
