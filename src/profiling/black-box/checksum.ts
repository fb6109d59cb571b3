/** FNV-1a over words of four bytes, with what is above folded in: as native/black-box-map.c has it. */

/** Of `length` bytes from `offset` on; a last word that is not whole counts as filled up with zeros. */
export function checksum(bytes: Uint8Array, offset: number, length: number): number {
  const start = bytes.byteOffset + offset
  const whole = length - (length % 4)
  let hash = 2166136261
  if (start % 4 === 0 && IS_LITTLE) {
    const words = new Uint32Array(bytes.buffer, start, whole / 4)
    for (const word of words) hash = step(hash, word)
  } else {
    for (let at = offset; at < offset + whole; at += 4) hash = step(hash, wordAt(bytes, at, 4))
  }
  if (whole < length) hash = step(hash, wordAt(bytes, offset + whole, length - whole))
  return hash >>> 0
}

/** Files are written by machines whose low bytes come first. */
const IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function step(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 16777619)
  return mixed ^ (mixed >>> 15)
}

function wordAt(bytes: Uint8Array, at: number, length: number): number {
  let word = 0
  for (let index = 0; index < length; index++) word |= (bytes[at + index] ?? 0) << (8 * index)
  return word
}
