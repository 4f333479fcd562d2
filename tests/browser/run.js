// Runs the cases one after the other, each against a fresh server and a fresh browser profile, and counts.
import { readdirSync } from "node:fs";
import { Desk, closeDesks } from "./desk.js";
import { Office } from "./office.js";
import { Phone, closeBrowsers } from "./phone.js";

const wanted = process.argv.slice(2);
const files = readdirSync(new URL("./cases/", import.meta.url)).filter((file) => file.endsWith(".js")).sort();
let passed = 0;
let failed = 0;

for (const file of files) {
  const { cases } = await import(`./cases/${file}`);
  for (const [name, body] of Object.entries(cases)) {
    const full = `${file.replace(/\.js$/, "")}: ${name}`;
    if (wanted.length > 0 && !wanted.some((it) => full.includes(it))) continue;
    const began = Date.now();
    const opened = [];
    const office = async (options) => {
      const it = await Office.open(options);
      opened.push(it);
      return it;
    };
    const phone = async (at, options) => {
      const it = await Phone.open(at, options);
      opened.push(it);
      return it;
    };
    const desk = async (at, options) => {
      const it = await Desk.open(at, options);
      opened.push(it);
      return it;
    };
    try {
      await within(180_000, body({ office, phone, desk, keep: (it) => opened.push(it) }));
      passed += 1;
      console.log(`ok    ${full} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${full} (${((Date.now() - began) / 1000).toFixed(1)} s)\n      ${error.stack?.replace(/\n/g, "\n      ")}`);
      for (const it of opened) if (it.problems?.length) console.log(`      page said: ${it.problems.slice(0, 10).join("\n                 ")}`);
    }
    for (const it of opened.reverse()) await Promise.resolve(it.close()).catch((error) => console.log(`      closing: ${error.message}`));
  }
}
await closeBrowsers();
await closeDesks();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function within(ms, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
