// Calls that leave something behind, with how much: of a hundred bytes and of a kibibyte, and one of each kind that is seen in services.
import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { once } from 'node:events'
import os from 'node:os'
import path from 'node:path'

/** @typedef {{ leastBytes: number, make: () => Promise<() => unknown> }} PlantedLeak `leastBytes` stay of each call, at least */

let count = 0
/** Doubles that are no small integers are boxed in an array of their own: eight bytes each. @param {number} bytes */
const numbers = (bytes) => Float64Array.from({ length: bytes / 8 }, () => count + 0.5)
/** @param {number} bytes */
const plain = (bytes) => Array.from({ length: bytes / 8 }, (_, index) => index + count++ + 0.5)

/** @param {number} leastBytes @param {() => (() => unknown) | Promise<() => unknown>} make @returns {PlantedLeak} */
const leak = (leastBytes, make) => ({ leastBytes, make: async () => make() })

/** @type {Record<string, PlantedLeak>} */
export const plantedLeaks = {
  'map of objects, 100 B': leak(100, () => {
    const users = new Map()
    return () => users.set(count++, { a: count + 0.5, b: `user ${count}`, list: [count] })
  }),
  'array, 1 KiB': leak(1024, () => {
    /** @type {number[][]} */
    const all = []
    return () => all.push(plain(1024))
  }),
  'typed arrays, 1 KiB': leak(1024, () => {
    /** @type {Float64Array[]} */
    const all = []
    return () => all.push(numbers(1024))
  }),
  'buffers, 1 KiB': leak(1024, () => {
    /** @type {Buffer[]} */
    const all = []
    return () => all.push(Buffer.alloc(1024, 1))
  }),
  'strings, 1 KiB': leak(1024, () => {
    /** @type {string[]} */
    const all = []
    return () => all.push(Buffer.alloc(1024, `${count++}`).toString('latin1'))
  }),
  'closures, 100 B': leak(100, () => {
    /** @type {(() => unknown)[]} */
    const all = []
    return () => {
      const own = { at: count++ + 0.5 }
      return all.push(() => own)
    }
  }),
  'sliced strings (case 01)': leak(2048, () => {
    /** @type {string[]} */
    const tokens = []
    return () => tokens.push(Buffer.alloc(2048, 'x').toString('latin1').substring(500, 520))
  }),
  'unread responses (case 03)': leak(1024, async () => {
    const server = http.createServer((_, response) => response.end(Buffer.alloc(200_000, 1))).listen(0, '127.0.0.1')
    await once(server, 'listening')
    server.unref()
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    return () => new Promise((resolve, reject) => http.get({ port, host: '127.0.0.1' }, resolve).on('error', reject))
  }),
  'promise race (case 05)': leak(1024, () => {
    const closed = new Promise(() => undefined)
    const load = async () => plain(1024)
    return () => Promise.race([closed, load()])
  }),
  'messages to a busy worker (case 07)': leak(1024, async () => {
    const { Worker } = await import('node:worker_threads')
    const cell = new SharedArrayBuffer(4)
    const code =
      "const { parentPort, workerData } = require('node:worker_threads'); parentPort.postMessage(0); Atomics.wait(new Int32Array(workerData), 0, 0)"
    const worker = new Worker(code, { eval: true, workerData: cell })
    worker.unref()
    await once(worker, 'message')
    return () => worker.postMessage(numbers(1024))
  }),
  'reloaded modules (case 11)': leak(1024, () => {
    const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'alarms-')), 'rules.mjs')
    writeFileSync(file, 'export const rules = Array.from({ length: 200 }, (_, id) => ({ id, weight: id + 0.5 }))')
    return () => import(`${file}?version=${count++}`)
  }),
  'timers with a context (case 13)': leak(1024, () => {
    const requests = new AsyncLocalStorage()
    return () => requests.run({ rows: plain(1024) }, () => setInterval(() => count++, 1e8).unref())
  }),
  'WebAssembly memory (case 15)': leak(65_536, () => {
    // Of the types of this project none knows it.
    const { Memory } = /** @type {any} */ (globalThis).WebAssembly
    /** @type {object[]} */
    const all = []
    return () => {
      const memory = new Memory({ initial: 1 })
      new Uint8Array(memory.buffer).fill(1)
      return all.push(memory)
    }
  }),
  'listeners (case 20)': leak(1024, () => {
    const bus = new EventEmitter().setMaxListeners(0)
    return () => {
      const own = plain(1024)
      return bus.on('config', () => own)
    }
  }),
  'deep entries (case 22)': leak(1024, () => {
    /** @type {Map<number, unknown>} */
    const schemas = new Map()
    /** @param {number} depth @returns {object} */
    const tree = (depth) => ({ at: count++ + 0.5, children: depth === 0 ? [] : [tree(depth - 1), tree(depth - 1)] })
    return () => schemas.set(count++, tree(4))
  }),
  'finalizers that never come (case 24)': leak(1024, () => {
    /** @type {Map<number, Buffer>} */
    const native = new Map()
    const registry = new FinalizationRegistry((/** @type {number} */ handle) => native.delete(handle))
    /** @type {object[]} */
    const images = []
    return () => {
      const image = { handle: count++ }
      native.set(image.handle, Buffer.alloc(1024, 1))
      registry.register(image, image.handle)
      return images.push(image)
    }
  }),
}
