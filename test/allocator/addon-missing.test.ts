import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { addonMissing, permissionFlags } from '../helpers/internals/allocator.js'
import type { AddonSurroundings } from '../helpers/internals/allocator.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const MODEL = Number(process.versions.node.split('.', 1)[0]) >= 24 ? '--permission' : '--experimental-permission'

interface Reported {
  readonly twin: string | null
  readonly allocator: string | null
  readonly text: string
  readonly doctor: { readonly present: boolean; readonly detail: string; readonly mend: string | null }
}

const SCRIPT = `
  const [root] = process.argv.slice(1)
  const { supportsTwin } = await import('file://' + root + '/dist/src/twin/support.js')
  const { Coordinator } = await import('file://' + root + '/dist/src/coordinator/coordinator.js')
  const { openAllocator } = await import('file://' + root + '/dist/src/allocator/open.js')
  const { formatReport } = await import('file://' + root + '/dist/src/report/format-report.js')
  const { examine } = await import('file://' + root + '/dist/src/cli/doctor/examine.js')
  const report = await new Coordinator({ mode: 'release' }).attribute()
  const host = { platform: 'linux', arch: 'x64', libc: 'glibc', libcVersion: '2', execPath: '/none', osRelease: '', mappedJemalloc: null, secureStart: null, ldconfigPaths: [], libraryFolders: [], sonames: [] }
  const doctor = (await examine({ env: {}, cwd: '/', log: () => {}, fetch: false, host })).addon
  console.log(JSON.stringify({ twin: supportsTwin().reason, allocator: openAllocator().reason, text: formatReport(report), doctor }))`

function reportIn(options: readonly string[], root: string, env: NodeJS.ProcessEnv = {}): Reported {
  const plain = { ...process.env, ...env }
  if (env['NODE_OPTIONS'] === undefined) Reflect.deleteProperty(plain, 'NODE_OPTIONS')
  const args = [...options, '--input-type=module', '-e', SCRIPT, root]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: plain })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Reported
}

/** Everywhere the same cause and the same cure, whole. */
function expectEverywhere({ twin, allocator, text, doctor }: Reported, reason: RegExp, cure: string): void {
  // Where ffi-napi serves in its place, the allocator lacks nothing.
  const isServed = allocator?.startsWith('no jemalloc is loaded') === true
  for (const stated of [twin, ...(isServed ? [] : [allocator, text]), `${doctor.detail} ${doctor.mend ?? ''}`]) {
    expect(stated).to.match(reason)
    expect(stated).to.contain(cure)
  }
  expect(doctor.present).to.equal(false)
  expect(twin).to.match(/^the native addon is not loaded: /)
}

describe('a missing addon', function () {
  this.timeout(60_000)
  const folders: string[] = []
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  /** The package somewhere else, with or without its folder native/. */
  function copy(hasNative: boolean): string {
    const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'addon-test-'))
    folders.push(folder)
    mkdirSync(path.join(folder, 'dist'))
    for (const part of ['dist/src', 'package.json', ...(hasNative ? ['native'] : [])]) {
      cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true })
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
    return folder
  }

  const root = ROOT.replace(/\/$/, '')

  it('is told with --no-addons, given either way', () => {
    const cure = 'leave --no-addons out'
    expectEverywhere(reportIn(['--no-addons'], root), /started with --no-addons/, cure)
    expectEverywhere(reportIn([], root, { NODE_OPTIONS: '--no-addons' }), /started with --no-addons/, cure)
  })

  it('is told under the permission model, with flags that do help', () => {
    const flags = permissionFlags({ folder: `${root}/native`, versions: process.versions })
    const reads = `--allow-fs-read=${root}/*`
    expectEverywhere(reportIn([MODEL, reads], root), /permission model of Node refuses addons/, flags)
    expectEverywhere(
      reportIn(
        [
          MODEL,
          '--allow-addons',
          `--allow-fs-read=${root}/dist/*`,
          `--allow-fs-read=${root}/node_modules/*`,
          `--allow-fs-read=${root}/package.json`,
        ],
        root,
      ),
      /permission model of Node refuses to read/,
      flags,
    )
    // Loading takes nothing but the package; what else is measured reads more.
    expect(reportIn([MODEL, '--allow-addons', reads], root).doctor.present).to.equal(true)
    const reported = reportIn(flags.split(' '), root)
    expect(reported.doctor.present, reported.doctor.detail).to.equal(true)
    expect(reported.allocator ?? '').to.not.contain('binding')
  })

  it('is an error where the code was copied without it: what would be measured is a part of the truth', () => {
    const place = copy(false)
    rmSync(path.join(place, 'node_modules'))
    mkdirSync(path.join(place, 'node_modules'))
    symlinkSync(path.join(ROOT, 'node_modules/eventemitter3'), path.join(place, 'node_modules/eventemitter3'))
    const cure = 'outputFileTracingIncludes'
    const code = `
      const { supportsTwin } = await import('file://${place}/dist/src/twin/support.js')
      const { Coordinator } = await import('file://${place}/dist/src/coordinator/coordinator.js')
      const told = (call) => { try { return call() } catch ({ code, message }) { return { code, message } } }
      const v8 = await new Coordinator({ allocator: 'unavailable', mode: 'release' }).attribute()
      console.log(JSON.stringify({ made: told(() => new Coordinator()), twin: supportsTwin().reason, v8: v8.process.allocator.name }))`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
    if (stdout === '') throw new Error(stderr)
    const { made, twin, v8 } = JSON.parse(stdout) as {
      made: { code: string; message: string }
      twin: string
      v8: string
    }
    expect(made.code).to.equal('ERR_ADDON_BUNDLED')
    expect(made.message).to.contain(`no folder ${place}/native`).and.to.contain(cure)
    expect(twin).to.contain(cure)
    expect(v8).to.equal('unavailable')
  })

  it('is told where it is built for another platform, and where its file is broken', () => {
    const place = copy(true)
    const build = `npx node-gyp rebuild -C ${place}/native`
    for (const part of ['native/build', 'native/prebuilds'])
      rmSync(path.join(place, part), { recursive: true, force: true })
    expectEverywhere(reportIn([], place), /not built for this platform, linux-/, build)
    mkdirSync(path.join(place, 'native/build/Release'), { recursive: true })
    const file = path.join(place, 'native/build/Release/cache_attribution.node')
    for (const content of ['', 'no library at all', '\u007fELF']) {
      writeFileSync(file, content)
      expectEverywhere(reportIn([], place), /its file cannot be loaded \(.*cache_attribution\.node/, build)
    }
  })

  const GROUND: AddonSurroundings = {
    folder: '/app/native',
    namedBy: null,
    hasFolder: true,
    versions: { node: '22.0.0' },
    platform: 'linux',
    arch: 'x64',
    permission: null,
    options: [],
  }

  it('is told of an old C library, of Bun, and of anything else in the words of the loader', () => {
    const old = "/lib/libc.so.6: version `GLIBC_2.34' not found (required by /app/native/x.node)"
    expect(addonMissing(old, GROUND).reason).to.match(/needs GLIBC_2\.34, and the C library here is older/)
    expect(addonMissing(old, GROUND).cure).to.equal('build it on this system: npx node-gyp rebuild -C /app/native')
    const bun = addonMissing('whatever', { ...GROUND, versions: { node: '22.0.0', bun: '1.2.0' } })
    expect(bun).to.deep.include({ cure: 'run the service with Node' })
    expect(bun.reason).to.match(/^this is Bun 1\.2\.0/)
    expect(addonMissing('wrong ELF class', GROUND).reason).to.equal('its file cannot be loaded (wrong ELF class)')
  })
})
