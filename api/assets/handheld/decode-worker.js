// Finds QR codes in camera frames, off the page's thread. A classic worker: older WebViews have no module workers. The
// decoder comes with the program; its own default would ask a public CDN.
"use strict";
Object.hasOwn ??= (object, key) => Object.prototype.hasOwnProperty.call(object, key);
importScripts("../vendor/zxing-wasm-3.1.4/reader.js");

const ready = ZXingWASM.prepareZXingModule({
  overrides: {
    locateFile: (path) => new URL(`../vendor/zxing-wasm-3.1.4/${path}`, self.location.href).href,
  },
  fireImmediately: true,
}).then(
  () => self.postMessage({ ready: true }),
  (error) => self.postMessage({ failed: String(error) }),
);

/** Our labels are QR codes; other codes are read too, so that a foreign one can be named. */
const OPTIONS = { formats: ["QRCode", "EAN13", "Code128"], maxNumberOfSymbols: 64, tryHarder: false, tryInvert: false };

let canvas;

/** The pixels of a picture that came as a bitmap. */
function pixelsOf(frame) {
  if (frame instanceof ImageData) return frame;
  const { width, height } = frame;
  if (canvas?.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  context.drawImage(frame, 0, 0);
  frame.close();
  return context.getImageData(0, 0, width, height);
}

self.onmessage = async ({ data: { frame, at } }) => {
  await ready;
  let codes = [];
  try {
    const found = await ZXingWASM.readBarcodes(pixelsOf(frame), OPTIONS);
    codes = found.filter((code) => code.isValid !== false).map((code) => ({ text: code.text, format: code.format, corners: code.position }));
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
  self.postMessage({ codes, at });
};
