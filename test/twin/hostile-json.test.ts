import { expect } from 'chai'
import { frameReader, frameWriter } from '../helpers/internals/twin.js'

describe('frames of a twin', () => {
  it('are written and read by what JSON was when the library was loaded', () => {
    const { parse, stringify } = JSON
    const lines: string[] = []
    let read: unknown
    try {
      JSON.parse = () => ({ kind: 'result', value: 'forged', copiedBytes: null })
      JSON.stringify = () => '{"kind":"result","value":"forged","copiedBytes":null}'
      frameWriter('secret', (line) => lines.push(line))({ kind: 'result', value: 'real', copiedBytes: null })
      read = frameReader('secret')(lines[0] ?? '')
    } finally {
      Object.assign(JSON, { parse, stringify })
    }
    expect(lines).to.deep.equal(['secret 0 {"kind":"result","value":"real","copiedBytes":null}\n'])
    expect(read).to.deep.equal({ kind: 'result', value: 'real', copiedBytes: null })
  })
})
