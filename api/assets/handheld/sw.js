// Keeps the page for days without network. The server writes the version and its files into this text, so every change of
// any file is a new worker. A version is cached whole or not at all, and takes over only when the page says that nothing is
// half done. Never touches the queue: that lies in IndexedDB, which no update of this worker can reach. Never answers for
// the JSON doors.
"use strict";
const VERSION = "{{version}}";
const FILES = {{files}};
const VENDOR = {{vendor}};
const PAGE = "/handheld/";
const CACHE = `handheld-${VERSION}`;
const VENDOR_CACHE = "handheld-vendor";

self.addEventListener("install", (event) => {
  event.waitUntil(fill());
});

/** The page and its modules at once; the decoder is large, comes when it is first asked for, and outlives versions. */
async function fill() {
  const cache = await caches.open(CACHE);
  // The files of a version never change: what the browser has already is not fetched twice.
  await cache.addAll([new Request(PAGE, { cache: "no-cache" }), ...FILES]);
  await pageOfThisVersion(cache);
}

/** The server may have become a newer one in between: then this install fails, and the newer worker comes. */
async function pageOfThisVersion(cache) {
  const page = await (await cache.match(PAGE)).text();
  if (!page.includes(VERSION)) throw new Error("the page is of another version");
}

self.addEventListener("message", (event) => {
  if (event.data === "take-over") self.skipWaiting();
  if (event.data === "fetch-decoder") event.waitUntil?.(fetchDecoder());
});

async function fetchDecoder() {
  const cache = await caches.open(VENDOR_CACHE);
  for (const url of VENDOR) if (!(await cache.match(url))) await cache.add(url);
}

self.addEventListener("activate", (event) => {
  event.waitUntil(clean());
});

async function clean() {
  for (const name of await caches.keys()) {
    if (name.startsWith("handheld-") && name !== CACHE && name !== VENDOR_CACHE) await caches.delete(name);
  }
  const vendor = await caches.open(VENDOR_CACHE);
  for (const request of await vendor.keys()) {
    if (!VENDOR.includes(new URL(request.url).pathname)) await vendor.delete(request);
  }
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin || !url.pathname.startsWith(PAGE)) return;
  if (url.pathname.endsWith("/sw.js")) return;
  if (event.request.mode === "navigate") event.respondWith(cached(PAGE, event.request));
  else if (VENDOR.includes(url.pathname)) event.respondWith(kept(event.request));
  else event.respondWith(cached(url.pathname, event.request));
});

async function cached(name, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(name)) ?? fetch(request);
}

async function kept(request) {
  const cache = await caches.open(VENDOR_CACHE);
  const found = await cache.match(request.url);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request.url, answer.clone());
  return answer;
}
