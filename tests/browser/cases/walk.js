// The thinnest walk: enrol by the address in the QR, begin a shift with a badge, scan with a wedge, see the answer, and find
// the scan in the log.
import { equal } from "../phone.js";

export const cases = {
  async "a courier's scan reaches the log"({ office, phone }) {
    const at = await office();
    const [code] = await at.dossiers(1, { at: "t01", destination: "fgj" });
    const it = await phone(at);
    const outcome = await it.scan(code);
    equal([outcome.tone, outcome.action], ["done", "collected"]);
    await it.agrees({ made: 1 });
    const [[, [event]]] = [...(await at.scans())];
    equal([event.name, event.body.source.by, event.body.source.device, event.body.source.action_by], ["collected", "wang", undefined, "rule"]);
  },
};
