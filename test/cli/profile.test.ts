import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { runCommandLine } from '../helpers/internals/cli.js'
import { toPprof, readHeapProfile } from '../../src/heap-profile/index.js'
import { plainEnvironment, temporaryFolders } from './fixtures.js'

const HEAD = 'heap_v2/1\n'
const TAIL = 'MAPPED_LIBRARIES:\n1000-9000 r-xp 00000000 fe:00 2 /gone/app\n'
const EARLY = `${HEAD}@ 0x1010 0x1021\n  t*: 1: 1024 [0: 0]\n  t3: 1: 1024 [0: 0]\n${TAIL}`
const LATE = `${HEAD}@ 0x1010 0x1021\n  t*: 3: 3072 [0: 0]\n  t3: 1: 1024 [0: 0]\n${TAIL}`

interface Result {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

describe('cache-attribution profile', () => {
  const newFolder = temporaryFolders()
  let folder: string

  beforeEach(() => {
    folder = newFolder()
    writeFileSync(path.join(folder, 'early.heap'), EARLY)
    writeFileSync(path.join(folder, 'late.heap'), LATE)
  })

  async function profile(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
    let stdout = ''
    let stderr = ''
    const outcome = await runCommandLine({
      args: ['profile', ...args],
      env: plainEnvironment(env),
      cwd: folder,
      stdout: (text) => (stdout += text),
      stderr: (text) => (stderr += text),
    })
    return { code: 'code' in outcome ? outcome.code : outcome.signal, stdout, stderr }
  }

  /** A service that answers like one with the profile mounted, and what it was asked. */
  async function service(status: number, body: Buffer): Promise<{ url: string; asked: string[]; server: Server }> {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.url ?? ''} ${request.headers.authorization ?? '-'}`)
      response.writeHead(status).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server }
  }

  it('shows a table, and says what it could not name', async () => {
    const { code, stdout, stderr } = await profile(['late.heap'])
    expect(code, stderr).to.equal(0)
    expect(stdout).to.match(/^inuse_space: 3\.00 KiB in all\n/)
    expect(stdout).to.include('app+0x10')
    expect(stderr).to.include('No names from /gone/app: ENOENT')
  })

  it('shows what grew', async () => {
    expect((await profile(['late.heap', '--base', 'early.heap'])).stdout).to.match(/^inuse_space: 2\.00 KiB in all\n/)
  })

  /** Two calls of a script that is here, and one of a package, as this library writes them behind a dump. */
  function withNames(): string {
    const script = path.join(folder, 'orders.js')
    writeFileSync(script, 'const kept = []\n  kept.push(Buffer.alloc(1024)) // by order\n')
    const dump = `${HEAD}@ 0x1010 0x7a4a000000000001\n  t*: 3: 3072 [0: 0]\n@ 0x1021 0x7a4a000000000002\n  t*: 1: 1024 [0: 0]\n${TAIL}`
    const file = path.join(folder, 'named.heap')
    const names = [
      `# js frame 0 2 ${script} keepOrder`,
      `# js frame 1 7 ${path.join(folder, 'node_modules/pack/index.js')} pack`,
      `# js frame 2 9 ${path.join(folder, 'gone.js')} isGone`,
      '# js stack 0 0',
      '# js stack 1 1 0 2',
      '# js token 1 0',
      '# js token 2 1',
    ]
    writeFileSync(file, `${dump}${names.join('\n')}\n`)
    return file
  }

  it('shows the line of the source beside a row, where the file can be read', async () => {
    const { stdout, stderr, code } = await profile([withNames(), '--by', 'line', '--source'])
    expect(code, stderr).to.equal(0)
    expect(stdout).to.match(/keepOrder \(.*orders\.js:2\) {2}│ kept\.push\(Buffer\.alloc\(1024\)\) \/\/ by order$/m)
    expect(stdout).to.match(/isGone \(.*gone\.js:9\)$/m)
    expect(stdout).to.match(/cum % {2}line$/m)
    expect((await profile([withNames(), '--source', '--output', 'sources.html'])).code).to.equal(0)
    const page = readFileSync(path.join(folder, 'sources.html'), 'utf8')
    expect(page).to.include('"source":"kept.push(Buffer.alloc(1024)) // by order"')
    expect((await profile(['late.heap', '--source'])).stderr).to.include('"--source" needs a flame graph')
  })

  it('leaves packages out', async () => {
    const file = withNames()
    expect((await profile([file, '--format', 'folded'])).stdout).to.include('pack (pack/index.js)')
    const { stdout } = await profile([file, '--format', 'folded', '--hide', 'express,pack'])
    expect(stdout).not.to.include('pack (')
    expect(stdout).to.match(/isGone [^;]*;keepOrder [^;]*;app/)
  })

  it('takes options before the file too, another kind of value, and one thread', async () => {
    expect((await profile(['--type', 'inuse_objects', 'late.heap'])).stdout).to.match(/^inuse_objects: /)
    expect((await profile(['late.heap', '--thread=3'])).stdout).to.match(/^inuse_space: 1\.00 KiB in all\n/)
  })

  it('writes folded stacks', async () => {
    expect((await profile(['late.heap', '--format', 'folded'])).stdout).to.equal('app+0x20;app+0x10 3072\n')
  })

