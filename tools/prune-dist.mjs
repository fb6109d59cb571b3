// Removes from dist/ what has no source any more, so that a deleted test does not go on running and a deleted module
// is not packed. Nothing else is touched: a build never takes the files away from under a run that uses them.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = path.join(root, 'dist')

/** The folders that tools/build-package.mjs writes, and clears itself. */
const MADE = ['lib', 'types'].map((folder) => path.join(dist, folder))

/** The compiler's state of its last run: removed together with dist/, it never takes a deleted output for one that is there. */
const BUILD_INFO = path.join(dist, '.tsbuildinfo')

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const output = path.join(entry.parentPath, entry.name)
  if (!entry.isFile() || output === BUILD_INFO || MADE.some((folder) => output.startsWith(`${folder}${path.sep}`)))
    continue
  const source = path
    .join(root, path.relative(dist, output))
    .replace(/(?:\.d\.ts|\.js|\.bundle\.js|\.js\.map|\.d\.ts\.map)$/, '.ts')
  // A bundled module has its types alone as a source.
  const isBundled = output.endsWith('.js') && existsSync(source.replace(/\.ts$/, '.d.ts'))
  if (!existsSync(source) && !isBundled) rmSync(output)
}
