// How words are said: one language at a time is loaded, the other when somebody asks for it.

/** The words of a language. */
export async function wordsOf(lang) {
  const { WORDS } = await (lang === "en" ? import("./words-en.js") : import("./words-zh.js"));
  return WORDS;
}

export class Words {
  /** @param {{lang: string, table: object, siteName: (id: string, english: boolean) => string}} how */
  constructor({ lang, table, siteName }) {
    Object.assign(this, { lang, table, siteName });
  }

  get english() {
    return this.lang === "en";
  }

  /** The words of a key, with its gaps filled. */
  t(key, gaps = {}) {
    const text = this.table[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, gap) => this.#fill(gap, gaps));
  }

  /** As an outcome says it: `[key, gaps]`. */
  say(pair) {
    return pair ? this.t(pair[0], pair[1]) : "";
  }

  #fill(gap, gaps) {
    const value = gaps[gap];
    if (gap === "site") return value ? this.siteName(value, this.english) : "?";
    if (gap === "holder") return this.t(`holder.${value?.kind ?? "unknown"}`, { site: value?.site });
    if (gap === "age") return this.age(value);
    return String(value ?? "");
  }

  /** A span of time, in one unit. */
  age(ms) {
    const minutes = Math.floor(Math.abs(ms) / 60_000);
    if (minutes < 1) return this.t("age.now");
    if (minutes < 60) return this.t("age.minutes", { n: minutes });
    if (minutes < 48 * 60) return this.t("age.hours", { n: Math.floor(minutes / 60) });
    return this.t("age.days", { n: Math.floor(minutes / (24 * 60)) });
  }
}
