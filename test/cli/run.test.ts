import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { isTerminalForeground, signalExitCode } from '../helpers/internals/cli.js'
import { command, plainEnvironment, program, requireJemalloc, startCommand, temporaryFolders } from './fixtures.js'
import { thorough } from '../helpers/thorough.js'
import { OPEN_FILE, PROFILING_FILE } from '../helpers/internals/module-files.js'

const folder = temporaryFolders()

before(function () {
  if (process.platform === 'win32') this.skip()
})

const PRINT_ARGUMENTS = 'console.log(JSON.stringify(process.argv.slice(2)))'
const PRINT_PRELOAD = 'console.log(process.env.LD_PRELOAD ?? "none")'
const PRINT_CONF = 'console.log(process.env.MALLOC_CONF ?? "none")'
const IS_MAPPED = `import fs from 'node:fs'
console.log(/libjemalloc/.test(fs.readFileSync('/proc/self/maps', 'latin1')))`

/** Runs on glibc as it is, so that nothing needs to be searched. */
function run(...args: string[]): ReturnType<typeof command> {
  return command(['run', '--no-fetch', '--quiet', ...args])
}

describe('run', () => {
  it('starts the program with jemalloc serving its memory', async function () {
    const library = await requireJemalloc(this)
    const { code, stdout, stderr } = await command(['run', program(folder(), IS_MAPPED)])
    expect({ code, stdout, stderr }, library).to.deep.equal({ code: 0, stdout: 'true\n', stderr: '' })
  })

  it('lets the library measure through jemalloc', async function () {
    await requireJemalloc(this)
    const open = OPEN_FILE.href
    const app = program(folder(), `import { openAllocator } from '${open}'\nconsole.log(openAllocator().name)`)
    expect((await command(['run', app])).stdout).to.equal('jemalloc\n')
  })

  it('keeps what is in LD_PRELOAD, behind jemalloc', async function () {
    await requireJemalloc(this)
    const env = plainEnvironment({ LD_PRELOAD: 'libm.so.6' })
    const { stdout } = await command(['run', program(folder(), PRINT_PRELOAD)], { env })
    expect(stdout).to.match(/^\/.*libjemalloc\.so\.2:libm\.so\.6\n$/)
  })

  it('does not add jemalloc where it is preloaded already', async function () {
    const library = await requireJemalloc(this)
    const env = plainEnvironment({ LD_PRELOAD: `libm.so.6 ${library}` })
    expect((await command(['run', program(folder(), PRINT_PRELOAD)], { env })).stdout).to.equal(
      `libm.so.6 ${library}\n`,
    )
  })

  it('takes jemalloc out with --allocator glibc, and nothing else', async function () {
    const library = await requireJemalloc(this)
    const env = plainEnvironment({ LD_PRELOAD: `${library}:libm.so.6` })
    const { stdout } = await command(['run', '--allocator=glibc', program(folder(), PRINT_PRELOAD)], { env })
    expect(stdout).to.equal('libm.so.6\n')
  })

  it('makes heap profiles possible with --profile, and leaves them off', async function () {
    await requireJemalloc(this)
    const index = PROFILING_FILE.href
    const app = program(
      folder(),
      `import { HeapProfiler } from '${index}'\nconst { enabled, active, sampleBytes } = new HeapProfiler().state\nconsole.log(enabled, active, sampleBytes)`,
    )
    expect((await command(['run', '--profile', app])).stdout).to.equal('true false 524288\n')
    expect((await command(['run', '--profile=16', app])).stdout).to.equal('true false 65536\n')
  })

  for (const [given, args, expected] of [
    ['narenas:2', ['--profile'], 'narenas:2,prof:true,prof_active:false,prof_stats:true'],
    ['prof_active:true', ['--profile'], 'prof_active:true,prof:true,prof_stats:true'],
    [
      'prof:false,lg_prof_sample:20',
      ['--profile=17'],
      'prof:false,lg_prof_sample:20,prof:true,prof_active:false,prof_stats:true,lg_prof_sample:17',
    ],
    [
      'narenas:2',
      ['--profile', '--temporary'],
      'narenas:2,prof:true,prof_active:false,prof_stats:true,prof_accum:true',
    ],
    ['prof_stats:false', ['--profile'], 'prof_stats:false,prof:true,prof_active:false'],
    ['narenas:2', [], 'narenas:2'],
  ] as const) {
    const test = args[0] === '--profile=17' ? it : thorough
    test(`keeps MALLOC_CONF=${given} with ${args.join() || 'nothing'}`, async function () {
      await requireJemalloc(this)
      const env = plainEnvironment({ MALLOC_CONF: given })
      const { stdout } = await command(['run', ...args, program(folder(), PRINT_CONF)], { env })
      expect(stdout).to.equal(`${expected}\n`)
    })
  }

  it('refuses --profile on glibc, which has no profiler', async () => {
    const { code, stderr } = await command(['run', '--profile', '--allocator=glibc', 'app.js'])
    expect(code).to.equal(2)
    expect(stderr).to.include('ERR_COMMAND_USAGE: "--profile" is for jemalloc')
  })

  it('hands every argument over as it is', async () => {
    const trap = path.join(folder(), 'trap')
    const args = ['a b', '', `$(touch ${trap})`, `;touch ${trap}`, '*', '"', "'", '\\', 'é\n', '--quiet', '--', '-x']
    const { stdout } = await run(program(folder(), PRINT_ARGUMENTS), ...args)
    expect(JSON.parse(stdout)).to.deep.equal(args)
    expect(readdirSync(path.dirname(trap))).to.deep.equal([])
  })

  it('takes flags of Node after --', async () => {
    const where = folder()
    writeFileSync(path.join(where, 'first.cjs'), 'globalThis.first = true')
    const app = program(where, 'console.log(globalThis.first, typeof globalThis.gc)')
    const { stdout } = await run('--', '--expose-gc', '--require', path.join(where, 'first.cjs'), app)
    expect(stdout).to.equal('true function\n')
  })

  it('runs a program whose path holds blanks', async () => {
    const where = path.join(folder(), 'my project')
    mkdirSync(where)
    expect((await run(program(where, 'console.log(1)', 'an app.mjs'))).stdout).to.equal('1\n')
  })

  it('passes NODE_OPTIONS and the rest of the environment on', async () => {
    const env = plainEnvironment({ NODE_OPTIONS: '--expose-gc', HOSTILE: '$(id)\n"' })
    const app = program(folder(), 'console.log(JSON.stringify([typeof gc, process.env.HOSTILE]))')
    const { stdout } = await command(['run', '--quiet', app], { env })
    expect(JSON.parse(stdout)).to.deep.equal(['function', '$(id)\n"'])
  })

  it('what could go wrong if NODE_OPTIONS opens the inspector: the program gets the port', async () => {
    const port = 20_000 + (process.pid % 20_000)
    const env = plainEnvironment({ NODE_OPTIONS: `--inspect=127.0.0.1:${port}` })
    const app = program(
      folder(),
      "import { url } from 'node:inspector'\nconsole.log(new URL(url() ?? 'ws://none').port)",
    )
    expect((await command(['run', '--quiet', app], { env })).stdout).to.equal(`${port}\n`)
  })

  it('what could go wrong if the script is missing: Node says so, and its exit code is passed on', async () => {
    const { code, stderr } = await run('/nonexistent/app.js')
    expect(code).to.equal(1)
    expect(stderr).to.include('Cannot find module')
  })

  it('what could go wrong if CACHE_ATTRIBUTION_JEMALLOC is wrong: an error, and the program is not started', async () => {
    if (process.platform !== 'linux') return
    const env = plainEnvironment({ CACHE_ATTRIBUTION_JEMALLOC: '/nonexistent.so' })
    const { code, stdout, stderr } = await command(['run', program(folder(), 'console.log(1)')], { env })
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
    expect(stderr).to.match(/^cache-attribution: ERR_JEMALLOC_NOT_FOUND: .*\n$/)
  })
})

