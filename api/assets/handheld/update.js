// The service worker's life as the page sees it: a new version is fetched in the background and waits until nothing is half
// done. The queue lies in IndexedDB and is not touched either way.

/**
 * @param {{isSafe: () => boolean, found: (update: {take: () => void}) => void}} parts
 */
export async function watchUpdates({ isSafe, found }) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  // A page that just got its first worker is not being updated.
  let hadOne = Boolean(serviceWorker.controller);
  serviceWorker.addEventListener("controllerchange", () => {
    if (hadOne) location.reload();
    hadOne = true;
  });
  let registration;
  try {
    registration = await serviceWorker.register("/handheld/sw.js", { scope: "/handheld/", updateViaCache: "none" });
  } catch (error) {
    return console.warn("no service worker", error);
  }
  const take = () => registration.waiting?.postMessage("take-over");
  const waits = () => {
    if (registration.waiting && serviceWorker.controller) found({ take });
  };
  registration.addEventListener("updatefound", () => {
    const fresh = registration.installing;
    fresh?.addEventListener("statechange", () => fresh.state === "installed" && waits());
  });
  waits();
  setInterval(() => registration.waiting && isSafe() && take(), 5_000);
  setInterval(() => registration.update().catch(() => {}), 3_600_000);
}
