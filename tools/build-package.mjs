// Builds what the package carries, dist/lib/ and dist/types/, of what the compiler made, dist/src/.
//
// There is one implementation, CommonJS in a few chunks, and before each entry an ES module that exports the same: `import` and
// `require()` share classes and state, and a test runner or a bundler of either kind takes it. Node's own modules are asked of
// Node (`process.getBuiltinModule`), so that a bundler that makes ES modules has no `require` to replace.
//
//   node tools/build-package.mjs        part of `npm run build:ts`
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'
import { build, transform } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = path.join(root, 'dist', 'src')
const lib = path.join(root, 'dist', 'lib')
const types = path.join(root, 'dist', 'types')
const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))

/** What is started, loaded or evaluated by its path: src/support/own-package.ts. */
const BY_PATH = ['cli/main', 'cli/doctor/allocator-facts', 'auto/loader-thread', 'attach/client/guard-process']
const AGENT = 'attach/agent/agent.bundle.js'

/** Each costs a quarter of a megabyte or more. */
const LATE_MODULES = [
  'child_process',
  'crypto',
  'http',
  'https',
  'inspector',
  'net',
  'readline',
  'worker_threads',
  'zlib',
]

/** In a bundle there may be no name of a file, or one of another machine: then nothing is beside the code. */
const ADDRESS =
  'const OWN_URL=typeof __filename==="string"&&__filename!==""?process.getBuiltinModule("node:url").pathToFileURL(__filename).href:"";'

/** Entries of the package, as `http/index`. */
const entries = Object.values(manifest.exports).flatMap((/** @type {any} */ target) =>
  typeof target === 'string' ? [] : [target.import.default.replace(/^\.\/dist\/lib\/|\.js$/g, '')],
)

/** Path relative to dist/ → content. @type {Map<string, string | Buffer>} */
const written = new Map()

await writeIfChanged(path.join(source, 'allocator', 'bundled-addons.js'), bundledAddons())
await buildLibrary()
buildTypes()
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
  // What was built last goes before what was prebuilt earlier.
  if (existsSync(built)) files[own] = built
  const addons = Object.entries(files).map(([system, file]) => [
    system,
    compressed(readFileSync(file)).toString('base64'),
  ])
  return `export const ADDONS = ${JSON.stringify(Object.fromEntries(addons))}\n`
}

/** @param {Buffer} content */
function compressed(content) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length }
  return brotliCompressSync(content, { params })
}

/** The admin page, which few processes ever serve: compressed in the code, too. @returns {import('esbuild').Plugin} */
function compressedPage() {
  return {
    name: 'compressed-page',
    setup: ({ onLoad }) => {
      onLoad({ filter: /[/\\]page-text\.js$/ }, async ({ path: file }) => {
        const { PAGE } = await import(pathToFileURL(file).href)
        const page = JSON.stringify(compressed(Buffer.from(PAGE)).toString('base64'))
        const contents = `import { brotliDecompressSync } from 'node:zlib'
export const PAGE = brotliDecompressSync(Buffer.from(${page}, 'base64')).toString()`
        return { contents }
      })
    },
  }
}

async function buildLibrary() {
  const result = await build({
    entryPoints: [...entries, ...BY_PATH].map((entry) => path.join(source, `${entry}.js`)),
    outbase: source,
    outdir: lib,
    chunkNames: 'chunks/[hash]',
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    define: { PACKAGE_VERSION: JSON.stringify(manifest.version) },
    plugins: [compressedPage()],
    legalComments: 'none',
    logLevel: 'warning',
  })
  for (const { path: file, text } of result.outputFiles) {
    const name = path.relative(path.join(root, 'dist'), file)
    written.set(name.replace(/\.js$/, '.cjs'), await commonJs(text, name))
    const { entryPoint, exports } = /** @type {any} */ (result.metafile.outputs[path.relative(root, file)])
    if (entryPoint !== undefined && name !== 'lib/cli/main.js') written.set(name, esModule(name, exports))
  }
}

/**
 * Names of functions and classes stay, for stacks and heap snapshots: without a format the second pass takes what stands on top
 * for the names of a script, and shortens those within functions alone.
 *
 * @param {string} text @param {string} name
 */
async function commonJs(text, name) {
  const hasAddress = text.includes('import.meta.url')
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    minifyWhitespace: true,
    // As ASCII the engine keeps it in half the memory.
    charset: 'ascii',
    legalComments: 'none',
    ...(hasAddress ? { define: { 'import.meta.url': 'OWN_URL' }, banner: ADDRESS } : {}),
    logLevel: 'warning',
    sourcefile: name,
  })
  const short = await transform(withClassNames(code), {
    platform: 'node',
    target: 'node20.19',
    minify: true,
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
    sourcefile: name,
  })
  // It takes this for dead code, and loaders of ES modules read the names of exports there.
  const [names = ''] = /0&&\(module\.exports=\{[^}]*\}\);?\s*$/.exec(code) ?? []
  return withLateModules(withSpecifiers(short.code.trimEnd() + names))
}

