// Ids made on the device: UUID version 7 (RFC 9562), whose first 48 bits are the wall clock, so that they sort roughly by
// time. Uniqueness rests on the 74 random bits alone: a wrong clock does no harm.

/** A new id. `crypto.randomUUID` is missing in older WebViews and on plain http, so the bytes are drawn here. */
export function newId(wallMs = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let left = Math.max(0, Math.floor(wallMs));
  for (let at = 5; at >= 0; at--) {
    bytes[at] = left % 256;
    left = Math.floor(left / 256);
  }
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
