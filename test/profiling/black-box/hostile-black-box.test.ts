import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { postmortem } from '../../../src/profiling/index.js'
import { runCommandLine } from '../../helpers/internals/cli.js'
import {
  HEADER_BYTES,
  boxLayout,
  checksum,
  encodeHeader,
  parseBlackBox,
} from '../../helpers/internals/profiling-black-box.js'
import type { BoxHeader } from '../../helpers/internals/profiling-black-box.js'

const EVIL = '\u001b[2J\u001b]0;title\u0007\u202e\u0000line\nforged'
const { sections, bytes: FILE_BYTES } = boxLayout(2 ** 20)

function headerOf(change: Partial<BoxHeader> = {}): BoxHeader {
  return {
    pid: 4711,
    openedAt: '2026-11-30T12:00:00.000Z',
    startTicks: '5',
    bootId: 'another boot',
    pidNamespace: 'pid:[1]',
    node: 'v20.0.0',
    version: '0.1.0',
    program: '/app/server.js',
    ownFolder: null,
    intervalMs: 100,
    slowEvery: 50,
    noStacks: null,
    allocator: 'jemalloc',
    nearLimit: 0.9,
    sections,
    ...change,
  }
}

function fileOf(header: BoxHeader = headerOf()): Uint8Array {
  const bytes = new Uint8Array(FILE_BYTES)
  bytes.set(encodeHeader(header))
  return bytes
}

/** Writes a record as the addon does. */
function put(bytes: Uint8Array, section: string, index: number, size: number, fill: (view: DataView) => void): void {
  const at = (sections.find(({ name }) => name === section)?.offset ?? 0) + index * size
  const view = new DataView(bytes.buffer, at, size)
  fill(view)
  view.setUint32(size - 4, checksum(bytes, at, size - 4), true)
}

function putTick(bytes: Uint8Array, sequence: number, rssBytes: number): void {
  put(bytes, 'ticks', sequence - 1, 256, (view) => {
    view.setUint32(0, sequence, true)
    for (let figure = 0; figure < 29; figure++) view.setFloat64(8 + 8 * figure, NaN, true)
    view.setFloat64(8, 1_800_000_000_000 + 100 * sequence, true)
    view.setFloat64(16, 1000 + 100 * sequence, true)
    view.setFloat64(24, rssBytes, true)
  })
}

