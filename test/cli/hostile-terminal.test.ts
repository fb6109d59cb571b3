/** The text that a hostile service, file, process or environment may write to the terminal of the user who asks: characters. */
/* eslint-disable no-control-regex -- control characters are what this is about */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { expect } from 'chai'
import { parseHeapProfile, toPprof } from '../../src/heap-profile/index.js'
import { runCommandLine } from '../helpers/internals/cli.js'
import type { Host } from '../helpers/internals/cli-jemalloc.js'
import { formatReport } from '../../src/index.js'
import { formatDiscovery } from '../../src/twin/index.js'
import { terminalJson, terminalText } from '../helpers/internals/support.js'
import { report, row, sample } from '../report/reports.js'
import { thorough } from '../helpers/thorough.js'
import { bareHost, plainEnvironment, temporaryFolders } from './fixtures.js'

/** A title, a cleared screen, an 8-bit CSI, a turned line, a forged row, half a character, an invisible tag, the own colours. */
const EVIL =
  'a\u001b]0;pwned\u0007\u001b[2J\u001b[31m\u001b[0m\u009b31m\u0090q\u009c\u202egpj.exe\u2066\r\nFORGED row\u2028FORGED\u2029FORGED\ud800\u{e0041}\u007f\u0000'
/** The same behind what `Date.parse()` takes. */
const EVIL_MOMENT = `2026-01-01 (${EVIL.replaceAll(/[()]/g, '')})`

