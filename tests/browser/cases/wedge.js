// Scanners that type: at every speed, with the page held up, with an input method on, with every suffix, wherever the focus
// is; and people who type, who are no scanners.
import { until } from "../office.js";
import { equal } from "../phone.js";

/** Between two scans a hand moves. */
const HAND_MS = 150;

/** 1,000 scans at a speed, on several devices at once: each types in its own time. */
async function thousand({ office, phone }, delay, devices) {
  const each = 1_000 / devices;
  const at = await office();
  const codes = await at.mint("dossier", 1_000);
  const phones = [];
  for (let n = 0; n < devices; n++) phones.push(await phone(at, { shared: true }));
  const suffixes = ["Enter", "Tab"];
  await Promise.all(phones.map(async (it, n) => {
    for (const [k, code] of codes.slice(n * each, n * each + each).entries()) {
      await it.wedge(code, { delay, suffix: suffixes[k % 2] });
      await it.page.waitForTimeout(HAND_MS);
    }
  }));
  for (const it of phones) {
    await until("each has its share", async () => (await it.rows()).length >= each, 20_000).catch(async (error) => {
      throw new Error(`${error.message}: ${await Promise.all(phones.map(async (one) => (await one.rows()).length))}`);
    });
  }
  for (const it of phones) await it.agrees({ made: each });
  const read = new Set([...(await at.scans()).values()].map(([event]) => event.subject));
  equal(read.size, 1_000, "different labels");
}

