// The declarations of the package, dist/types/: those that the entries reach, in a few files, as of CommonJS modules.
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
    chunkFileNames: 'shared-[name].d.ts',
    minifyInternalExports: false,
  })
  await bundle.close()
  return new Map(
    output.flatMap((chunk) =>
      chunk.type === 'chunk' ? [[namedAs(chunk.fileName), forEveryCompiler(chunk.code, optionalPeers)]] : [],
    ),
  )
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
    .replace(/\b(\w+Array|Buffer)<ArrayBuffer(?:Like)?>/g, '$1')
    .replace(/^import .* from '([^'.][^']*)';$/gm, (line, name) =>
      optionalPeers.includes(name) ? `// @ts-ignore: an optional peer\n${line}` : line,
    )
}
