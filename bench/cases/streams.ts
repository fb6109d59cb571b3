/** Leaks in flight: streams with what they buffer, requests that nobody answers, answers that nobody reads. */
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { PassThrough, Readable, Transform, Writable, pipeline } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import zlib from 'node:zlib'
import { type Leak, payload, times } from './leak.js'

const COUNT = 200
const CHUNK = 60_000

const passing: PassThrough[] = []
const webReaders: unknown[] = []
const uploads = new Map<number, Writable>()
const servers: { close(): unknown }[] = []
const clients: unknown[] = []

class Spool extends Transform {
  readonly #held: Buffer[] = []
  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#held.push(chunk)
    done()
  }
}

async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  server.unref()
  return (server.address() as AddressInfo).port
}

function answerNothing(request: http.IncomingMessage, response: http.ServerResponse): void {
  const body = payload(1, 2000)
  request.on('close', () => {
    response.end(String(body.length))
  })
}

/** Writes more and more to a connection that nobody reads at its other end. */
async function writeToDeaf(count: number): Promise<void> {
  const port = await listen(net.createServer((socket) => socket.pause()))
  const socket = net.connect(port, '127.0.0.1')
  socket.unref()
  await once(socket, 'connect')
  times(count, (index) => socket.write(Buffer.alloc(CHUNK, index)))
  clients.push(socket)
  await delay(200)
}

export const leaks: readonly Leak[] = [
  {
    name: 'streams that nobody reads',
    says: /^streams\.js › passing: Array\(200\)$/,
    plant: () => {
      times(COUNT, () => {
        const stream = new PassThrough({ highWaterMark: 1 << 20 })
        stream.write(Buffer.alloc(CHUNK, 1))
        passing.push(stream)
      })
    },
  },
  {
    name: 'answers that nobody reads',
    says: /^(?:sockets|requests) \w+ ×\d+/,
    plant: async () => {
      const body = Buffer.alloc(400_000, 1)
      const port = await listen(http.createServer((_request, response) => response.end(body)))
      for (let index = 0; index < COUNT; index++) {
        const request = http.get({ port, host: '127.0.0.1', path: `/${String(index)}`, agent: false })
        await once(request, 'response')
      }
      await delay(300)
    },
  },
  {
    name: 'requests that nobody answers',
    // The rest is code and small objects of node:http, met for the first time.
    leastShare: 0.8,
    says: /^(?:sockets|requests) \w+ ×\d+/,
    plant: async () => {
      const port = await listen(http.createServer(answerNothing))
      for (let index = 0; index < COUNT; index++) {
        const request = http.get({ port, host: '127.0.0.1', path: `/${String(index)}`, agent: false })
        request.on('error', () => undefined)
        clients.push(request)
      }
      await delay(500)
    },
  },
  {
    name: 'bytes that a socket cannot send',
    says: /^(?:streams\.js › |sockets Socket )/,
    warmUp: () => writeToDeaf(2),
    plant: () => writeToDeaf(200),
  },
  {
    name: 'a pipeline with a slow end',
    says: /^streams\.js › uploads/,
    plant: async () => {
      times(COUNT, (index) => {
        const slow = new Writable({ highWaterMark: 1 << 20, write: () => undefined })
        pipeline(
          Readable.from([Buffer.alloc(CHUNK, index), Buffer.alloc(CHUNK, index)]),
          new PassThrough(),
          slow,
          () => undefined,
        )
        uploads.set(index, slow)
      })
      await delay(50)
    },
  },
  {
    name: 'a stream of a class',
    says: /^streams\.js › .*(?:Spool|#held)/,
    plant: () => {
      const spool = new Spool()
      times(COUNT, (index) => spool.write(Buffer.alloc(CHUNK, index)))
      clients.push(spool)
    },
  },
  {
    name: 'web streams that nobody reads',
    says: /^streams\.js › webReaders: Array\(200\)$/,
    plant: async () => {
      times(COUNT, (index) => {
        const stream = new ReadableStream({
          start: (controller) => {
            controller.enqueue(new Uint8Array(CHUNK).fill(index))
          },
        })
        webReaders.push(stream.getReader())
      })
      await delay(20)
    },
  },
  {
    name: 'answers of fetch() that nobody reads',
    // The other half is what fetch() itself has read.
    leastShare: 0.3,
    says: /^(?:streams\.js › |sockets|requests|.*Response)/,
    plant: async () => {
      const body = Buffer.alloc(400_000, 1)
      const port = await listen(http.createServer((_request, response) => response.end(body)))
      for (let index = 0; index < COUNT; index++) {
        clients.push(await fetch(`http://127.0.0.1:${String(port)}/${String(index)}`))
      }
      await delay(300)
    },
  },
  {
    name: 'streams of HTTP/2 that nobody ends',
    // The rest is code and small objects of node:http2, met for the first time.
    leastShare: 0.9,
    says: /^sockets /,
    plant: async () => {
      const server = http2.createServer({ maxSessionMemory: 100 })
      server.on('stream', (stream) => {
        stream.on('error', () => undefined)
        stream.respond({ ':status': 200 })
        stream.write(Buffer.alloc(CHUNK, 1))
      })
      const port = await listen(server)
      const client = http2.connect(`http://127.0.0.1:${String(port)}`, { maxSessionMemory: 100 })
      client.unref()
      for (let index = 0; index < COUNT; index++) {
        const request = client.request({ ':path': `/${String(index)}` })
        request.on('error', () => undefined)
        clients.push(request)
      }
      await delay(500)
    },
  },
  {
    name: 'compressors that nobody ends',
    says: /^streams\.js › clients\b/,
    plant: () => {
      times(COUNT, (index) => {
        const gzip = zlib.createGzip({ chunkSize: 1 << 16 })
        gzip.write(Buffer.alloc(CHUNK, index))
        clients.push(gzip)
      })
    },
  },
]
