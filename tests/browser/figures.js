// Sizes over the wire and times on this machine, with the processor as it is and slowed six times; beside what is aimed at.
import { join } from "node:path";
import { request } from "node:http";
import { camera, nothing, printed, swaying } from "./film.js";
import { Office, until } from "./office.js";
import { Phone } from "./phone.js";

const rows = [];
const row = (what, value, aim) => {
  rows.push([what, value, aim]);
  console.log(`${what.padEnd(58)} ${String(value).padStart(12)}   aim ${aim}`);
};
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
const ms = (value) => `${Math.round(value)} ms`;
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Bytes of a body as it goes over the wire. */
function size(url, encoding) {
  return new Promise((done, lost) => {
    request(url, { headers: { "accept-encoding": encoding } }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk) => (bytes += chunk.length));
      answer.on("end", () => done(bytes));
    }).on("error", lost).end();
  });
}

async function slowed(it, times) {
  const session = await it.context.newCDPSession(it.page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: times });
}

/** From asking for the page to being ready to scan. */
async function ready(it, times) {
  const all = [];
  for (let n = 0; n < 5; n++) {
    await slowed(it, times);
    await it.page.reload();
    await it.ready();
    all.push(await it.page.evaluate(() => performance.getEntriesByName("ready")[0].startTime));
  }
  return median(all);
}

const office = await Office.open();

// Sizes: everything the page fetches until it is ready, what it fetches when it is idle, then the decoder.
{
  const it = await Phone.open(office, { enrolled: false });
  await it.go();
  await it.page.waitForTimeout(1_000);
  const fetched = await it.page.evaluate(() => {
    const ready = performance.getEntriesByName("ready")[0].startTime;
    const all = performance.getEntriesByType("resource").map(({ name, startTime }) => [name, startTime < ready]);
    return [[location.href, true], ...all];
  });
  const ofThePage = fetched.filter(([url]) => url.includes("/handheld/") && !url.includes("zxing"));
  const total = async (urls) => {
    let bytes = 0;
    for (const url of new Set(urls)) bytes += await size(url, "gzip");
    return bytes;
  };
  const urls = (first) => ofThePage.filter((it) => it[1] === first).map(([url]) => url);
  row("first load until ready, gzip", kb(await total(urls(true))), "60 KB");
  row("files of it", new Set(urls(true)).size, "–");
  row("sheets and camera, when idle, gzip", kb(await total(urls(false))), "–");
  const vendor = `${office.url}/handheld/vendor/zxing-wasm-3.1.4`;
  row("decoder, its glue, gzip", kb(await size(`${vendor}/reader.js`, "gzip")), "13 KB");
  row("decoder, wasm, brotli", kb(await size(`${vendor}/zxing_reader.wasm`, "br")), "325 KB");
  row("decoder, wasm, gzip", kb(await size(`${vendor}/zxing_reader.wasm`, "gzip")), "425 KB");
  await it.close();
}

// Times to ready: cold with network, then warm and offline.
{
  const it = await Phone.open(office);
  row("cold, with network, to ready", ms(await it.page.evaluate(() => performance.getEntriesByName("ready")[0].startTime)), "–");
  await until("the worker is in charge", () => it.page.evaluate(() => Boolean(navigator.serviceWorker.controller)));
  await it.context.setOffline(true);
  row("warm, offline, to ready", ms(await ready(it, 1)), "1500 ms");
  row("warm, offline, to ready, processor slowed six times", ms(await ready(it, 6)), "3000 ms");
  await slowed(it, 1);
  await it.context.setOffline(false);
  // A queue of a week.
  const codes = await office.mint("dossier", 2_000);
  office.road.cutOff = true;
  const began = Date.now();
  await it.scanAll(codes);
  row("one scan onto the disk and onto the screen, of 2,000", ms((Date.now() - began) / 2_000), "–");
  office.road.cutOff = false;
  const sent = Date.now();
  await it.page.evaluate(() => liuzhuan.sendNow());
  await it.allSent();
  row("2,000 scans sent", ms(Date.now() - sent), "–");
  await it.close();
}

/** From the first frame that shows codes to the last tone, by a camera that draws on demand. */
async function tray(count, times, format, words) {
  const { folder, pages } = await printed(office, words);
  const film = await swaying([pages[0]], join(folder, "still.mjpeg"), format);
  const it = await Phone.open(office, { args: camera(film) });
  await it.page.evaluate(() => liuzhuan.lens.camera().then((camera) => camera.warm()));
  await it.page.waitForTimeout(2_000);
  await slowed(it, times);
  const took = await it.page.evaluate((count) => new Promise((done) => {
    let seen;
    const tones = () => performance.getEntriesByType("mark").filter((mark) => mark.name.startsWith("tone:") && mark.startTime > seen);
    const video = document.querySelector("video") ?? liuzhuan.screen.video;
    video.addEventListener("loadeddata", () => (seen ??= performance.now()));
    const look = setInterval(() => {
      if (seen === undefined || tones().length < count) return;
      clearInterval(look);
      done(tones()[count - 1].startTime - seen);
    }, 10);
    setTimeout(() => done(NaN), 30_000);
    liuzhuan.lens.toggle();
  }), count);
  await it.close();
  return took;
}

/** From the first frame that shows a label to its tone, the camera open all along: the median of five times. */
async function intoView(times) {
  const { folder, pages } = await printed(office, ["--count", "1", "--format", "60x40"]);
  const film = await swaying([await nothing(folder), pages[0]], join(folder, "appears.mjpeg"), { scale: 620, seconds: 4 });
  const it = await Phone.open(office, { args: camera(film) });
  await it.page.evaluate(() => liuzhuan.lens.camera().then((camera) => camera.warm()));
  await it.page.waitForTimeout(2_000);
  await slowed(it, times);
  const took = await it.page.evaluate(() => new Promise((done) => {
    liuzhuan.lens.toggle();
    const { video } = liuzhuan.screen;
    const probe = new OffscreenCanvas(64, 36).getContext("2d", { willReadFrequently: true });
    const [all, tones] = [[], () => performance.getEntriesByType("mark").filter((mark) => mark.name.startsWith("tone:"))];
    let shown;
    const look = () => {
      probe.drawImage(video, 0, 0, 64, 36);
      const grey = probe.getImageData(0, 0, 64, 36).data.filter((_, n) => n % 4 === 0);
      const isThere = Math.max(...grey) - Math.min(...grey) > 60;
      if (isThere) shown ??= performance.now();
      else shown = undefined;
      const tone = shown && tones().find((mark) => mark.startTime > shown);
      if (tone && !all.includes(tone.startTime - shown)) all.push(tone.startTime - shown);
      if (all.length >= 5) done(all);
      else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    setTimeout(() => done(all), 90_000);
  }));
  await it.close();
  return median(took);
}

const single = { scale: 620, seconds: 2 };
const sheet = { width: 1920, height: 1080, scale: 700, seconds: 2, blur: 0.5 };
row("from the camera's first frame to tone, one label at 720p", ms(await tray(1, 1, single, ["--count", "1", "--format", "60x40"])), "–");
row("comes into view to tone, one label at 720p", ms(await intoView(1)), "400 ms");
row("the same, processor slowed six times", ms(await intoView(6)), "400 ms");
row("a tray of 24 at 1080p, first frame to last tone", ms(await tray(24, 1, sheet, ["--count", "24", "--format", "a4-3x8"])), "2000 ms");
await office.close();
