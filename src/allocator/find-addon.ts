/**
 * Where the file of the native addon lies: where somebody says, in this package, in the bundle itself, or in the package that the
 * bundle was made of.
 *
 * Rule: what somebody named is the only file that is tried; and of several for one system, each may turn out to be for another
 * C library, so all are given in the order in which they are to be tried.
 */
import path from 'node:path'
import process from 'node:process'
import { installedPackage, ownPackageFolder } from '../support/own-package.js'
import { addonFiles, isThere } from './addon-files.js'
import { carriedAddons } from './carried-addon.js'

/** The variable of the environment that names the file. */
const ADDON_VARIABLE = 'CACHE_ATTRIBUTION_ADDON'

/** The findings. */
export interface FoundAddon {
  /** To be tried in this order; empty where there is none for this system. */
  readonly files: Iterable<string>
  /** Who named the one file, for errors; null where it was looked for. */
  readonly namedBy: string | null
  /** The folder native/ that was looked through; null where this code is bundled and the package is not installed beside. */
  readonly folder: string | null
}

/** Looks for it. `named` is what code has set (`useAddonFile`). */
export function findAddon(named: string | undefined): FoundAddon {
  if (named !== undefined) return { files: [named], namedBy: 'the option "addon"', folder: null }
  const variable = process.env[ADDON_VARIABLE] ?? ''
  if (variable !== '') return { files: [path.resolve(variable)], namedBy: ADDON_VARIABLE, folder: null }
  const own = ownPackageFolder()
  const beside = own === null ? null : path.join(own, 'native')
  if (beside !== null && isThere(beside)) return inFolder(beside)
  const carried = carriedAddons()
  if (carried !== null) return { files: carried, namedBy: null, folder: null }
  if (beside !== null) return inFolder(beside)
  const installed = installedPackage()
  return installed === null ? { files: [], namedBy: null, folder: null } : inFolder(path.join(installed, 'native'))
}

function inFolder(folder: string): FoundAddon {
  return { files: addonFiles(folder, process).filter(isThere), namedBy: null, folder }
}
