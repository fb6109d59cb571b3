import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { Profile } from 'pprof-format'
import { toPprof, topTable, parseAnyProfile, readHeapProfile, symbolize } from '../../../src/heap-profile/index.js'
import { totalOf } from '../../helpers/internals/heap-profile-profile.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'
import { needsJemalloc } from '../../helpers/child.js'
import { requireTool, takeProfiles, temporaryFolder } from '../../helpers/profiled.js'

describe('toPprof()', () => {
  const { folder, remove } = temporaryFolder()
  after(remove)
  let profile: HeapProfile

  before(async function () {
    needsJemalloc(this)
    const run = { program: 'containers', args: ['20000'], lgSample: 11, accumulated: true } as const
    const [file = ''] = takeProfiles(this, folder, run)
    profile = await symbolize(await readHeapProfile(file))
  })

  it('has the sample types, the period and the order of Go', async () => {
    const { sampleType, periodType, period, defaultSampleType, stringTable } = Profile.decode(
      gunzipSync(await toPprof(profile)),
    )
    const text = (index: number | bigint | undefined): string => stringTable.strings[Number(index)] ?? ''
    expect(sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`)).to.deep.equal([
      'alloc_objects/count',
      'alloc_space/bytes',
      'inuse_objects/count',
      'inuse_space/bytes',
    ])
    expect([text(periodType?.type), text(periodType?.unit), Number(period)]).to.deep.equal(['space', 'bytes', 2048])
    expect(text(defaultSampleType)).to.equal('inuse_space')
  })

  it('keeps every total to the byte', async () => {
    const { sample } = Profile.decode(gunzipSync(await toPprof(profile)))
    const sums = [0, 1, 2, 3].map((column) => sample.reduce((sum, { value }) => sum + Number(value[column]), 0))
    const totals = (['alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space'] as const).map((type) =>
      totalOf(profile, type),
    )
    for (const [index, sum] of sums.entries()) expect(sum).to.be.closeTo(totals[index] ?? 0, 1)
  })

  it('opens in go tool pprof, with the same totals and functions', async function () {
    this.timeout(120_000)
    requireTool(this, 'go', 'golang-go')
    const file = path.join(folder, 'heap.pb.gz')
    writeFileSync(file, await toPprof(profile))
    const env = { ...process.env, HOME: folder, PPROF_TMPDIR: folder, GOFLAGS: '', GOCACHE: path.join(folder, 'go') }
    for (const type of ['inuse_space', 'alloc_space', 'inuse_objects', 'alloc_objects'] as const) {
      const unit = type.endsWith('space') ? ['-unit=B'] : []
      const args = [
        'tool',
        'pprof',
        '-symbolize=none',
        '-top',
        `-sample_index=${type}`,
        '-nodecount=10000',
        '-nodefraction=0',
        ...unit,
        file,
      ]
      const printed = execFileSync('go', args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      const { total, rows } = topTable(profile, { type })
      expect(Number(/of ([\d.]+)B? total/.exec(printed)?.[1]), printed).to.be.closeTo(total, 1)
      const flat = [...printed.matchAll(/^ *([\d.]+)B? +[\d.]+%.*?% +[\d.]+B? +[\d.]+% +(.*)$/gm)].map((row) =>
        Number(row[1]),
      )
      const ours = rows.map((row) => Math.round(row.flat))
      for (const [index, value] of flat
        .toSorted((a, b) => b - a)
        .slice(0, 8)
        .entries()) {
        expect(value, `${type} ${index}\n${printed}`).to.be.closeTo(ours[index] ?? 0, 4)
      }
    }
    const raw = execFileSync('go', ['tool', 'pprof', '-symbolize=none', '-raw', file], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    expect(raw).to.include('PeriodType: space bytes')
    expect(raw).to.match(/shop::price::operator\+/)
    expect(raw).to.match(/\/containers [0-9a-f]{40} \[FN\]/)
  })

  it('comes back as the profile that it was', async () => {
    const back = await parseAnyProfile(await toPprof(profile))
    for (const type of ['inuse_space', 'alloc_space'] as const) {
      const [before, after] = [topTable(profile, { type }).rows, topTable(back, { type }).rows]
      expect(after.map(({ name }) => name)).to.have.members(
        before.filter(({ cumulative }) => cumulative >= 1).map(({ name }) => name),
      )
      expect(totalOf(back, type)).to.be.closeTo(totalOf(profile, type), 1)
    }
    // A pprof file knows build-ids, and no inodes.
    expect(back.mappings).to.deep.equal(profile.mappings.map(({ identity: _identity, ...mapping }) => mapping))
    expect(back.sampleIntervalBytes).to.equal(2048)
  })

  it('can tell threads apart', async () => {
    const { sample, stringTable } = Profile.decode(gunzipSync(await toPprof(profile, { byThread: true })))
    const labels = new Set(sample.flatMap(({ label }) => label.map(({ key }) => stringTable.strings[Number(key)])))
    expect([...labels]).to.have.members(['thread', 'thread_id'])
  })

  it('refuses as a profile what is none', async () => {
    for (const bytes of [
      Buffer.from([0x0a, 0xff, 0xff]),
      Buffer.from([0x1f, 0x8b, 1, 2]),
      Buffer.from('{"a":1}'),
      Buffer.from('<html>'),
    ]) {
      const message = await parseAnyProfile(bytes).catch((error: unknown) => (error as Error).message)
      expect(message).to.match(/^ERR_PROFILE_(?:FORMAT|TRUNCATED): /)
    }
  })
})
