// The text of a label, read as labels/src/code.rs reads it: tolerant of case, width, spaces, hyphens, I L O, and of the
// address around it; strict about the check character (ISO/IEC 7064, MOD 37,36). Never repeats what it read: a wrong text
// may be somebody's identity number. Both readers are held to the same vectors by tests.

/** Crockford's base 32: no I, L, O, U. */
export const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECK_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Characters on a label: a kind letter, twelve of the alphabet, one check character. */
export const PRINTED_LENGTH = 14;
/** What a label is stuck on, by its first letter. */
export const KINDS = { D: "dossier", B: "bag", P: "site", S: "shelf", W: "badge", R: "receipt" };

/** The check character of a text of 0-9 A-Z. */
export function checkCharacter(body) {
  let product = 36;
  for (const character of body) {
    const sum = (product + CHECK_ALPHABET.indexOf(character)) % 36 || 36;
    product = (sum * 2) % 37;
  }
  return CHECK_ALPHABET[(37 - product) % 36];
}

/**
 * Reads a label however it came.
 * @returns {{kind: string, code: string, printed: string} | {error: "wrong-check" | "unknown-kind" | "foreign", looks?: string}}
 */
export function read(text) {
  const clean = plain(text);
  const { segment, isUrl } = lastSegment(clean);
  const foreign = { error: "foreign", looks: isUrl ? "url" : looksLike(segment) };
  if (!/^[A-Z][0-9A-Z]{12,13}$/.test(segment)) return foreign;
  const body = segment[0] + [...segment.slice(1, 13)].map(meant).join("");
  if (![...body.slice(1)].every((character) => ALPHABET.includes(character))) return foreign;
  const check = checkCharacter(body);
  const last = segment[13];
  const fits = last !== undefined && (last === check || meant(last) === check);
  const kind = KINDS[segment[0]];
  if (kind && fits) return { kind, code: body, printed: body + check };
  if (kind) return { error: "wrong-check" };
  return fits ? { error: "unknown-kind" } : foreign;
}

/** The printed text in groups of four, as people read it aloud. */
export function grouped(printed) {
  return (printed.match(/.{1,4}/g) ?? []).join(" ");
}

/** Whether a typed tail could end this label: at least four characters, check character included. */
export function endsWith(printed, tail) {
  const typed = [...plain(tail)].map(meant).join("");
  return typed.length >= 4 && [...printed].map(meant).join("").endsWith(typed);
}

/** Full-width letters become plain ones; what only parts groups goes. */
function plain(text) {
  const narrow = String(text).replace(/[\uFF01-\uFF5E]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  return narrow.replace(/[\s\p{Cc}\-\u2010-\u2015\u2212\uFEFF]/gu, "").replace(/[a-z]/g, (c) => c.toUpperCase());
}

function lastSegment(text) {
  const at = text.indexOf("://");
  if (at < 0) return { segment: text, isUrl: false };
  const path = text.slice(at + 3).split(/[?#]/)[0].replace(/\/+$/, "");
  return { segment: path.slice(path.lastIndexOf("/") + 1), isUrl: true };
}

function meant(character) {
  if (character === "I" || character === "L") return "1";
  return character === "O" ? "0" : character;
}

/** What a foreign text seems to be, for the message. */
function looksLike(text) {
  const length = [...text].length;
  const numeric = /^[0-9]+$/.test(text);
  const letters = (text.match(/^[A-Z]+/i) ?? [""])[0].length;
  if (length === 0) return "nothing";
  if (length === 15 && numeric) return "identity-number";
  if (/^[0-9]{17}[0-9X]$/.test(text)) return "identity-number";
  if (length === 18 && /^[0-9]{6}$/.test(text.slice(2, 8)) && [...text].every((c) => ALPHABET.includes(c) || c === "U")) {
    return "credit-code";
  }
  if (numeric && [8, 12, 13, 14].includes(length) && goodsCheckFits(text)) return "goods-barcode";
  if (numeric && length >= 12 && length <= 15) return "waybill";
  if (length === 13 && letters === 2 && /^[0-9]{9}$/.test(text.slice(2, 11))) return "waybill";
  if (length >= 10 && length <= 20 && letters >= 1 && letters <= 4 && /^[0-9]+$/.test(text.slice(letters))) return "waybill";
  return "text";
}

/** The check digit of GS1 numbers: weights 3 and 1 from the right. */
function goodsCheckFits(digits) {
  const weighted = [...digits].reverse().map((digit, at) => Number(digit) * (at % 2 === 0 ? 1 : 3));
  return weighted.reduce((sum, it) => sum + it, 0) % 10 === 0;
}
