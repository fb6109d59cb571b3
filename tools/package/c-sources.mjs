// The sources of the addon in one compressed file, for who builds it where none is prebuilt: native/unpack.mjs.
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { compressed } from './smaller-modules.mjs'

/** A text or a character, which stays as it is, or a comment. */
const TEXT_OR_COMMENT = /"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*'|\/\/[^\n]*|\/\*[^]*?\*\//g

/** @param {string} folder native/ */
export function compressedSources(folder) {
  const names = readdirSync(folder).filter((name) => /\.[ch]$/.test(name))
  const sources = names.sort().map((name) => [name, withoutComments(readFileSync(path.join(folder, name), 'utf8'))])
  return compressed(Buffer.from(JSON.stringify(Object.fromEntries(sources))))
}

/** A third of the package's sources is comments, which a compiler does not need. A line keeps its number. @param {string} text */
function withoutComments(text) {
  return text
    .replace(TEXT_OR_COMMENT, (found) => (found.startsWith('/') ? found.replace(/[^\n]+/g, ' ') : found))
    .replace(/[ \t]+$/gm, '')
}
