import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { JEMALLOC, needsJemalloc } from '../helpers/child.js'
import { thorough } from '../helpers/thorough.js'
import { command, targets } from './target.js'
import type { Target, TargetOptions } from './target.js'
import { AUTO_FILE } from '../helpers/internals/module-files.js'

const GROWING = fileURLToPath(new URL('fixtures/growing.js', import.meta.url))
const AUTO = AUTO_FILE.href
const PROFILED = { LD_PRELOAD: JEMALLOC, MALLOC_CONF: 'prof:true,prof_active:false,lg_prof_sample:14' }

describe('profile PID', function () {
  this.timeout(120_000)
  const start = targets()

  async function profileOf(
    options: TargetOptions,
    ...args: readonly string[]
  ): Promise<{ readonly target: Target; readonly stdout: string; readonly stderr: string }> {
    const target = await start(options)
    while (options.execArgv !== undefined && !target.stderr.includes('is served at')) await delay(20)
    const { code, stdout, stderr } = await command('profile', String(target.pid), '--seconds', '2', ...args)
    expect(code, stderr).to.equal(0)
    return { target, stdout, stderr }
  }

  it("samples V8's heap where jemalloc does not profile, and leaves nothing open", async () => {
    const { target, stdout, stderr } = await profileOf({ file: GROWING })
    expect(stderr).to.contain("sampling allocations on V8's heap for 2 s")
    expect(stdout).to.contain('allocateAndKeep')
    expect(target.stderr).to.contain('Debugger listening')
    expect(await target.state()).to.include({ inspector: null })
  })

  thorough(
    'samples native memory where jemalloc was started with profiling, and V8 where that is asked for',
    async function () {
      needsJemalloc(this)
      const native = await profileOf({ file: GROWING, env: PROFILED })
      expect(native.stderr).to.contain('sampling native allocations')
      expect(native.stdout).to.match(/AlignedAlloc|NodeArrayBufferAllocator|v8::|node::/)
      const js = await profileOf({ file: GROWING, env: PROFILED }, '--kind', 'js')
      expect(js.stderr).to.contain("sampling allocations on V8's heap")
      expect(js.stdout).to.match(/allocateAndKeep/)
    },
  )

  thorough('draws a flame graph into a file that is named so', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'attach-profile-'))
    try {
      const file = path.join(folder, 'flame.html')
      const { target } = await profileOf({ file: GROWING }, '-o', file)
      const text = readFileSync(file, 'utf8')
      expect(text).to.match(/^<!doctype html>/)
      expect(text).to.contain(`<title>process ${String(target.pid)}`)
      expect(text).to.contain('allocateAndKeep')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('asks the endpoint that auto has on a socket, and opens no inspector', async function () {
    needsJemalloc(this)
    const { target, stdout, stderr } = await profileOf({ file: GROWING, execArgv: ['--import', AUTO], env: PROFILED })
    expect(stderr).to.contain('asking the endpoint of the process')
    expect(stdout).to.contain('inuse_space: ')
    expect(target.stderr).not.to.contain('Debugger')
  })

  thorough('attaches where the endpoint has no profiles', async () => {
    const { stdout, stderr } = await profileOf({ file: GROWING, execArgv: ['--import', AUTO] })
    expect(stderr).to.contain("sampling allocations on V8's heap")
    expect(stdout).to.contain('allocateAndKeep')
  })
})
