import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import { expect } from 'chai'
import { addonFiles, libcOf, prebuiltSystems } from '../helpers/internals/allocator.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const ADDON = path.join(ROOT, 'native/build/Release/cache_attribution.node')

/** The output of a program that opened an allocator and a second one that names a file. */
interface Said {
  readonly kind: string
  readonly code: string | null
  readonly message: string | null
  readonly loaded: readonly string[]
}

const PROGRAM = `
  const { openAllocator } = await import('file://' + process.argv[1] + '/allocator/open.js')
  const { carryAddons } = await import('file://' + process.argv[1] + '/allocator/carried-addon.js')
  const { useAddonFile } = await import('file://' + process.argv[1] + '/allocator/binding.js')
  const { carried, named, twice } = JSON.parse(process.argv[2])
  const text = carried === undefined ? '' : (await import('node:fs')).readFileSync(carried, 'utf8')
  if (text !== '') carryAddons({ [process.platform + '-' + process.arch + '.glibc']: text })
  const answer = { kind: 'none', code: null, message: null }
  try {
    if (named !== undefined) useAddonFile(named)
    answer.kind = openAllocator().binding ?? 'none'
    if (twice !== undefined) useAddonFile(twice)
  } catch ({ code, message }) {
    Object.assign(answer, { code, message })
  }
  const loaded = process.report.getReport().sharedObjects.filter((file) => file.endsWith('.node'))
  console.log(JSON.stringify({ ...answer, loaded }))`

