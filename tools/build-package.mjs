// Builds what the package carries, dist/lib/ and dist/types/, of what the compiler made, dist/src/.
//
// There is one implementation, CommonJS in a few files (tools/package/library.mjs), and before each entry an ES module that exports the
// same: `import` and `require()` share classes and state, and a test runner or a bundler of either kind takes it.
//
//   node tools/build-package.mjs           part of `npm run build:ts`
//   node tools/build-package.mjs --code    without declarations, which nothing but a compiler needs
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Library } from './package/library.mjs'
import { compressed, smallerPage, smallerTable } from './package/smaller-modules.mjs'
import { bundledTypes } from './package/types.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = path.join(root, 'dist', 'src')
const lib = path.join(root, 'dist', 'lib')
const types = path.join(root, 'dist', 'types')
const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))

/** Files of the library, each with what no file before it has. @type {readonly { file: string, roots: readonly string[] }[]} */
const PARTS = [
  // Needs of processes and threads that are to be small.
  { file: 'start.cjs', roots: ['auto/loader-thread', 'attach/client/guard-process'] },
  { file: 'core.cjs', roots: ['index', 'http/index', 'twin/index'] },
  // The other entries.
  { file: 'more.cjs', roots: [] },
  { file: 'command.cjs', roots: ['cli/main', 'cli/doctor/allocator-facts'] },
  { file: 'addons.cjs', roots: ['allocator/bundled'] },
]
/** Besides the entries: src/support/own-package.ts. */
const LOADED_AS_MODULES = ['auto/loader-thread', 'attach/client/guard-process', 'cli/doctor/allocator-facts']
const AGENT = 'attach/agent/agent.bundle.js'

/** Entries of the package, as `http/index`. */
const entries = Object.values(manifest.exports).flatMap((/** @type {any} */ target) =>
  typeof target === 'string' ? [] : [target.import.default.replace(/^\.\/dist\/lib\/|\.js$/g, '')],
)

/** Path relative to dist/ → content. @type {Map<string, string | Buffer>} */
const written = new Map()

await writeIfChanged(path.join(source, 'allocator', 'bundled-addons.js'), bundledAddons())
await buildLibrary()
await writeIfChanged(path.join(root, 'native', 'sources.br'), compressedSources())
if (!process.argv.includes('--code')) await buildTypes()
written.set(`lib/${AGENT}.br`, compressed(await readFile(path.join(source, AGENT))))
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
  // The last build goes before an earlier prebuild.
  if (existsSync(built)) files[own] = built
  const addons = Object.entries(files).map(([system, file]) => [
    system,
    compressed(readFileSync(file)).toString('base64'),
  ])
  return `export const ADDONS = ${JSON.stringify(Object.fromEntries(addons))}\n`
}

/** The sources of the addon, for who builds it where none is prebuilt: native/unpack.mjs. */
function compressedSources() {
  const native = path.join(root, 'native')
  const names = readdirSync(native).filter((name) => /\.[ch]$/.test(name))
  const sources = Object.fromEntries(names.sort().map((name) => [name, readFileSync(path.join(native, name), 'utf8')]))
  return compressed(Buffer.from(JSON.stringify(sources)))
}

async function buildLibrary() {
  const library = new Library(source, manifest.version, async (file) => {
    return (await smallerPage(source, file)) ?? (await smallerTable(source, file))
  })
  const isIn = (/** @type {readonly { roots: readonly string[] }[]} */ parts, /** @type {string} */ entry) =>
    parts.some(({ roots }) => roots.includes(entry))
  const others = entries.filter((entry) => !isIn(PARTS, entry))
  const parts = PARTS.map((part) => (part.file === 'more.cjs' ? { ...part, roots: others } : part))
  for (const [file, text] of await library.files(parts)) {
    written.set(`lib/${file}`, file === 'cli/main.cjs' ? `#!/usr/bin/env node\n${text}` : text)
  }
  for (const entry of [...entries, ...LOADED_AS_MODULES]) {
    written.set(`lib/${entry}.js`, esModule(entry, library.exportsOf(entry)))
  }
}

/** The ES module before an entry. By names, which every loader and bundler finds in what esbuild writes. @param {string} name @param {readonly string[]} exports */
function esModule(name, exports) {
  const from = `'./${path.basename(name, '.js')}.cjs'`
  return exports.length === 0 ? `import ${from}\n` : `export { ${[...exports].sort().join(', ')} } from ${from}\n`
}

/** Before each entry one declaration for `import`; for `require()` and old compilers it is that of the module itself. */
async function buildTypes() {
  const optionalPeers = Object.keys(manifest.peerDependenciesMeta)
  /** Folders take room, too. @type {[string, string][]} */
  const named = entries.map((entry) => [entry.replace(/(?<=.)\/index$/, '').replaceAll('/', '-'), entry])
  const files = await bundledTypes({ source, entries: Object.fromEntries(named), optionalPeers })
  for (const [file, text] of files) written.set(`types/${file}`, text)
  for (const [name, entry] of named) {
    const target = path.posix.join(path.posix.relative(path.posix.dirname(entry), '..'), 'types', name)
    written.set(`lib/${entry}.d.ts`, `export * from '${target}.cjs'\n`)
  }
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
