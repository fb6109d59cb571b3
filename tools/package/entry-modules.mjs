// The entries of the package: their modules in src/, and the names of their files in dist/lib/ and dist/types/.
import { existsSync } from 'node:fs'
import path from 'node:path'

/** Entries whose module is neither their folder's index nor of their name. @type {Readonly<Record<string, string>>} */
const MODULES = { '.': 'index', './bundled': 'allocator/bundled' }

/**
 * The modules behind `exports` of a package.json, as `http/index`; what is no module is left out.
 *
 * @param {object} exported @param {string} source src/
 */
export function entryModules(exported, source) {
  return Object.keys(exported).flatMap((entry) => {
    const name = entry.slice('./'.length)
    const known = Object.hasOwn(MODULES, entry) ? [MODULES[entry] ?? ''] : [`${name}/index`, name]
    return known.filter((module) => existsSync(path.join(source, `${module}.ts`))).slice(0, 1)
  })
}

/**
 * One folder for all: each takes a block of the disk, and the modules of the package lie in eighteen.
 *
 * @param {string} module as `http/index` @returns {string} as `http`; src/support/own-package.ts makes the same of a path
 */
export function flatName(module) {
  return module.replace(/(?<=.)\/index$/, '').replaceAll('/', '-')
}
