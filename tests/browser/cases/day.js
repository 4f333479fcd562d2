// A courier's whole day out of the simulation, through the page's own queue and sender.
import { equal } from "../phone.js";
import { randomUUID } from "node:crypto";

export const cases = {
  async "a simulated courier's day goes through the real queue, each scan once"({ office, phone }) {
    const at = await office();
    const said = await at.liuzhuan("simulate", "--days", "1", "--seed", "7", "--start", "2026-10-26", "--courier-day", "3");
    const { device, courier, labels, scans } = JSON.parse(said);
    equal(scans.length > 50, true, `only ${scans.length} scans`);
    for (const kind of ["D", "B"]) {
      const codes = labels.map((label) => label.code).filter((code) => code[0] === kind);
      if (codes.length > 0) await at.ask("POST", "/api/v1/labels", { request_id: randomUUID(), kind: kind === "D" ? "dossier" : "bag", codes });
    }
    for (const { code, site } of labels.filter((label) => label.site)) {
      await at.ask("POST", "/api/v1/labels", { request_id: randomUUID(), kind: "site", codes: [code], site });
    }
    const it = await phone(at, { device, courier });
    // Its morning begins so that its evening is now; half of it lies in valleys without network.
    const shift = Date.now() - 60_000 - scans.at(-1).wall_ms;
    for (let from = 0; from < scans.length; from += 25) {
      await it.context.setOffline(Math.floor(from / 25) % 2 === 1);
      await it.page.evaluate(async ([part, shift]) => {
        const { clock, queue, sender } = liuzhuan;
        for (const { scan_id, installation, seq, wall_ms, mono_ms, ...draft } of part) {
          clock.stamp = () => ({ wall_ms: wall_ms + shift, mono_ms, era: 0 });
          await queue.add([draft]);
        }
        delete clock.stamp;
        await sender.flush({ soon: true });
      }, [scans.slice(from, from + 25), shift]);
    }
    await it.context.setOffline(false);
    await it.agrees({ made: scans.length });
    const stored = [...(await at.scans()).values()].map(([event]) => event).sort((a, b) => a.body.source.stamp.seq - b.body.source.stamp.seq);
    const wanted = scans.map((scan) => scan.action ?? undefined);
    equal(stored.map((event, n) => (wanted[n] === undefined ? undefined : event.name)), wanted, "what each meant");
    equal(stored.filter((event) => event.body.source.flags?.includes("clock_skew")).length, 0);
    console.log(`      ${scans.length} scans of ${courier} in one day`);
  },
};
