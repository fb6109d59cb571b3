import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import { historyFolders, idsIn } from '../history/folder.js'
import type { PeriodicResult } from './fixtures/periodic.js'

const run = (...args: string[]): Promise<PeriodicResult> =>
  runFixture<PeriodicResult>('log/fixtures/periodic', { args, timeoutMs: 20_000 })

describe('a PeriodicReporter over a history on disk', function () {
  this.timeout(60_000)
  const folderOf = historyFolders()

  /** Two days of one process, then the first hour of the next one. */
  async function overRestart(folder: string, trouble: string): Promise<PeriodicResult> {
    const first = await run(folder, '0', '45', trouble)
    expect(first.lines).to.have.length(45)
    expect(await idsIn(folder), 'no report is lost, whatever the disk did').to.have.length(45)
    const { lines, codes } = await run(folder, '45', '1')
    expect(codes).to.deep.equal([])
    const [{ level, line } = { level: '', line: null }] = lines
    expect(level, 'the first line after a restart').to.equal('warn')
    const floor = line?.growth.find(({ name }) => name === 'floor')
    expect(floor?.verdict).to.be.oneOf(['growing', 'unbounded'])
    expect(floor?.bytesPerHour).to.be.closeTo(1024 * 1024, 1e4)
    expect(line?.growth.map(({ name }) => name)).to.deep.equal(['floor'])
    return first
  }

  it('tells in the first line after a restart what grew before it', async () => {
    const { codes, lines } = await overRestart(folderOf(), 'none')
    expect(codes).to.deep.equal([])
    expect(lines[0]?.level).to.equal('info')
  })

  it('goes on where the folder cannot be had for hours, and then writes what waited', async () => {
    const folder = path.join(folderOf(), 'history')
    // Who may do anything may write into every folder, but into none that is a file.
    writeFileSync(folder, '')
    const { codes } = await overRestart(folder, 'blocked')
    expect(codes.at(-1)).to.equal('WARN_HISTORY_RESUMED')
    expect(codes.filter((code) => code === 'WARN_HISTORY_WRITE')).to.have.length(1)
  })

  it('goes on while the disk is full, and then writes what waited', async function () {
    const folder = folderOf()
    const options = ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder]
    const mounted = spawnSync('mount', options, { encoding: 'utf8' })
    if (mounted.status !== 0) {
      // Only root may; a full disk by other means is in test/history.
      console.log(`      skipped: a small disk cannot be mounted: ${mounted.stderr.trim()}`)
      this.skip()
    }
    try {
      const { codes } = await overRestart(folder, 'full')
      expect(codes).to.deep.equal(['WARN_HISTORY_WRITE', 'WARN_HISTORY_RESUMED'])
    } finally {
      rmSync(path.join(folder, 'ballast'), { force: true })
      spawnSync('umount', [folder])
    }
  })
})
