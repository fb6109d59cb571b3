import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { expect } from 'chai'
import { programKind } from '../helpers/internals/attach-client.js'

const MIB = 1024 * 1024
/** Files are read in pieces of this size. */
const PIECE_BYTES = 8 * MIB

describe('the kind of a program', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'program-kind-'))
  })
  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  /** A file of 20 MiB that is empty but for these texts. */
  const program = (texts: readonly (readonly [place: number, text: string])[]): string => {
    const file = path.join(folder, 'program')
    const descriptor = openSync(file, 'w')
    ftruncateSync(descriptor, 20 * MIB)
    for (const [place, text] of texts) writeSync(descriptor, text, place)
    closeSync(descriptor)
    return file
  }
  const headers = (version: string): string =>
    `https://nodejs.org/download/release/v${version}/node-v${version}-headers.tar.gz`

  it('is that of this process where it is the same file, whatever the path', () => {
    expect(programKind(process.execPath)).to.deep.equal({ kind: 'node', version: process.versions.node })
    expect(programKind(`/proc/${String(process.pid)}/exe`)?.kind).to.equal('node')
  })

  for (const [what, texts, expected] of [
    [
      'Node',
      [
        [5 * MIB, headers('24.1.0')],
        [17 * MIB, 'NODE_SEA_FUSE_fce68'],
      ],
      { kind: 'node', version: '24.1.0' },
    ],
    [
      'Node whose texts lie across two pieces',
      [
        [PIECE_BYTES - 70, headers('18.20.4')],
        [2 * PIECE_BYTES - 5, 'NODE_SEA_FUSE_'],
      ],
      { kind: 'node', version: '18.20.4' },
    ],
    ['Node that names no version', [[0, 'NODE_SEA_FUSE_']], { kind: 'node', version: null }],
    ['Node before 18.16', [[MIB, headers('16.20.2')]], { kind: 'node', version: '16.20.2' }],
    [
      'Bun, which carries the headers of the Node that it imitates',
      [
        [MIB, headers('24.3.0')],
        [2 * MIB, 'https://bun.sh/docs'],
      ],
      { kind: 'bun', version: null },
    ],
    [
      'Deno, likewise',
      [
        [MIB, headers('24.2.0')],
        [9 * MIB, 'deno_runtime'],
      ],
      { kind: 'deno', version: null },
    ],
    ['another one', [[MIB, 'node-v20.1.0.tar.gz']], { kind: 'other', version: null }],
  ] as const) {
    it(`is read from the file of ${what}`, () => {
      expect(programKind(program(texts))).to.deep.equal(expected)
    })
  }

  it('is unknown where the file cannot be read', () => {
    expect(programKind(path.join(folder, 'missing'))).to.equal(null)
    expect(programKind(folder)).to.equal(null)
  })
})
