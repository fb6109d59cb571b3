// Builds what the package carries, dist/lib/ and dist/types/, of what the compiler made, dist/src/.
//
// There is one implementation, CommonJS in a few files (tools/package/library.mjs). `import` and `require()` share classes and state, and a test
// runner or a bundler of either kind takes it: each entry names its exports in the form that loaders of ES modules read.
//
//   node tools/build-package.mjs           part of `npm run build:ts`
//   node tools/build-package.mjs --code    without declarations, which nothing but a compiler needs
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { entryModules, flatName } from './package/entry-modules.mjs'
import { compressedSources } from './package/c-sources.mjs'
import { Library } from './package/library.mjs'
import { compressed, smallerAdapter, smallerPage, smallerTable } from './package/smaller-modules.mjs'
import { bundledTypes } from './package/types.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = path.join(root, 'dist', 'src')
const lib = path.join(root, 'dist', 'lib')
const types = path.join(root, 'dist', 'types')
const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))

/**
 * Files of the library, each with what no file before it has; an end is loaded by none of the others.
 *
 * @type {readonly { file: string, roots: readonly string[], isEnd?: boolean }[]}
 */
const PARTS = [
  // Needs of processes and threads that are to be small.
  { file: 'start.cjs', roots: ['auto/loader-thread', 'attach/client/guard-process'] },
  { file: 'core.cjs', roots: ['index', 'http/index', 'twin/index'] },
  // The other entries.
  { file: 'more.cjs', roots: [] },
  { file: 'command.cjs', roots: ['cli/main', 'cli/doctor/allocator-facts'], isEnd: true },
  { file: 'addons.cjs', roots: ['allocator/bundled'] },
]
/** The command's own code: no bundler takes it, so it lies compressed beside what unpacks it, at a quarter of its size. */
const COMMAND = /^command(?:-\d+)?\.cjs$/
const UNPACKING = `"use strict";const{brotliDecompressSync}=process.getBuiltinModule("zlib"),{readFileSync}=process.getBuiltinModule("fs");
module._compile(brotliDecompressSync(readFileSync(__filename+".br")).toString(),__filename);
`
const AGENT = 'attach/agent/agent.bundle.js'

const entries = entryModules(manifest.exports, path.join(root, 'src'))

/** Path relative to dist/ → content. @type {Map<string, string | Buffer>} */
const written = new Map()

await writeIfChanged(path.join(source, 'allocator', 'bundled-addons.js'), bundledAddons())
await buildLibrary()
await writeIfChanged(path.join(root, 'native', 'sources.br'), compressedSources(path.join(root, 'native')))
if (!process.argv.includes('--code')) await buildTypes()
written.set(`lib/${flatName(AGENT).replace('.js', '.cjs')}.br`, compressed(await readFile(path.join(source, AGENT))))
for (const [file, content] of written) await writeIfChanged(path.join(root, 'dist', file), content)
await removeOthers()

/** The addons that a bundle may carry: those that are prebuilt, and that of this system if it is built. */
function bundledAddons() {
  const prebuilds = path.join(root, 'native', 'prebuilds')
  const built = path.join(root, 'native', 'build', 'Release', 'cache_attribution.node')
  /** @type {Record<string, string>} */
  const files = {}
  const { header } = /** @type {any} */ (process.report.getReport())
  const libc = header.glibcVersionRuntime === undefined ? '.musl' : '.glibc'
  const own = `${process.platform}-${process.arch}${process.platform === 'linux' ? libc : ''}`
  for (const system of existsSync(prebuilds) ? readdirSync(prebuilds) : []) {
    for (const name of readdirSync(path.join(prebuilds, system))) {
      const [, itsLibc = ''] = /\.napi(\.\w+)?\.node$/.exec(name) ?? []
      files[`${system}${itsLibc}`] = path.join(prebuilds, system, name)
    }
  }
  // The last one that was made: a prebuild is half as large.
  if (existsSync(built) && madeAt(built) > madeAt(files[own])) files[own] = built
  const addons = Object.entries(files).map(([system, file]) => [
    system,
    compressed(readFileSync(file)).toString('base64'),
  ])
  return `export const ADDONS = ${JSON.stringify(Object.fromEntries(addons))}\n`
}

/** @param {string | undefined} file */
function madeAt(file) {
  return file === undefined ? 0 : statSync(file).mtimeMs
}

async function buildLibrary() {
  const library = new Library(source, manifest.version, async (file) => {
    return (await smallerPage(source, file)) ?? (await smallerTable(source, file)) ?? smallerAdapter(source, file)
  })
  const isIn = (/** @type {readonly { roots: readonly string[] }[]} */ parts, /** @type {string} */ entry) =>
    parts.some(({ roots }) => roots.includes(entry))
  const others = entries.filter((entry) => !isIn(PARTS, entry))
  const parts = PARTS.map((part) => (part.file === 'more.cjs' ? { ...part, roots: others } : part))
  for (const [file, text] of await library.files(parts)) {
    if (COMMAND.test(file)) written.set(`lib/${file}.br`, compressed(Buffer.from(text)))
    written.set(`lib/${file}`, textOf(file, text))
  }
}

/** @param {string} file @param {string} text */
function textOf(file, text) {
  if (COMMAND.test(file)) return UNPACKING
  return file === 'cli-main.cjs' ? `#!/usr/bin/env node\n${text}` : text
}

/** As of CommonJS modules, which every compiler reads. */
async function buildTypes() {
  const optionalPeers = Object.keys(manifest.peerDependenciesMeta)
  /** @type {[string, string][]} */
  const named = entries.map((entry) => [flatName(entry), entry])
  const files = await bundledTypes({ source, entries: Object.fromEntries(named), optionalPeers })
  for (const [file, text] of files) written.set(`types/${file}`, text)
}

/** @param {string} file @param {string | Buffer} content */
async function writeIfChanged(file, content) {
  if (existsSync(file) && (await readFile(file)).equals(Buffer.from(content))) return
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
}

/** The files of an earlier build. */
async function removeOthers() {
  for (const folder of process.argv.includes('--code') ? [lib] : [lib, types]) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name)
      if (entry.isFile() && !written.has(path.relative(path.join(root, 'dist'), file))) await rm(file)
    }
  }
}
