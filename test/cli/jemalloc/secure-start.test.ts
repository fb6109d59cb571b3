import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { secureStartAdvice, secureStartOf } from '../../helpers/internals/cli-jemalloc.js'
import { MAIN, bareHost, findBare, plainEnvironment, temporaryFolders } from '../fixtures.js'

/** The vector that the kernel hands over: AT_PAGESZ, AT_SECURE, AT_NULL. */
function vector(secure: number, width: 4 | 8, endianness: 'BE' | 'LE'): Buffer {
  const words = [6, 4096, 23, secure, 0, 0]
  const bytes = Buffer.alloc(words.length * width)
  for (const [at, word] of words.entries()) {
    if (width === 4) bytes[endianness === 'LE' ? 'writeUInt32LE' : 'writeUInt32BE'](word, at * width)
    else bytes[endianness === 'LE' ? 'writeBigUInt64LE' : 'writeBigUInt64BE'](BigInt(word), at * width)
  }
  return bytes
}

function status(fields: Readonly<Record<string, string>>): string {
  const all = { Uid: '1000 1000 1000 1000', Gid: '1000 1000 1000 1000', CapPrm: '0', CapAmb: '0', ...fields }
  return Object.entries(all)
    .map(([name, value]) => `${name}:\t${value.replaceAll(' ', '\t')}\n`)
    .join('')
}

const WITH_CAPABILITIES = status({ CapPrm: '0000000000000400' })

describe('secureStartOf()', () => {
  it("takes the kernel's word, of any width and order", () => {
    for (const [arch, width, endianness] of [
      ['x64', 8, 'LE'],
      ['s390x', 8, 'BE'],
      ['arm', 4, 'LE'],
    ] as const) {
      expect(
        secureStartOf({ auxv: vector(0, width, endianness), status: WITH_CAPABILITIES }, arch, endianness),
      ).to.equal(null)
      expect(
        secureStartOf({ auxv: vector(1, width, endianness), status: WITH_CAPABILITIES }, arch, endianness),
      ).to.equal('capabilities')
      expect(secureStartOf({ auxv: vector(1, width, endianness), status: status({}) }, arch, endianness)).to.equal(
        'other',
      )
    }
  })

  it('knows by the status where the vector may not be read', () => {
    const of = (fields: Readonly<Record<string, string>>): unknown =>
      secureStartOf({ auxv: null, status: status(fields) }, 'x64')
    expect(of({})).to.equal(null)
    expect(of({ CapPrm: '400' })).to.equal('capabilities')
    expect(of({ CapPrm: '400', CapAmb: '400' }), 'ambient ones').to.equal(null)
    expect(of({ CapPrm: '401', CapAmb: '400' }), 'more than the ambient ones').to.equal('capabilities')
    expect(of({ CapPrm: '1ffffffffff', Uid: '0 0 0 0' }), 'root').to.equal(null)
    expect(of({ Uid: '1000 0 0 0', CapPrm: '1ffffffffff' }), 'set-user-ID').to.equal('user')
    expect(of({ Gid: '1000 5 5 5' }), 'set-group-ID').to.equal('user')
  })

  it('says nothing of what it cannot read', () => {
    for (const [auxv, text] of [
      [null, null],
      [null, ''],
      [null, 'CapPrm:\tzz\nUid:\n'],
      [Buffer.alloc(0), 'nonsense'],
      [Buffer.alloc(7, 23), null],
    ] as const) {
      expect(secureStartOf({ auxv, status: text }, 'x64')).to.equal(null)
    }
  })
})

describe('where the loader ignores LD_PRELOAD', () => {
  it('the cure fits the cause and the C library, and installs nothing', () => {
    for (const why of ['capabilities', 'user', 'other'] as const) {
      for (const libc of ['glibc', 'musl', null] as const) {
        const { reason, mend } = secureStartAdvice(why, '/opt/node', libc)
        expect(reason).to.include('LD_PRELOAD for /opt/node')
        expect(mend).to.match(/^\S.{10}/)
        expect(mend).not.to.match(/install|fetch/)
        expect(mend.includes('/etc/ld.so.preload'), `${why} ${String(libc)}`).to.equal(libc === 'glibc')
      }
    }
  })

  it('nothing is tried, fetched or installed', async () => {
    const host = bareHost({ secureStart: 'capabilities', libc: 'glibc', execPath: '/none', osRelease: 'ID=debian' })
    const found = await findBare({ fetch: true, host })
    expect(found).to.include({ path: null, code: 'ERR_JEMALLOC_NOT_FOUND', fetchable: false })
    expect((found as { mend: string }).mend).to.include('setcap -r /none')
  })

  it('a library that was named is refused with the cause', async () => {
    const host = bareHost({ secureStart: 'capabilities', libc: 'glibc', execPath: '/none' })
    const env = { CACHE_ATTRIBUTION_JEMALLOC: '/lib/libjemalloc.so.2' }
    const error = await findBare({ host, env }).then(
      () => null,
      (reason: unknown) => reason as Error,
    )
    expect(error?.message).to.match(/^ERR_JEMALLOC_NOT_FOUND: CACHE_ATTRIBUTION_JEMALLOC names .* file capabilities/)
  })
})

describe('a Node with file capabilities', function () {
  this.timeout(60_000)
  const folder = temporaryFolders()

  /** A copy of this Node in a folder that any user reaches, started as user 1000. */
  function doctor(
    capability: string | null,
    ambient: readonly string[],
  ): { library: { detail: string; mend: string | null }; platform: { secureStart: unknown } } {
    const home = folder()
    const node = path.join(home, 'node')
    chmodSync(home, 0o755)
    copyFileSync(process.execPath, node)
    if (capability !== null) execFileSync('setcap', [capability, node])
    const user = ['--reuid=1000', '--regid=1000', '--clear-groups', ...ambient]
    const { stdout } = spawnSync('setpriv', [...user, node, MAIN, 'doctor', '--json'], {
      encoding: 'utf8',
      cwd: '/',
      env: plainEnvironment({ HOME: '/nonexistent' }),
    })
    return JSON.parse(stdout) as ReturnType<typeof doctor>
  }

  before(function () {
    const canRead = (): boolean =>
      spawnSync('setpriv', ['--reuid=1000', '--regid=1000', '--clear-groups', 'test', '-r', MAIN]).status === 0
    const isRoot = process.platform === 'linux' && process.getuid?.() === 0
    if (!isRoot || spawnSync('setcap', ['-h']).error !== undefined || !canRead()) this.skip()
  })

  it('is told to lose them, and not to install what is of no use', () => {
    const { library, platform } = doctor('cap_net_bind_service+ep', [])
    expect(platform.secureStart).to.equal('capabilities')
    expect(library.detail).to.match(/^the loader ignores LD_PRELOAD for .*file capabilities$/)
    expect(library.mend).to.match(/setcap -r .*ambient/)
    expect(library.mend).not.to.match(/install|fetch/)
  })

  it('is an ordinary one with ambient capabilities, as the cure says', () => {
    const ambient = ['--inh-caps=+net_bind_service', '--ambient-caps=+net_bind_service']
    expect(doctor(null, ambient).platform.secureStart).to.equal(null)
  })
})