describe('parseBlackBox(), with a hostile file', () => {
  it('refuses with a code what is no box, is of another version, damaged or empty', () => {
    const version = fileOf()
    version[8] = 9
    const damaged = fileOf()
    damaged[100] = 0
    for (const [bytes, reason] of [
      [new Uint8Array(0), /no black box/],
      [new TextEncoder().encode('CABOX'), /no black box/],
      [fileOf().subarray(0, 1000), /ends within its header/],
      [version, /version 9/],
      [damaged, /damaged/],
    ] as const) {
      expect(() => parseBlackBox(bytes))
        .to.throw(reason)
        .with.property('code', 'ERR_BLACK_BOX_FILE')
    }
  })

  it('refuses a header whose members are of another kind', () => {
    for (const change of [
      { pid: 'x' },
      { node: 5 },
      { sections: null },
      { sections: [{ name: 'ticks', offset: -1, count: 1e9 }] },
      { intervalMs: -1 },
    ]) {
      expect(() => parseBlackBox(fileOf(headerOf(change as unknown as Partial<BoxHeader>)))).to.throw(
        /ERR_BLACK_BOX_FILE/,
      )
    }
  })

  it('reads what is there of a file that ends anywhere', () => {
    const bytes = fileOf()
    for (let sequence = 1; sequence <= 20; sequence++) putTick(bytes, sequence, 5e7)
    for (const length of [HEADER_BYTES, HEADER_BYTES + 300, HEADER_BYTES + 2560, FILE_BYTES - 1]) {
      const { ticks } = parseBlackBox(bytes.slice(0, length))
      expect(ticks).to.have.length(Math.min(20, Math.floor((length - HEADER_BYTES) / 256)))
    }
  })

  it('leaves out a record of which one bit is wrong, and no other', () => {
    const bytes = fileOf()
    for (let sequence = 1; sequence <= 3; sequence++) putTick(bytes, sequence, 5e7)
    for (let bit = 0; bit < 256 * 8; bit += 61) {
      const torn = bytes.slice()
      const at = HEADER_BYTES + 256 + Math.floor(bit / 8)
      torn[at] = (torn[at] ?? 0) ^ (1 << (bit % 8))
      expect(parseBlackBox(torn).ticks.map(({ sequence }) => sequence)).to.deep.equal([1, 3])
    }
  })

  it('takes sections that lie beyond the file, or on each other, for empty or for what they are', () => {
    const crafted = sections.map((section) => ({ ...section, offset: HEADER_BYTES, count: 2 ** 40 }))
    const contents = parseBlackBox(fileOf(headerOf({ sections: crafted })))
    expect(contents.ticks).to.have.length(0)
    const beyond = sections.map((section) => ({ ...section, offset: 2 ** 50 }))
    expect(parseBlackBox(fileOf(headerOf({ sections: beyond }))).isCutShort).to.equal(true)
  })

  it('says of a process without a reading that it ended before the first', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'black-box-'))
    const file = path.join(folder, 'box')
    try {
      writeFileSync(file, fileOf())
      const { headline, end, last } = postmortem(file)
      expect(last).to.equal(null)
      expect(end.kind).to.equal('no-notice')
      expect(headline.join(' ')).to.contain('ended before the first reading')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('prints names that a terminal would obey as text', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'black-box-'))
    const file = path.join(folder, 'box')
    const bytes = fileOf(headerOf({ program: `/app/${EVIL}.js`, node: EVIL, allocator: EVIL }))
    putTick(bytes, 1, 5e7)
    putTick(bytes, 2, 5e8)
    const encoded = new TextEncoder().encode(EVIL)
    const text = (view: DataView, at: number): void => {
      new Uint8Array(view.buffer, view.byteOffset + at, encoded.length).set(encoded)
    }
    put(bytes, 'names', 0, 256, (view) => {
      view.setUint32(0, 1, true)
      view.setUint32(4, encoded.length, true)
      text(view, 8)
    })
    for (let sequence = 1; sequence <= 2; sequence++) {
      put(bytes, 'sizes', sequence - 1, 64, (view) => {
        view.setUint32(0, sequence, true)
        view.setFloat64(8, 1000 + 100 * sequence, true)
        view.setFloat64(16, 100 * sequence, true)
        view.setUint32(48, 1, true)
      })
    }
    put(bytes, 'frames', 0, 256, (view) => {
      view.setUint32(0, 1, true)
      view.setUint16(20, encoded.length, true)
      view.setUint16(22, encoded.length, true)
      text(view, 24)
      text(view, 104)
    })
    for (let sequence = 1; sequence <= 4; sequence++) {
      put(bytes, 'stacks', sequence - 1, 64, (view) => {
        view.setUint32(0, sequence, true)
        view.setFloat64(8, 1150, true)
        view.setUint32(16, 1, true)
      })
    }
    put(bytes, 'events', 0, 256, (view) => {
      view.setUint32(0, 1, true)
      view.setFloat64(8, 1_800_000_000_000, true)
      view.setUint32(32, 3, true)
      view.setUint32(36, encoded.length, true)
      text(view, 40)
    })
    writeFileSync(file, bytes)
    try {
      for (const args of [
        ['postmortem', file],
        ['postmortem', '--json', file],
      ]) {
        let printed = ''
        const print = (more: string): void => {
          printed += more
        }
        const outcome = await runCommandLine({ args, env: {}, cwd: folder, stdout: print, stderr: print })
        expect(outcome).to.deep.equal({ code: 0 })
        // eslint-disable-next-line no-control-regex -- these are what must not be there
        expect(printed).to.not.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
        expect(printed).to.contain('forged')
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
