// Modules that the package has in a smaller form than the compiler wrote.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'
import ts from 'typescript'

/** Results of `compressed()`: the best quality takes most of a build's time, and most contents are those of the last build. */
const KEPT = fileURLToPath(new URL('../../.cache/compressed', import.meta.url))

/** @param {Buffer} content */
export function compressed(content) {
  const kept = path.join(
    KEPT,
    createHash('sha256').update(`${process.versions['brotli']}\n`).update(content).digest('hex'),
  )
  if (existsSync(kept)) return readFileSync(kept)
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length }
  const result = brotliCompressSync(content, { params })
  mkdirSync(KEPT, { recursive: true })
  // Whole or not at all: two builds may run at once.
  writeFileSync(`${kept}.${process.pid}`, result)
  renameSync(`${kept}.${process.pid}`, kept)
  return result
}

/** The admin page, which few processes ever serve. @param {string} source dist/src/ @param {string} file below it */
export async function smallerPage(source, file) {
  if (file !== 'http/admin/page-text.js') return undefined
  const { PAGE } = await import(pathToFileURL(path.join(source, file)).href)
  const page = JSON.stringify(compressed(Buffer.from(PAGE)).toString('base64'))
  return `import { brotliDecompressSync } from 'node:zlib'
export const PAGE = brotliDecompressSync(Buffer.from(${page}, 'base64')).toString()`
}

/**
 * Of an error or a warning a process needs its words and its status. Cause, cure and example stand in docs/reference/errors.md.
 *
 * @param {string} source dist/src/ @param {string} file below it
 */
export async function smallerTable(source, file) {
  if (!/^support\/error-table\/(?!error-table\.js|code-entry\.js)/.test(file)) return undefined
  const exported = await import(pathToFileURL(path.join(source, file)).href)
  const kept = (/** @type {object} */ table) => JSON.stringify(table, ['gist', 'status', ...Object.keys(table)])
  return Object.entries(exported)
    .map(([name, table]) => `export const ${name} = ${kept(table)}`)
    .join('\n')
}

/** What docs/reference/adapters.md alone says of an adapter. */
const FOR_DOCUMENTS = new Set(['version', 'oldest', 'releases', 'trims', 'entries', 'claimed', 'traps'])

/** Of an adapter a process needs its name, its library, its shape and its traits. @param {string} source dist/src/ @param {string} file below it */
export function smallerAdapter(source, file) {
  if (!file.startsWith('adapters/')) return undefined
  const text = readFileSync(path.join(source, file), 'utf8')
  /** @type {ts.Node[]} */
  const left = []
  const visit = (/** @type {ts.Node} */ node) => {
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === 'info' &&
      ts.isObjectLiteralExpression(node.initializer)
    ) {
      const { properties } = node.initializer
      left.push(...properties.filter((one) => one.name !== undefined && FOR_DOCUMENTS.has(one.name.getText())))
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true))
  return left.reduceRight((rest, { pos, end }) => `${rest.slice(0, pos)}${rest.slice(end).replace(/^,/, '')}`, text)
}
