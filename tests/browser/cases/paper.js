// Labels to a printer, at a desk and on a phone: printed, said, printed again with a reason; and a printer that is off. With
// SCREENS set, pictures are written there for people to look at.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { join } from "node:path";
import { equal } from "../phone.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function examined(page, name) {
  if (process.env.SCREENS) {
    mkdirSync(process.env.SCREENS, { recursive: true });
    await page.screenshot({ path: join(process.env.SCREENS, `${name}.png`), fullPage: true });
  }
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  equal(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))]), [], `axe at ${name}`);
  equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth) <= 0, true, `too wide at ${name}`);
}

/** A printer that takes everything, and how many jobs lie in it; off: nothing listens at its address. */
async function printer() {
  const jobs = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const parts = [];
    socket.on("data", (part) => parts.push(part)).on("end", () => (jobs.push(Buffer.concat(parts).toString("latin1")), socket.end()));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { jobs, port: server.address().port, close: () => server.close() };
}

async function walk({ office, desk, keep }, lang, size) {
  const [good, off] = [await printer(), await printer()];
  keep(good);
  off.close();
  const at = await office({ people: [["clerk", "t01"]], printers: [
    `name=一号窗口,address=127.0.0.1:${good.port},language=tspl`, `name=二号窗口,address=127.0.0.1:${off.port},language=zpl`] });
  const name = (of) => `${lang}-${size.join("x")}-paper-${of}`;
  const it = await desk(at, { lang, scripts: true });
  await it.page.setViewportSize({ width: size[0], height: size[1] });
  await it.begin("clerk");
  await it.go("/labels");
  await examined(it.page, name("empty"));
  await it.page.selectOption("#to", "printer:一号窗口");
  await it.send({ count: "2" });
  equal(await it.page.locator("p.done").count(), 1, "it says that the printer took it");
  equal(good.jobs.map((job) => job.split("BITMAP").length - 1), [2], "both labels arrived");
  await examined(it.page, name("sent"));
  await it.go("/labels");
  await it.page.selectOption("#to", "printer:二号窗口");
  await it.send({ count: "1" });
  equal(await it.page.locator("p.alert").count(), 1, "it says what to do");
  equal(await it.page.inputValue("#reason"), "unprinted");
  await examined(it.page, name("refused"));
  await it.page.selectOption("#reason", "");
  equal(await it.page.evaluate(() => document.querySelector("form.fields").checkValidity()), false, "a reason is asked for");
  await it.page.selectOption("#reason", "jammed");
  await it.page.selectOption("#to", "printer:一号窗口");
  await it.send({});
  equal(good.jobs.length, 2, "the other printer took it");
  await it.go("/labels");
  equal(await it.page.locator("main tbody tr").count(), 3, "three jobs");
  await examined(it.page, name("jobs"));
}

export const cases = {
  "labels to a printer, at a desk": (tools) => walk(tools, "zh-CN", [1280, 800]),
  "labels to a printer, on a phone, in English": (tools) => walk(tools, "en", [412, 915]),
};
