import { expect } from 'chai'
import { createEventReader } from '../../../helpers/internals/http-page-model.js'

const STREAM =
  ': hello\n\nid: 1\nevent: run-started\ndata: {"id":1}\n\nid: 2\r\nevent: cache-released\r\ndata: a\r\ndata: b\r\n\r\ndata:bare\n\nevent: empty\n\n'
const EVENTS = [
  { event: 'run-started', data: '{"id":1}' },
  { event: 'cache-released', data: 'a\nb' },
  { event: 'message', data: 'bare' },
]

describe('the reader of event streams', () => {
  it('gives the events of one piece', () => {
    expect(createEventReader().push(STREAM)).to.deep.equal(EVENTS)
  })

  it('gives the same however the stream was cut', () => {
    for (let size = 1; size < 12; size++) {
      const reader = createEventReader()
      const pieces = STREAM.match(new RegExp(`[^]{1,${String(size)}}`, 'g')) ?? []
      expect(
        pieces.flatMap((piece) => reader.push(piece)),
        `pieces of ${String(size)}`,
      ).to.deep.equal(EVENTS)
    }
  })

  it('keeps an event back until it is complete', () => {
    const reader = createEventReader()
    expect(reader.push('event: report\ndata: {}')).to.deep.equal([])
    expect(reader.push('\n\n')).to.deep.equal([{ event: 'report', data: '{}' }])
  })
})
