import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { FleetReport } from '../../src/fleet/index.js'
import { runCommandLine } from '../helpers/internals/cli.js'
import { temporaryFolders } from './fixtures.js'

/** Nothing listens at the first port of all. */
const NOBODY = 'http://127.0.0.1:1'

describe('cache-attribution fleet --output', () => {
  const folder = temporaryFolders()

  async function run(cwd: string, ...args: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
    const [out, err]: [string[], string[]] = [[], []]
    const outcome = await runCommandLine({
      args: ['fleet', ...args],
      env: {},
      cwd,
      stdout: (text) => out.push(text),
      stderr: (text) => err.push(text),
    })
    return { code: 'code' in outcome ? outcome.code : outcome.signal, out: out.join(''), err: err.join('') }
  }

  it('writes a page, JSON or text, by the name of the file, readable by its owner alone', async () => {
    const cwd = folder()
    for (const [file, content] of [
      ['fleet.html', /^<!doctype html>[^]*127\.0\.0\.1:1 unreachable/],
      ['fleet.json', /^\{\n/],
      ['fleet.txt', /^Caches of 0 of 1 replica[^]*unreachable/],
    ] as const) {
      const { code, out } = await run(cwd, '-o', file, NOBODY)
      expect([code, out], file).to.deep.equal([1, ''])
      expect(readFileSync(path.join(cwd, file), 'utf8'), file).to.match(content)
      expect(statSync(path.join(cwd, file)).mode & 0o777, file).to.equal(0o600)
    }
    const report = JSON.parse(readFileSync(path.join(cwd, 'fleet.json'), 'utf8')) as FleetReport
    expect(report.replicas[0]?.status).to.equal('unreachable')
  })

  it('shows the report where its file cannot be written', async () => {
    const { code, out, err } = await run(folder(), '--output', 'not/there/fleet.html', NOBODY)
    expect(code).to.equal(1)
    expect(out).to.match(/^Caches of 0 of 1 replica/)
    expect(err).to.match(/ERR_FLEET_WRITE: the report could not be written: ENOENT/)
  })

  it('refuses JSON for a page before anything is asked', async () => {
    const { code, out, err } = await run(folder(), '--json', '-o', 'fleet.html', NOBODY)
    expect([code, out]).to.deep.equal([2, ''])
    expect(err).to.match(/"--json" writes no page: name the file \*\.json/)
  })
})
