// Run by binding.gyp. The package carries the sources in one compressed file, sources.br: they are written beside it for the compiler. In the
// repository they lie there, and nothing is done.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'

const here = path.dirname(fileURLToPath(import.meta.url))
const archive = path.join(here, 'sources.br')
if (existsSync(archive) && !existsSync(path.join(here, 'addon.c'))) {
  const sources = JSON.parse(brotliDecompressSync(readFileSync(archive)).toString())
  for (const [name, text] of Object.entries(sources)) writeFileSync(path.join(here, path.basename(name)), text)
}
// The value of a variable, as gyp wants one.
console.log('done')
