import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { COMMANDS, runCommandLine } from '../helpers/internals/cli.js'
import type { CommandLine, Outcome } from '../helpers/internals/cli.js'
import { bareHost, command, plainEnvironment } from './fixtures.js'
import { COMMAND_FILE } from '../helpers/internals/module-files.js'

interface Result {
  readonly outcome: Outcome
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process. */
async function line(args: readonly string[], changes: Partial<CommandLine> = {}): Promise<Result> {
  let stdout = ''
  let stderr = ''
  const outcome = await runCommandLine({
    args,
    env: plainEnvironment({ HOME: '/nonexistent' }),
    cwd: '/',
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    ...changes,
  })
  return { outcome, stdout, stderr }
}

const NAMES = COMMANDS.map(({ name }) => name).join(', ')

describe('the command line', () => {
  it('lists every subcommand with --help, -h and help', async () => {
    for (const flag of ['--help', '-h', 'help']) {
      const { outcome, stdout } = await line([flag])
      expect(outcome).to.deep.equal({ code: 0 })
      for (const { name, summary } of COMMANDS) expect(stdout).to.match(new RegExp(`^  ${name} +${summary}$`, 'm'))
    }
  })

  it('prints the help of a subcommand in both ways', async () => {
    for (const { name, help } of COMMANDS) {
      expect((await line([name, '--help'])).stdout).to.equal(help)
      expect((await line(['help', name])).stdout).to.equal(help)
    }
  })

  it('shows the help or the version wherever it is asked for, but for what a program gets', async () => {
    for (const { name, help, takes } of COMMANDS) {
      expect((await line([name, '-h'])).stdout, name).to.equal(help)
      expect((await line([name, '-v'])).stdout, name).to.match(/^\d+\.\d+\.\d+/)
      if (takes !== 'program') expect((await line([name, '4711', '--help'])).stdout, name).to.equal(help)
    }
  })

  it('prints the version of the package', async () => {
    const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
    for (const flag of ['--version', '-v', '-V']) {
      expect((await line([flag])).stdout).to.equal(`${(JSON.parse(text) as { version: string }).version}\n`)
    }
  })

  for (const [args, expected] of [
    [[], `a subcommand is missing: ${NAMES} (see --help)`],
    [['docter'], 'there is no subcommand "docter": did you mean "doctor"?'],
    [['constructor'], `there is no subcommand "constructor": known are ${NAMES}`],
    [['app.js'], 'there is no subcommand "app.js": run a program with "run"'],
    [['--hepl'], 'there is no option "--hepl": did you mean "--help"?'],
    [['run'], '"run" needs a program'],
    [['run', '--'], '"run" needs a program'],
    [['run', '--alocator', 'auto', 'app.js'], 'did you mean "--allocator"?'],
    [['doctor', '--jsno'], 'did you mean "--json"?'],
    [['doctor', 'now'], '"doctor" takes no "now"'],
    [['a\u001b[31m\nb'], 'there is no subcommand'],
  ] as const) {
    it(`what could go wrong if it is "${JSON.stringify(args)}": one line of ERR_COMMAND_USAGE, and exit code 2`, async () => {
      const { outcome, stdout, stderr } = await line(args)
      expect(outcome).to.deep.equal({ code: 2 })
      expect(stdout).to.equal('')
      // eslint-disable-next-line no-control-regex -- exactly the absence of these is tested
      expect(stderr).to.match(/^cache-attribution: ERR_COMMAND_USAGE: [^\n\u001b]*\n$/)
      expect(stderr).to.include(expected)
    })
  }

  it('what could go wrong if an error text holds line breaks and escape sequences: it is still one line', async () => {
    const env = plainEnvironment({ CACHE_ATTRIBUTION_JEMALLOC: '/x\n\u001b[31m\r/y' })
    const { outcome, stderr } = await line(['run', 'app.js'], { env })
    expect(outcome).to.deep.equal({ code: 1 })
    // eslint-disable-next-line no-control-regex -- exactly the absence of these is tested
    expect(stderr).to.match(/^cache-attribution: ERR_JEMALLOC_NOT_FOUND: [^\n\r\u001b]*\n$/)
  })
})

describe('run on a machine without jemalloc', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip()
  })

  it('goes on without it, and says so with the reason and the cure in one line', async () => {
    const host = bareHost({ osRelease: 'ID=alpine' })
    const { outcome, stderr } = await line(['run', '--', '-e', 'process.exit(3)'], { host })
    expect(outcome).to.deep.equal({ code: 3 })
    expect(stderr).to.equal(
      `cache-attribution: running without jemalloc, on ${host.libc === 'glibc' ? "glibc's statistics" : "V8's figures alone"}: there is no libjemalloc on this system. To fix it: apk add jemalloc\n`,
    )
  })

  it('says nothing with --quiet', async () => {
    const host = bareHost({ osRelease: 'ID=alpine' })
    const { outcome, stderr } = await line(['run', '--quiet', '--', '-e', ''], { host })
    expect([outcome, stderr]).to.deep.equal([{ code: 0 }, ''])
  })

  it('does not start the program with --allocator jemalloc, but says what to do', async () => {
    const host = bareHost({ osRelease: 'ID=alpine' })
    const { outcome, stderr } = await line(['run', '--allocator', 'jemalloc', 'app.js'], { host })
    expect(outcome).to.deep.equal({ code: 1 })
    expect(stderr).to.match(/^cache-attribution: ERR_JEMALLOC_NOT_FOUND: .*To fix it: apk add jemalloc\n$/)
  })

  it('names a failed fetch by its own code', async () => {
    const host = bareHost({ osRelease: 'ID=debian' })
    const env = plainEnvironment({ HOME: '/proc' })
    const { outcome, stderr } = await line(['run', '--allocator=jemalloc', 'app.js'], { host, env })
    expect(outcome).to.deep.equal({ code: 1 })
    expect(stderr).to.include(
      'cache-attribution: ERR_JEMALLOC_FETCH: it could not be fetched: there is no private folder',
    )
  })

  it('does not fetch with --no-fetch', async () => {
    const host = bareHost({ osRelease: 'ID=debian' })
    const { stderr } = await line(['run', '--no-fetch', '--', '-e', ''], { host })
    expect(stderr).to.include('there is no libjemalloc on this system. To fix it: apt-get install libjemalloc2')
  })

  it('refuses --allocator glibc where there is no glibc', async () => {
    const host = bareHost({ libc: 'musl' })
    const { outcome, stderr } = await line(['run', '--allocator=glibc', '--', '-e', ''], { host })
    expect(outcome).to.deep.equal({ code: 1 })
    expect(stderr).to.include('ERR_ALLOCATOR_UNAVAILABLE')
  })

  it('what could go wrong if Node itself cannot be started: ERR_COMMAND_START', async () => {
    const host = bareHost({ execPath: '/nonexistent/node' })
    const { outcome, stderr } = await line(['run', '--quiet', '--no-fetch', 'app.js'], { host })
    expect(outcome).to.deep.equal({ code: 1 })
    expect(stderr).to.match(
      /^cache-attribution: ERR_COMMAND_START: \/nonexistent\/node could not be started: .*ENOENT\n$/,
    )
  })

  it('says on macOS that V8 alone is left', async () => {
    const host = bareHost({ platform: 'darwin', libc: null })
    const { stderr } = await line(['run', '--', '-e', ''], { host })
    expect(stderr).to.include("on V8's figures alone: macOS has no LD_PRELOAD")
  })
})

describe('main', () => {
  it('ends with the exit code and prints no stack', async () => {
    const { code, stdout, stderr } = await command(['nonsense'])
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
    expect(stderr.split('\n')).to.have.length(2)
  })

  it('starts with the line that makes it a command', () => {
    const source = readFileSync(COMMAND_FILE, 'utf8')
    expect(source.split('\n', 1)[0]).to.equal('#!/usr/bin/env node')
  })
})
