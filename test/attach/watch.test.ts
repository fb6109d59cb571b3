import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Owner } from '../../src/twin/index.js'
import { MAIN } from '../cli/fixtures.js'
import { targets } from './target.js'

describe('attach, again and again', function () {
  this.timeout(120_000)
  const start = targets()

  it('shows which owner grew since the first observation, and leaves the process when it is told to end', async () => {
    const target = await start({ file: new URL('fixtures/growing.js', import.meta.url).pathname })
    await target.state()
    const before = await target.state()
    const child = spawn(process.execPath, [MAIN, 'attach', '--watch=1', '--json', String(target.pid)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    while (stdout.split('\n').length < 4 && child.exitCode === null) await delay(100)
    child.kill('SIGINT')
    const [code] = (await once(child, 'exit')) as [number | null]
    expect(code).to.equal(130)
    const sizes = stdout
      .split('\n')
      .slice(0, 3)
      .map((line) =>
        (JSON.parse(line) as { owners: Owner[] }).owners.find(({ path }) => path?.includes('leak') === true),
      )
    const bytes = sizes.map((owner) => owner?.retained.totalBytes ?? 0)
    expect(bytes).to.deep.equal(bytes.toSorted((a, b) => a - b))
    expect(bytes.at(-1)).to.be.greaterThan(bytes[0] ?? 0)
    expect(sizes.at(-1)?.growth?.readings).to.be.at.least(3)
    await delay(500)
    expect(await target.state()).to.deep.equal(before)
    const { text, stderr } = await firstLine(target.pid)
    expect(text).to.match(/^Observation 1, 2\d{3}-/)
    // Its end is no failure.
    expect(stderr).to.not.contain('ERR_')
    await delay(500)
    expect(await target.state()).to.deep.equal(before)
  })

  /** As `attach --watch | head -1`; resolves when the command has ended. */
  async function firstLine(pid: number): Promise<{ text: string; stderr: string }> {
    const child = spawn(process.execPath, [MAIN, 'attach', '--watch=1', String(pid)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [text, stderr] = ['', '']
    child.stderr.setEncoding('utf8').on('data', (more: string) => (stderr += more))
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (text.includes('\n')) child.stdout.destroy()
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    expect(code, stderr).to.equal(0)
    return { text, stderr }
  }
})
