/** Profiles read after a redeploy: another build stands at the path of the one that was mapped. */
import { copyFileSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect } from 'chai'
import {
  topTable,
  subtractProfile,
  parseHeapProfile,
  readHeapProfile,
  symbolize,
} from '../../../src/heap-profile/index.js'
import { JEMALLOC, needsJemalloc, runFixture, skipOrFail } from '../../helpers/child.js'
import { temporaryFolder } from '../../helpers/profiled.js'

const { folder, remove } = temporaryFolder()
after(remove)

/** A program of which 40 MiB are of one function and 5 of another. */
const source = (large: string, small: string, more: string): string => `
#include <stdlib.h>
#include <string.h>
__attribute__((noinline)) void *${large}(void) { void *p = malloc(40 << 20); memset(p, 1, 4096); return p; }
${more}
__attribute__((noinline)) void *${small}(void) { void *p = malloc(5 << 20); memset(p, 1, 4096); return p; }
void *volatile kept[2];
int main(void) { kept[0] = ${large}(); kept[1] = ${small}(); return 0; }
`

describe('a profile read after a redeploy', function () {
  this.timeout(60_000)

  const program = path.join(folder, 'service')
  let dump = ''

  before(function () {
    needsJemalloc(this)
  })

  function build(context: Mocha.Context, flags: readonly string[], code: string): void {
    writeFileSync(`${program}.c`, code)
    const compiled = spawnSync('gcc', ['-O1', ...flags, `${program}.c`, '-o', `${program}.new`], { encoding: 'utf8' })
    if (compiled.error !== undefined) skipOrFail(context, `no gcc: ${compiled.error.message}`)
    expect(compiled.stderr).to.equal('')
    renameSync(`${program}.new`, program)
  }

  /** Deploys the first build and has it write its dump. */
  function deploy(context: Mocha.Context, flags: readonly string[]): void {
    build(context, flags, source('session_cache', 'tls_buffers', ''))
    const conf = `prof:true,prof_final:true,lg_prof_sample:10,prof_prefix:${path.join(folder, 'dump')}`
    const { pid } = spawnSync(program, [], { env: { LD_PRELOAD: JEMALLOC, MALLOC_CONF: conf } })
    dump = path.join(folder, `dump.${pid}.0.f.heap`)
  }

  const OTHER = source('audit_log', 'session_cache', 'void *another(void) { return malloc(7); }')

  async function names(options: Parameters<typeof symbolize>[1] = {}): Promise<{ names: string[]; comments: string }> {
    const profile = await symbolize(await readHeapProfile(dump), { lines: false, ...options })
    return { names: topTable(profile).rows.map(({ name }) => name), comments: profile.comments.join('\n') }
  }

  for (const [what, flags] of Object.entries({
    PIE: [],
    'no PIE': ['-no-pie'],
    'no build-id': ['-Wl,--build-id=none'],
  })) {
    it(`names what it can, and blames no other function: ${what}`, async function () {
      deploy(this, flags)
      expect((await names()).names).to.include.members(['session_cache', 'tls_buffers'])
      build(this, flags, OTHER)
      const after = await names()
      expect(after.names).to.not.include.members(['audit_log'])
      expect(after.names.join()).to.match(/service\+0x[0-9a-f]+/)
      expect(after.comments).to.match(
        /No names from .*\/service: it is no longer the file that was mapped: it has another inode/,
      )
    })

    it(`is not deceived by times that a deployment keeps: ${what}`, async function () {
      deploy(this, flags)
      const { atime, mtime } = statSync(program)
      build(this, flags, OTHER)
      utimesSync(program, atime, mtime)
      expect((await names()).comments).to.include('no longer the file that was mapped')
    })

    it(`is not deceived by a file that is written in place: ${what}`, async function () {
      deploy(this, flags)
      const { ino } = statSync(program)
      const first = `${program}.first`
      copyFileSync(program, first)
      build(this, flags, OTHER)
      const other = readFileSync(program)
      renameSync(first, program)
      // The inode of the first: the dump is made to tell that one.
      const text = readFileSync(dump, 'latin1').replaceAll(` ${ino} `, ` ${statSync(program).ino} `)
      writeFileSync(dump, text, 'latin1')
      expect((await names()).names).to.include('session_cache')
      await new Promise((resolve) => setTimeout(resolve, 20))
      writeFileSync(program, other)
      expect((await names()).comments).to.match(/was changed at .* after the profile was taken/)
    })
  }

  it('takes the files of another root as they are, but for their build-ids', async function () {
    deploy(this, [])
    build(this, [], OTHER)
    expect((await names({ root: '/' })).names).to.include('audit_log')
  })

  it('goes by build-ids where the dump tells them: a dump of this library', async () => {
    const file = path.join(folder, 'own.heap')
    await runFixture('heap-profile/fixtures/dump-file', {
      preload: 'jemalloc',
      env: { MALLOC_CONF: 'prof:true,prof_active:true,lg_prof_sample:12' },
      args: [file],
    })
    const profile = await readHeapProfile(file)
    const library = profile.mappings.find((mapping) => mapping.file.includes('libjemalloc'))
    expect(library?.buildId).to.match(/^[0-9a-f]{8,}$/)
    for (const mapping of profile.mappings) {
      if (!/^\/(?!\/)/.test(mapping.file)) continue
      expect(mapping.identity, mapping.file).to.include.keys('device', 'inode', 'bytes', 'modifiedMs')
    }
    expect((await symbolize(profile, { lines: false })).comments).to.deep.equal([])
    const text = readFileSync(file, 'latin1')
    const other = text.replaceAll(library?.buildId ?? '', 'f'.repeat(40))
    const changed = await symbolize(await parseHeapProfile([Buffer.from(other, 'latin1')]), { lines: false, root: '/' })
    expect(changed.comments.join()).to.match(/libjemalloc.*its build-id is [0-9a-f]+, not f{40}/)
    // The same place of another build is another place.
    const grown = subtractProfile(await parseHeapProfile([Buffer.from(other, 'latin1')]), profile)
    expect(grown.samples.count).to.be.greaterThan(0)
    expect(subtractProfile(profile, profile).samples.count).to.equal(0)
    const plain = await parseHeapProfile([Buffer.from(text.replaceAll(/^# mapped .*\n/gm, ''), 'latin1')])
    expect(subtractProfile(profile, plain).samples.count).to.equal(0)
  })
})
