// The situation in which a label is read, as domain/src/table.rs understands it, from what this device knows. Pure.

/** Who reads: a site's own device, or a courier's. */
export function readerOf({ device, stop, site }) {
  if (device.courier) return stop ? "courier_at_stop" : "courier_on_road";
  return site?.kind === "department" ? "department" : "site";
}

/** Where the thing was, as this reader sees it. */
export function whereaboutsOf(holder, { device, actor }) {
  if (device.site && holder?.kind === "site" && holder.site === device.site) return "here";
  if (device.courier && holder?.kind === "courier" && holder.courier === actor) return "with_reader";
  return "elsewhere";
}

/**
 * Whether a read repeats the last one of the same thing: by this device, at the same place, in the same mode, within the
 * time of the rules. A scan that was taken back does not count.
 */
export function repeats(last, { at, mode, wall_ms }, rules) {
  if (!last) return false;
  const since = wall_ms - last.wall_ms;
  return last.at === at && last.mode === mode && since >= 0 && since <= rules.repeat_ms;
}

/** All of it. `last` is this device's last read of the thing. */
export function situationOf({ thing, mode, device, site, stop, actor, bag, last, wall_ms }, rules) {
  const at = device.site ?? stop;
  return {
    thing: thing.thing,
    mode,
    reader: readerOf({ device, stop, site }),
    whereabouts: whereaboutsOf(thing.holder, { device, actor }),
    repeated: repeats(last, { at, mode, wall_ms }, rules),
    bag_open: bag !== undefined,
    homeward: thing.homeward === true,
    pickup_site: thing.pickup_here === true && at !== undefined,
  };
}
