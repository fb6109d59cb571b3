/** A chroot or sandbox without /proc: each lack is told with a code, and no guess in its place. */
import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { WithoutProcResult } from './fixtures/without-proc.js'

/** An empty folder in place of /proc, for what it starts and for nobody else. */
function withoutProc(): [string, ...string[]] {
  const own = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']
  return ['unshare', ...own, 'sh', '-c', 'mount -t tmpfs none /proc && exec "$0" "$@"']
}

describe('a process without /proc', function () {
  this.timeout(60_000)
  let result: WithoutProcResult
  before(async function () {
    needsJemalloc(this)
    const [command, ...args] = [...withoutProc(), 'true']
    // No failure under CI either: containers without the right to mount are common.
    if (spawnSync(command, args).status !== 0) return this.skip()
    result = await runFixture<WithoutProcResult>('coordinator/fixtures/without-proc', {
      preload: 'jemalloc',
      env: { MALLOC_CONF: 'prof:true,prof_active:false,lg_prof_sample:12' },
      through: withoutProc(),
      timeoutMs: 55_000,
    })
  })

  it('is told that its resident memory is not known, before anything is released', () => {
    const { attribute, observe } = result.outcomes
    for (const outcome of [attribute, observe]) {
      expect(outcome).to.match(/^ERR_RESIDENT_UNKNOWN: .*ENOENT.*\/proc must be mounted$/)
    }
    expect(result.entries).to.equal(1)
  })

  it('is told why no twin can be made', () => {
    expect(result.outcomes.twin).to.match(/^ERR_TWIN_UNSUPPORTED: \/proc\//)
  })

  it('is told what a dump lacks, and not asked whether the disk is full', () => {
    expect(result.outcomes.capture).to.match(/^ERR_PROFILE_DUMP: .*\/proc\/self\/maps.*must be mounted/)
    expect(result.outcomes.capture).not.to.include('disk')
  })
})
