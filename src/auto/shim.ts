/**
 * The module that stands before an ES module of a cache library: the same exports, those that make caches wrapped.
 *
 * Rule: pure: text in, text out. It runs in the loader's thread on Node 20, and in the process's own on later ones.
 */
import type { CacheExport } from './libraries.js'

/** Under this symbol of the global object the shims find what wraps an export. */
export const SHIM_KEY = 'cache-attribution.instrument'

/** Appended to the URL of a module: its shim. */
export const SHIM_MARK = '?cache-attribution-auto'

/** The source of the shim of the module at `url`, whose own source is given. */
export function shimSource(
  url: string,
  library: string,
  source: string,
  wrappable: readonly (readonly [string, CacheExport])[],
): string {
  const original = JSON.stringify(url)
  // A named export hides the same name of the star; a star never brings the default.
  const names = [...new Set([...wrappable.map(([name]) => name), 'default'])].filter((name) => mayExport(source, name))
  // Members, not names of an import: one that is not there after all is undefined, and the program still starts.
  const wrapped = names.map(
    (name, index) =>
      `const e${String(index)} = wrap(original.${name}, ${JSON.stringify(library)}, ${JSON.stringify(name)}, original)
export { e${String(index)} as ${name} }`,
  )
  return [
    `import * as original from ${original}`,
    `export * from ${original}`,
    `const wrap = globalThis[Symbol.for(${JSON.stringify(SHIM_KEY)})] ?? ((value) => value)`,
    // Also of a module without such an export: what it uses of other libraries is inside of its own caches.
    `wrap(undefined, ${JSON.stringify(library)}, '', ${original})`,
    ...wrapped,
    '',
  ].join('\n')
}

/** Whether the text of a module may have an export of this name. */
function mayExport(source: string, name: string): boolean {
  if (name === 'default') return /\bexport\s+default\b|\bas\s+default\b|\{\s*default\s*[,}]/.test(source)
  return new RegExp(String.raw`\bexport\b[^;]*\b${name}\b|\bas\s+${name}\b|\bexport\s*\*`).test(source)
}
