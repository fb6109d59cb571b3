import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { PRELOAD_HINT, SLOT, liveBytes } from '../helpers/internals/allocator.js'
import type { OpenAllocatorOptions } from '../helpers/internals/allocator.js'
import { JEMALLOC, needsJemalloc, runFixture } from '../helpers/child.js'
import type { FixtureOptions } from '../helpers/child.js'
import { buildLibrary } from '../helpers/native.js'
import type { OpenResult, Opened } from './fixtures/open.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const AUTO_ADDON: OpenAllocatorOptions = { binding: 'addon' }
const AUTO_FFI: OpenAllocatorOptions = { binding: 'ffi' }
/** Before jemalloc in the order of lookup: malloc() is glibc's, and mallctl() that of a jemalloc nobody calls. */
const JEMALLOC_ASIDE = ['libstdc++.so.6', 'libc.so.6', JEMALLOC]

describe('openAllocator() under jemalloc', () => {
  before(function () {
    needsJemalloc(this)
  })

  it('takes jemalloc through the addon by default', async () => {
    const [opened] = await open([{}], { preload: 'jemalloc' })
    expect(opened).to.include({ name: 'jemalloc', binding: 'addon', reason: null, hasMallctl: true })
  })

  it('takes the binding that is asked for', async () => {
    const [addon, ffi] = await open([AUTO_ADDON, AUTO_FFI], { preload: 'jemalloc' })
    expect([kindOf(addon), kindOf(ffi)]).to.deep.equal(['jemalloc/addon', 'jemalloc/ffi'])
  })

  it('takes jemalloc that is asked for', async () => {
    const [opened] = await open([{ allocator: 'jemalloc' }], { preload: 'jemalloc' })
    expect(kindOf(opened)).to.equal('jemalloc/addon')
  })

  it('refuses glibc, whose figures would be zeros', async () => {
    const refused = await open([{ allocator: 'glibc' }, { allocator: 'glibc', binding: 'ffi' }], {
      preload: 'jemalloc',
    })
    for (const each of refused) {
      expect(each).to.deep.equal({
        code: 'ERR_ALLOCATOR_UNAVAILABLE',
        message:
          'ERR_ALLOCATOR_UNAVAILABLE: glibc was asked for, but jemalloc serves malloc() here, so glibc has nothing to report',
      })
    }
  })

  it('goes without an allocator where that is asked for', async () => {
    const [opened] = await open([{ allocator: 'unavailable' }], { preload: 'jemalloc' })
    expect(opened).to.include({ name: 'unavailable', binding: null, reason: 'chosen by option', hasMallctl: false })
  })
})

describe('openAllocator() under glibc', () => {
  it('takes glibc through the addon by default, and says why it is not jemalloc and what fixes it', async () => {
    const [opened] = await open([{}])
    expect(opened).to.include({
      name: 'glibc',
      binding: 'addon',
      hasMallctl: false,
      reason: `no jemalloc is loaded (${PRELOAD_HINT})`,
    })
  })

  it('takes glibc through ffi-napi where that is asked for', async () => {
    const [auto, explicit] = await open([AUTO_FFI, { allocator: 'glibc', binding: 'ffi' }])
    expect([kindOf(auto), kindOf(explicit)]).to.deep.equal(['glibc/ffi', 'glibc/ffi'])
  })

  it('refuses jemalloc that is asked for, with the reason', async () => {
    for (const each of await open([{ allocator: 'jemalloc' }, { allocator: 'jemalloc', binding: 'ffi' }])) {
      expect(each).to.deep.equal({
        code: 'ERR_ALLOCATOR_UNAVAILABLE',
        message: `ERR_ALLOCATOR_UNAVAILABLE: jemalloc was asked for, but no jemalloc is loaded (${PRELOAD_HINT})`,
      })
    }
  })
})

describe('openAllocator() with wrong options', () => {
  it('refuses an unknown option with the nearest name', async () => {
    const [refused] = await open([{ alocator: 'glibc' } as OpenAllocatorOptions])
    expect(refused)
      .to.have.property('message')
      .that.matches(/^ERR_OPTION_UNKNOWN: .*did you mean "allocator"\?$/)
  })

  it('refuses an unknown allocator and an unknown binding', async () => {
    const refused = await open([
      { allocator: 'tcmalloc' },
      { binding: 'koffi' },
      { binding: 1 },
    ] as unknown as OpenAllocatorOptions[])
    expect(refused.map(codeOf)).to.deep.equal(['ERR_OPTION_RANGE', 'ERR_OPTION_RANGE', 'ERR_OPTION_TYPE'])
  })
})