describe('the end of a run', () => {
  for (const code of [0, 1, 7, 255]) {
    const test = code === 7 ? it : thorough
    test(`is exit code ${code} where the program ends with it`, async () => {
      expect((await run('--', '-e', `process.exit(${code})`)).code).to.equal(code)
    })
  }

  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP'] as const) {
    const test = signal === 'SIGKILL' ? it : thorough
    test(`is ${signal} where the program died of it`, async () => {
      const ended = await run('--', '-e', `process.kill(process.pid, '${signal}'); setTimeout(() => {}, 1e4)`)
      expect([ended.code, ended.signal]).to.deep.equal([null, signal])
    })
  }

  it('is 128 + n where the signal would dump core, of the wrong process', async () => {
    const ended = await run('--', '-e', `process.kill(process.pid, 'SIGABRT'); setTimeout(() => {}, 1e4)`)
    expect([ended.code, ended.signal]).to.deep.equal([signalExitCode('SIGABRT'), null])
    expect(signalExitCode('SIGABRT')).to.equal(134)
  })

  it('comes after everything that the program wrote', async () => {
    const { stdout } = await run('--', '-e', `process.stdout.write('x'.repeat(3e6))`)
    expect(stdout).to.have.length(3e6)
  })
})

const HANDLER = (signal: string): string => `
process.on('${signal}', () => { console.log('got ${signal}'); process.exit(42) })
setTimeout(() => {}, 20_000)
console.log('ready')`

