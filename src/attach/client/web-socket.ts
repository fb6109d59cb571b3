/**
 * A WebSocket client for texts, as much of RFC 6455 as V8's inspector speaks: Node has one of its own from 22 on only.
 *
 * Rule: what the other side sends is bounded and parsed strictly; anything unexpected ends the connection with a reason.
 */
import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'

/** Events of a {@link WebSocketClient}. */
interface WebSocketEvents {
  /** A whole text. */
  text: [text: string]
  /** The connection is over; told once. */
  end: [reason: string]
}

const OPCODE = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const
const HANDSHAKE_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const MESSAGE_BYTES_MAX = 1024 * 1024 * 1024

/** One connection. */
export class WebSocketClient extends EventEmitter<WebSocketEvents> {
  readonly #socket: Socket
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #neededBytes = 2
  #parts: Buffer[] = []
  #partsBytes = 0
  #isOver = false

  private constructor(socket: Socket, head: Buffer) {
    super()
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk)
    })
    socket.on('error', (error) => {
      this.#end(error.message)
    })
    socket.on('close', () => {
      this.#end('the connection was closed')
    })
    if (head.length > 0) queueMicrotask(() => this.#take(head))
  }

  /**
   * Connects within `timeoutMs`.
   *
   * @throws Error with the reason
   */
  static connect(url: URL, timeoutMs: number): Promise<WebSocketClient> {
    const key = randomBytes(16).toString('base64')
    return new Promise((resolve, reject) => {
      const attempt = request({
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        path: url.pathname + url.search,
        agent: false,
        timeout: timeoutMs,
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': key,
        },
      })
      attempt.on('upgrade', (response, socket: Socket, head) => {
        socket.setTimeout(0)
        const expected = createHash('sha1')
          .update(key + HANDSHAKE_GUID)
          .digest('base64')
        if (response.headers['sec-websocket-accept'] === expected) {
          resolve(new WebSocketClient(socket, head))
        } else {
          socket.destroy()
          reject(new Error('the answer to the handshake is not that of a WebSocket'))
        }
      })
      attempt.on('response', (response) => {
        response.resume()
        reject(new Error(`the handshake was answered with ${String(response.statusCode)}`))
      })
      attempt.on('timeout', () => {
        attempt.destroy(new Error(`no answer within ${String(timeoutMs)} ms`))
      })
      attempt.on('error', reject)
      attempt.end()
    })
  }

  /** Sends a text. After the end it is dropped. */
  send(text: string): void {
    if (!this.#isOver) this.#socket.write(frameOf(OPCODE.text, Buffer.from(text)))
  }

  /** Says goodbye, and does not wait for the answer. */
  close(): void {
    if (this.#isOver) return
    this.#socket.end(frameOf(OPCODE.close, Buffer.from([0x03, 0xe8])))
    this.#end('closed by this side')
  }

  #take(chunk: Buffer): void {
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    while (!this.#isOver && this.#waitingBytes >= this.#neededBytes) {
      const data = this.#waiting.length === 1 ? (this.#waiting[0] ?? chunk) : Buffer.concat(this.#waiting)
      const frame = readFrame(data)
      if (typeof frame === 'number') {
        this.#waiting = [data]
        this.#neededBytes = frame
        if (frame > MESSAGE_BYTES_MAX) this.#fail('a message is too long')
        continue
      }
      this.#waiting = frame.rest.length === 0 ? [] : [frame.rest]
      this.#waitingBytes = frame.rest.length
      this.#neededBytes = 2
      this.#takeFrame(frame)
    }
  }

  #takeFrame({ isLast, opcode, payload }: Frame): void {
    if (opcode === OPCODE.ping) this.#socket.write(frameOf(OPCODE.pong, payload))
    else if (opcode === OPCODE.close) this.#fail('the other side closed the connection')
    else if (opcode === OPCODE.text || opcode === OPCODE.continuation) {
      this.#parts.push(payload)
      this.#partsBytes += payload.length
      if (this.#partsBytes > MESSAGE_BYTES_MAX) this.#fail('a message is too long')
      else if (isLast) {
        const text = Buffer.concat(this.#parts).toString()
        this.#parts = []
        this.#partsBytes = 0
        this.emit('text', text)
      }
    } else if (opcode !== OPCODE.pong) this.#fail(`a frame has the unknown opcode ${String(opcode)}`)
  }

  #fail(reason: string): void {
    this.#end(reason)
    this.#socket.destroy()
  }

  #end(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#waiting = []
    this.#parts = []
    this.emit('end', reason)
  }
}

interface Frame {
  readonly isLast: boolean
  readonly opcode: number
  readonly payload: Buffer
  readonly rest: Buffer
}

/** A frame from the beginning of `data`, or how many bytes it needs at least. A server's frames are not masked. */
function readFrame(data: Buffer): Frame | number {
  if (data.length < 2) return 2
  const [first, second] = [data.readUInt8(0), data.readUInt8(1)]
  const short = second & 0x7f
  const headBytes = short === 127 ? 10 : short === 126 ? 4 : 2
  if (data.length < headBytes) return headBytes
  const length = short === 127 ? Number(data.readBigUInt64BE(2)) : short === 126 ? data.readUInt16BE(2) : short
  const wholeBytes = headBytes + length
  if (data.length < wholeBytes) return wholeBytes
  return {
    isLast: (first & 0x80) !== 0,
    opcode: first & 0x0f,
    payload: data.subarray(headBytes, wholeBytes),
    rest: data.subarray(wholeBytes),
  }
}

/** A client's frame: masked, as the standard demands. */
function frameOf(opcode: number, payload: Buffer): Buffer {
  const length = payload.length
  const head = Buffer.alloc(length > 0xffff ? 10 : length > 125 ? 4 : 2)
  head.writeUInt8(0x80 | opcode, 0)
  if (length > 0xffff) {
    head.writeUInt8(0x80 | 127, 1)
    head.writeBigUInt64BE(BigInt(length), 2)
  } else if (length > 125) {
    head.writeUInt8(0x80 | 126, 1)
    head.writeUInt16BE(length, 2)
  } else {
    head.writeUInt8(0x80 | length, 1)
  }
  const mask = randomBytes(4)
  const masked = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at++) masked[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0)
  return Buffer.concat([head, mask, masked])
}
