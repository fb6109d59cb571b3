import { expect } from 'chai'
import { writeWholly } from '../../helpers/internals/twin-heap-snapshot.js'
import type { SnapshotSink } from '../../helpers/internals/twin-heap-snapshot.js'

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: from the kernel, write`), { code })
}

/** A sink that takes as the list says: so many bytes, or an error; all that is left when the list is over. */
function sinkOf(answers: (number | Error)[]): SnapshotSink & { readonly taken: number[]; sleptMs: number } {
  const sink = {
    taken: [] as number[],
    sleptMs: 0,
    write: (chunk: Uint8Array, offset: number, length: number) => {
      const answer = answers.shift() ?? length
      if (typeof answer !== 'number') throw answer
      sink.taken.push(...chunk.subarray(offset, offset + answer))
      return answer
    },
    sleep: (ms: number) => {
      sink.sleptMs += ms
    },
  }
  return sink
}

const CHUNK = Uint8Array.of(1, 2, 3, 4, 5)

describe('writeWholly()', () => {
  it('goes on after a partial write', () => {
    const sink = sinkOf([2, 1])
    writeWholly(sink, CHUNK, 0, 100)
    expect(sink.taken).to.deep.equal([1, 2, 3, 4, 5])
  })

  it('waits for a pipe that is full, without spinning', () => {
    const sink = sinkOf([errno('EAGAIN'), 2, errno('EAGAIN'), errno('EAGAIN')])
    writeWholly(sink, CHUNK, 0, 100)
    expect(sink.taken).to.deep.equal([1, 2, 3, 4, 5])
    expect(sink.sleptMs).to.equal(15)
  })

  it('begins again after a signal', () => {
    const sink = sinkOf([errno('EINTR')])
    writeWholly(sink, CHUNK, 0, 100)
    expect(sink.taken).to.deep.equal([1, 2, 3, 4, 5])
    expect(sink.sleptMs).to.equal(0)
  })

  it('gives up on a reader that reads no more, and says how far it came', () => {
    const sink = sinkOf([3, ...Array.from({ length: 100 }, () => errno('EAGAIN'))])
    expect(() => {
      writeWholly(sink, CHUNK, 1000, 100)
    }).to.throw(
      'ERR_HEAP_SNAPSHOT_WRITE: the heap snapshot broke off after 1003 bytes: nothing more was accepted for 100 ms (EAGAIN)',
    )
  })

  it('gives up on a descriptor that takes nothing and says nothing', () => {
    const sink = sinkOf(Array.from({ length: 100 }, () => 0))
    expect(() => {
      writeWholly(sink, CHUNK, 0, 100)
    }).to.throw('ERR_HEAP_SNAPSHOT_WRITE')
  })

  for (const code of ['ENOSPC', 'EPIPE', 'EBADF', 'EIO', 'EFBIG']) {
    it(`passes on what the kernel says: ${code}`, () => {
      expect(() => {
        writeWholly(sinkOf([2, errno(code)]), CHUNK, 0, 100)
      }).to.throw(`ERR_HEAP_SNAPSHOT_WRITE: the heap snapshot broke off after 2 bytes: ${code}: from the kernel, write`)
    })
  }
})
