/**
 * Where this code lies, and what lies beside it: files that are started, evaluated or named by their path.
 *
 * Rule: nothing is looked for before somebody asks, and this is the only file that knows the address of a module. Code that a
 * bundler took out of the package has no folder, and is never told that of the program.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** The version of the code, which tools/build-package.mjs puts in: in a bundle there is no package.json to ask. */
declare const PACKAGE_VERSION: string | undefined
/** The file of the agent (tools/build-agent.mjs): as the command sees it, not as the process that it asks. */
declare const AGENT_URL: string | undefined
/** That of a CommonJS module: of Node, of a bundler, or of a test runner. Missing in ES modules. */
declare const module: object | undefined

const NAME = 'cache-attribution'

/** Folders of this package with code in it, with slashes at both ends. */
const BUILT_FOLDER = '/dist/lib/'
const CODE_FOLDERS = [BUILT_FOLDER, '/dist/src/'] as const

/** The folder of the package, and that of the code in it. */
interface OwnPackage {
  readonly root: string
  readonly code: string
  /** Whether all files lie in that one folder. */
  readonly isFlat: boolean
}

let known: OwnPackage | null | undefined

/** Whether this code is the agent's, which came into a process as one text. */
export const IS_AGENT = typeof AGENT_URL === 'string'

/** The package that this code is a part of; null where it was bundled, or copied without its package.json. */
function ownPackage(): OwnPackage | null {
  return (known ??= findOwnPackage())
}

function findOwnPackage(): OwnPackage | null {
  const file = ownFile()
  if (file === null) return null
  const withSlashes = file.replaceAll('\\', '/')
  for (const folder of CODE_FOLDERS) {
    const at = withSlashes.lastIndexOf(folder)
    if (at === -1) continue
    const root = file.slice(0, at)
    // The agent's process need not see these files.
    if (IS_AGENT || isPackage(root))
      return { root, code: file.slice(0, at + folder.length), isFlat: folder === BUILT_FOLDER }
  }
  return null
}

/** Null where a bundler left no address: it is undefined then, empty, or no path of this machine. */
function ownFile(): string | null {
  try {
    return fileURLToPath(import.meta.url)
  } catch {
    return null
  }
}

interface Description {
  readonly name?: unknown
  readonly version?: unknown
}

function isPackage(folder: string): boolean {
  try {
    return describe(folder).name === NAME
  } catch (error) {
    // The permission model may let the code be read, and nothing above it.
    return (error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED'
  }
}

/** Throws where there is none, or it cannot be read. */
function describe(folder: string): Description {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Description
}

/** The folder of this package; null where the code was bundled. */
export function ownPackageFolder(): string | null {
  return ownPackage()?.root ?? null
}

/** Whether a script, a path, is of this package. */
export function isOwnFile(file: string): boolean {
  const own = ownPackage()
  return own !== null && CODE_FOLDERS.some((folder) => file.startsWith(`${own.root}${folder}`))
}

/** A file beside the code, `attach/agent/agent.bundle.js`. Throws where the code was bundled. */
export function besideCode(relative: string): string {
  const own = ownPackage()
  if (own === null) {
    throw new Error(`${relative} of ${NAME} does not lie beside its code, which was bundled or copied`)
  }
  return path.join(own.code, own.isFlat ? flatName(relative) : relative)
}

/** As tools/build-package.mjs names the files of the package: `auto/index.js` is `auto.cjs`. */
function flatName(relative: string): string {
  return relative.replace(/(?:(?<=.)\/index)?\.js$/, '.cjs').replaceAll('/', '-')
}

/** The version in package.json; of bundled code what was built in. */
export function packageVersion(): string {
  if (typeof PACKAGE_VERSION === 'string') return PACKAGE_VERSION
  const own = ownPackage()
  return own === null ? 'unknown' : String(describe(own.root).version)
}

/**
 * Where the package lies that this code was bundled from, as far as it is installed beside the bundle, the program or the working
 * directory, in the same version. Null where it is not.
 */
export function installedPackage(): string | null {
  for (const place of places()) {
    try {
      const folder = path.dirname(createRequire(place).resolve(`${NAME}/package.json`))
      if (describe(folder).version === packageVersion()) return folder
    } catch {
      // Not from there.
    }
  }
  return null
}

/** Files from which packages are resolved: this one, the program, and what may stand in the working directory. */
function places(): string[] {
  const [, script] = process.argv
  const found = [
    ownFile(),
    script === undefined ? null : path.resolve(script),
    path.join(path.dirname(process.execPath), 'x'),
    path.join(process.cwd(), 'x'),
  ]
  return [...new Set(found)].filter((file) => file !== null)
}

/**
 * Loads a package that may be missing, as this module would, or, where it is bundled, the program. By a name that is no literal: a bundler would ask for
 * the package of everybody.
 *
 * Throws what the first attempt said.
 */
export function requireOptional(name: string): unknown {
  const attempts: ((name: string) => unknown)[] = [
    ...requireOfModule(),
    ...(ownPackage() === null ? places() : places().slice(0, 1)).map((place) => createRequire(place)),
  ]
  let first: unknown
  for (const attempt of attempts) {
    try {
      return attempt(name)
    } catch (error) {
      first ??= error
      if (!isMissing(error)) throw error
    }
  }
  throw first
}

/** By a name that is no property in the text: bundlers warn of a `require()` that they cannot follow. */
function requireOfModule(): ((name: string) => unknown)[] {
  if (typeof module !== 'object') return []
  const own: unknown = Reflect.get(module, 'require')
  return typeof own === 'function' ? [(name) => Reflect.apply(own, module, [name]) as unknown] : []
}

function isMissing(error: unknown): boolean {
  const code = String((error as { code?: unknown } | null)?.code)
  return /^(?:ERR_)?MODULE_NOT_FOUND$|^ERR_REQUIRE_ESM$/.test(code)
}
