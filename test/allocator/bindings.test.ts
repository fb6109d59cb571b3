import { expect } from 'chai'
import { SLOT } from '../helpers/internals/allocator.js'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import type { Answer, BindingsResult, Compared } from './fixtures/bindings.js'
import { KEYS, NO_KEYS } from './keys.js'

describe('the addon and the ffi binding, in one process under jemalloc', () => {
  let result: BindingsResult

  before(async function () {
    needsJemalloc(this)
    result = await runFixture('allocator/fixtures/bindings', { preload: 'jemalloc' })
  })

  it('tell the same of what stands behind them', () => {
    const expected = { mallctlPrefix: '', servesMalloc: true, mallinfo2: false }
    expect(result.facts).to.deep.equal([expected, expected])
  })

  it('fill the same places with nearly the same figures, one epoch after the other', () => {
    const [addon = new Float64Array(), ffi = new Float64Array()] = result.readings
    expect((ffi[0] ?? NaN) - (addon[0] ?? NaN)).to.equal(1)
    // The binding by ffi-napi knows of no other threads.
    for (let slot = 1; slot < SLOT.otherThreads; slot++) {
      expect(ffi[slot]).to.be.closeTo(addon[slot] ?? NaN, 1024 * 1024)
    }
  })

  it('answer every reading alike: each key as each type', () => {
    expectAlike(result.reads)
    expect(result.reads).to.have.lengthOf(KEYS.length * 6)
  })

  it('know nearly all of the keys, so that the comparison means something', () => {
    const known = new Set(result.reads.filter(isValue).map(({ question }) => question.split(' ')[1]))
    expect(known.size / KEYS.length).to.be.above(0.8)
    for (const type of ['bool', 'unsigned', 'size_t', 'ssize_t', 'uint64', 'string']) {
      expect(
        result.reads.filter(isValue).some(({ question }) => question.endsWith(` ${type}`)),
        type,
      ).to.equal(true)
    }
  })

  it('give a value of the type that was asked for', () => {
    const typeNames = {
      bool: 'boolean',
      unsigned: 'number',
      size_t: 'number',
      ssize_t: 'number',
      uint64: 'bigint',
      string: 'string',
    }
    for (const { question, addon } of result.reads.filter(isValue)) {
      const type = question.split(' ').at(-1) as keyof typeof typeNames
      expect(typeof (addon as { value: unknown }).value, question).to.equal(typeNames[type])
    }
  })

  it('refuse a key of another size with EINVAL, naming it', () => {
    for (const type of ['unsigned', 'size_t', 'uint64']) {
      const { addon } = find(result.reads, `read opt.tcache as ${type}`)
      expect(addon).to.include({ code: 'ERR_MALLCTL', key: 'opt.tcache', errno: 'EINVAL' })
    }
  })

  it('refuse to follow a number as a pointer to text, and text as a number', () => {
    const refused = [
      find(result.reads, 'read stats.allocated as string'),
      find(result.reads, 'read epoch as string'),
      find(result.reads, 'read version as size_t'),
      find(result.reads, 'read opt.dss as uint64'),
    ]
    for (const { question, addon } of refused) expect(addon, question).to.include({ code: 'ERR_OPTION_TYPE' })
  })

  it('answer alike where there is no such key, and name it with ENOENT', () => {
    expectAlike(result.unknownKeys)
    expect(result.unknownKeys).to.have.lengthOf(NO_KEYS.length * 6)
    for (const { question, addon } of result.unknownKeys) {
      if (question.endsWith(' as string')) expect(addon, question).to.include({ code: 'ERR_OPTION_TYPE' })
      else expect(addon, question).to.include({ code: 'ERR_MALLCTL', errno: 'ENOENT' }).and.to.have.property('key')
    }
  })

  it('refuse what cannot be a key before the call', () => {
    expectAlike(result.noKeys)
    for (const { question, addon } of result.noKeys) expect(addon, question).to.include({ code: 'ERR_OPTION_TYPE' })
  })

  it('refuse what is no type before the call', () => {
    expectAlike(result.noTypes)
    for (const { question, addon } of result.noTypes) expect(addon, question).to.include({ code: 'ERR_OPTION_RANGE' })
  })

  it('write a value of every writable type, and read it back', () => {
    expectAlike(result.writes)
    for (const { question, addon } of result.writes) {
      const written = question.slice(question.indexOf(': ') + 2, question.lastIndexOf(' ('))
      // jemalloc rounds this limit down to a size class.
      if (!question.includes('retain_grow_limit')) expect(answerText(addon), question).to.equal(written)
      expect(addon, question).to.have.property('value')
    }
  })

  it("refuse what cannot be written, each with a code, and the allocator's refusals with key and errno", () => {
    expectAlike(result.refusedWrites)
    for (const { question, addon } of result.refusedWrites) {
      expect(addon, question).to.have.property('code').that.is.oneOf(['ERR_MALLCTL', 'ERR_OPTION_TYPE'])
      if ('errno' in addon)
        expect(addon.message, question).to.include(`"${addon.key ?? ''}" failed: ${addon.errno ?? ''}`)
    }
  })

  it('say EPERM where a key is read-only', () => {
    const { addon } = find(result.refusedWrites, 'write stats.allocated')
    expect(addon).to.include({ code: 'ERR_MALLCTL', key: 'stats.allocated', errno: 'EPERM' })
  })

  it('keep every error text short, whatever was given', () => {
    for (const compared of Object.values(result).flat() as Partial<Compared>[]) {
      const message = (compared.addon as { message?: string } | undefined)?.message ?? ''
      expect(message.length, message.slice(0, 100)).to.be.below(500)
    }
  })

  it('call keys without a value, and refuse unknown ones', () => {
    expectAlike(result.calls)
    expect(find(result.calls, 'call thread.tcache.flush').addon).to.deep.equal({ value: undefined })
    expect(find(result.calls, 'call no.such.key').addon).to.include({ code: 'ERR_MALLCTL', errno: 'ENOENT' })
  })
})

function expectAlike(compared: readonly Compared[]): void {
  for (const { question, addon, ffi } of compared) expect(ffi, question).to.deep.equal(addon)
}

function isValue({ addon }: Compared): boolean {
  return 'value' in addon
}

function find(compared: readonly Compared[], question: string): Compared {
  const found = compared.find((each) => each.question.startsWith(question))
  if (found === undefined) throw new Error(`"${question}" was not asked`)
  return found
}

function answerText(answer: Answer): string {
  return 'value' in answer ? String(answer.value) : answer.message
}
