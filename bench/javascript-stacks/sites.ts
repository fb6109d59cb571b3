/**
 * Forty ways in which JavaScript comes to allocate native memory, each with a known amount. The line of a site ends with a mark
 * that carries its name: what a profile says of the line is compared with what lives.
 */
import crypto from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import Database from 'libsql'

/** Live bytes by site. */
export const truth = new Map<string, number>()
const kept: unknown[] = []

function keep(site: string, bytes: { readonly byteLength: number }): typeof bytes {
  kept.push(bytes)
  truth.set(site, (truth.get(site) ?? 0) + bytes.byteLength)
  return bytes
}

const KIB = 1024

function plain(): Buffer {
  return Buffer.allocUnsafeSlow(32 * KIB) // site plain
}

const arrow = (): Buffer => Buffer.alloc(40 * KIB) // site arrow

const expression = function named(): Uint8Array {
  return new Uint8Array(48 * KIB) // site expression
}

class Shapes {
  readonly field = new Float64Array(7 * KIB) // site field

  method(): Buffer {
    return Buffer.alloc(64 * KIB) // site method
  }

  static ofClass(): Buffer {
    return Buffer.alloc(80 * KIB) // site staticMethod
  }

  get value(): Buffer {
    return Buffer.alloc(96 * KIB) // site getter
  }

  set value(_given: unknown) {
    keep('setter', new ArrayBuffer(112 * KIB)) // site setter
  }

  #own(): Buffer {
    return Buffer.alloc(28 * KIB) // site private
  }

  callOwn(): Buffer {
    return this.#own()
  }
}

function makeClass(): void {
  class Statics {
    readonly none = null
    static readonly shared = Buffer.alloc(28 * KIB) // site static
    static block: Buffer
    static {
      Statics.block = Buffer.alloc(32 * KIB) // site staticBlock
    }
  }
  keep('static', Statics.shared)
  keep('staticBlock', Statics.block)
}

class Base {
  readonly bytes: Buffer
  constructor() {
    this.bytes = Buffer.alloc(32 * KIB) // site constructor
  }
}

class Derived extends Base {
  readonly more: Buffer
  constructor() {
    super()
    this.more = Buffer.alloc(40 * KIB) // site derived
  }
}

function* generated(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(48 * KIB) // site generator
}

async function afterAwait(): Promise<Buffer> {
  await Promise.resolve()
  return Buffer.alloc(56 * KIB) // site afterAwait
}

async function* streamed(): AsyncGenerator<Buffer> {
  for (;;) {
    await Promise.resolve()
    yield Buffer.alloc(64 * KIB) // site asyncGenerator
  }
}

function recursive(depth: number): Buffer {
  return depth > 0 ? recursive(depth - 1) : Buffer.alloc(40 * KIB) // site recursive
}

function even(depth: number): Buffer {
  return depth === 0 ? Buffer.alloc(48 * KIB) : odd(depth - 1) // site mutual
}

function odd(depth: number): Buffer {
  return even(depth - 1)
}

const byDefault = (bytes = Buffer.alloc(56 * KIB)): Buffer => bytes // site defaultValue

/** Small enough to be inlined into both of its callers. */
function one(): ArrayBuffer {
  return new ArrayBuffer(32 * KIB) // site inlined
}

function twice(): readonly ArrayBuffer[] {
  return [one(), one()]
}

function tag(parts: TemplateStringsArray): Buffer {
  return Buffer.alloc(parts.length * 28 * KIB) // site template
}

function bound(this: number): Buffer {
  return Buffer.alloc(this * KIB) // site bound
}

const proxied = new Proxy(
  {},
  {
    get: () => Buffer.alloc(48 * KIB), // site trap
  },
) as { readonly any: Buffer }

const iterable = {
  *[Symbol.iterator](): Iterator<Buffer> {
    yield Buffer.alloc(56 * KIB) // site iterator
  },
}

const bus = new EventEmitter()
bus.on('turn', () => {
  keep('listener', Buffer.alloc(64 * KIB)) // site listener
})