describe('the file of the addon', function () {
  this.timeout(60_000)
  let parent: string
  before(() => {
    parent = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'find-addon-'))
  })
  after(() => {
    rmSync(parent, { recursive: true, force: true })
  })

  /** The code alone, as if a bundler had taken it out of the package: no package.json of this name is above it. */
  function bundled(name: string): string {
    const code = path.join(parent, name, 'code')
    for (const folder of ['allocator', 'support']) {
      cpSync(path.join(ROOT, 'dist/src', folder), path.join(code, folder), { recursive: true })
    }
    writeFileSync(path.join(parent, name, 'package.json'), '{ "name": "program", "type": "module" }')
    return code
  }

  function say(code: string, order: object = {}, env: NodeJS.ProcessEnv = {}): Said {
    const args = ['--input-type=module', '-e', PROGRAM, code, JSON.stringify(order)]
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      cwd: path.dirname(code),
      env: { ...process.env, NODE_V8_COVERAGE: undefined, ...env },
    })
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as Said
  }

  it('is missed with the line that brings it, where the code is bundled', () => {
    const { code, message } = say(bundled('alone'))
    expect(code).to.equal('ERR_ADDON_BUNDLED')
    expect(message).to.contain("import 'cache-attribution/bundled'").and.to.contain('CACHE_ATTRIBUTION_ADDON')
  })

  it('is never taken for that of the program, whatever its folders are called', () => {
    const code = path.join(parent, 'lookalike/dist/src')
    cpSync(path.join(bundled('for-lookalike')), code, { recursive: true })
    mkdirSync(path.join(parent, 'lookalike/native/build/Release'), { recursive: true })
    cpSync(ADDON, path.join(parent, 'lookalike/native/build/Release/cache_attribution.node'))
    writeFileSync(path.join(parent, 'lookalike/package.json'), '{ "name": "program", "type": "module" }')
    expect(say(code).code).to.equal('ERR_ADDON_BUNDLED')
  })

  it('is the one that is named, by the environment or by code, and code goes first', () => {
    const code = bundled('named')
    const copy = path.join(parent, 'named', 'copy.node')
    cpSync(ADDON, copy)
    const byVariable = { CACHE_ATTRIBUTION_ADDON: ADDON }
    expect(say(code, {}, byVariable)).to.deep.include({ kind: 'addon', code: null })
    // Relative to the working directory.
    expect(say(code, {}, { CACHE_ATTRIBUTION_ADDON: 'copy.node' }).loaded).to.deep.equal([copy])
    expect(say(code, { named: copy }, byVariable).loaded).to.deep.equal([copy])
  })

  it('is an error where the named one cannot be loaded: nothing else is tried', () => {
    const broken = path.join(parent, 'broken.node')
    writeFileSync(broken, 'no library')
    // In the repository itself, too, whose own addon would load.
    for (const code of [bundled('broken'), path.join(ROOT, 'dist/src')]) {
      const said = say(code, {}, { CACHE_ATTRIBUTION_ADDON: broken })
      expect(said.code).to.equal('ERR_ADDON_FILE')
      expect(said.message).to.contain('CACHE_ATTRIBUTION_ADDON names').and.to.contain(broken)
      expect(said.loaded).to.deep.equal([])
    }
  })

  it('cannot be another one once it is loaded', () => {
    const said = say(bundled('twice'), { named: ADDON, twice: '/other.node' })
    expect(said).to.deep.include({ kind: 'addon', code: 'ERR_ADDON_LOADED' })
    expect(say(bundled('twice'), { named: ADDON, twice: ADDON }).code).to.equal(null)
  })

  it('is that of the installed package of the same version beside the program, and of no other version', () => {
    const code = bundled('installed')
    const installed = path.join(parent, 'installed/node_modules/cache-attribution')
    mkdirSync(installed, { recursive: true })
    symlinkSync(path.join(ROOT, 'native'), path.join(installed, 'native'))
    writeFileSync(path.join(installed, 'package.json'), '{ "name": "cache-attribution", "version": "0.0.1" }')
    // Of code without a version, as it is before the build of the package.
    expect(say(code).code).to.equal('ERR_ADDON_BUNDLED')
    writeFileSync(path.join(installed, 'package.json'), '{ "name": "cache-attribution", "version": "unknown" }')
    expect(say(code)).to.deep.include({ kind: 'addon', code: null })
  })

  describe('that a bundle carries', () => {
    let carried: string
    before(() => {
      // As a file: an argument may have 128 KiB.
      carried = path.join(parent, 'carried.txt')
      writeFileSync(carried, brotliCompressSync(readFileSync(ADDON)).toString('base64'))
    })

    function temporary(name: string): string {
      const folder = path.join(parent, `tmp-${name}`)
      mkdirSync(folder)
      return folder
    }

    it('is written to a private folder once, and shared', () => {
      const code = bundled('carried')
      const TMPDIR = temporary('carried')
      const first = say(code, { carried }, { TMPDIR })
      expect(first).to.deep.include({ kind: 'addon', code: null })
      const own = path.join(TMPDIR, `cache-attribution-${String(process.getuid?.() ?? 0)}`)
      const [name = ''] = readdirSync(own)
      expect(first.loaded).to.deep.equal([path.join(own, name)])
      expect(statSync(own).mode & 0o777).to.equal(0o700)
      const { ino } = statSync(path.join(own, name))
      expect(say(code, { carried }, { TMPDIR }).loaded).to.deep.equal(first.loaded)
      expect(readdirSync(own)).to.deep.equal([name])
      expect(statSync(path.join(own, name)).ino).to.equal(ino)
    })

    it('is written anew where somebody changed the file', () => {
      const code = bundled('changed')
      const TMPDIR = temporary('changed')
      const [file = ''] = say(code, { carried }, { TMPDIR }).loaded
      writeFileSync(file, 'something else')
      expect(say(code, { carried }, { TMPDIR })).to.deep.include({ kind: 'addon', code: null })
      expect(readFileSync(file).equals(readFileSync(ADDON))).to.equal(true)
    })

    it('goes to the next folder where the first is a link to another one', () => {
      const code = bundled('link')
      const TMPDIR = temporary('link')
      const target = temporary('target')
      symlinkSync(target, path.join(TMPDIR, `cache-attribution-${String(process.getuid?.() ?? 0)}`))
      const said = say(code, { carried }, { TMPDIR })
      expect(said.loaded[0]).to.match(/^\/dev\/shm\//)
      expect(readdirSync(target)).to.deep.equal([])
    })

    it('is closed to others where the folder was open', () => {
      const code = bundled('open')
      const TMPDIR = temporary('open')
      const own = path.join(TMPDIR, `cache-attribution-${String(process.getuid?.() ?? 0)}`)
      mkdirSync(own)
      chmodSync(own, 0o777)
      expect(say(code, { carried }, { TMPDIR }).kind).to.equal('addon')
      expect(statSync(own).mode & 0o777).to.equal(0o700)
    })

    it('does not matter where the package itself is there', () => {
      const TMPDIR = temporary('own')
      const said = say(path.join(ROOT, 'dist/src'), { carried }, { TMPDIR })
      expect(said.loaded).to.deep.equal([ADDON])
      expect(readdirSync(TMPDIR)).to.deep.equal([])
    })
  })

  it('is sought by system and C library, what was built here first', () => {
    const files = addonFiles('/native', { platform: 'darwin', arch: 'arm64' })
    expect(files).to.deep.equal([
      '/native/build/Release/cache_attribution.node',
      '/native/prebuilds/darwin-arm64/cache-attribution.napi.node',
    ])
    const names = addonFiles('/native', { platform: 'linux', arch: 'arm64' }).map((file) => path.basename(file))
    expect(new Set(names)).to.deep.equal(
      new Set(['cache_attribution.node', 'cache-attribution.napi.glibc.node', 'cache-attribution.napi.musl.node']),
    )
    expect(existsSync(ADDON)).to.equal(true)
  })

  it('takes the C library that the program is linked with, also where the system has both', () => {
    const linked = (interpreter: string): string => {
      const file = path.join(parent, path.basename(interpreter))
      writeFileSync(file, `\x7fELF${'\0'.repeat(500)}${interpreter}\0`)
      return file
    }
    const linux = { platform: 'linux', arch: 'x64' }
    expect(libcOf(linux, linked('/lib/ld-musl-x86_64.so.1'))).to.equal('.musl')
    expect(libcOf(linux, linked('/lib64/ld-linux-x86-64.so.2'))).to.equal('.glibc')
    expect(libcOf({ ...linux, arch: 'arm64' }, linked('/lib/ld-musl-aarch64.so.1'))).to.equal('.musl')
    expect(libcOf({ ...linux, arch: 'arm64' }, linked('/nix/store/x-glibc/lib/ld-linux-aarch64.so.1'))).to.equal(
      '.glibc',
    )
    expect(libcOf(linux)).to.equal('.glibc')
    expect(libcOf({ platform: 'darwin', arch: 'arm64' })).to.equal('')
  })

  it('goes by the loaders that there are where the program does not say it', () => {
    const silent = path.join(parent, 'static')
    writeFileSync(silent, 'no loader is named here')
    const linux = { platform: 'linux', arch: process.arch }
    expect(libcOf(linux, silent)).to.equal('.glibc')
    expect(libcOf(linux, path.join(parent, 'nowhere'))).to.equal('.glibc')
  })

  it('is missing with the system and those that there are named', () => {
    const folder = path.join(parent, 'others/node_modules/cache-attribution')
    cpSync(path.join(ROOT, 'dist/src'), path.join(folder, 'dist/src'), { recursive: true })
    cpSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'))
    mkdirSync(path.join(folder, 'native/prebuilds/sunos-sparc'), { recursive: true })
    mkdirSync(path.join(folder, 'native/prebuilds/linux-mips'), { recursive: true })
    writeFileSync(path.join(folder, 'native/prebuilds/sunos-sparc/cache-attribution.napi.node'), '')
    writeFileSync(path.join(folder, 'native/prebuilds/linux-mips/cache-attribution.napi.musl.node'), '')
    expect([...prebuiltSystems(path.join(folder, 'native'))].sort()).to.deep.equal(['linux-mips (musl)', 'sunos-sparc'])
    const program = `import { loadAddonBinding } from '${folder}/dist/src/allocator/binding.js'
      try { loadAddonBinding() } catch ({ code, message }) { console.log(code, message) }`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { ...process.env, NODE_V8_COVERAGE: undefined },
    })
    expect(stdout).to.match(/ERR_ADDON_MISSING: it is not built for this platform, linux-/)
    expect(stdout).to.include(`no native build was found for linux-${process.arch} (glibc) in ${folder}/native`)
    expect(stdout).to.include('linux-mips (musl)').and.to.include('sunos-sparc')
    expect(prebuiltSystems(path.join(parent, 'nowhere'))).to.deep.equal([])
  })
})
