// The camera, fed with films of our own printed labels. What counts is what the server has recorded.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { camera, printed, swaying } from "../film.js";
import { until } from "../office.js";
import { equal } from "../phone.js";

const subjects = async (at) => new Set([...(await at.scans()).values()].map(([event]) => event.subject));

export const cases = {
  async "single labels, moving and a little blurred, are read and recorded once each"({ office, phone, keep }) {
    const at = await office();
    const { folder, pages } = await printed(at, ["--count", "3", "--format", "60x40"]);
    keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
    equal(pages.length, 3);
    const film = await swaying(pages, join(folder, "single.mjpeg"), { scale: 620, seconds: 2 });
    const it = await phone(at, { args: camera(film) });
    await it.page.locator("#camera").click();
    await until("three labels are in the log", async () => (await subjects(at)).size === 3, 60_000);
    await it.page.locator("#camera").click();
    const read = await it.rows();
    equal(read.length, 3, "once each: in view again within the silence, or later as a repeat");
    await it.agrees({ made: read.length });
  },

  async "a tray of twelve is read at once"({ office, phone, keep }) {
    const at = await office();
    const { folder, pages } = await printed(at, ["--count", "12", "--format", "a4-3x8"]);
    keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
    const film = await swaying([pages[0]], join(folder, "tray.mjpeg"), { width: 1920, height: 1080, scale: 1400, seconds: 3, blur: 0.6 });
    const it = await phone(at, { args: camera(film) });
    await it.page.locator("#camera").click();
    await until("twelve labels are in the log", async () => (await subjects(at)).size === 12, 60_000);
    const whole = await it.page.evaluate(() => new Promise((done) => { liuzhuan.onFrame = (codes) => { if (codes.length === 12) done(codes.length); }; setTimeout(() => done(0), 10_000); }));
    equal(whole, 12, "all twelve in one frame");
    await it.page.locator("#camera").click();
    await it.agrees({});
    equal((await subjects(at)).size, 12);
  },

  async "no frame is looked at before what was in the last one is kept"({ office, phone, keep }) {
    const at = await office();
    const { folder, pages } = await printed(at, ["--count", "1", "--format", "60x40"]);
    keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
    const film = await swaying(pages, join(folder, "one.mjpeg"), { scale: 620, seconds: 2 });
    const it = await phone(at, { args: camera(film) });
    await it.page.evaluate(() => {
      globalThis.frames = 0;
      liuzhuan.onFrame = (codes) => (globalThis.frames += codes.length);
      // What is kept here is kept when this test says so.
      const first = new Promise((kept) => (globalThis.keep = kept));
      Object.defineProperty(liuzhuan.reading, "idle", { get: () => ((globalThis.waits = true), first) });
    });
    const frames = () => it.page.evaluate(() => globalThis.frames);
    await it.page.locator("#camera").click();
    await until("the camera waits", () => it.page.evaluate(() => globalThis.waits === true), 60_000);
    const before = await frames();
    await it.page.waitForTimeout(2_000);
    equal(await frames(), before, "frames looked at meanwhile");
    await it.page.evaluate(() => globalThis.keep());
    await until("it looks again", async () => (await frames()) > before + 2, 60_000);
  },

  async "torch, zoom and lens: offered if there, remembered, applied"({ office, phone }) {
    const at = await office();
    const it = await phone(at, { enrolled: false });
    await it.context.addInitScript(() => {
      globalThis.asked = [];
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 320;
      canvas.getContext("2d").fillRect(0, 0, 320, 320);
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        globalThis.asked.push(wanted.video);
        const stream = canvas.captureStream(10);
        const [track] = stream.getVideoTracks();
        track.getCapabilities = () => ({ torch: true, zoom: { min: 1, max: 4 } });
        track.applyConstraints = async (set) => globalThis.asked.push(set.advanced[0]);
        return stream;
      };
      navigator.mediaDevices.enumerateDevices = async () => [
        { kind: "videoinput", deviceId: "wide", label: "camera2 2, facing back" },
        { kind: "videoinput", deviceId: "main", label: "camera2 0, facing back" },
      ];
    });
    await it.enrol();
    await it.beginShift();
    await it.page.locator("#camera").click();
    await it.page.locator("#torch").click();
    await it.page.locator("#zoom").click();
    await it.page.locator("#lens").click();
    await until("the main lens is asked for", () => it.page.evaluate(() => globalThis.asked.some((one) => one.deviceId?.exact === "main")));
    const asked = await it.page.evaluate(() => globalThis.asked);
    equal(asked[0].facingMode, { ideal: "environment" }, "first");
    equal(asked.some((one) => one.torch === true), true, "torch");
    equal(asked.some((one) => one.zoom === 2), true, "zoom");
    await it.page.reload();
    await it.ready();
    equal(await it.page.evaluate(() => liuzhuan.settings.camera), { torch: true, zoom: 2, lens: "main" }, "remembered");
  },

  async "without a secure origin or a permission the page says what to do instead"({ office, phone }) {
    const at = await office();
    const it = await phone(at, { enrolled: false, lang: "zh-CN" });
    await it.context.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", "NotAllowedError"); };
    });
    await it.go();
    await it.page.locator("#camera").click();
    await until("it is told", async () => (await it.page.locator(".camera").innerText()).includes("相机未获许可"));
    await it.page.waitForTimeout(1_500);
    equal(await it.page.locator("#photo").count(), 1, "a photo is offered, and still there when the decoder has come");
  },

  async "nothing but this origin is ever asked, and the decoder is there without network"({ office, phone }) {
    const at = await office();
    const it = await phone(at);
    const asked = [];
    it.context.on("request", (request) => asked.push(new URL(request.url()).origin));
    await it.page.reload();
    await it.ready();
    const kept = () => it.page.evaluate(async () => {
      const cache = await caches.open("handheld-vendor");
      return (await cache.keys()).length;
    });
    await until("idb, glue and wasm are kept", async () => (await kept()) === 3);
    await it.context.setOffline(true);
    await it.page.reload();
    await it.ready();
    const state = await it.page.evaluate(() => new Promise((done) => {
      const worker = new Worker(new URL("./decode-worker.js", document.querySelector("script[type=module]").src));
      worker.onmessage = ({ data }) => done(data);
      worker.onerror = (event) => done({ failed: event.message });
    }));
    equal(state, { ready: true });
    equal([...new Set(asked.filter((origin) => origin.startsWith("http")))], [at.url]);
    await it.context.setOffline(false);
  },

  async "a text must be seen in two of three frames, and is silent while in view"({ office, phone }) {
    const at = await office();
    const it = await phone(at, { enrolled: false });
    await it.go();
    const taken = await it.page.evaluate(async () => {
      const { Sightings } = await import(new URL("./camera.js", document.querySelector("script[type=module]").src).href);
      const it = new Sightings();
      const frames = [[0, ["A"]], [100, []], [200, []], [300, ["A"]], [400, []], [500, ["A", "B"]], [600, ["A", "B"]], [3_000, ["A"]], [5_900, ["A"]], [9_000, ["A"]], [9_100, ["A"]]];
      return frames.map(([at, texts]) => it.see(texts, at));
    });
    equal(taken, [[], [], [], [], [], ["A"], ["B"], [], [], ["A"], []]);
  },
};