const stored = new Database(':memory:').prepare('SELECT zeroblob(?) AS bytes')
const half = Buffer.alloc(28 * KIB)

/** A file of 112 KiB that is read at each turn. */
interface Turn {
  readonly file: string
  readonly shapes: Shapes
  readonly generator: Generator<Buffer>
  readonly stream: AsyncGenerator<Buffer>
}

function ofFunctions({ shapes, generator }: Turn): void {
  keep('plain', plain())
  keep('arrow', arrow())
  keep('expression', expression())
  keep('field', new Shapes().field)
  keep('method', shapes.method())
  keep('staticMethod', Shapes.ofClass())
  keep('getter', shapes.value)
  shapes.value = 1
  keep('private', shapes.callOwn())
  makeClass()
  const derived = new Derived()
  keep('constructor', derived.bytes)
  keep('derived', derived.more)
  keep('generator', generator.next().value as Buffer)
  keep('recursive', recursive(12))
  keep('mutual', even(8))
  keep('defaultValue', byDefault())
  for (const bytes of twice()) keep('inlined', bytes)
  keep('template', tag`one`)
  keep('bound', bound.bind(40)())
  keep('trap', proxied.any)
  for (const bytes of iterable) keep('iterator', bytes)
  bus.emit('turn')
}

function ofBuiltins({ file }: Turn): void {
  for (const bytes of [1].map(() => Buffer.alloc(80 * KIB))) keep('map', bytes) // site map
  ;[1].forEach(() => keep('forEach', Buffer.alloc(96 * KIB))) // site forEach
  const reduced = [half, half].reduce(() => Buffer.alloc(56 * KIB)) // site reduce
  keep('reduce', reduced)
  JSON.parse('1', () => keep('reviver', Buffer.alloc(20 * KIB)).byteLength) // site reviver
  JSON.stringify({ toJSON: () => keep('toJSON', Buffer.alloc(40 * KIB)).byteLength }) // site toJSON
  'a'.replace(/a/, () => String(keep('replace', Buffer.alloc(48 * KIB)).byteLength)) // site replace
  keep('concat', Buffer.concat([half, half])) // site concat
  keep('random', crypto.randomBytes(64 * KIB)) // site random
  keep('readSync', readFileSync(file)) // site readSync
  keep('cloned', structuredClone(new Uint8Array(48 * KIB))) // site cloned
  keep('addon', (stored.get(48 * KIB) as { readonly bytes: Buffer }).bytes) // site addon
}

async function ofLaterTurns({ stream }: Turn): Promise<void> {
  keep('afterAwait', await afterAwait())
  keep('asyncGenerator', (await stream.next()).value as Buffer)
  await Promise.resolve().then(() => keep('then', Buffer.alloc(28 * KIB))) // site then
  await called((done) => setTimeout(() => done(keep('timeout', Buffer.alloc(32 * KIB))), 0)) // site timeout
  await called((done) => setImmediate(() => done(keep('immediate', Buffer.alloc(40 * KIB))))) // site immediate
  await called((done) => process.nextTick(() => done(keep('tick', Buffer.alloc(48 * KIB))))) // site tick
  await called((done) => queueMicrotask(() => done(keep('microtask', Buffer.alloc(56 * KIB))))) // site microtask
}

function called(start: (done: (value: unknown) => void) => unknown): Promise<unknown> {
  return new Promise((resolve) => void start(resolve))
}

/** Allocates at every site so many times. The worker lives until it is ended. @param file of 112 KiB, which is read */
export async function allocate(times: number, file: string): Promise<Worker> {
  const turn: Turn = { file, shapes: new Shapes(), generator: generated(), stream: streamed() }
  for (let count = 0; count < times; count++) {
    ofFunctions(turn)
    ofBuiltins(turn)
    await ofLaterTurns(turn)
  }
  const worker = new Worker(fileURLToPath(new URL('site-worker.js', import.meta.url)), { workerData: times })
  const [bytes] = (await once(worker, 'message')) as [number]
  truth.set('worker', bytes)
  return worker
}
