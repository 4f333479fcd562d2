// The bag that is open on this device: one being packed, or one being checked against its manifest. Missing, unexpected and
// not-yet-checked are three different things, and stay so. Kept across a reload.

export class Bag {
  /** @param {{saved?: object, keep?: (state) => void}} parts */
  constructor({ saved, keep = () => {} } = {}) {
    this.keep = keep;
    this.state = saved;
  }

  /** Its label, if one is open. */
  get code() {
    return this.state?.code;
  }

  get printed() {
    return this.state?.printed;
  }

  /** "pack" or "check". */
  get work() {
    return this.state?.work;
  }

  openToPack({ code, printed, number }) {
    this.#set({ work: "pack", code, printed, number, packed: [] });
  }

  /** @param manifest the labels that should be inside, by what the device knows */
  openToCheck({ code, printed, number }, manifest) {
    this.#set({ work: "check", code, printed, number, manifest, seen: [], unexpected: [] });
  }

  packed(code) {
    if (this.work !== "pack" || this.state.packed.includes(code)) return;
    this.#set({ ...this.state, packed: [...this.state.packed, code] });
  }

  /** Marks what was read; whether the manifest names it, or `undefined` if there is none. */
  check(code) {
    if (this.work !== "check") return undefined;
    const { manifest, seen, unexpected } = this.state;
    const expected = manifest.some((it) => it.code === code);
    if (expected && !seen.includes(code)) this.#set({ ...this.state, seen: [...seen, code] });
    if (!expected && !unexpected.includes(code)) this.#set({ ...this.state, unexpected: [...unexpected, code] });
    return manifest.length === 0 ? undefined : expected;
  }

  /** Takes back what a scan did here. */
  forget(code) {
    if (!this.state) return;
    const without = (list) => list?.filter((it) => it !== code);
    const { packed, seen, unexpected } = this.state;
    this.#set({ ...this.state, packed: without(packed), seen: without(seen), unexpected: without(unexpected) });
  }

  /** What the manifest names and nobody has read. Before the count is closed it is not yet checked; after, missing. */
  get unread() {
    if (this.work !== "check") return [];
    return this.state.manifest.filter((it) => !this.state.seen.includes(it.code));
  }

  close() {
    this.#set(undefined);
  }

  #set(state) {
    this.state = state;
    this.keep(state);
  }
}
