import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect } from 'chai'
import { topTable, parseHeapProfile, readHeapProfile, symbolize } from '../../../src/heap-profile/index.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'
import { ElfFile, functionsAt, readLines } from '../../helpers/internals/heap-profile-symbols.js'
import { needsJemalloc } from '../../helpers/child.js'
import { programPath, requireTool, takeProfiles, temporaryFolder } from '../../helpers/profiled.js'
import { randomOf } from '../fuzz/profile-fuzz.js'

const { folder, remove } = temporaryFolder()
after(remove)

/** One allocation at an offset of a file. */
function profileOf(file: string, offset: number): Promise<HeapProfile> {
  const text = `heap_v2/1\n@ 0x${(0x500000 + offset).toString(16)}\n  t*: 1: 8 [0: 0]\nMAPPED_LIBRARIES:\n500000-900000 r-xp 00000000 00:00 0 ${file}\n`
  return parseHeapProfile([Buffer.from(text)])
}

describe('symbolize()', () => {
  before(function () {
    needsJemalloc(this)
  })

  it('names the functions of a program that is loaded anywhere, and keeps its build-id', async function () {
    const [file = ''] = takeProfiles(this, folder, { program: 'sizes', args: ['2', '2000', '1'], lgSample: 10 })
    const profile = await symbolize(await readHeapProfile(file), { lines: false })
    const names = topTable(profile).rows.map(({ name }) => name)
    expect(names).to.include.members([
      'large_blocks',
      'small_blocks',
      'zeroed_blocks',
      'aligned_blocks',
      'grown_blocks',
      'nested',
      'work',
    ])
    const program = programPath(this, 'sizes')
    const { buildId } = profile.mappings.find((mapping) => mapping.file === program) ?? {}
    const reported = /BuildID\[sha1\]=([0-9a-f]+)|Build ID: ([0-9a-f]+)/.exec(
      execFileSync('readelf', ['-n', program], { encoding: 'utf8' }),
    )
    expect(buildId).to.equal(reported?.[1] ?? reported?.[2])
  })

  it('tells file, line and what was inlined, where a tool is there', async function () {
    requireTool(this, 'addr2line', 'binutils')
    const [file = ''] = takeProfiles(this, folder, { program: 'sizes', args: ['1', '2000', '1'], lgSample: 10 })
    const { frames } = await symbolize(await readHeapProfile(file))
    const large = frames.flatMap(({ functions }) => functions).find(({ name }) => name === 'large_blocks')
    expect(large?.file).to.match(/sizes\.c$/)
    expect(large?.line).to.be.greaterThan(10)
  })

  it('names nothing in a stripped program but the place in its file', async function () {
    const [file = ''] = takeProfiles(this, folder, {
      program: 'sizes-stripped',
      args: ['1', '2000', '1'],
      lgSample: 10,
    })
    const [top] = topTable(await symbolize(await readHeapProfile(file))).rows
    expect(top?.name).to.match(/^sizes-stripped\+0x[0-9a-f]+$/)
  })

  it('takes the symbols of a separate debug file of the same build', async function () {
    requireTool(this, 'objcopy', 'binutils')
    const [file = ''] = takeProfiles(this, folder, { program: 'sizes', args: ['1', '2000', '1'], lgSample: 10 })
    const program = programPath(this, 'sizes')
    const root = path.join(folder, 'root')
    mkdirSync(path.dirname(root + program), { recursive: true })
    execFileSync('objcopy', ['--strip-all', program, root + program])
    const elf = await ElfFile.open(program)
    const id = elf.buildId ?? ''
    await elf.close()
    const debug = path.join(folder, 'debug', '.build-id', id.slice(0, 2))
    mkdirSync(debug, { recursive: true })
    execFileSync('objcopy', ['--only-keep-debug', program, path.join(debug, `${id.slice(2)}.debug`)])
    const names = async (debugFolders: string[]): Promise<string[]> => {
      const profile = await symbolize(await readHeapProfile(file), { root, debugFolders })
      return topTable(profile).rows.map(({ name }) => name)
    }
    expect(await names([])).not.to.include('large_blocks')
    expect(await names([path.join(folder, 'debug')])).to.include('large_blocks')
  })

  it('says which files it could not read, and goes on', async () => {
    const { comments, frames } = await symbolize(await profileOf('/nowhere/lib.so', 0x1000))
    expect(comments.join()).to.match(/No names from \/nowhere\/lib\.so: ENOENT/)
    expect(frames[0]?.functions).to.deep.equal([])
  })

  it('is not held up by a pipe, a folder or a device', async () => {
    const pipe = path.join(folder, 'pipe')
    expect(spawnSync('mkfifo', [pipe]).status).to.equal(0)
    for (const file of [pipe, folder, '/dev/zero', '/dev/null']) {
      expect((await symbolize(await profileOf(file, 0x1000))).comments, file).to.have.lengthOf(1)
    }
  })

  it('names nothing by a file that is no longer what was mapped', async function () {
    const { comments } = await symbolize(await profileOf(programPath(this, 'sizes'), 0x3f0000))
    expect(comments.join()).to.include('no longer the file')
  })

  it('takes nothing but its files from the path: no shell, no option', async function () {
    const hostile = path.join(folder, '--version $(touch pwned);`x`')
    copyFileSync(programPath(this, 'sizes'), hostile)
    const { frames } = await symbolize(await profileOf(hostile, 0x1500))
    expect(frames[0]?.functions.length).to.be.greaterThan(0)
  })
})

describe('damaged ELF files', () => {
  it('give an error or names, soon', async function () {
    const original = readFileSync(programPath(this, 'sizes'))
    const random = randomOf(11)
    const file = path.join(folder, 'damaged')
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(original)
      // Headers first: that is where offsets and counts stand.
      const reach = round % 2 === 0 ? 1024 : bytes.length
      const from = round % 3 === 0 ? Math.max(0, bytes.length - 3000) : 0
      for (let time = 0; time < 1 + random() * 20; time++) {
        bytes[Math.min(bytes.length - 1, from + Math.floor(random() * reach))] = Math.floor(random() * 256)
      }
      writeFileSync(file, round % 5 === 0 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes)
      const outcome = await namesIn(file)
      expect(outcome, `round ${round}`).to.match(/^(?:names|ElfError|ERR_OUT_OF_RANGE)/)
    }
  })
})

async function namesIn(file: string): Promise<string> {
  try {
    const elf = await ElfFile.open(file)
    try {
      const names = await functionsAt(elf, Float64Array.of(0x1100, 0x1300, 0x1500, 0x2000), true)
      return `names ${names.length}`
    } finally {
      await elf.close()
    }
  } catch (error) {
    return (error as Error).name === 'ElfError' ? 'ElfError' : String(error)
  }
}

describe('readLines()', () => {
  it('reads what addr2line and llvm-symbolizer print', () => {
    const printed =
      '0x1234\ninner\n/src/a.c:5\nouter\n/src/a.c:10 (discriminator 3)\n0x1300\n??\n??:0\n0x1400\nf\n/src/b.c:?\n'
    expect(readLines(printed, 3)).to.deep.equal([
      [
        { name: 'inner', linkerName: null, file: '/src/a.c', line: 5 },
        { name: 'outer', linkerName: null, file: '/src/a.c', line: 10 },
      ],
      [{ name: '', linkerName: null, file: null, line: null }],
      [{ name: 'f', linkerName: null, file: '/src/b.c', line: null }],
    ])
  })

  it('takes nothing of an answer to another number of addresses', () => {
    expect(readLines('0x1\nf\n??:0\n', 2)).to.equal(null)
  })
})
