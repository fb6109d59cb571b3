// The declarations of the package, dist/types/: those that the entries reach, in a few files, as of CommonJS modules.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'

/**
 * @param {{ source: string, entries: Readonly<Record<string, string>>, optionalPeers: readonly string[] }} options dist/src/; name of a
 *   file → entry, as `http/index`; packages whose types may be missing
 * @returns {Promise<Map<string, string>>} path below dist/types/ → text
 */
export async function bundledTypes({ source, entries, optionalPeers }) {
  const bundle = await rollup({
    input: Object.fromEntries(
      Object.entries(entries).map(([name, entry]) => [name, path.join(source, `${entry}.d.ts`)]),
    ),
    plugins: [dts({ compilerOptions: { skipLibCheck: true } })],
    external: (id) => !/^[./]/.test(id),
    onwarn(warning) {
      // Of types that an entry uses and does not export, on purpose, and of entries without any.
      if (warning.plugin !== 'dts' && warning.code !== 'EMPTY_BUNDLE') throw new Error(warning.message)
    },
  })
  const { output } = await bundle.generate({
    format: 'es',
    entryFileNames: '[name].d.ts',
    chunkFileNames: '[name].d.ts',
    // Blocks of the disk count. A type that needs a peer stays with the entries that do.
    manualChunks: (id, { getModuleInfo }) => (sharedTypes(id, getModuleInfo) ? 'shared' : undefined),
    minifyInternalExports: false,
  })
  await bundle.close()
  return new Map(
    output.flatMap((chunk) =>
      chunk.type === 'chunk' ? [[namedAs(chunk.fileName), forEveryCompiler(typesOnly(chunk), optionalPeers)]] : [],
    ),
  )
}

/**
 * Classes that an entry exports as types stay so: joined, they would be named with its values, which it does not have.
 *
 * @param {import('rollup').OutputChunk} chunk
 */
function typesOnly({ code, facadeModuleId }) {
  const entry = facadeModuleId === null ? '' : readFileSync(facadeModuleId, 'utf8')
  const types = new Set([...entry.matchAll(/^export type \{([^}]*)\}/gm)].flatMap(([, names = '']) => namesIn(names)))
  // An entry without exports keeps its empty list: without one it would be no module.
  return code.replace(/^export \{ (?=\w)([^}]*)\};$/gm, (_, names) => {
    const [values, others] = [
      namesIn(names).filter((name) => !types.has(name)),
      namesIn(names).filter((name) => types.has(name)),
    ]
    const form = (/** @type {string} */ word, /** @type {readonly string[]} */ list) =>
      list.length === 0 ? [] : [`${word} { ${list.join(', ')} };`]
    return [...form('export', values), ...form('export type', others)].join('\n')
  })
}

/** @param {string} list */
function namesIn(list) {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/** @param {string} file */
function namedAs(file) {
  return file.replace(/(?:\.d)?\.d\.ts$/, '.d.cts')
}

/**
 * Who has not installed a peer is not told so by the compiler: its types are `any` then. Before TypeScript 5.7 typed arrays take no
 * parameter.
 *
 * @param {string} text @param {readonly string[]} optionalPeers
 */
function forEveryCompiler(text, optionalPeers) {
  return text
    .replace(/^import '[^']+';\n/gm, '')
    .replace(/(\bfrom '\.[^']*?)(?:\.d)?\.js';$/gm, "$1.cjs';")
    .replace(/^(?: {4})+/gm, (indent) => '\t'.repeat(indent.length / 4))
    .replace(/\b(\w+Array|Buffer)<ArrayBuffer(?:Like)?>/g, '$1')
    .replace(/^import .* from '([^'.][^']*)';$/gm, (line, name) =>
      optionalPeers.includes(name) ? `// @ts-ignore: an optional peer\n${line}` : line,
    )
}

/**
 * Whether declarations are of several entries and name no package that may be missing.
 *
 * @param {string} id @param {import('rollup').GetModuleInfo} infoOf
 */
function sharedTypes(id, infoOf) {
  return /\/src\/(?!metrics\/|.*\/index\.d\.ts$)/.test(id) && entriesAbove(id, infoOf).size > 1
}

/** @param {string} id @param {import('rollup').GetModuleInfo} infoOf */
function entriesAbove(id, infoOf) {
  const seen = new Set([id])
  for (const one of seen) for (const importer of infoOf(one)?.importers ?? []) seen.add(importer)
  return new Set([...seen].filter((one) => infoOf(one)?.isEntry === true))
}
