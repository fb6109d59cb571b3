import { expect } from 'chai'
import { runFixture } from '../../helpers/child.js'
import type { SnapshotResult } from './fixtures/snapshot.js'

describe('a heap snapshot of a real process', () => {
  let result: SnapshotResult

  before(async () => {
    result = await runFixture('twin/heap-snapshot/fixtures/snapshot')
  })

  it('is taken and written in one turn of the event loop', () => {
    expect(result.turnedMeanwhile).to.equal(false)
  })

  it('is a file as DevTools reads it, to its last byte', () => {
    expect(result.writtenBytes).to.equal(result.fileBytes)
    expect(result.json.nodes).to.be.greaterThan(10_000)
  })

  it('is read by the parser as by JSON.parse', () => {
    expect(result.parsed).to.deep.equal(result.json)
  })

  it('goes whole through a pipe that is slower than it', () => {
    expect(result.pipedBytes).to.equal(result.pipeWrittenBytes)
    expect(result.pipedBytes).to.be.greaterThan(1_000_000)
  })

  it('says that the disk is full', () => {
    expect(result.onFullDisk).to.match(/^ERR_HEAP_SNAPSHOT_WRITE: the heap snapshot broke off after 0 bytes: ENOSPC/)
  })
})

describe('classHistogram() of a real process', () => {
  let result: SnapshotResult

  before(async () => {
    result = await runFixture('twin/heap-snapshot/fixtures/snapshot')
  })

  it('counts the instances of a class and what they hold', () => {
    const { row } = result
    expect(row?.count).to.equal(1000)
    // Each has an array of three doubles: 16 or 32 bytes of its own, a store of 16 + 3 × 8.
    expect(row?.retainedBytes).to.be.within((row?.shallowBytes ?? NaN) + 1000 * (16 + 40), 1000 * 200)
  })

  it('counts a list of its own kind once', () => {
    const { listRow } = result
    expect(listRow?.count).to.equal(1000)
    // The first link may hold what belongs to the class.
    expect(listRow?.retainedBytes).to.be.within(listRow?.shallowBytes ?? NaN, (listRow?.shallowBytes ?? NaN) + 1000)
  })

  it('sees memory outside the JavaScript heap that Buffers hold', () => {
    expect(result.bufferRow?.shallowBytes).to.be.within(8_000_000, 9_000_000)
  })

  it('sums up what its limit leaves out', () => {
    expect(result.others).to.be.greaterThan(50)
  })
})
