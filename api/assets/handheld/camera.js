// The camera: several codes in one frame, so a tray is read at once. Where things pass from hand to hand a code counts once it
// was seen in two of three frames, else at once; it is silent while it stays in view. Which lens, how much zoom and whether the torch burns is remembered. The camera is
// closed when the page is hidden and after a minute without a code. The decoder is loaded when the camera is first wanted,
// or when the page is idle.

/** Seen in this many of the last frames. */
const SEEN = 2;
const FRAMES = 3;
/** A code out of view for this long is new again. */
export const SILENT_MS = 3_000;
const IDLE_MS = 60_000;
/** Three pixels a module or more; full HD sees an A4 tray. */
const WANTED = { width: { ideal: 1920 }, height: { ideal: 1080 } };

/** Which of the codes in a frame are to be taken now. Pure but for its memory. */
export class Sightings {
  #frames = [];
  #taken = new Map();

  /** @returns the texts that have just become certain */
  see(texts, at, needed = SEEN) {
    const unique = [...new Set(texts)];
    this.#frames = [...this.#frames.slice(1 - FRAMES), new Set(unique)];
    const fresh = [];
    for (const text of unique) {
      const last = this.#taken.get(text);
      if (last !== undefined && at - last < SILENT_MS) {
        this.#taken.set(text, at);
        continue;
      }
      if (this.#frames.filter((frame) => frame.has(text)).length < needed) continue;
      this.#taken.set(text, at);
      fresh.push(text);
    }
    for (const [text, last] of this.#taken) if (at - last >= SILENT_MS) this.#taken.delete(text);
    return fresh;
  }
}

/**
 * A picture to hand to the worker: as a bitmap, since taking its pixels out is work (4 to 8 MB a frame) for the worker's
 * thread; as pixels where workers have no canvas (Safari before 16.4).
 * @returns {Promise<ImageBitmap | ImageData>}
 */
export async function picture(source) {
  const bitmap = await createImageBitmap(source);
  if (globalThis.OffscreenCanvas) return bitmap;
  const { width, height } = bitmap;
  const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

export class Camera {
  #worker;
  #stream;
  #busy = false;
  #sightings = new Sightings();
  #lastCode = 0;
  #run = 0;

  /**
   * @param {{video: HTMLVideoElement, onCodes: (texts: string[]) => Promise<void> | void, onState?: (state: string, detail?: string) => void,
   *   onFrame?: (codes, size) => void, handsOver?: () => boolean, settings: {lens?: string, zoom?: number, torch?: boolean}, keep?: (settings) => void}} parts
   */
  constructor({ video, onCodes, onState = () => {}, onFrame = () => {}, handsOver = () => true, settings = {}, keep = () => {} }) {
    Object.assign(this, { video, onCodes, onState, onFrame, handsOver, settings, keep });
  }

  /** Whether this page may have a camera at all: browsers give it to secure origins only. */
  static get possible() {
    return Boolean(globalThis.isSecureContext && navigator.mediaDevices?.getUserMedia);
  }

  get isOpen() {
    return Boolean(this.#stream);
  }

  /** Loads the decoder; once. */
  warm() {
    if (this.#worker) return;
    this.#worker = new Worker(new URL("./decode-worker.js", import.meta.url));
    this.#worker.onmessage = ({ data }) => this.#decoded(data);
    this.#worker.onerror = (event) => this.onState("no-decoder", event.message);
  }

  async open() {
    if (!Camera.possible) return this.onState("impossible");
    this.warm();
    const run = ++this.#run;
    try {
      this.#stream = await this.#ask();
    } catch (error) {
      this.#stream = undefined;
      return this.onState(error.name === "NotAllowedError" ? "denied" : "none", error.message);
    }
    if (run !== this.#run) return this.#stopTracks();
    this.video.srcObject = this.#stream;
    await this.video.play().catch(() => {});
    await this.#apply();
    this.#lastCode = performance.now();
    this.onState("open");
    this.#loop(run);
  }

  close() {
    this.#run += 1;
    if (!this.#stream) return;
    this.#stopTracks();
    this.#stream = undefined;
    this.video.srcObject = null;
    this.onState("closed");
  }

  #stopTracks() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
  }

  /** The remembered lens; if it is gone, whatever looks outwards. `ideal`: `exact` fails or picks wrong on some phones. */
  async #ask() {
    const { lens } = this.settings;
    const side = lens ? { deviceId: { exact: lens } } : { facingMode: { ideal: "environment" } };
    try {
      return await navigator.mediaDevices.getUserMedia({ video: { ...WANTED, ...side }, audio: false });
    } catch (error) {
      if (!lens || error.name === "NotAllowedError") throw error;
      return navigator.mediaDevices.getUserMedia({ video: { ...WANTED, facingMode: { ideal: "environment" } }, audio: false });
    }
  }

  get #track() {
    return this.#stream?.getVideoTracks()[0];
  }

  /** What this lens can do: only that is offered. */
  get abilities() {
    const can = this.#track?.getCapabilities?.() ?? {};
    return { torch: can.torch === true, zoom: can.zoom?.max > (can.zoom?.min ?? 1) ? can.zoom : undefined };
  }

  /** Lenses to choose from, those most likely right first: phones number their main lens 0. */
  async lenses() {
    const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    const videos = all.filter((device) => device.kind === "videoinput");
    const rank = ({ label }) => (/back|rear|environment/i.test(label) ? 0 : 2) + (/\b0\b/.test(label) ? 0 : 1);
    return videos.sort((a, b) => rank(a) - rank(b)).map(({ deviceId, label }) => ({ id: deviceId, label }));
  }

  async use(settings) {
    const lensChanged = settings.lens !== undefined && settings.lens !== this.settings.lens;
    this.settings = { ...this.settings, ...settings };
    this.keep(this.settings);
    if (!this.isOpen) return;
    if (lensChanged) {
      this.close();
      await this.open();
    } else {
      await this.#apply();
    }
  }

  async #apply() {
    const { torch, zoom } = this.abilities;
    const set = {};
    if (torch && this.settings.torch !== undefined) set.torch = this.settings.torch;
    if (zoom && this.settings.zoom) set.zoom = Math.min(zoom.max, Math.max(zoom.min ?? 1, this.settings.zoom));
    if (Object.keys(set).length > 0) await this.#track.applyConstraints({ advanced: [set] }).catch(() => {});
  }

  #loop(run) {
    if (run !== this.#run) return;
    const again = () => this.#loop(run);
    if (performance.now() - this.#lastCode > IDLE_MS) {
      this.close();
      return this.onState("idle");
    }
    if (!this.#busy && this.video.readyState >= 2) this.#grab();
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(again);
    else setTimeout(again, 60);
  }

  /** One frame at a time: a slow device skips frames rather than lagging behind. */
  async #grab() {
    if (!this.video.videoWidth) return;
    this.#busy = true;
    const at = performance.now();
    const frame = await picture(this.video).catch(() => undefined);
    if (frame) this.#worker.postMessage({ frame, at }, [frame.data?.buffer ?? frame]);
    else this.#busy = false;
  }

  async #decoded({ codes, at, ready, failed }) {
    // To whoever was just told why there is no camera, a decoder is no news.
    if (ready) return this.isOpen && this.onState("decoder-ready");
    if (failed) {
      this.#busy = false;
      return this.onState("no-decoder", failed);
    }
    try {
      if (this.isOpen) await this.#seen(codes, at);
    } finally {
      this.#busy = false;
    }
  }

  /** No frame is looked at before what was in the last one is kept: both want the same processor. */
  async #seen(codes, at) {
    const texts = codes.map((code) => code.text);
    if (texts.length > 0) this.#lastCode = performance.now();
    this.onFrame(codes, { width: this.video.videoWidth, height: this.video.videoHeight });
    const fresh = this.#sightings.see(texts, at, this.handsOver() ? SEEN : 1);
    if (fresh.length > 0) await this.onCodes(fresh);
  }
}
