/**
 * The only file that loads a `.node`: the Node-API addon of native/, built here or taken from native/prebuilds.
 *
 * Rule: every failure to load is `ERR_ADDON_MISSING` or `ERR_ADDON_BUNDLED` with its cause and cure; nothing is tried behind the caller's back.
 */
import path from 'node:path'
import { threadId } from 'node:worker_threads'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { isThere, noBuildIn } from './addon-files.js'
import { addonMissing } from './addon-missing.js'
import type { AddonMissing, AddonSurroundings } from './addon-missing.js'
import { findAddon } from './find-addon.js'
import type { NativeBinding } from './port.js'
import type { Addon } from './addon-binding.js'
import { addonBinding } from './addon-binding.js'

/** As it was named; undefined where it is looked for. */
let addonFile: string | undefined

let loadedFile: string | undefined

let loadedAddon: Addon | undefined

let loaded: NativeBinding | undefined

/** A second attempt would fail like the first, and cost as much. */
let missing: { readonly why: AddonMissing; readonly cause: unknown } | undefined

/**
 * The addon's binding; loaded once per thread.
 *
 * @throws CacheAttributionError `ERR_ADDON_MISSING`, `ERR_ADDON_BUNDLED`, `ERR_ADDON_FILE` with the reason and what fixes it
 */
export function loadAddonBinding(): NativeBinding {
  if (loaded !== undefined) return loaded
  if (missing === undefined) {
    try {
      return (loaded = addonBinding(loadAddon()))
    } catch (error) {
      missing = { why: addonMissing(messageOf(error), surroundings()), cause: error }
    }
  }
  const { why, cause } = missing
  throw new CacheAttributionError(why.code, `${why.reason} (to fix it: ${why.cure})`, { cause })
}

/**
 * Names the file of the addon, before it is first loaded: for code that does not stand beside it (the option `addon`, src/attach/).
 *
 * @throws CacheAttributionError `ERR_ADDON_LOADED` if another file was loaded before
 */
export function useAddonFile(file: string): void {
  const wanted = path.resolve(file)
  if (loadedFile !== undefined && loadedFile !== wanted) {
    throw new CacheAttributionError(
      'ERR_ADDON_LOADED',
      `the native addon ${wanted} was asked for, and ${loadedFile} is loaded already`,
    )
  }
  if (addonFile === wanted) return
  addonFile = wanted
  missing = undefined
}

/**
 * Puts this thread into the network namespace that `file` names: sockets that are made later are there. Throws what the
 * kernel says.
 *
 * @throws CacheAttributionError `ERR_ADDON_MISSING`
 */
export function joinNetwork(file: string): void {
  loadAddonBinding()
  loadAddon().joinNetwork(file)
}

/** The addon's binding where it can be loaded: for what is useful beside the allocator, and can be done without. */
export function addonOrNull(): NativeBinding | null {
  return reasonAddonMissing() === null ? loadAddonBinding() : null
}

/** Why the addon is not loaded, and what fixes it; null where it is. */
export function reasonAddonMissing(): AddonMissing | null {
  try {
    loadAddonBinding()
    return null
  } catch (error) {
    return missing?.why ?? { code: 'ERR_ADDON_MISSING', reason: messageOf(error), cure: 'report it' }
  }
}

/** The file that would be loaded in this process. Throws where there is none for this platform. */
export function pathOfAddon(): string {
  const found = findAddon(addonFile)
  for (const file of found.files) return file
  throw new Error(noBuildIn(found.folder))
}

/** The file that is loaded in this process. Throws where there is none for this platform. */
export function fileOfAddon(): string {
  return loadedFile ?? pathOfAddon()
}

/** The first file that loads; throws what the first said that did not. */
function loadAddon(): Addon {
  if (loadedAddon !== undefined) return loadedAddon
  const found = findAddon(addonFile)
  let failure: Error | undefined
  for (const file of found.files) {
    try {
      const addon = loadFile(file)
      loadedFile = file
      addon.nameThread(threadId)
      return (loadedAddon = addon)
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error(messageOf(error))
    }
  }
  throw failure ?? new Error(noBuildIn(found.folder))
}

/** Without an entry in the cache of modules, which would outlive who asked. */
function loadFile(file: string): Addon {
  const module = { exports: {} }
  // eslint-disable-next-line no-restricted-syntax -- this file is the one that loads native code
  process.dlopen(module, file)
  return module.exports as Addon
}

function surroundings(): AddonSurroundings {
  const { folder, namedBy } = findAddon(addonFile)
  const { permission } = process as { permission?: { has(scope: string, reference?: string): boolean } }
  const mayRead = folder === null || (permission?.has('fs.read', folder) ?? true)
  return {
    folder,
    namedBy,
    // A file that may not be read may well be there.
    hasFolder: folder !== null && (!mayRead || isThere(folder)),
    versions: process.versions,
    platform: process.platform,
    arch: process.arch,
    permission: permission === undefined ? null : { addons: allowsAddons(permission), read: mayRead },
    options: givenOptions(),
  }
}

/** Node 20 and 22 know no scope for addons: there the option says. */
function allowsAddons(permission: { has(scope: string): boolean }): boolean {
  if (givenOptions().includes('--allow-addons')) return true
  try {
    return permission.has('addon')
  } catch {
    return false
  }
}

function givenOptions(): string[] {
  return [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)]
}
