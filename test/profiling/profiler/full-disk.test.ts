import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import type { FullDiskResult } from '../fixtures/full-disk.js'

/** Mounts a small disk on a folder for what it starts, and for nobody else: it is gone with the process. */
function withDisk(folder: string): string[] {
  const mount = 'mount -t tmpfs -o size=128k,mode=700 none "$0" && exec "$@"'
  // Who is root may mount as it is; others need a user namespace, which some systems refuse.
  const own = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']
  return ['unshare', ...own, 'sh', '-c', mount, folder]
}

describe('a disk that is full', function () {
  let result: FullDiskResult
  let folder = ''
  before(async function () {
    needsJemalloc(this)
    this.timeout(60_000)
    folder = mkdtempSync(path.join(os.tmpdir(), 'full-'))
    const [command, ...args] = [...withDisk(folder), 'true']
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) {
      // No failure under CI either: containers without the right to mount are common.
      console.log(`      skipped: no small disk can be mounted here (${stderr.trim()})`)
      return this.skip()
    }
    result = await runFixture<FullDiskResult>('profiling/fixtures/full-disk', {
      preload: 'jemalloc',
      env: { MALLOC_CONF: 'prof:true,prof_active:false,lg_prof_sample:12' },
      through: withDisk(folder),
      args: [folder],
      timeoutMs: 55_000,
    })
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  it('is an error with a code and the reason of the system, for all that writes profiles', () => {
    for (const [what, message] of Object.entries(result.outcomes)) {
      if (what === 'callback') expect(message).to.equal('done')
      else expect(message, what).to.match(/^ERR_(?:PROFILE_DUMP|HEAP_SNAPSHOT_WRITE): .*(?:ENOSPC|is the disk full\?)/)
    }
    expect(Object.keys(result.outcomes)).to.have.lengthOf(13)
  })

  it('leaves profiling off', () => {
    const { actions, ...others } = result.active
    expect(new Set(Object.values(others))).to.deep.equal(new Set([false]))
    expect(actions).to.equal(false)
  })

  it('leaves no file, and no room that nobody sees taken', () => {
    expect(result.left).to.deep.equal([])
    expect(result.isRoomBack).to.equal(true)
  })
})
