// Where a courier stands: from a site's label until another, "drive on", or the minutes of the rules. With the counts of
// what was taken, left and refused there, and the hand-over that one signature will close. Kept across a reload. A site's
// own device stands nowhere else and uses the counts and the hand-over only.

const NONE = { site: undefined, since: undefined, counts: {}, unsigned: [] };
/** What passes from hand to hand, and so wants a signature. */
const PASSES = ["received", "collected", "refused", "at_department"];

export class Stop {
  /** @param {{clock, minutes: number, saved?: object, keep?: (state) => void}} parts */
  constructor({ clock, minutes, saved, keep = () => {} }) {
    Object.assign(this, { clock, keep });
    this.limit = minutes * 60_000;
    this.state = { ...NONE, ...saved };
  }

  /** The site, while it holds. */
  get site() {
    if (this.state.site === undefined) return undefined;
    const since = this.clock.now() - this.state.since;
    return since >= 0 && since < this.limit ? this.state.site : undefined;
  }

  arrive(site) {
    if (site === this.site) return;
    this.#set({ ...NONE, site, since: this.clock.now() });
  }

  driveOn() {
    this.#set(NONE);
  }

  /** Counts a scan; what passes from hand to hand joins the batch that waits for a signature. */
  count({ scan }) {
    const counts = { ...this.state.counts, [scan.action]: (this.state.counts[scan.action] ?? 0) + 1 };
    const one = { scan_id: scan.scan_id, code: scan.code };
    const unsigned = PASSES.includes(scan.action) ? [...this.state.unsigned, one] : this.state.unsigned;
    this.#set({ ...this.state, counts, unsigned });
  }

  /** A scan was taken back. */
  uncount({ scan }) {
    const counts = { ...this.state.counts, [scan.action]: Math.max(0, (this.state.counts[scan.action] ?? 0) - 1) };
    this.#set({ ...this.state, counts, unsigned: this.state.unsigned.filter((one) => one.scan_id !== scan.scan_id) });
  }

  /** The batch was signed; the counts of the stop go on. */
  signed() {
    this.#set({ ...this.state, unsigned: [] });
  }

  #set(state) {
    this.state = state;
    this.keep(state);
  }
}
