// Films for the fake camera, made from our own printed labels: PDF to picture to a moving, slightly blurred clip.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Pictures of new labels as printed: one a page, or a whole sheet. */
export async function printed(office, words) {
  const folder = mkdtempSync(join(tmpdir(), "liuzhuan-film-"));
  const pdf = join(folder, "labels.pdf");
  const said = await office.liuzhuan("labels", "--out", pdf, ...words);
  await run("pdftoppm", ["-r", "203", "-png", pdf, join(folder, "page")]);
  const pages = readdirSync(folder).filter((name) => name.startsWith("page")).sort().map((name) => join(folder, name));
  return { folder, pages, said };
}

/** A picture of nothing, as grey as what lies around a label in a film. */
export async function nothing(folder) {
  const picture = join(folder, "nothing.png");
  await run("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", "color=0x909090:s=600x400", "-frames:v", "1", picture]);
  return picture;
}

const CLIP = ["-an", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "3", "-f", "mjpeg"];

/**
 * A still picture as a hand holds a phone over it: swaying, a little blurred, a little noise. Chromium plays mjpeg at 30
 * frames a second, again and again.
 */
export async function swaying(pictures, out, { width = 1280, height = 720, scale, top = 0, seconds = 2, blur = 0.7 }) {
  const inputs = pictures.flatMap((picture) => ["-loop", "1", "-t", String(seconds), "-i", picture]);
  const one = (n) => `[${n}:v]format=gray,scale=${scale}:-1,crop=iw:'min(ih,${height})':0:${top},pad=${width + 80}:${height + 80}:(ow-iw)/2:(oh-ih)/2:color=0x909090,` +
    `fps=30,crop=${width}:${height}:x='40+34*sin(2*PI*t/1.7)':y='40+30*cos(2*PI*t/2.3)',gblur=sigma=${blur},noise=alls=4:allf=t[v${n}]`;
  const joined = pictures.map((_, n) => `[v${n}]`).join("");
  const graph = `${pictures.map((_, n) => one(n)).join(";")};${joined}concat=n=${pictures.length}:v=1[out]`;
  await run("ffmpeg", ["-v", "error", "-y", ...inputs, "-filter_complex", graph, "-map", "[out]", ...CLIP, out]);
  return out;
}

/** Chromium's flags for that film. */
export function camera(film) {
  return ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film}`];
}
