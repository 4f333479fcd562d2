// Who is on shift: badge and PIN, checked by the server; later, without network, against a salted and slow hash of the PIN
// that only this device keeps. Five wrong tries without network forget it. Never keeps the PIN.
import { newId } from "./ids.js";

const ROUNDS = 250_000;
const TRIES = 5;
const PIN = /^[0-9]{6}$/;

export class Shift {
  /** @param {{door, clock, saved?: {person?: object, verifiers?: object}, keep?: (state) => void}} parts */
  constructor({ door, clock, saved, keep = () => {} }) {
    Object.assign(this, { door, clock, keep });
    this.state = { person: undefined, verifiers: {}, ...saved };
  }

  /** `{person, name, roles, sites}` of who is on shift. */
  get person() {
    return this.state.person;
  }

  /** Begins a shift. @returns "begun" | "wrong" | "locked" | "no-network" | "revoked" */
  async begin(badge, pin) {
    const verdict = await this.check(badge, pin);
    if (verdict.outcome === "right") {
      this.#set({ ...this.state, person: { ...verdict.person, badge, began_ms: this.clock.now() } });
      return "begun";
    }
    return verdict.outcome;
  }

  /** Whether badge and PIN belong together: for a shift, and for a signature. */
  async check(badge, pin) {
    if (!PIN.test(pin)) return { outcome: "wrong" };
    const request = { request_id: newId(this.clock.now()), badge, pin, began_ms: Math.round(this.clock.now()) };
    const { status, body } = await this.door.beginShift(request);
    if (status === 200 && body?.person) {
      const { person, name, roles, sites } = body;
      await this.#remember(badge, pin, { person, name, roles, sites });
      return { outcome: "right", person: { person, name, roles, sites } };
    }
    if (status === 401) return { outcome: "revoked" };
    if (status === 429) return { outcome: "locked" };
    if (status === 422) return { outcome: "wrong" };
    return this.#offline(badge, pin);
  }

  async end() {
    const { person } = this.state;
    this.#set({ ...this.state, person: undefined });
    if (!person) return;
    const request = { request_id: newId(this.clock.now()), person: person.person, ended_ms: Math.round(this.clock.now()) };
    await this.door.endShift(request);
  }

  async #remember(badge, pin, who) {
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const hash = await slowHash(pin, salt, ROUNDS);
    const verifier = { who, salt: [...salt], hash, rounds: ROUNDS, wrong: 0 };
    this.#set({ ...this.state, verifiers: { ...this.state.verifiers, [badge]: verifier } });
  }

  async #offline(badge, pin) {
    const verifier = this.state.verifiers[badge];
    if (!verifier) return { outcome: "no-network" };
    const hash = await slowHash(pin, new Uint8Array(verifier.salt), verifier.rounds);
    const { [badge]: _, ...others } = this.state.verifiers;
    if (hash === verifier.hash) {
      this.#set({ ...this.state, verifiers: { ...others, [badge]: { ...verifier, wrong: 0 } } });
      return { outcome: "right", person: verifier.who };
    }
    const wrong = verifier.wrong + 1;
    const verifiers = wrong >= TRIES ? others : { ...others, [badge]: { ...verifier, wrong } };
    this.#set({ ...this.state, verifiers });
    return { outcome: wrong >= TRIES ? "locked" : "wrong" };
  }

  #set(state) {
    this.state = state;
    this.keep(state);
  }
}

async function slowHash(pin, salt, iterations) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, 256);
  return [...new Uint8Array(bits)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
