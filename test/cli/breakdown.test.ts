import { expect } from 'chai'
import { runCommandLine } from '../../src/cli/command-line.js'
import type { MemoryNode } from '../../src/report/breakdown/types.js'
import { faultsOf } from '../report/breakdown/readings.js'

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
    expect(stdout).to.match(/^Where all of RSS is: .* is live or free, which mappings alone do not tell/)
    expect(stdout).to.match(/^ {2}V8 heap +\d/m)
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