const COLOR = /\u001b\[(?:0|1|2|31)m/g

/** Fails where a terminal would obey anything in a text but line ends and, with `isColored`, this library's colours. */
function expectHarmless(text: string, what: string, isColored = false): void {
  const rest = isColored ? text.replace(/^\u001b\[H\u001b\[J/gm, '').replaceAll(COLOR, '') : text
  const bad = /[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.exec(rest)
  expect(bad === null ? null : JSON.stringify(rest.slice(Math.max(0, bad.index - 60), bad.index + 60)), what).to.equal(
    null,
  )
  expect(text, what).to.not.match(/^\s*FORGED/mu)
}

/** Each `step`-th of {@link allPoisoned}: 3 gives each place one or two of the five poisons, in turn. */
function* poisoned(value: unknown, step: number): Generator<[unknown, string]> {
  let index = 0
  for (const place of allPoisoned(value)) if (index++ % step === 0) yield place
}

/** Every value with one member at any depth replaced, and with a name of a member replaced. */
function* allPoisoned(value: unknown): Generator<[unknown, string]> {
  if (typeof value !== 'object' || value === null) return
  const rebuilt = (parts: [string, unknown][]): unknown =>
    Array.isArray(value) ? parts.map(([, part]) => part) : Object.fromEntries(parts)
  const members = Object.entries(value)
  for (const [index, [name, member]] of members.entries()) {
    const place = (part: [string, unknown]): unknown => rebuilt(members.with(index, part))
    for (const evil of [EVIL, EVIL_MOMENT, [EVIL], { toString: null, [EVIL]: EVIL }]) yield [place([name, evil]), name]
    if (!Array.isArray(value)) yield [place([EVIL, member]), name]
    for (const [inner, where] of allPoisoned(member)) yield [place([name, inner]), `${name}.${where}`]
  }
}

interface Stated {
  readonly out: string
  readonly all: string
}

async function command(
  args: readonly string[],
  changes: { env?: NodeJS.ProcessEnv; host?: Host } = {},
): Promise<Stated> {
  let [out, err] = ['', '']
  await runCommandLine({
    args,
    env: plainEnvironment({ HOME: '/nonexistent', ...changes.env }),
    cwd: '/',
    stdout: (text) => (out += text),
    stderr: (text) => (err += text),
    host: changes.host,
  })
  return { out, all: out + err }
}

/** Runs `body` as if standard output were a terminal. */
async function onTerminal(body: () => Promise<void>): Promise<void> {
  const before = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
  Object.defineProperty(process.stdout, 'isTTY', { value: true, configurable: true })
  try {
    await body()
  } finally {
    if (before === undefined) Reflect.deleteProperty(process.stdout, 'isTTY')
    else Object.defineProperty(process.stdout, 'isTTY', before)
  }
}

const REPORT = report([row('users', 1e6)], {
  id: 'a',
  warnings: [{ code: 'WARN_ALIASED', message: 'm', cache: 'users' }],
})

const OBSERVATION = {
  sample: sample(100e6, 50e6),
  caches: [{ name: 'users', entries: 3, claimedBytes: 5, estimatedBytes: 900, estimatedUncertaintyBytes: 9 }],
}

function lines(kind: string, body: unknown, at = '2026-01-01T00:00:00.000Z'): string {
  return `${JSON.stringify({ schemaVersion: 1, kind, at, upMs: 5, lifetime: 'x', [kind]: body })}\n`
}

describe('the terminal', function () {
  this.timeout(120_000)
  const temporaryFolder = temporaryFolders()

  it('gets text and JSON in which nothing is left that it would obey, and JSON that reads back', () => {
    expectHarmless(terminalText(EVIL.replaceAll('FORGED', '')), 'text', true)
    expect(terminalText('\u001b[1mhead\u001b[0m\nrow')).to.equal('\u001b[1mhead\u001b[0m\nrow')
    const value = { [EVIL]: [EVIL, 'ä\u{1f600}'] }
    expectHarmless(terminalJson(value), 'JSON')
    expect(JSON.parse(terminalJson(value))).to.deep.equal(value)
    for (let code = 0; code <= 0x2fff; code++) expectHarmless(terminalJson(String.fromCodePoint(code)), String(code))
  })

  for (const step of [3, 1]) {
    const [test, which] = step === 1 ? [thorough, ', with each poison'] : [it, '']

    test(`watch: any field of a service${which}`, async () => {
      let [observation, reports, status]: unknown[] = [OBSERVATION, { reports: [REPORT] }, 'OK']
      const server = createServer((request, response) => {
        response.statusMessage = String(status)
        response.statusCode = status === 'OK' ? 200 : 500
        response.end(JSON.stringify(request.url?.endsWith('observation') === true ? observation : reports))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/debug/memory`
      const inspect = async (what: string): Promise<void> => {
        const { out, all } = await command(['watch', '--count', '1', url])
        expectHarmless(all, what, process.stdout.isTTY)
        if (what === '') expect(out).to.contain('users')
      }
      await inspect('')
      for (const isTerminal of [false, true]) {
        const all = async (): Promise<void> => {
          for (const [value, where] of poisoned(OBSERVATION, step))
            await ((observation = value), inspect(`observation ${where}`))
          observation = OBSERVATION
          for (const [value, where] of poisoned({ reports: [REPORT] }, step))
            await ((reports = value), inspect(`reports ${where}`))
          reports = { reports: [REPORT] }
        }
        await (isTerminal ? onTerminal(all) : all())
      }
      status = 'No\u0085\u009b31m'
      await inspect('status')
      server.close()
    })

    test(`history and diff: any field of a record, with and without --json${which}`, async () => {
      const folder = temporaryFolder()
      const file = path.join(folder, '20260101T000000000Z-x-0000.ndjson')
      const good = lines('report', REPORT, '2026-01-02T00:00:00.000Z')
      for (const kind of ['report', 'observation'] as const) {
        for (const [value, where] of poisoned(kind === 'report' ? REPORT : OBSERVATION, step)) {
          writeFileSync(file, lines(kind, value) + good)
          for (const args of [['history'], ['history', '--json']]) {
            expectHarmless((await command([...args, folder])).all, `${args.join(' ')} ${where}`)
          }
          if (kind === 'observation') continue
          const single = path.join(folder, 'report.json')
          writeFileSync(single, JSON.stringify(value))
          for (const args of [
            ['diff', single, single],
            ['diff', '--json', single, single],
            ['diff', '--history', folder, 'first', 'last'],
          ]) {
            expectHarmless((await command(args)).all, `${args.join(' ')} ${where}`)
          }
        }
      }
      for (const [head, where] of poisoned(
        { at: '2026-01-01T00:00:00.000Z', upMs: 5, lifetime: 'x', kind: 'report' },
        step,
      )) {
        writeFileSync(file, `${JSON.stringify({ schemaVersion: 1, ...(head as object), report: REPORT })}\n`)
        expectHarmless((await command(['history', folder])).all, where)
      }
    })
  }

  it('profile: names of functions and files, in every form', async () => {
    const folder = temporaryFolder()
    const evil = EVIL.replaceAll(/[\n\r\u0000]/g, '')
    const mapped = path.join(folder, `lib${evil.replaceAll('/', '')}.so`)
    const text = `heap_v2/524288\n  t*: 1: 524288 [0: 0]\n@ 0x401000 0x402000\n  t*: 1: 524288 [0: 0]\n\nMAPPED_LIBRARIES:\n00400000-00500000 r-xp 00000000 08:01 7 ${mapped}\n`
    const file = path.join(folder, 'x.heap')
    for (const content of [
      text,
      text.replace('heap_v2', EVIL),
      text.replace('t*', EVIL),
      text.replace('0x401000', EVIL),
      EVIL,
    ]) {
      writeFileSync(file, content)
      for (const format of ['top', 'folded']) {
        expectHarmless((await command(['profile', file, '--format', format])).all, format)
      }
    }
    const parsed = await parseHeapProfile([Buffer.from(text.replace(mapped, '/lib/x.so'))])
    const named = {
      ...parsed,
      comments: [EVIL],
      mappings: parsed.mappings.map((mapping) => ({ ...mapping, file: EVIL })),
      frames: parsed.frames.map((frame) => ({ ...frame, functions: [{ name: EVIL, file: EVIL, line: 3 }] })),
    }
    writeFileSync(file, await toPprof(named as never))
    for (const format of ['top', 'folded']) {
      const { out, all } = await command(['profile', file, '--format', format, '--no-lines'])
      expectHarmless(all, format)
      expect(out).to.contain('pwned')
    }
    const server = createServer((_, response) => response.writeHead(500).end(EVIL)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    expectHarmless(
      (await command(['profile', `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`])).all,
      'answer',
    )
    server.close()
  })

  it('breakdown: what another process has mapped', async function () {
    if (process.platform !== 'linux') this.skip()
    const folder = mkdtempSync(path.join(realpathSync(temporaryFolder()), EVIL.replaceAll(/[\u0000/\ud800]/g, '')))
    const file = path.join(folder, `${EVIL.replaceAll(/[\u0000/\ud800]/g, '')}.txt`)
    writeFileSync(file, Buffer.alloc(1 << 22, 1))
    const script = `import mmap,sys\nf=open(sys.argv[1],'rb')\nm=mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ)\nsum(m[::4096])\nprint('ready',flush=True)\nsys.stdin.read()`
    const child = spawn('python3', ['-c', script, file], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.on('error', () => undefined)
    try {
      await once(child.stdout, 'data')
      for (const args of [['--mappings'], ['--mappings', '--json']]) {
        const { out, all } = await command(['breakdown', ...args, String(child.pid)])
        expect(out).to.not.equal('')
        expectHarmless(all, args.join(' '))
      }
    } finally {
      child.stdin.end()
    }
  })

  it('doctor and run: the environment and the machine', async () => {
    const evil = EVIL.replaceAll('\u0000', '')
    const host = bareHost({ osRelease: `ID=${evil}\nVERSION_ID=${evil}`, libcVersion: evil, mappedJemalloc: null })
    for (const env of [
      { CACHE_ATTRIBUTION_JEMALLOC: `/none/${evil}` },
      { LD_PRELOAD: `/none/libjemalloc${evil}` },
      {},
    ]) {
      for (const args of [['doctor'], ['doctor', '--json'], ['run', '--no-fetch', '--allocator', 'jemalloc', evil]]) {
        const { all } = await command(args, { env, host })
        expect(all).to.not.equal('')
        expectHarmless(all, args.join(' '))
      }
    }
    const odd = { ...bareHost(), platform: evil as NodeJS.Platform, arch: evil, execPath: `/none/${evil}` }
    expectHarmless((await command(['doctor'], { host: odd })).all, 'host')
  })

  it('every command: its own arguments', async () => {
    for (const name of ['run', 'doctor', 'breakdown', 'profile', 'history', 'diff', 'watch', EVIL, `--${EVIL}`]) {
      for (const args of [
        [EVIL],
        [`--${EVIL}`],
        ['--json', EVIL],
        [EVIL, EVIL],
        [`--interval=${EVIL}`, 'http://127.0.0.1:1'],
      ]) {
        if (name === 'run' && !args[0]?.startsWith('--')) continue
        expectHarmless((await command([name, ...args])).all, `${JSON.stringify(name)} ${JSON.stringify(args)}`)
      }
    }
  })

  it('formatReport and formatDiscovery: any field of a report that was read from somewhere', () => {
    const trend = {
      verdict: 'growing',
      evidence: 'e',
      readings: 3,
      spanHours: 4,
      lastBytes: 5,
      basis: 'measured',
      slope: null,
      refill: null,
    }
    const whole = {
      ...REPORT,
      floor: { ...REPORT.floor, trend: { ...trend, allocated: null, heap: trend } },
      caches: [{ ...row('b', 5), status: 'failed', error: { code: 'ERR_RELEASE_FAILED', message: 'm' }, trend }],
    }
    const bytes = { heapBytes: 1, memoryBytes: 2, totalBytes: 3 }
    const owner = { path: 'a', script: 's', package: 'p', kind: 'object', className: 'C', entries: 3, instances: 2 }
    const discovery = {
      owners: [
        {
          ...owner,
          released: { allocatedBytes: 1, heapBytes: 2, mappedBytes: null, totalBytes: 3 },
          uncertaintyBytes: 1,
          returned: { residentBytes: 1, uncertaintyBytes: 2 },
          disagreement: 'd',
          own: bytes,
          retained: bytes,
          partOf: null,
          cache: 'users',
        },
      ],
      live: { totalBytes: 5, ownedBytes: 3, restBytes: 2 },
      others: { count: 1, totalBytes: 1 },
      durationMs: { walking: 1, measuring: 3 },
      noise: { allocatedBytes: 1, heapBytes: 2 },
      warnings: [{ code: 'WARN_KNOWN_RELEASE', message: 'm' }],
    }
    const forms = [
      [whole, (value: unknown) => formatReport(value as never, { color: true })],
      [discovery, (value: unknown) => formatDiscovery(value as never, { color: true })],
    ] as const
    for (const [value, format] of forms) {
      expect(format(value)).to.not.equal('')
      for (const [evil, where] of allPoisoned(value)) {
        try {
          expectHarmless(format(evil), where, true)
        } catch (error) {
          // A member that is no object at all is refused in whatever words.
          if (!(error instanceof TypeError)) throw error
        }
      }
    }
  })
})
