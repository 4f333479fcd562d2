// The camera as people handle it: on and off, torch, zoom, the next lens, and a photo where no camera may be opened.
import { Camera } from "./camera.js";

export class Lens {
  constructor(app) {
    this.app = app;
  }

  get camera() {
    this.#camera ??= new Camera({
      video: this.app.screen.video,
      onCodes: (texts) => texts.forEach((text) => this.app.arrived(text, { how: "camera" })),
      onState: (state) => this.#cameraState(state),
      onFrame: (codes) => this.app.onFrame?.(codes),
      handsOver: () => this.app.stop.site !== undefined || this.app.mode === "send",
      settings: this.app.settings.camera,
      keep: (camera) => this.app.set({ camera }),
    });
    return this.#camera;
  }
  #camera;

  #cameraState(state) {
    this.app.screen.showCamera(state);
    this.app.screen.drawNav();
  }

  toggle() {
    if (this.camera.isOpen) this.camera.close();
    else {
      this.app.screen.camera.hidden = false;
      this.app.screen.camera.replaceChildren(this.app.screen.video);
      this.camera.open();
    }
  }

  async use(settings) {
    await this.camera.use(settings);
    this.app.screen.showCamera("open");
  }

  zoom({ min = 1, max }) {
    const now = this.camera.settings.zoom ?? min;
    return this.use({ zoom: now * 2 > max ? min : now * 2 });
  }

  async next() {
    const lenses = await this.camera.lenses();
    const at = lenses.findIndex((lens) => lens.id === this.camera.settings.lens);
    const next = lenses[(at + 1) % Math.max(1, lenses.length)];
    if (next) await this.use({ lens: next.id });
  }

  /** A photo in place of the camera. */
  async readPhoto(file) {
    if (!file) return;
    const bitmap = await createImageBitmap(file);
    const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const worker = new Worker(new URL("./decode-worker.js", import.meta.url));
    worker.onmessage = ({ data }) => {
      if (data.ready) return;
      worker.terminate();
      for (const { text } of data.codes ?? []) this.app.arrived(text, { how: "camera" });
    };
    worker.postMessage({ frame: context.getImageData(0, 0, canvas.width, canvas.height), at: performance.now() });
  }
}
