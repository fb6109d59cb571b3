import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

interface TestFiles {
  readonly ALONE: readonly string[]
  readonly QUIET: readonly string[]
  readonly testFiles: (folder: string) => string[]
  readonly isFast: (file: string, folder: string) => boolean
  readonly hasThorough: (file: string) => boolean
  readonly groupsOf: (
    files: readonly string[],
    folder: string,
  ) => { readonly beside: string[][]; readonly quiet: string[][]; readonly alone: string[] }
}

const folder = fileURLToPath(new URL('..', import.meta.url))
const { ALONE, QUIET, testFiles, isFast, hasThorough, groupsOf } = (await import(
  new URL('../../../tools/test-files.mjs', import.meta.url).href
)) as TestFiles
const inFolder = (name: string): string => path.join(folder, `${name}.test.js`)

describe('the groups of test files', () => {
  const files = testFiles(folder)
  const { beside, quiet, alone } = groupsOf(files, folder)

  it('have every file once', () => {
    expect([...beside.flat(), ...quiet.flat(), ...alone].toSorted()).to.deep.equal(files)
    expect(files.length).to.be.above(200)
  })

  it('run nothing beside those that say how long something may take', () => {
    expect(alone.map((file) => path.relative(folder, file)).toSorted()).to.deep.equal([...ALONE].toSorted())
  })

  it('have each that measures what takes a while by itself, the longest first', () => {
    expect(quiet.map((group) => group.map((file) => path.relative(folder, file)))).to.deep.equal(
      QUIET.map((name) => [name]),
    )
  })

  it('keep files together that use the same browser', () => {
    const own = files.filter((file) => path.relative(folder, file).startsWith(path.join('http', 'page') + path.sep))
    expect(own.length).to.be.above(1)
    expect(beside.filter((group) => group.some((file) => own.includes(file)))).to.deep.equal([own])
  })

  it('begin with those that take longest, each by itself', () => {
    const first = beside.slice(0, 9).flatMap((group) => group.map((file) => path.relative(folder, file)))
    for (const name of ['attach/obstacles', 'http/page/browser', 'heap-profile/jeprof', 'coordinator/profiled']) {
      expect(first).to.include(path.normalize(`${name}.test.js`))
    }
    expect(beside.filter((group) => group.includes(inFolder('attach/obstacles')))).to.deep.equal([
      [inFolder('attach/obstacles')],
    ])
  })
})

describe('the fast tests', () => {
  it('are those of pure code', () => {
    for (const name of ['report/build-report', 'report/breakdown/diagnose', 'report/statistics']) {
      expect(isFast(inFolder(name), folder), name).to.equal(true)
    }
  })

  it('are none that start a process, by a helper too, or open a server, a browser, or a twin', () => {
    for (const name of ['breakdown/first-line', 'cli/run', 'http/page/browser', 'http/hostile-order', 'twin/tools']) {
      expect(isFast(inFolder(name), folder), name).to.equal(false)
    }
  })
})

describe('the thorough tests', () => {
  it('are those of the files that have thorough cases', () => {
    for (const name of ['heap-profile/jeprof', 'coordinator/profiled', 'adapters/conformance']) {
      expect(hasThorough(inFolder(name)), name).to.equal(true)
    }
    for (const name of ['heap-profile/profile/parser', 'tools/test-files']) {
      expect(hasThorough(inFolder(name)), name).to.equal(false)
    }
  })
})
