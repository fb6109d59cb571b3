import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { examine } from '../../helpers/internals/cli-doctor.js'
import type { Examination } from '../../helpers/internals/cli-doctor.js'
import { bareHost, command, plainEnvironment, program, requireJemalloc, temporaryFolders } from '../fixtures.js'

const folder = temporaryFolders()

before(function () {
  if (process.platform !== 'linux') this.skip()
})

describe('doctor', () => {
  it('is ready where jemalloc and a binding are there, and says so by exit code 0', async function () {
    const library = await requireJemalloc(this)
    const { code, stdout } = await command(['doctor', '--json'])
    const diagnosis = JSON.parse(stdout) as Examination
    expect(code).to.equal(0)
    expect(diagnosis).to.include({ ready: true })
    expect(diagnosis.library, library).to.include({ present: true, source: 'system' })
    expect(diagnosis.underRun).to.include({ name: 'jemalloc', reason: null })
    expect(diagnosis.underRun?.settings).to.include({ configStats: true, optProf: false })
    expect(diagnosis.here.name).to.not.equal('jemalloc')
  })

  it('shows jemalloc in its own process when it is run under it', async function () {
    const env = plainEnvironment({
      LD_PRELOAD: await requireJemalloc(this),
      MALLOC_CONF: 'prof:true,prof_active:false',
    })
    const { stdout } = await command(['doctor', '--json'], { env })
    const { here, library } = JSON.parse(stdout) as Examination
    expect(here).to.include({ name: 'jemalloc' })
    if (here.settings?.configProf === true) expect(here.settings.optProf).to.equal(true)
    expect(library).to.include({ source: 'preloaded' })
  })

  it('is ready where only a loader in NODE_OPTIONS finds the packages, as with Yarn PnP, whatever it writes', async function () {
    await requireJemalloc(this)
    const place = folder()
    const root = fileURLToPath(new URL('../../../../', import.meta.url))
    mkdirSync(path.join(place, 'dist'))
    for (const part of ['dist/lib', 'native', 'package.json'])
      cpSync(path.join(root, part), path.join(place, part), { recursive: true })
    const find = `const { createRequire } = require('node:module')
      const Module = require('node:module')
      const before = Module._resolveFilename
      const elsewhere = createRequire(${JSON.stringify(path.join(root, 'package.json'))})
      Module._resolveFilename = function (name, ...rest) {
        try { return before.call(this, name, ...rest) } catch { return elsewhere.resolve(name) }
      }
      console.log('{"loaded": true}')`
    const loader = program(place, find, 'pnp.cjs')
    const main = path.join(place, 'dist/lib/cli-main.cjs')
    const env = plainEnvironment({ NODE_OPTIONS: `--require "${loader}" --inspect-port=0` })
    const { stdout } = spawnSync(process.execPath, [main, 'doctor'], { env, encoding: 'utf8' })
    expect(stdout).to.contain('Ready: ')
    expect(stdout).to.match(/ok {2}under run +jemalloc .* through addon/)
  })

  it('prints text without --json', async function () {
    await requireJemalloc(this)
    const { code, stdout } = await command(['doctor'])
    expect(code).to.equal(0)
    expect(stdout).to.match(/^ok {2}node .*\nok {2}platform/)
  })

  it('is not ready without jemalloc, and names the cure', async () => {
    const env = plainEnvironment({ HOME: '/proc' })
    const host = bareHost({ osRelease: 'ID=alpine' })
    const diagnosis = await examine({ env, cwd: '/', log: () => {}, fetch: false, host })
    expect(diagnosis).to.include({ ready: false, underRun: null })
    expect(diagnosis.library).to.include({ present: false, mend: 'apk add jemalloc' })
  })

  it('offers to fetch where that can be done', async () => {
    const env = plainEnvironment({ HOME: '/proc' })
    const options = { env, cwd: '/', log: () => {}, host: bareHost({ osRelease: 'ID=debian' }) }
    expect((await examine({ ...options, fetch: false })).library.mend).to.include('cache-attribution doctor --fetch')
    expect((await examine({ ...options, fetch: true })).library.mend).to.equal('apt-get install libjemalloc2')
  })

  it('what could go wrong if CACHE_ATTRIBUTION_JEMALLOC is wrong: a finding with a cure, and exit code 1', async () => {
    const env = plainEnvironment({ CACHE_ATTRIBUTION_JEMALLOC: '/nonexistent.so' })
    const { code, stdout } = await command(['doctor', '--json'], { env })
    expect(code).to.equal(1)
    expect((JSON.parse(stdout) as Examination).library.mend).to.include('CACHE_ATTRIBUTION_JEMALLOC')
  })

  it('what could go wrong if NODE_OPTIONS makes every process print: the findings are still read', async function () {
    await requireJemalloc(this)
    const noisy = program(folder(), 'console.log("noise")', 'noisy.cjs')
    const env = plainEnvironment({ NODE_OPTIONS: `--require=${noisy}` })
    expect((await command(['doctor', '--json'], { env })).code).to.equal(0)
  })
})
