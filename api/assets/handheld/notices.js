// What stands above the work: things people should know until they no longer hold, or until they wave them off.

export class Notices {
  #shown = new Map();

  constructor(app) {
    this.app = app;
  }

  /** Says something; for some time, or until it is dismissed. */
  notice(id, banner, ms) {
    // Said again it stays as long again.
    clearTimeout(this.#shown.get(id)?.timer);
    const timer = ms && setTimeout(() => this.dismiss(id), ms);
    this.#shown.set(id, { id, ...banner, timer, dismiss: () => this.dismiss(id) });
    this.app.screen?.drawBanners();
  }

  dismiss(id) {
    clearTimeout(this.#shown.get(id)?.timer);
    if (this.#shown.delete(id)) this.app.screen?.drawBanners();
  }

  banners() {
    const { sender, words: w } = this.app;
    const standing = [];
    if (sender.revoked) standing.push({ id: "revoked", text: w.t("revoked"), bad: true });
    else if (["refused", "trouble"].includes(sender.line)) standing.push({ id: "line", text: w.t(`line.${sender.line}`), bad: sender.line === "refused" });
    else if (sender.line === "offline" && this.app.counts.waiting > 0) standing.push({ id: "line", text: w.t("line.offline") });
    return [...standing, ...this.#shown.values()];
  }
}
