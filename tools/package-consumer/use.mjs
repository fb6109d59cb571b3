// Uses the installed package the plain way and prints what it saw as one line of JSON.
//
//   node use.mjs '[".", "./adapters"]'     the entry points to import
import { createRequire } from 'node:module'
import path from 'node:path'

const library = await import('cache-attribution')

const failures = []
for (const subpath of JSON.parse(process.argv[2] ?? '[]')) {
  try {
    await import(`cache-attribution${subpath.slice(1)}`)
  } catch (error) {
    failures.push(`${subpath}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const require = createRequire(import.meta.url)
const folder = path.dirname(require.resolve('cache-attribution/package.json'))

// The library itself is to load the addon: what the process has mapped afterwards is the witness.
let observed = false
if (typeof library.Coordinator === 'function') {
  const coordinator = new library.Coordinator()
  observed = coordinator.observe() !== undefined
  await coordinator.close()
}
const { sharedObjects } = process.report.getReport()
const loaded = sharedObjects.filter((file) => file.startsWith(folder)).map((file) => path.relative(folder, file))

console.log(JSON.stringify({ exports: Object.keys(library), failures, loaded, observed }))
