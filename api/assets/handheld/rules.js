// What one scan means: the rows that domain/src/table.rs holds, served as rules.json, read here in the same way. The first
// row that fits wins. Never holds a rule of its own.

/** @param rules `{rows, stop_minutes, repeat_ms}` as served */
export function meaning(rules, situation) {
  return rules.rows.find((row) => fits(row, situation)) ?? rules.rows[rules.rows.length - 1];
}

function fits(row, now) {
  const among = (list, value) => list.length === 0 || list.includes(value);
  const same = (wanted, value) => wanted === null || wanted === undefined || wanted === value;
  return (
    among(row.things, now.thing) &&
    among(row.modes, now.mode) &&
    among(row.readers, now.reader) &&
    among(row.whereabouts, now.whereabouts) &&
    same(row.repeated, now.repeated) &&
    same(row.bag_open, now.bag_open) &&
    same(row.homeward, now.homeward) &&
    same(row.pickup_site, now.pickup_site)
  );
}

/** Each side of a situation, in the order in which the test counts them up. */
export const SIDES = {
  thing: ["dossier", "bag"],
  mode: ["look", "receive", "send", "pack", "check", "sort", "shelve", "stocktake"],
  reader: ["site", "department", "courier_at_stop", "courier_on_road"],
  whereabouts: ["here", "with_reader", "elsewhere"],
  repeated: [false, true],
  bag_open: [false, true],
  homeward: [false, true],
  pickup_site: [false, true],
};
