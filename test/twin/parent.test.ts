import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { EndedTwin, ForkedTwin, TwinBinding } from '../helpers/internals/allocator.js'
import { watchTwin } from '../helpers/internals/twin.js'
import type { TwinEnd } from '../helpers/internals/twin.js'

/** A process that is no twin, but writes into a pipe like one. */
interface StandIn {
  readonly binding: TwinBinding
  readonly forked: ForkedTwin
}

/**
 * Under a /proc that hides the processes of others (`hidepid`) a twin's state cannot be read. Such a /proc cannot be had
 * without root; the number of a process group has no entry there either, and a signal to it reaches all in the group.
 */
function hiddenChild(folder: string, script: string): StandIn {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const fd = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  const end = openSync(pipe, 'w')
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', end, 'ignore'] })
  closeSync(end)
  let ended: EndedTwin | null = null
  child.on('exit', (code, signal) => {
    ended = { code, signal: signal === 'SIGKILL' ? 9 : null }
  })
  return {
    binding: { reap: () => ended } as Partial<TwinBinding> as TwinBinding,
    forked: { pid: -(child.pid ?? NaN), fd, scanMs: 0, forkMs: 0 },
  }
}

const SECRET = 'a1b2'

/** The line of a frame. */
function line(number: number | string, frame: unknown): string {
  return `${SECRET} ${String(number)} ${JSON.stringify(frame)}`
}

describe('the watch over a twin whose state the kernel does not tell', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'twin-'))))
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  const watch = ({ binding, forked }: StandIn, allowMs: number, signal?: AbortSignal): Promise<TwinEnd> =>
    watchTwin(binding, forked, { secret: SECRET, allowMs, signal, held: (work) => work(), onMessage: () => undefined })

  it('takes its result', async () => {
    const frame = { kind: 'result', value: 7, copiedBytes: null }
    expect(await watch(hiddenChild(folder, `sleep 0.5; echo '${line(0, frame)}'`), 60_000)).to.include({
      kind: 'result',
      value: 7,
    })
  })

  it('ends it by the clock on the wall where it sleeps for ever', async () => {
    const startMs = performance.now()
    expect(await watch(hiddenChild(folder, 'exec sleep 60'), 500)).to.deep.equal({ kind: 'overtime' })
    expect(performance.now() - startMs).to.be.within(500, 10_000)
  })

  it('ends it at once where it is asked to', async () => {
    const controller = new AbortController()
    const ending = watch(hiddenChild(folder, 'exec sleep 60'), 60_000, controller.signal)
    controller.abort()
    expect(await ending).to.deep.equal({ kind: 'aborted' })
  })

  it('gives each stretch its time on the wall anew', async () => {
    const message = line("'$i'", { kind: 'message', message: 1, cpuMs: 0 })
    const result = line(6, { kind: 'result', value: 7, copiedBytes: null })
    const script = `for i in 0 1 2 3 4 5; do sleep 0.4; echo '${message}'; done; echo '${result}'`
    expect(await watch(hiddenChild(folder, script), 2000)).to.include({ kind: 'result' })
  })

  for (const text of ['null', '5', '{}', '{"kind":"thrown"}', '{"kind":"message","message":1}', 'what']) {
    it(`takes for forged what is no frame, though its head is right: ${text}`, async () => {
      const script = `echo '${SECRET} 0 ${text}'; exec sleep 60`
      expect(await watch(hiddenChild(folder, script), 60_000)).to.deep.equal({ kind: 'forged' })
    })
  }

  const result = { kind: 'result', value: 'FORGED', copiedBytes: null }
  const message = { kind: 'message', message: 1, cpuMs: 0 }
  const forgeries: Readonly<Record<string, readonly string[]>> = {
    'without a secret': [JSON.stringify(result)],
    'with another secret': [`b2c3 0 ${JSON.stringify(result)}`],
    'with a number that is not the next': [line(1, result)],
    repeated: [line(0, message), line(0, message)],
    'behind what somebody else began': [`begun ${line(0, result)}`],
    'an empty line': [''],
  }
  for (const [what, lines] of Object.entries(forgeries)) {
    it(`takes no frame ${what}`, async () => {
      const script = `${lines.map((each) => `echo '${each}'`).join('; ')}; exec sleep 60`
      expect(await watch(hiddenChild(folder, script), 60_000)).to.deep.equal({ kind: 'forged' })
    })
  }

  it('tells its crash', async () => {
    expect(await watch(hiddenChild(folder, 'exit 86'), 60_000)).to.deep.equal({
      kind: 'crashed',
      ended: { code: 86, signal: null },
    })
  })
})
