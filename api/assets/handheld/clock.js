// The device's two clocks. The wall clock may be wrong and may be set; the monotonic one only runs, and may stop while the
// device sleeps. What the server needs to judge a clock is the time *that clock* showed when the batch was sent: so each
// certain jump of the wall clock begins a new era, and a scan of an earlier era is sent with the time its own clock would
// show now. Never corrects a scan's time: the server judges.

/** Smaller jumps are adjustments nobody needs to hear of. The server's tolerance is the same. */
export const JUMP_MS = 30_000;

export class Clock {
  #wall;
  #mono;
  #last;
  #slept = false;

  /**
   * @param {{wall?: () => number, mono?: () => number, eras?: {era: number, jump: number, at: number}[]}} from
   *   `eras`: the jumps noticed so far, as `jumps` gave them.
   */
  constructor({ wall = () => Date.now(), mono = () => performance.now(), eras = [] } = {}) {
    this.#wall = wall;
    this.#mono = mono;
    this.#last = { wall: wall(), mono: mono() };
    this.eras = eras;
    /** How far this clock is behind the server's, as last heard; `undefined` before the first contact. */
    this.behind = undefined;
  }

  /** The era that scans belong to now. */
  get era() {
    return this.eras.at(-1)?.era ?? 0;
  }

  /** Both clocks, for a scan. */
  stamp() {
    return { wall_ms: Math.round(this.#wall()), mono_ms: Math.round(this.#mono()), era: this.era };
  }

  now() {
    return this.#wall();
  }

  mono() {
    return this.#mono();
  }

  /** The page was hidden: until the next look the device may have slept, and a wall clock ahead is no jump. */
  hidden() {
    this.#slept = true;
  }

  /**
   * Compares the two clocks with the last look. Backwards is certain; ahead only if nothing was hidden in between.
   * @returns the new era if the wall clock was set, to be kept; else `undefined`.
   */
  look() {
    const now = { wall: this.#wall(), mono: this.#mono() };
    const jump = Math.round(now.wall - this.#last.wall - (now.mono - this.#last.mono));
    const certain = jump < -JUMP_MS || (jump > JUMP_MS && !this.#slept);
    this.#last = now;
    this.#slept = false;
    if (!certain) return undefined;
    const era = { era: this.era + 1, jump, at: now.wall };
    this.eras = [...this.eras, era];
    return era;
  }

  /** What the clock of an era would show now. */
  wallOf(era) {
    const since = this.eras.filter((it) => it.era > era).reduce((sum, it) => sum + it.jump, 0);
    return Math.round(this.#wall() - since);
  }

  /** The server said what time it is. */
  heard(serverMs) {
    if (Number.isFinite(serverMs)) this.behind = serverMs - this.#wall();
  }

  /** Whether this clock is so far off that people should know. The server's header counts whole seconds. */
  get isOff() {
    return this.behind !== undefined && Math.abs(this.behind) > JUMP_MS + 1000;
  }
}
