/**
 * Why the native addon is not there, and what fixes just that.
 *
 * Rule: pure; the cause is told from what the loader said and from how this process was started, and a cure is named only where it
 * helps.
 */

/** Why the addon is missing. */
export interface AddonMissing {
  /**
   * `ERR_ADDON_BUNDLED`: it was left behind, and what is measured without it would be wrong in silence. `ERR_ADDON_FILE`: the file that
   * somebody named does not load.
   */
  readonly code: 'ERR_ADDON_MISSING' | 'ERR_ADDON_BUNDLED' | 'ERR_ADDON_FILE'
  readonly reason: string
  readonly cure: string
}

/** The facts from which the cause is told. */
export interface AddonSurroundings {
  /** Where native/ should be; null where the code is bundled, and the package not installed beside the bundle. */
  readonly folder: string | null
  /** Who named the file; null where it was looked for. */
  readonly namedBy: string | null
  readonly hasFolder: boolean
  readonly versions: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly arch: string
  /** Under the permission model: whether addons are allowed, and whether the folder may be read; null without it. */
  readonly permission: { readonly addons: boolean; readonly read: boolean } | null
  /** Options of Node as they were given, NODE_OPTIONS included. */
  readonly options: readonly string[]
}

/** Files that the library reads beside its own folder: the kernel's figures and the distribution's loader. */
const READ_FOLDERS = ['/proc', '/sys', '/etc', '/usr'] as const

/** The flags of the permission model under which the library measures all that it can. */
export function permissionFlags({ folder, versions }: Pick<AddonSurroundings, 'folder' | 'versions'>): string {
  const model = Number(versions['node']?.split('.', 1)[0]) >= 24 ? '--permission' : '--experimental-permission'
  const own = folder === null ? [] : [folder.replace(/\/native\/?$/, '')]
  const reads = [...own, ...READ_FOLDERS].map((path) => `--allow-fs-read=${path}/*`)
  return [model, '--allow-addons', ...reads].join(' ')
}

/** The needs of a bundle: any one of these. */
const BUNDLE_CURE =
  "have the bundle carry it, import 'cache-attribution/bundled' before cache-attribution; or leave the package out of the bundle (esbuild --external:cache-attribution, serverExternalPackages: ['cache-attribution'] of Next.js, externals of webpack, ssr.external of Vite) and install it beside; or name its file in CACHE_ATTRIBUTION_ADDON"

/** @param loadFailure the loader's own words */
export function addonMissing(loadFailure: string, surroundings: AddonSurroundings): AddonMissing {
  const code = 'ERR_ADDON_MISSING'
  return (
    forbidden(loadFailure, surroundings) ??
    leftBehind(loadFailure, surroundings) ?? { code, ...notBuilt(loadFailure, surroundings) }
  )
}

/** By the runtime or by how it was started. */
function forbidden(loadFailure: string, surroundings: AddonSurroundings): AddonMissing | null {
  const { folder, versions, permission, options } = surroundings
  const code = 'ERR_ADDON_MISSING'
  if (versions['bun'] !== undefined) {
    return {
      code,
      reason: `this is Bun ${versions['bun']}, whose engine is not V8 and has none of what is measured: ${wordsOf(loadFailure)}`,
      cure: 'run the service with Node',
    }
  }
  if (permission?.addons === false) {
    return {
      code,
      reason: 'the permission model of Node refuses addons: --allow-addons is missing',
      cure: `start Node with ${permissionFlags(surroundings)}`,
    }
  }
  if (permission?.read === false || /ERR_ACCESS_DENIED|access to this api has been restricted/i.test(loadFailure)) {
    const what = permission?.read === false && folder !== null ? folder : 'what loading the addon reads'
    return {
      code,
      reason: `the permission model of Node refuses to read ${what} (${wordsOf(loadFailure)})`,
      cure: `start Node with ${permissionFlags(surroundings)}`,
    }
  }
  if (options.includes('--no-addons')) {
    return {
      code,
      reason: 'Node was started with --no-addons',
      cure: 'leave --no-addons out of its options and of NODE_OPTIONS',
    }
  }
  return null
}

/** The code is somewhere else than the addon. */
function leftBehind(loadFailure: string, { folder, hasFolder, namedBy }: AddonSurroundings): AddonMissing | null {
  if (namedBy !== null) {
    return {
      code: 'ERR_ADDON_FILE',
      reason: `${namedBy} names a file that cannot be loaded (${wordsOf(loadFailure)})`,
      cure: 'name the file of this version for this system, of native/prebuilds/ in the package, or leave it out',
    }
  }
  if (folder === null) {
    const words = loadFailure.includes('cannot be written')
      ? wordsOf(loadFailure)
      : 'the package is not installed beside the bundle'
    return {
      code: 'ERR_ADDON_BUNDLED',
      reason: `this code was bundled without the native addon (${words})`,
      cure: BUNDLE_CURE,
    }
  }
  if (!hasFolder) {
    return {
      code: 'ERR_ADDON_BUNDLED',
      reason: `there is no folder ${folder}: the package was copied without it, or a tracer of files has left it out`,
      cure: "copy native/prebuilds/ of the package, too (outputFileTracingIncludes: { '/*': ['node_modules/cache-attribution/native/prebuilds/**'] } of Next.js), or name its file in CACHE_ATTRIBUTION_ADDON",
    }
  }
  return null
}

function notBuilt(loadFailure: string, { folder, platform, arch }: AddonSurroundings): Omit<AddonMissing, 'code'> {
  const words = wordsOf(loadFailure)
  const build = `npx node-gyp rebuild -C ${folder ?? 'native'}`
  const glibc = /version [`'](GLIBC(?:XX)?_[\d.]+)' not found/.exec(loadFailure)?.[1]
  if (glibc !== undefined) {
    return {
      reason: `its build needs ${glibc}, and the C library here is older (${words})`,
      cure: `build it on this system: ${build}`,
    }
  }
  if (/no native build was found/i.test(loadFailure)) {
    return { reason: `it is not built for this platform, ${platform}-${arch} (${words})`, cure: `build it: ${build}` }
  }
  return { reason: `its file cannot be loaded (${words})`, cure: `build it anew: ${build}` }
}

function wordsOf(loadFailure: string): string {
  return loadFailure.split('\n', 1)[0] ?? ''
}