describe('openAllocator() where a binding is missing', () => {
  let folders: string
  before(() => (folders = mkdtempSync(path.join(os.tmpdir(), 'open-test-'))))
  after(() => {
    rmSync(folders, { recursive: true })
  })

  it('takes ffi-napi where the addon is missing', async function () {
    needsJemalloc(this)
    const root = packageCopy(folders, { packages: ['ffi-napi', 'ref-napi'] })
    const [opened] = await open([{}], { preload: 'jemalloc' }, root)
    expect(kindOf(opened)).to.equal('jemalloc/ffi')
  })

  it('refuses an addon that is asked for and missing, with the line that builds it', async () => {
    const root = packageCopy(folders, { native: 'empty', packages: ['ffi-napi', 'ref-napi'] })
    const [refused] = await open([AUTO_ADDON], {}, root)
    expect(codeOf(refused)).to.equal('ERR_ADDON_MISSING')
    expect(messageOf(refused)).to.match(
      /^ERR_ADDON_MISSING: it is not built for this platform, .*\(to fix it: build it: npx node-gyp rebuild -C /,
    )
  })

  it('refuses an ffi-napi that is asked for and missing, with the line that installs it', async () => {
    const root = packageCopy(folders, { native: 'linked', packages: [] })
    const [refused, opened] = await open([AUTO_FFI, {}], {}, root)
    expect(codeOf(refused)).to.equal('ERR_FFI_MISSING')
    expect(messageOf(refused)).to.match(
      /^ERR_FFI_MISSING: Cannot find module 'ffi-napi' \(to install: npm i ffi-napi@.* ref-napi@.*\)$/,
    )
    expect(kindOf(opened)).to.equal('glibc/addon')
  })

  it('refuses where only ref-napi is missing', async () => {
    const root = packageCopy(folders, { packages: ['ffi-napi'] })
    const [refused] = await open([AUTO_FFI], {}, root)
    expect(messageOf(refused)).to.match(/^ERR_FFI_MISSING: Cannot find module 'ref-napi'/)
  })

  it('refuses where native/ was left behind and nothing serves in its place, but for V8 alone', async () => {
    const root = packageCopy(folders, { packages: [] })
    const [auto, v8] = await open([{}, { allocator: 'unavailable' }], {}, root)
    expect(messageOf(auto)).to.match(/^ERR_ADDON_BUNDLED: there is no folder .*native: /)
    expect(kindOf(v8)).to.equal('unavailable/null')
  })

  it('goes without an allocator where both are missing, and says both reasons', async () => {
    const root = packageCopy(folders, { native: 'empty', packages: [] })
    const [auto, glibc, jemalloc] = await open([{}, { allocator: 'glibc' }, { allocator: 'jemalloc' }], {}, root)
    expect(kindOf(auto)).to.equal('unavailable/null')
    expect(auto)
      .to.have.property('reason')
      .that.matches(/^neither binding .*ERR_ADDON_MISSING: .*ERR_FFI_MISSING: [^\n]*$/)
    expect([codeOf(glibc), codeOf(jemalloc)]).to.deep.equal(['ERR_ALLOCATOR_UNAVAILABLE', 'ERR_ALLOCATOR_UNAVAILABLE'])
  })

  it('needs no binding where no allocator is asked for', async () => {
    const [opened] = await open([{ allocator: 'unavailable' }], {}, packageCopy(folders, { packages: [] }))
    expect(kindOf(opened)).to.equal('unavailable/null')
  })

  it('says why an addon that is there does not load', async () => {
    const root = packageCopy(folders, { packages: [] })
    mkdirSync(path.join(root, 'native/build/Release'), { recursive: true })
    writeFileSync(path.join(root, 'native/build/Release/cache_attribution.node'), 'built for another platform')
    const [refused] = await open([AUTO_ADDON], {}, root)
    expect(messageOf(refused)).to.match(/^ERR_ADDON_MISSING: .*cache_attribution\.node: .+\(to fix it: build it/)
  })
})

describe('openAllocator() where jemalloc is not what it should be', () => {
  let mallctlFilter: string
  let symbolFilter: string

  before(function () {
    needsJemalloc(this)
    mallctlFilter = buildLibrary(this, 'mallctl-filter')
    symbolFilter = buildLibrary(this, 'symbol-filter')
  })

  const filtered = (env: Record<string, string>): FixtureOptions => ({ preload: [mallctlFilter, JEMALLOC], env })
  const hidden = (...names: readonly string[]): FixtureOptions => ({
    preload: [JEMALLOC, symbolFilter],
    env: { DLSYM_HIDDEN: names.join(',') },
  })

  it('takes glibc where a jemalloc is loaded that does not serve malloc()', async () => {
    const result = await openAll([AUTO_ADDON, AUTO_FFI], { preload: JEMALLOC_ASIDE })
    expect(result.isJemallocMapped).to.equal(true)
    expect(result.opened.map(kindOf)).to.deep.equal(['glibc/addon', 'glibc/ffi'])
    for (const opened of result.opened) {
      expect(opened)
        .to.have.property('reason')
        .that.equals(`a jemalloc is loaded, but it does not serve malloc() of this process (${PRELOAD_HINT})`)
    }
  })

  it('refuses jemalloc that is asked for and does not serve malloc()', async () => {
    const [refused] = await open([{ allocator: 'jemalloc' }], { preload: JEMALLOC_ASIDE })
    expect(messageOf(refused)).to.match(/^ERR_ALLOCATOR_UNAVAILABLE: .*a jemalloc is loaded, but it does not serve/)
  })

  it('goes without an allocator where jemalloc was built without statistics', async () => {
    const none = 'stats.allocated=2,stats.active=2,stats.metadata=2,stats.resident=2,stats.mapped=2,stats.retained=2'
    // Newer versions count thread.allocated all the same.
    for (const failing of [none, `${none},thread.allocated=2`]) {
      const [addon, ffi, asked] = await open(
        [AUTO_ADDON, AUTO_FFI, { allocator: 'jemalloc' }],
        filtered({ MALLCTL_FAILING: failing }),
      )
      for (const opened of [addon, ffi]) {
        expect(kindOf(opened)).to.equal('unavailable/null')
        expect(opened).to.include({ reason: 'jemalloc is loaded, but was built without --enable-stats' })
      }
      expect(codeOf(asked)).to.equal('ERR_ALLOCATOR_UNAVAILABLE')
    }
  })

  it('reads an older jemalloc that has no tcache statistics, and subtracts nothing', async () => {
    const unknown = 'stats.arenas.4096.tcache_bytes,stats.arenas.4096.tcache_stashed_bytes'
    for (const opened of await open([AUTO_ADDON, AUTO_FFI], filtered({ MALLCTL_UNKNOWN: unknown }))) {
      const slots = slotsOf(opened)
      expect(opened).to.include({ name: 'jemalloc', statistic: 'stats.allocated' })
      expect([slots[SLOT.tcache], slots[SLOT.tcacheStashed]]).to.deep.equal([NaN, NaN])
      expect(liveBytes(slots)).to.equal(slots[SLOT.rawAllocated])
    }
  })

  it('reads a jemalloc before 5.3, which stashes nothing', async () => {
    const unknown = 'stats.arenas.4096.tcache_stashed_bytes'
    for (const opened of await open([AUTO_ADDON, AUTO_FFI], filtered({ MALLCTL_UNKNOWN: unknown }))) {
      const slots = slotsOf(opened)
      expect(opened).to.include({ name: 'jemalloc', statistic: 'stats.allocated - tcache_bytes' })
      expect(liveBytes(slots)).to.equal((slots[SLOT.rawAllocated] ?? NaN) - (slots[SLOT.tcache] ?? NaN))
    }
  })

  it('gives NaN for one statistic that cannot be read, and the others as they are', async () => {
    for (const opened of await open([AUTO_ADDON, AUTO_FFI], filtered({ MALLCTL_FAILING: 'stats.retained=11' }))) {
      const slots = slotsOf(opened)
      expect(slots[SLOT.retained]).to.be.NaN
      expect(slots[SLOT.mapped]).to.be.above(0)
    }
  })

  it('goes without an allocator where the epoch cannot be advanced, and names key and errno', async () => {
    for (const opened of await open([AUTO_ADDON, AUTO_FFI], filtered({ MALLCTL_FAILING: 'epoch=14' }))) {
      expect(kindOf(opened)).to.equal('unavailable/null')
      expect(opened).to.include({ reason: 'jemalloc is loaded, but ERR_MALLCTL: writing "epoch" failed: EFAULT' })
    }
  })

  it('goes without an allocator where there is no epoch at all', async () => {
    for (const opened of await open([AUTO_ADDON, AUTO_FFI], filtered({ MALLCTL_UNKNOWN: 'epoch' }))) {
      expect(opened)
        .to.have.property('reason')
        .that.matches(/^jemalloc is loaded, but ERR_MALLCTL: writing "epoch" failed: ENOENT/)
    }
  })

  it('finds a jemalloc whose names begin with je_', async () => {
    const names = ['mallctl', 'mallctlnametomib', 'mallctlbymib']
    const opened = await open([AUTO_ADDON, AUTO_FFI], hidden(...names))
    expect(opened.map(kindOf)).to.deep.equal(['jemalloc/addon', 'jemalloc/ffi'])
    for (const each of opened) expect(liveBytes(slotsOf(each))).to.be.above(1024 * 1024)
  })

  it('does not take the zeros of glibc for figures where an unknown allocator serves malloc()', async () => {
    const names = [
      'mallctl',
      'mallctlnametomib',
      'mallctlbymib',
      'je_mallctl',
      'je_mallctlnametomib',
      'je_mallctlbymib',
    ]
    const [addon, ffi, asked] = await open([AUTO_ADDON, AUTO_FFI, { allocator: 'glibc' }], hidden(...names))
    expect([kindOf(addon), kindOf(ffi)]).to.deep.equal(['unavailable/null', 'unavailable/null'])
    for (const each of [addon, ffi]) {
      expect(each)
        .to.have.property('reason')
        .that.matches(/^no jemalloc is loaded .*, and glibc's mallinfo2 is missing or does not count/)
    }
    expect(codeOf(asked)).to.equal('ERR_ALLOCATOR_UNAVAILABLE')
  })

  it('goes without an allocator where this libc has no mallinfo2', async () => {
    const preload = { preload: [symbolFilter], env: { DLSYM_HIDDEN: 'mallinfo2,je_mallctl' } }
    const opened = await open([AUTO_ADDON, AUTO_FFI], preload)
    expect(opened.map(kindOf)).to.deep.equal(['unavailable/null', 'unavailable/null'])
  })
})

async function open(
  choices: readonly OpenAllocatorOptions[],
  options: FixtureOptions = {},
  root = ROOT,
): Promise<readonly Opened[]> {
  return (await openAll(choices, options, root)).opened
}

function openAll(choices: readonly OpenAllocatorOptions[], options: FixtureOptions, root = ROOT): Promise<OpenResult> {
  return runFixture('allocator/fixtures/open', { ...options, args: [root, JSON.stringify(choices)] })
}

/** The allocator's folders in a place of their own, with the named packages and, on request, the addon. */
function packageCopy(folders: string, has: { native?: 'linked' | 'empty'; packages: readonly string[] }): string {
  const root = mkdtempSync(path.join(folders, 'package-'))
  writeFileSync(path.join(root, 'package.json'), '{ "name": "cache-attribution", "type": "module" }')
  for (const folder of ['allocator', 'support']) {
    cpSync(path.join(ROOT, 'dist/src', folder), path.join(root, 'dist/src', folder), { recursive: true })
  }
  mkdirSync(path.join(root, 'node_modules'))
  for (const name of has.packages) {
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(root, 'node_modules', name))
  }
  if (has.native === 'empty') mkdirSync(path.join(root, 'native'))
  if (has.native === 'linked') symlinkSync(path.join(ROOT, 'native'), path.join(root, 'native'))
  return root
}

function kindOf(opened: Opened | undefined): string {
  if (opened === undefined || 'code' in opened) return messageOf(opened)
  return `${opened.name}/${String(opened.binding)}`
}

function codeOf(opened: Opened | undefined): string {
  return opened !== undefined && 'code' in opened ? opened.code : 'no refusal'
}

function messageOf(opened: Opened | undefined): string {
  return opened !== undefined && 'code' in opened ? opened.message : 'no refusal'
}

function slotsOf(opened: Opened): Float64Array {
  if ('code' in opened) throw new Error(opened.message)
  return opened.slots
}
