// Everything that opens over the screen: one function a sheet. Each asks, and hands the answer to the app.
import { endsWith, grouped, read } from "./code.js";
import { button, h, sheet } from "./dom.js";

const SITE_MODES = ["receive", "send", "pack", "check", "sort", "shelve", "stocktake", "look"];
const COURIER_MODES = ["receive", "pack", "look"];

/** What to do: modes, not actions. */
export function mode(app) {
  const { words: w, device } = app;
  const modes = device?.courier ? COURIER_MODES : SITE_MODES;
  const name = (it) => w.t(device?.courier && it === "receive" ? "mode.receive_courier" : `mode.${it}`);
  return sheet(w.t("mode.title"), w, (close) =>
    h("div", { class: "grid" }, modes.map((it) =>
      button(name(it), () => { app.setMode(it); close(); }, { "aria-pressed": String(app.mode === it), "data-mode": it }))),
  );
}

/** The end of a damaged label: found among what is known, or all of it with its check character. */
export function type(app) {
  const { words: w } = app;
  return sheet(w.t("type.title"), w, (close) => {
    const field = h("input", { type: "text", id: "typed", autocapitalize: "characters", autocomplete: "off", spellcheck: "false", "aria-label": w.t("type.field") });
    const found = h("div", { class: "stack", "aria-live": "polite" });
    const take = (text) => { close(); app.scan(text, "typed"); };
    const look = () => {
      const text = field.value.trim();
      if (!read(text).error || text.length >= 13) return take(text);
      const things = app.known.ending((printed) => endsWith(printed, text));
      if (things.length === 1) return take(things[0].printed);
      const none = [h("p", { class: "error" }, w.t("not.tail")), h("p", {}, w.t("not.tail_next"))];
      const some = [h("p", {}, w.t("type.choose")), ...things.slice(0, 8).map((it) => button(grouped(it.printed), () => take(it.printed)))];
      found.replaceChildren(...(things.length === 0 ? none : some));
    };
    field.addEventListener("keydown", (event) => event.key === "Enter" && look());
    return h("div", { class: "stack" }, h("p", { class: "hint" }, w.t("type.help")), field, found, button(w.t("type.go"), look, { class: "main", id: "typed-go" }));
  });
}

export function more(app) {
  const { words: w } = app;
  const entries = [
    ["conflicts", w.t("conflicts.count", { count: app.conflicts.length })],
    ["queue", w.t("queue.title")],
    ["practice", w.t("practice.title")],
    ["settings", w.t("settings.title")],
    app.later.notes.length > 0 && ["register", `${w.t("register.title")} ${app.later.notes.length}`],
    app.shift.person && ["endShift", w.t("shift.end")],
  ];
  return sheet(w.t("more.title"), w, (close) =>
    h("div", { class: "stack" }, entries.filter(Boolean).map(([name, text]) => button(text, () => { close(); app.open(name); }, { "data-open": name }))),
  );
}

/** What waits, what went, what was refused and why. */
export async function queue(app) {
  const { words: w, sender } = app;
  const [waiting, refused, sent] = await Promise.all(["waiting", "refused", "acknowledged"].map((state) => app.queue.rows(state, 100)));
  const line = (row) => `${clock(row.made_at)} ${w.t(`did.${row.scan.action}`)} ${grouped(row.scan.code)}`;
  const said = (row) => [line(row), row.problem ? ` — ${row.problem.title ?? row.problem.type ?? ""}` : ""].join("");
  const list = (rows) => h("ul", { class: "list" }, rows.length === 0 ? h("li", {}, w.t("queue.empty")) : rows.map((row) => h("li", {}, said(row))));
  const { counts } = app;
  const when = sender.lastContact === undefined ? w.t("queue.never") : w.t("queue.last_contact", { when: clock(sender.lastContact) });
  return sheet(w.t("queue.title"), w, (close) =>
    h("div", { class: "stack" },
      h("p", { id: "line" }, w.t(`line.${sender.line}`)), h("p", { class: "hint" }, when),
      h("div", { class: "row" },
        button(w.t("queue.send_now"), () => { close(); app.sendNow(); }, { class: "main", id: "send-now" }),
        counts.refused > 0 && button(w.t("queue.retry"), async () => { await app.queue.retry(); close(); app.sendNow(); }),
        button(w.t("queue.export"), () => saveQueue(app), { id: "export" })),
      h("h2", {}, w.t("queue.waiting", { count: counts.waiting })), list(waiting),
      h("h2", {}, w.t("queue.refused", { count: counts.refused })), list(refused),
      h("h2", {}, w.t("queue.sent", { count: counts.acknowledged })), list(sent)),
  );
}

