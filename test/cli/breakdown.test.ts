import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { runCommandLine } from '../helpers/internals/cli.js'
import type { MemoryNode } from '../../src/index.js'
import { widthOf } from '../helpers/internals/support.js'
import { faultsOf } from '../report/breakdown/readings.js'
import { COMMAND_FILE } from '../helpers/internals/module-files.js'

/** One command line, and what it writes. */
async function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' }
  const outcome = await runCommandLine({
    args: ['breakdown', '--mappings', ...args],
    env: {},
    cwd: '.',
    stdout: (text) => (written.stdout += text),
    stderr: (text) => (written.stderr += text),
  })
  return { code: 'code' in outcome ? outcome.code : outcome.signal, ...written }
}

describe('cache-attribution breakdown', () => {
  it('shows where the memory of a process is, by its mappings', async () => {
    const { code, stdout } = await run(String(process.pid))
    expect(code).to.equal(0)
    expect(stdout).to.match(/^Where all of RSS is: .* is live or free, which mappings alone do not show/)
    expect(stdout).to.match(/^ {2}V8 heap +\d/m)
  })

  it('is no wider than the terminal', () => {
    const main = COMMAND_FILE.pathname
    const command = `stty cols 64; '${process.execPath}' '${main}' breakdown --mappings ${String(process.pid)}`
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' })
    const widths = stripVTControlCharacters(stdout).replaceAll('\r', '').split('\n').map(widthOf)
    expect(widths.length).to.be.greaterThan(10)
    expect(Math.max(...widths)).to.be.within(40, 64)
  })

  it('names what helps where the program is no Node', async () => {
    const child = spawn('sleep', ['60'])
    try {
      await once(child, 'spawn')
      await delay(50)
      const stderr: string[] = []
      const pid = String(child.pid)
      const outcome = await runCommandLine({
        args: ['breakdown', pid],
        env: {},
        cwd: '.',
        stdout: () => undefined,
        stderr: (text) => stderr.push(text),
      })
      expect(outcome).to.deep.equal({ code: 1 })
      expect(stderr.join('')).to.match(/ERR_ATTACH_NOT_NODE: .*"breakdown --mappings"/)
      expect((await run(pid)).stdout).to.contain('Where all of RSS is')
    } finally {
      child.kill()
    }
  })

  it('gives the same as JSON', async () => {
    const tree = JSON.parse((await run('--json', String(process.pid))).stdout) as MemoryNode
    expect(tree.bytes).to.be.greaterThan(20e6)
    expect(faultsOf(tree)).to.deep.equal([])
  })

  it('fails with the code where the process is gone', async () => {
    const { code, stderr } = await run('999999999')
    expect(code).to.equal(1)
    expect(stderr).to.contain('ERR_BREAKDOWN_UNAVAILABLE')
  })

  it('refuses what is no process id', async () => {
    for (const args of [[], ['x'], ['-1'], ['1', '2'], ['0']]) {
      expect((await run(...args)).code, args.join(' ')).to.equal(2)
    }
  })
})
