// The page reads the rules and the labels as Rust does: on every row, every situation, every vector.
import { readFileSync } from "node:fs";
import { equal } from "../phone.js";

const golden = (name) => JSON.parse(readFileSync(new URL(`../golden/${name}`, import.meta.url), "utf8"));

export const cases = {
  async "the table is read as Rust reads it, in every situation"({ office, phone }) {
    const at = await office();
    const it = await phone(at, { enrolled: false });
    await it.go();
    const { rows, sides, read } = golden("situations.json");
    const found = await it.page.evaluate(async () => {
      const base = new URL("./", document.querySelector("script[type=module]").src).href;
      const { SIDES, meaning } = await import(`${base}rules.js`);
      const rules = await (await fetch(`${base}rules.json`)).json();
      let all = [{}];
      for (const [side, values] of Object.entries(SIDES)) all = all.flatMap((it) => values.map((value) => ({ ...it, [side]: value })));
      const ids = rules.rows.map((row) => row.id);
      const read = all.map((situation) => ids.indexOf(meaning(rules, situation).id).toString(36)).join("");
      const { thing, mode, reader, whereabouts } = SIDES;
      return { rows: ids, sides: { mode, reader, thing, whereabouts }, read };
    });
    equal(found.rows, rows, "rows");
    equal(found.sides, { mode: sides.mode, reader: sides.reader, thing: sides.thing, whereabouts: sides.whereabouts }, "sides");
    equal(found.read.length, 3072, "situations");
    equal(found.read, read, "meanings");
  },

  async "labels are read as Rust reads them, however they came"({ office, phone }) {
    const at = await office();
    const it = await phone(at, { enrolled: false });
    await it.go();
    const vectors = golden("labels.json");
    const wrong = await it.page.evaluate(async (all) => {
      const { read } = await import(new URL("./code.js", document.querySelector("script[type=module]").src).href);
      const sorted = (it) => JSON.stringify(Object.entries(it).sort());
      return all.filter(({ text, read: wanted }) => sorted(read(text)) !== sorted(wanted)).map(({ text, read: wanted }) => ({ text, wanted, found: read(text) }));
    }, vectors);
    equal(wrong, [], `of ${vectors.length} texts`);
  },
};