/** The last resort: the scans as a file, to be uploaded from another machine. */
async function saveQueue({ queue, device }) {
  const text = JSON.stringify(await queue.export(), null, 1);
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: `liuzhuan-${device?.device ?? "device"}-${Date.now()}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function clock(ms) {
  const date = new Date(ms);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** What the server found not to fit in this device's scans. */
export async function conflicts(app) {
  const { words: w } = app;
  const reached = await app.contact.fetchConflicts();
  return sheet(w.t("conflicts.title"), w, (close) =>
    h("div", { class: "stack" },
      !reached && h("p", { class: "error" }, w.t("conflicts.offline")),
      h("ul", { class: "list" }, app.conflicts.length === 0 ? h("li", {}, w.t("conflicts.none")) :
        app.conflicts.map((it) => h("li", { "data-kind": it.kind },
          h("strong", {}, app.exceptionName(it)), h("br"), [it.code && grouped(it.code), it.site && app.siteName(it.site), clock(it.since)].filter(Boolean).join(" · "), h("br"),
          button(w.t("conflicts.done"), () => { app.contact.settle(it); close(); }))))),
  );
}

/** Six digits on large keys; resolves with the PIN. */
function pinPad(words, onPin) {
  let pin = "";
  const shown = h("p", { class: "pin", "aria-label": words.t("shift.pin"), role: "status" });
  const show = () => { shown.textContent = "●".repeat(pin.length) + "○".repeat(6 - pin.length); };
  const press = (digit) => { if (pin.length < 6) pin += digit; show(); if (pin.length === 6) { const whole = pin; pin = ""; onPin(whole); show(); } };
  show();
  const keys = [..."123456789"].map((digit) => button(digit, () => press(digit), { "data-key": digit }));
  const last = [button(words.t("shift.delete"), () => { pin = pin.slice(0, -1); show(); }), button("0", () => press("0"), { "data-key": "0" })];
  return [shown, h("div", { class: "keys" }, keys, last)];
}

/** Badge and PIN: to begin a shift, or to sign. */
function badgeAndPin(app, title, help, badge, onBoth) {
  const { words: w } = app;
  return sheet(title, w, (close, dialog) => {
    const field = h("input", { type: "text", id: "badge", value: badge ?? "", autocomplete: "off", spellcheck: "false", "aria-label": w.t("shift.badge"), placeholder: w.t("shift.badge") });
    const error = h("p", { class: "error", role: "alert" });
    dialog.badge = (printed) => { field.value = printed; };
    const pad = pinPad(w, async (pin) => {
      const label = read(field.value);
      if (label.error || label.kind !== "badge") { error.textContent = w.t("shift.help"); return; }
      error.textContent = "…";
      const outcome = await onBoth(label.printed, pin);
      if (outcome === true) close(true); else error.textContent = w.t(`shift.${outcome}`);
    });
    return h("div", { class: "stack" }, h("p", { class: "hint" }, help), field, error, pad);
  });
}

export function shift(app, badge) {
  const { words: w } = app;
  return badgeAndPin(app, w.t("shift.title"), w.t("shift.help"), badge, async (printed, pin) => {
    const outcome = await app.beginShift(printed, pin);
    return outcome === "begun" ? true : outcome;
  });
}

/** The receiver's badge signs at once; the PIN is for who has no badge at hand. */
export function sign(app) {
  const { words: w } = app;
  return badgeAndPin(app, w.t("sign.title"), w.t("sign.help"), "", async (printed, pin) => {
    const { outcome, person } = await app.shift.check(printed, pin);
    if (outcome !== "right") return outcome;
    await app.sign(person.person);
    return true;
  }).then(() => undefined);
}

export function endShift(app) {
  const { words: w, counts } = app;
  return sheet(w.t("shift.end"), w, (close) =>
    h("div", { class: "stack" },
      counts.waiting > 0 && h("p", { class: "error" }, w.t("shift.end_waiting", { count: counts.waiting })),
      button(w.t("shift.end"), () => { close(); app.endShift(); }, { class: "main", id: "end-shift" })),
  );
}

export function enrol(app) {
  const { words: w } = app;
  return sheet(w.t("enrol.title"), w, (close) => {
    const field = h("input", { type: "text", id: "enrol-code", autocomplete: "off", spellcheck: "false", "aria-label": w.t("enrol.code") });
    const error = h("p", { class: "error", role: "alert" });
    const go = async () => {
      const outcome = await app.enrol(field.value.trim());
      if (outcome === "done") close(); else error.textContent = w.t(`enrol.${outcome}`);
    };
    return h("div", { class: "stack" }, h("p", { class: "hint" }, w.t("enrol.help")), field, error, button(w.t("enrol.go"), go, { class: "main" }));
  });
}

/** Why a piece is refused. */
export function reason(app) {
  const { words: w } = app;
  return sheet(w.t("reason.title"), w, (close) =>
    h("div", { class: "grid" }, ["wrong_count", "torn", "not_ours", "other"].map((it) => button(w.t(`reason.${it}`), () => close(it), { "data-reason": it }))),
  );
}

/** The seal's number, scanned or typed, and where the bag goes. */
export function seal(app) {
  const { words: w } = app;
  return sheet(w.t("bag.seal"), w, (close, dialog) => {
    const field = h("input", { type: "text", id: "seal-no", autocomplete: "off", spellcheck: "false", "aria-label": w.t("bag.seal_no"), placeholder: w.t("bag.seal_no") });
    dialog.seal = (text) => { field.value = text; };
    const goal = app.reading.goalOfBag();
    const choose = h("select", { "aria-label": w.t("bag.goal"), id: "seal-goal" }, goals(app).map((site) => h("option", { value: site.id, ...(site.id === goal ? { selected: true } : {}) }, app.siteName(site.id))));
    const go = (number) => { const to = choose.value || undefined; close(); app.seal(number, to); };
    field.addEventListener("keydown", (event) => event.key === "Enter" && field.value.trim() && go(field.value.trim()));
    return h("div", { class: "stack" }, h("p", { class: "hint" }, w.t("bag.seal_now")), field, choose,
      h("div", { class: "row" }, button(w.t("bag.seal_do"), () => field.value.trim() && go(field.value.trim()), { class: "main", id: "seal-do" }), button(w.t("bag.no_seal_number"), () => go(undefined))));
  });
}

/** Where a bag may go: what its contents are bound for, else anywhere. */
function goals({ bag, known }) {
  const bound = (bag.state?.packed ?? []).map((code) => known.thing(code, "dossier").next_hop);
  const listed = [...new Set(bound.filter(Boolean))].map((id) => known.site(id)).filter(Boolean);
  return listed.length > 0 ? listed : [...known.sites.values()];
}

/** Three lists that must not be taken for one another. */
export function manifest(app) {
  const { words: w, bag } = app;
  const { manifest: all, seen, unexpected } = bag.state;
  const line = (it, state) => h("li", {}, `${state} · ${[it.number, grouped(it.printed ?? it.code)].filter(Boolean).join(" · ")}`);
  return sheet(w.t("bag.list"), w, () =>
    h("ul", { class: "list" },
      bag.unread.map((it) => line(it, w.t("bag.not_yet"))),
      unexpected.map((code) => line(app.known.thing(code, "dossier"), w.t("bag.extra"))),
      all.filter((it) => seen.includes(it.code)).map((it) => line(it, w.t("bag.seen")))),
  );
}

/** Ending with some unread reports them missing: asked once more, with the number. */
export function endCheck(app) {
  const { words: w, bag } = app;
  const left = bag.unread.length;
  if (left === 0) return app.closeCount();
  return sheet(w.t("bag.end"), w, (close) =>
    h("div", { class: "stack" }, h("p", { class: "error" }, w.t("bag.end_sure", { left })), button(w.t("bag.end_yes"), () => { close(); app.closeCount(); }, { class: "danger", id: "end-check-yes" })),
  );
}

/** Scan anything: what arrived, how fast, with what suffix. Records nothing. */
export function practice(app) {
  const { words: w } = app;
  app.practising = true;
  return sheet(w.t("practice.title"), w, (close, dialog) => {
    const facts = h("dl", { id: "practice" });
    dialog.practise = (text, about) => {
      const label = read(text);
      const how = about.how === "camera" ? w.t("practice.by_camera") : w.t(about.composed ? "practice.by_ime" : "practice.by_keys");
      const shown = label.looks === "identity-number" ? "…" : text;
      const entries = [
        ["text", shown], ["label", label.error ? w.t("practice.no", { why: label.looks ? w.t(`looks.${label.looks}`) : w.t(`not.${label.error}`) }) : `${w.t("practice.yes")}: ${grouped(label.printed)}`],
        ["mode", how + (about.hidden ? ` (${w.t("practice.ime_on")})` : "")], ["keys", String(about.keys ?? 0)],
        ["gap", about.gap === undefined ? "–" : `${Math.round(about.gap)} ms`], ["suffix", about.suffix === "none" || !about.suffix ? w.t("practice.none") : about.suffix],
      ];
      facts.replaceChildren(...entries.flatMap(([key, value]) => [h("dt", {}, w.t(`practice.${key}`)), h("dd", { "data-fact": key }, value)]));
    };
    return h("div", { class: "stack" }, h("p", {}, w.t("practice.on")), h("p", { class: "hint" }, w.t("practice.help")), facts);
  }).then(() => { app.practising = false; });
}

export function settings(app) {
  const { words: w, settings: now } = app;
  const choice = (name, values) => h("div", { class: "row", role: "group", "aria-label": w.t(`settings.${name}`) },
    values.map(([value, text]) => button(text, () => app.set({ [name]: value }), { "aria-pressed": String(now[name] === value), "data-set": `${name}:${value}` })));
  return sheet(w.t("settings.title"), w, () =>
    h("div", { class: "stack" },
      h("p", {}, w.t("settings.language")), choice("language", [["zh-CN", "中文"], ["en", "English"]]),
      h("p", {}, w.t("settings.theme")), choice("theme", [["day", w.t("settings.theme_day")], ["sun", w.t("settings.theme_sun")], ["night", w.t("settings.theme_night")]]),
      h("p", {}, w.t("settings.sound")), choice("sound", [[true, w.t("settings.on")], [false, w.t("settings.off")]]),
      h("p", {}, w.t("settings.pda")), choice("pda", [[false, w.t("settings.pda_desk")], [true, w.t("settings.pda_field")]]),
      h("p", { class: "hint" }, w.t("settings.version", { version: app.version }), " · ", w.t("settings.device", { device: app.device?.device ?? "–" }))),
  );
}

/** A village agent without network: label on, pieces counted, registered later at the desk. */
export function pieces(app, thing) {
  const { words: w } = app;
  return sheet(w.t("register.add"), w, (close) =>
    h("div", { class: "stack" }, h("p", { class: "hint" }, w.t("register.help")),
      h("div", { class: "keys" }, Array.from({ length: 12 }, (_, at) => button(String(at + 1), () => close(at + 1), { "data-pieces": at + 1, "aria-label": w.t("register.row", { count: at + 1 }) })))),
  ).then((count) => count && app.later.note({ code: thing.code, printed: thing.printed, pieces: count }));
}

export function register(app) {
  const { words: w } = app;
  return sheet(w.t("register.title"), w, (close) =>
    h("ul", { class: "list" }, app.later.notes.map((it) => h("li", {}, `${grouped(it.printed)} · ${w.t("register.row", { count: it.pieces })} · ${clock(it.at)} `,
      button(w.t("register.done"), () => { app.later.done(it); close(); })))),
  );
}