export const cases = {
  "1,000 scans at 5 ms a key": (tools) => thousand(tools, 5, 4),
  "1,000 scans at 20 ms a key": (tools) => thousand(tools, 20, 5),
  "1,000 scans at 60 ms a key": (tools) => thousand(tools, 60, 10),

  async "no suffix at all"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 30);
    const it = await phone(at);
    for (const code of codes) {
      await it.wedge(code, { delay: 5, suffix: "" });
      await it.page.waitForTimeout(200);
    }
    await it.agrees({ made: 30 });
  },

  async "the page is held up for 1.5 s in the middle of scans"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 20);
    const it = await phone(at);
    for (const [n, code] of codes.entries()) {
      if (n % 5 === 2) {
        await it.page.evaluate(() => setTimeout(() => { const end = performance.now() + 1_500; while (performance.now() < end); }, 30));
      }
      await it.wedge(code, { delay: 10 });
    }
    await it.agrees({ made: 20 });
  },

  async "a focused button is not pressed, a focused field not left"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 6);
    const it = await phone(at);
    await it.page.locator("#type").focus();
    for (const code of codes.slice(0, 3)) await it.wedge(code, { delay: 5 });
    equal(await it.page.locator("dialog").count(), 0, "no sheet was opened by the scanner's Enter");
    await it.page.locator("#mode").focus();
    for (const code of codes.slice(3)) await it.wedge(code, { delay: 5, suffix: "Tab" });
    equal(await it.page.evaluate(() => document.activeElement.id), "mode", "Tab did not walk away");
    await it.agrees({ made: 6 });
  },

  async "a suffix that a busy device brings late is the scan's all the same, and only once"({ office, phone }) {
    const at = await office();
    const [code] = await at.mint("dossier", 1);
    const it = await phone(at);
    await it.page.locator("#mode").focus();
    await it.wedge(code, { delay: 5, suffix: "" });
    await until("the label is taken without its suffix", async () => (await it.rows()).length === 1);
    await it.page.keyboard.press("Tab");
    equal(await it.page.evaluate(() => document.activeElement.id), "mode", "the late Tab did not walk away");
    await it.page.keyboard.press("Tab");
    equal(await it.page.evaluate(() => document.activeElement.id !== "mode"), true, "the next Tab is the person's");
    await it.agrees({ made: 1 });
  },

  async "a person who types is no scanner"({ office, phone }) {
    const at = await office();
    const it = await phone(at);
    for (const key of "hello") {
      await it.page.keyboard.press(key);
      await it.page.waitForTimeout(450);
    }
    await it.page.keyboard.press("Enter");
    await it.page.waitForTimeout(300);
    equal((await it.rows()).length, 0);
  },

  async "a Chinese input method is on: keys come as 229, or as a composition"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 20);
    const it = await phone(at);
    const session = await it.context.newCDPSession(it.page);
    // Keys hidden by the input method: only the physical key is told.
    for (const code of codes.slice(0, 10)) {
      for (const character of code) {
        const physical = /[0-9]/.test(character) ? `Digit${character}` : `Key${character}`;
        await session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Process", code: physical, windowsVirtualKeyCode: 229 });
        await session.send("Input.dispatchKeyEvent", { type: "keyUp", key: character, code: physical });
      }
      await it.page.keyboard.press("Enter");
    }
    await until("ten by their physical keys", async () => (await it.rows()).length === 10);
    // A field has the focus and the input method composes: only the text it ends in is told.
    await it.page.evaluate(() => liuzhuan.set({ pda: true }));
    await it.page.locator("#pda").focus();
    for (const code of codes.slice(10)) {
      await session.send("Input.imeSetComposition", { text: code.slice(0, 5).toLowerCase(), selectionStart: 5, selectionEnd: 5 });
      await session.send("Input.imeSetComposition", { text: code.toLowerCase(), selectionStart: 14, selectionEnd: 14 });
      await session.send("Input.insertText", { text: code.toLowerCase() });
      await it.page.waitForTimeout(600);
    }
    await until("the hint to switch", () => it.page.locator('[data-banner="ime"]').isVisible());
    await it.agrees({ made: 20 });
  },

  async "a PDA's own input method sends text without keys"({ office, phone }) {
    const at = await office();
    const codes = await at.mint("dossier", 20);
    const it = await phone(at);
    await it.page.evaluate(() => liuzhuan.set({ pda: true }));
    await it.page.locator("#pda").focus();
    const session = await it.context.newCDPSession(it.page);
    for (const code of codes) {
      await session.send("Input.insertText", { text: code });
      await it.page.waitForTimeout(250);
    }
    await it.agrees({ made: 20 });
    equal(await it.page.locator("#pda").inputValue(), "", "the field is empty again");
  },

  async "addresses, lower case and foreign codes"({ office, phone }) {
    const at = await office();
    const [a, b] = await at.mint("dossier", 2);
    const it = await phone(at);
    equal((await it.scan(`HTTPS://LZ.EXAMPLE.GOV.CN/${a}`, { delay: 5 })).action, "collected");
    equal((await it.scan(b.toLowerCase(), { delay: 5 })).action, "collected");
    const foreign = await it.scan("6901234567892", { delay: 5 });
    equal([foreign.tone, foreign.next], ["not", ["looks.goods-barcode"]]);
    const identity = await it.scan("11010519491231002X", { delay: 5 });
    equal([identity.tone, identity.next], ["not", ["looks.identity-number"]]);
    equal((await it.page.content()).includes("1949"), false, "an identity number is never shown");
    const misread = await it.scan(a.slice(0, 5) + (a[5] === "7" ? "8" : "7") + a.slice(6), { delay: 5 });
    equal([misread.tone, misread.say], ["not", "not.wrong-check"]);
    await it.agrees({ made: 2 });
  },

  async "the test page shows what a scanner sends, and records nothing"({ office, phone }) {
    const at = await office();
    const [code] = await at.mint("dossier", 1);
    const it = await phone(at, { lang: "en" });
    await it.page.evaluate(() => void liuzhuan.open("practice"));
    await it.page.locator("#practice").waitFor({ state: "attached" });
    await it.wedge(code, { delay: 5, suffix: "Tab" });
    await until("it shows the text", async () => (await it.page.locator('[data-fact="text"]').innerText().catch(() => "")) === code);
    equal(await it.page.locator('[data-fact="suffix"]').innerText(), "Tab");
    equal(await it.page.locator('[data-fact="keys"]').innerText(), "14");
    equal((await it.rows()).length, 0);
  },
};
