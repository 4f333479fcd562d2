// The camera as people handle it: on and off, torch, zoom, the next lens, and a photo where no camera may be opened.
// What opens it is loaded when it is first wanted, or when the page is idle: a wedge scanner's page never waits for it.
const code = () => import("./camera.js");

export class Lens {
  #camera;

  constructor(app) {
    this.app = app;
  }

  get isOpen() {
    return this.#camera?.isOpen ?? false;
  }

  /** What this lens can do; nothing before it is open. */
  get abilities() {
    return this.#camera?.abilities ?? {};
  }

  get settings() {
    return this.app.settings.camera;
  }

  async camera() {
    const { Camera } = await code();
    this.#camera ??= new Camera({
      video: this.app.screen.video,
      onCodes: (texts) => this.#arrived(texts),
      onState: (state) => this.#cameraState(state),
      onFrame: (codes) => this.app.onFrame?.(codes),
      handsOver: () => this.app.stop.site !== undefined || this.app.mode === "send",
      settings: this.settings,
      keep: (camera) => this.app.set({ camera }),
    });
    return this.#camera;
  }

  /** A tray's labels follow one another; until they are kept, the processor is theirs. */
  #arrived(texts) {
    for (const text of texts) this.app.arrived(text, { how: "camera" });
    return this.app.reading.idle;
  }

  #cameraState(state) {
    this.app.screen.showCamera(state);
    this.app.screen.drawNav();
  }

  async toggle() {
    if (this.isOpen) return this.close();
    this.app.screen.camera.hidden = false;
    this.app.screen.camera.replaceChildren(this.app.screen.video);
    await (await this.camera()).open();
  }

  close() {
    this.#camera?.close();
  }

  async use(settings) {
    await (await this.camera()).use(settings);
    this.app.screen.showCamera("open");
  }

  zoom({ min = 1, max }) {
    const now = this.settings.zoom ?? min;
    return this.use({ zoom: now * 2 > max ? min : now * 2 });
  }

  async next() {
    const lenses = await (await this.camera()).lenses();
    const at = lenses.findIndex((lens) => lens.id === this.settings.lens);
    const next = lenses[(at + 1) % Math.max(1, lenses.length)];
    if (next) await this.use({ lens: next.id });
  }

  /** A photo in place of the camera. */
  async readPhoto(file) {
    if (!file) return;
    const { picture } = await code();
    const frame = await picture(file);
    const worker = new Worker(new URL("./decode-worker.js", import.meta.url));
    worker.onmessage = ({ data }) => {
      if (data.ready) return;
      worker.terminate();
      for (const { text } of data.codes ?? []) this.app.arrived(text, { how: "camera" });
    };
    worker.postMessage({ frame, at: performance.now() }, [frame.data?.buffer ?? frame]);
  }
}
