import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import type { AttributionReport } from '../../src/index.js'
import { report, row } from '../report/reports.js'
import { runCommandLine } from '../helpers/internals/cli.js'
import { temporaryFolders } from './fixtures.js'

interface Ended {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[]): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []]
  const stdout = (text: string): number => out.push(text)
  const outcome = await runCommandLine({ args, env: {}, cwd: '/', stdout, stderr: (text) => err.push(text) })
  return { code: 'code' in outcome ? outcome.code : outcome.signal, out: out.join(''), err: err.join('') }
}

describe('cache-attribution diff --check', () => {
  const folderOf = temporaryFolders()

  /** The command on two reports of these rows, with options. */
  async function check(
    before: AttributionReport['caches'],
    after: AttributionReport['caches'],
    ...options: string[]
  ): Promise<Ended & { folder: string }> {
    const folder = folderOf()
    const files = ['a.json', 'b.json'].map((name) => path.join(folder, name))
    for (const [index, caches] of [before, after].entries()) {
      writeFileSync(files[index] ?? '', JSON.stringify(report(caches)))
    }
    const given = options.map((option) => option.replace('FOLDER', folder))
    return { ...(await run(['diff', '--check', ...given, ...files])), folder }
  }

  it('ends with 0 where nothing grew, with 3 where something did, and names it', async () => {
    const [users, pages] = [row('users', 1e6), row('pages', 5e6)]
    const same = await check([users, pages], [row('users', 1_050_000), row('pages', 4e6)])
    expect(same.code).to.equal(0)
    expect(same.out).to.match(/^ok {4}cache users: 976\.6 KiB before, 1\.00 MiB now \(\+48\.83 KiB ± 11\.31 KiB\)$/m)
    expect(same.out).to.match(/\n0 of \d+ grew by more than 10\.0 % and their ±\n$/)
    const grown = await check([users, pages], [users, row('pages', 6e6)])
    expect(grown.code).to.equal(3)
    expect(grown.out).to.match(/^grown cache pages: 4\.77 MiB before, 5\.72 MiB now/m)
    expect(grown.out).to.match(/^ok {4}cache users/m)
  })

  it('takes for growth only what is beyond the error, the tolerance, and 64 KiB', async () => {
    const noisy = row('noisy', 2e6, { uncertaintyBytes: 1.5e6 })
    expect((await check([row('noisy', 1e6)], [noisy])).code).to.equal(0)
    expect((await check([row('small', 1e4)], [row('small', 6e4)])).code).to.equal(0)
    expect((await check([row('users', 1e6)], [row('users', 1.4e6)], '--tolerance', '50')).code).to.equal(0)
    expect((await check([row('users', 1e6)], [row('users', 1.4e6)], '--tolerance=0')).code).to.equal(3)
    const fresh = await check([], [row('fresh', 9e6)])
    expect(fresh.code).to.equal(0)
    expect(fresh.out).to.match(/^ok {4}cache fresh: – before, 8\.58 MiB now, not compared$/m)
  })

  it("writes JUnit's XML, whatever a name holds", async () => {
    const name = '<a> & "b"\u0007'
    const { code, folder } = await check(
      [row(name, 1e6)],
      [row(name, 9e6), row('fresh', 1e6)],
      '--junit',
      'FOLDER/m.xml',
    )
    expect(code).to.equal(3)
    const xml = readFileSync(path.join(folder, 'm.xml'), 'utf8')
    expect(xml).to.match(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites>\n {2}<testsuite name="memory" tests="\d+" failures="1" skipped="1"/,
    )
    expect(xml).to.include('name="&lt;a&gt; &amp; &quot;b&quot;')
    expect(xml).to.match(/<failure message="cache .* before, .* now/)
    expect(xml).to.match(/name="fresh">\n {6}<skipped\/>/)
    expect(xml.includes('\u0007')).to.equal(false)
    const lost = await check([], [], '--junit', '/nonexistent/m.xml')
    expect(lost.code).to.equal(1)
    expect(lost.err).to.include('ERR_JUNIT_WRITE')
  })

  it('refuses options that nothing would heed, and files that hold no report', async () => {
    const folder = folderOf()
    const file = path.join(folder, 'a.json')
    writeFileSync(file, JSON.stringify(report([])))
    expect(await run(['diff', '--junit', 'x.xml', file, file])).to.deep.include({ code: 2 })
    expect(await run(['diff', '--check', '--tolerance', '-1', file, file])).to.deep.include({ code: 2 })
    expect(await run(['attribute', '--tolerance', '5', '1'])).to.deep.include({ code: 2 })
    const missing = await run(['attribute', '--compare', path.join(folder, 'none.json'), '1'])
    expect(missing.code).to.equal(1)
    expect(missing.err).to.include('ERR_HISTORY_FOLDER')
    writeFileSync(file, JSON.stringify([report([]), report([])]))
    expect((await run(['diff', '--check', file, file])).err).to.include('holds 2 reports, not one')
  })
})