/**
 * A class that names itself is `Name = class _Name` by esbuild. Without the inner name it is called as the variable is, which means
 * the same.
 *
 * @param {string} code
 */
function withClassNames(code) {
  const names = [...code.matchAll(/=\s?class _(\w+)/g)].map(([, name = '']) => name)
  return names.reduce(
    (text, name) =>
      text
        .replace(new RegExp(String.raw`=\s?class _${name}\b`, 'g'), '=class')
        .replace(new RegExp(String.raw`\b_${name}\b`, 'g'), name),
    code,
  )
}

/** @param {string} code */
function withSpecifiers(code) {
  return code
    .replace(/\brequire\("(node:[\w/]+)"\)/g, 'process.getBuiltinModule("$1")')
    .replace(/\brequire\("(\.{1,2}\/[^"]+)\.js"\)/g, 'require("$1.cjs")')
}

/**
 * Node's larger modules are loaded when something of them is first used: an import of this package costs little.
 *
 * @param {string} code
 */
function withLateModules(code) {
  const imported = /\b(import_node_\w+)=(?:__toESM\()?process\.getBuiltinModule\("node:(\w+)"\)\)?(?=[,;])/g
  const late = [...code.matchAll(imported)].filter(([, , module = '']) => LATE_MODULES.includes(module))
  if (late.length === 0) return code
  const modules = [...new Set(late.map(([, , module]) => module))]
  const getters = modules.map((module) => `get ${module}(){return process.getBuiltinModule("node:${module}")}`)
  const text = late.reduce(
    (rest, [declaration, name = '', module]) =>
      rest
        .replace(declaration, '$late')
        .replace(new RegExp(String.raw`\b${name}\b(?:\.default\b)?`, 'g'), `$late.${module}`),
    code,
  )
  return text.replace(/^(?:#!.*\n)?(?:"use strict";)?/, (start) => `${start}var $late={${getters.join(',')}};`)
}

/** The ES module before an entry. By names, which every loader and bundler finds in what esbuild writes. @param {string} name @param {string[]} exports */
function esModule(name, exports) {
  const from = `'./${path.basename(name, '.js')}.cjs'`
  return exports.length === 0 ? `import ${from}\n` : `export { ${exports.sort().join(', ')} } from ${from}\n`
}

/** The declarations that the entries reach, as of CommonJS modules, and before each entry one for each of the two kinds. */
function buildTypes() {
  const queue = entries.map((entry) => `${entry}.d.ts`)
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (written.has(`types/${file}`)) continue
    const text = readFileSync(
      path.join(existsSync(path.join(source, file)) ? source : path.join(root, 'src'), file),
      'utf8',
    )
    written.set(`types/${file}`, forEveryCompiler(text.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n')))
    for (const [, specifier = ''] of text.matchAll(/(?:\bfrom |\bimport\(|\bimport )['"](\.[^'"]+)\.js['"]/g)) {
      queue.push(`${path.posix.join(path.posix.dirname(file), specifier)}.d.ts`)
    }
  }
  written.set('types/package.json', '{ "type": "commonjs" }\n')
  for (const entry of entries) {
    const target = path.posix.join(path.posix.relative(path.posix.dirname(entry), '..'), 'types', entry)
    for (const ending of ['.d.ts', '.d.cts']) written.set(`lib/${entry}${ending}`, `export * from '${target}.js'\n`)
  }
}

/**
 * Who has not installed a peer is not told so by the compiler: its types are `any` then. Before TypeScript 5.7 typed arrays take no
 * parameter.
 *
 * @param {string} text
 */
function forEveryCompiler(text) {
  const plain = text.replace(/\b(\w+Array|Buffer)<ArrayBuffer(?:Like)?>/g, '$1')
  return plain.replace(/^import type .* from '([^'.][^']*)';$/gm, (line, name) =>
    Object.hasOwn(manifest.peerDependenciesMeta, name) ? `// @ts-ignore: an optional peer\n${line}` : line,
  )
}

/** @param {string} file @param {string | Buffer} content */
async function writeIfChanged(file, content) {
  if (existsSync(file) && (await readFile(file)).equals(Buffer.from(content))) return
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
}

/** What an earlier build wrote. */
async function removeOthers() {
  for (const folder of [lib, types]) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name)
      if (entry.isFile() && !written.has(path.relative(path.join(root, 'dist'), file))) await rm(file)
    }
  }
}