  it('writes a flame graph and a pprof file for its owner alone, and reads the latter back', async () => {
    for (const format of ['flamegraph', 'pprof']) {
      expect((await profile(['late.heap', '--format', format, '--output', format])).code).to.equal(0)
      expect(statSync(path.join(folder, format)).mode & 0o777).to.equal(0o600)
    }
    expect(readFileSync(path.join(folder, 'flamegraph'), 'utf8')).to.match(/^<!doctype html>[^]*late\.heap/)
    expect((await profile(['pprof'])).stdout).to.match(/^inuse_space: 3\.00 KiB in all\n/)
  })

  it('takes the format from the name of the output where none is said', async () => {
    const named = async (name: string, ...args: string[]): Promise<string> => {
      expect((await profile(['late.heap', '-o', name, ...args])).code).to.equal(0)
      return readFileSync(path.join(folder, name), 'latin1')
    }
    expect(await named('x.html')).to.match(/^<!doctype html>/)
    expect((await named('x.pb.gz')).slice(0, 2)).to.equal('\u001f\u008b')
    expect(await named('x.folded')).to.equal('app+0x20;app+0x10 3072\n')
    expect(await named('x.txt')).to.match(/^inuse_space: /)
    expect(await named('y.html', '--format', 'top')).to.match(/^inuse_space: /)
  })

  it('asks a service, at its usual path, for so many seconds, with the token', async () => {
    const { url, asked, server } = await service(
      200,
      await toPprof(await readHeapProfile(path.join(folder, 'late.heap'))),
    )
    try {
      const { code, stdout, stderr } = await profile([url, '--seconds', '7'], { CACHE_ATTRIBUTION_TOKEN: 'abc' })
      expect(code, stderr).to.equal(0)
      expect(stdout).to.include('3.00 KiB in all')
      await profile([`${url}/own/heap?gc=1`])
      await profile([url, '--kind', 'js'])
      await profile([url, '--leak', '--seconds', '3'])
      await profile([url, '--temporary', '--seconds', '3'])
      await profile([`${url}/api/debug/memory/`, '--kind', 'js'])
      expect(asked).to.deep.equal([
        '/debug/pprof/heap?seconds=7 Bearer abc',
        '/own/heap?gc=1 -',
        '/debug/pprof/heap?kind=js -',
        '/debug/pprof/heap?seconds=3&leak=1 -',
        '/debug/pprof/heap?seconds=3&temporary=1 -',
        '/api/debug/pprof/heap?kind=js -',
      ])
    } finally {
      server.close()
    }
  })

  it('says what a service answered instead, and sends a token nowhere else', async () => {
    const refusing = await service(403, Buffer.from('not you'))
    const redirecting = createServer((_, response) => {
      response.writeHead(302, { location: refusing.url }).end()
    })
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve))
    try {
      const refused = await profile([refusing.url])
      expect([refused.code, refused.stderr]).to.deep.equal([
        1,
        'cache-attribution: ERR_PROFILE_READ: the profile could not be fetched: the service answered 403: not you\n',
      ])
      const port = String((redirecting.address() as AddressInfo).port)
      const redirected = await profile([`http://127.0.0.1:${port}`], { CACHE_ATTRIBUTION_TOKEN: 'abc' })
      expect(redirected.code).to.equal(1)
      expect(refusing.asked).to.have.lengthOf(1)
    } finally {
      refusing.server.close()
      redirecting.close()
    }
  })

  it('tells the code with which a service refuses', async () => {
    const problem = { code: 'ERR_PROFILING_OFF', detail: 'profiling is off' }
    const { url, server } = await service(409, Buffer.from(JSON.stringify(problem)))
    try {
      expect((await profile([url])).stderr).to.equal('cache-attribution: ERR_PROFILING_OFF: profiling is off\n')
    } finally {
      server.close()
    }
  })

  it('reads a file that was cut off on request only', async () => {
    writeFileSync(path.join(folder, 'cut.heap'), LATE.slice(0, -30))
    expect((await profile(['cut.heap'])).stderr).to.include('ERR_PROFILE_TRUNCATED')
    expect((await profile(['cut.heap', '--truncated'])).stdout).to.include('3.00 KiB in all')
  })

  for (const [args, words] of [
    [[], 'needs a file or an address'],
    [['late.heap', 'other'], 'takes no "other"'],
    [['late.heap', '--format', 'pprof'], 'needs "--output FILE"'],
    [['late.heap', '--seconds', '0'], 'a whole number from 1'],
    [['late.heap', '--bsae', 'x'], 'did you mean "--base"?'],
    [['late.heap', '--base'], 'needs a file or an address'],
    [['late.heap', '--leak'], 'is for a URL or a PID'],
    [['http://127.0.0.1:9', '--leak'], 'needs "--seconds"'],
    [['1', '--leak', '--base', 'late.heap'], 'takes no "--base"'],
    [['1', '--temporary', '--leak'], 'takes no "--leak"'],
    [['late.heap', '--temporary', '--type', 'alloc_space'], 'takes no "--type"'],
    [['http://127.0.0.1:9', '--temporary'], 'needs "--seconds"'],
    [['1', '--temporary', '--base', 'late.heap'], 'takes no "--base"'],
  ] as const) {
    it(`does not understand ${args.join(' ') || 'nothing at all'}`, async () => {
      const { code, stderr } = await profile(args)
      expect(code).to.equal(2)
      expect(stderr).to.include(words)
    })
  }
})
