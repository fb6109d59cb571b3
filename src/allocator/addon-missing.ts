/**
 * Why the native addon is not there, and what fixes just that.
 *
 * Rule: pure; the cause is told from what the loader said and from how this process was started, and a cure is named only where it
 * helps.
 */

/** Why the addon is missing. */
export interface AddonMissing {
  readonly reason: string
  readonly cure: string
}

/** What the cause is told from. */
export interface AddonSurroundings {
  /** Where native/ should be. */
  readonly folder: string
  readonly hasFolder: boolean
  readonly versions: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly arch: string
  /** Under the permission model: whether addons are allowed, and whether the folder may be read; null without it. */
  readonly permission: { readonly addons: boolean; readonly read: boolean } | null
  /** Options of Node as they were given, NODE_OPTIONS included. */
  readonly options: readonly string[]
}

/** What the library reads beside its own folder: the kernel's figures and the distribution's loader. */
const READ_FOLDERS = ['/proc', '/sys', '/etc', '/usr'] as const

/** The flags of the permission model under which the library measures all that it can. */
export function permissionFlags({ folder, versions }: Pick<AddonSurroundings, 'folder' | 'versions'>): string {
  const model = Number(versions['node']?.split('.', 1)[0]) >= 24 ? '--permission' : '--experimental-permission'
  const own = folder.replace(/\/native\/?$/, '')
  const reads = [own, ...READ_FOLDERS].map((path) => `--allow-fs-read=${path}/*`)
  return [model, '--allow-addons', ...reads].join(' ')
}

/** @param loadFailure the loader's own words */
export function addonMissing(loadFailure: string, surroundings: AddonSurroundings): AddonMissing {
  const { folder, hasFolder, versions, platform, arch, permission, options } = surroundings
  const words = loadFailure.split('\n', 1)[0] ?? ''
  const build = `npx node-gyp rebuild -C ${folder}`
  if (versions['bun'] !== undefined) {
    return {
      reason: `this is Bun ${versions['bun']}, whose engine is not V8 and has none of what is measured: ${words}`,
      cure: 'run the service with Node',
    }
  }
  if (permission?.addons === false) {
    return {
      reason: 'the permission model of Node refuses addons: --allow-addons is missing',
      cure: `start Node with ${permissionFlags(surroundings)}`,
    }
  }
  if (permission?.read === false || /ERR_ACCESS_DENIED|access to this api has been restricted/i.test(loadFailure)) {
    return {
      reason: `the permission model of Node refuses to read ${permission?.read === false ? folder : 'what loading the addon reads'} (${words})`,
      cure: `start Node with ${permissionFlags(surroundings)}`,
    }
  }
  if (options.includes('--no-addons')) {
    return {
      reason: 'Node was started with --no-addons',
      cure: 'leave --no-addons out of its options and of NODE_OPTIONS',
    }
  }
  if (!hasFolder) {
    return {
      reason: `there is no folder ${folder}: the code was bundled or copied without the addon beside it`,
      cure: 'keep the package out of the bundle (esbuild --external:cache-attribution, serverExternalPackages of Next.js, externals of webpack) and install it beside',
    }
  }
  const glibc = /version [`'](GLIBC(?:XX)?_[\d.]+)' not found/.exec(loadFailure)?.[1]
  if (glibc !== undefined) {
    return {
      reason: `its build needs ${glibc}, and the C library here is older (${words})`,
      cure: `build it on this system: ${build}`,
    }
  }
  if (/cannot find (?:module|package) 'node-gyp-build'/i.test(loadFailure)) {
    return {
      reason: `the package node-gyp-build, which finds the addon, is not installed (${words})`,
      cure: 'npm install node-gyp-build',
    }
  }
  if (/no native build was found/i.test(loadFailure)) {
    return { reason: `it is not built for this platform, ${platform}-${arch} (${words})`, cure: `build it: ${build}` }
  }
  return { reason: `its file cannot be loaded (${words})`, cure: `build it anew: ${build}` }
}