describe('signals to a run', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT'] as const) {
    const test = signal === 'SIGTERM' || signal === 'SIGUSR2' ? it : thorough
    test(`pass ${signal} on, and wait for the program's own end`, async () => {
      const running = startCommand(['run', '--quiet', '--no-fetch', program(folder(), HANDLER(signal))])
      await running.shows('ready')
      running.child.kill(signal)
      expect(await running.ended).to.include({ code: 42, stdout: `ready\ngot ${signal}\n` })
    })
  }

  it('let a program that has no handler die of them, and end the same way', async () => {
    const running = startCommand([
      'run',
      '--quiet',
      program(folder(), `setTimeout(() => {}, 20_000); console.log('ready')`),
    ])
    await running.shows('ready')
    running.child.kill('SIGTERM')
    expect(await running.ended).to.include({ code: null, signal: 'SIGTERM' })
  })

  it('do not end it where the program ignores them', async () => {
    const app = program(
      folder(),
      `let count = 0
process.on('SIGTERM', () => { console.log('got ' + ++count); if (count === 2) process.exit(0) })
setTimeout(() => {}, 20_000); console.log('ready')`,
    )
    const running = startCommand(['run', '--quiet', app])
    await running.shows('ready')
    running.child.kill('SIGTERM')
    await running.shows('got 1')
    running.child.kill('SIGTERM')
    expect(await running.ended).to.include({ code: 0 })
  })

  it('what could go wrong if one arrives while jemalloc is searched: no program is started, and it dies of it', async function () {
    if (process.platform !== 'linux') this.skip()
    const running = startCommand(['run', '--quiet', program(folder(), `console.log('started')`)])
    // Its first child is a trial of a library.
    while (!hasChild(running.child.pid)) await new Promise((resolve) => setTimeout(resolve, 2))
    running.child.kill('SIGTERM')
    expect(await running.ended).to.include({ code: null, signal: 'SIGTERM', stdout: '' })
  })
})

/** Whether the process has started another one. */
function hasChild(pid = 0): boolean {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') !== ''
}

describe('isTerminalForeground()', () => {
  const stat = (name: string, group: number, terminal: number, foreground: number): string =>
    `12 (${name}) S 11 ${group} 10 ${terminal} ${foreground} 4194304 0`

  it('holds for the foreground group of a terminal alone', () => {
    expect(isTerminalForeground(stat('node', 12, 34816, 12))).to.equal(true)
    expect(isTerminalForeground(stat('node', 12, 34816, 99))).to.equal(false)
    expect(isTerminalForeground(stat('node', 12, 0, -1))).to.equal(false)
  })

  it('what could go wrong if the name of the process holds brackets and blanks: it is read past', () => {
    expect(isTerminalForeground(stat('a) S 1 (b', 12, 34816, 12))).to.equal(true)
  })

  it('what could go wrong if the text is empty: it does not hold', () => {
    expect(isTerminalForeground('')).to.equal(false)
  })
})
