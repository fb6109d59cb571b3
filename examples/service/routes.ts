/** The routes of the service. */
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import path from 'node:path'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { ServiceCaches } from './caches.js'
import type { Catalogue } from './catalogue.js'
import { isParsable, parseDocument } from './documents.js'
import type { ParsedDocument } from './documents.js'
import { homePage, outline, packagePage } from './pages.js'
import type { SearchIndex } from './search.js'

export interface ServiceContext {
  readonly catalogue: Catalogue
  readonly caches: ServiceCaches
  /** Null where there is no SQLite. */
  readonly index: SearchIndex | null
  /** Whether compressed contents are kept as copies of their own, in place of what zlib hands out. */
  readonly copiesCompressed: boolean
}

type Encoding = 'br' | 'gzip'

const COMPRESSED_BYTES_MIN = 1024
const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
}

/** Answers the requests of the service. */
export function createListener(context: ServiceContext): RequestListener {
  return (request, response) => {
    answer(context, request, response).catch((error: unknown) => {
      console.error(`${request.url ?? ''}:`, error)
      if (response.headersSent) response.destroy()
      else send(response, 500, 'text/plain', 'internal error')
    })
  }
}

async function answer(context: ServiceContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const [, section = '', rest = ''] = /^\/([^/]*)\/?(.*)$/.exec(pathname) ?? []
  const name = decodePath(rest)
  const { catalogue, index } = context
  if (request.method !== 'GET' || name === null) {
    send(response, name === null ? 400 : 405, 'text/plain', name === null ? 'bad address' : 'GET only')
  } else if (section === '') {
    send(response, 200, 'text/html', homePage(catalogue))
  } else if (section === 'packages' && name === '') {
    send(response, 200, 'application/json', JSON.stringify([...catalogue.packages.values()]))
  } else if (section === 'packages' && catalogue.packages.has(name)) {
    await sendPackage(context, name, response)
  } else if (section === 'files' && catalogue.files.has(name)) {
    await sendFile(context, name, request, response)
  } else if (section === 'outline' && catalogue.files.has(name) && isParsable(name)) {
    send(response, 200, 'application/json', JSON.stringify(outline(name, await parsed(context, name))))
  } else if (section === 'search' && index !== null) {
    send(response, 200, 'application/json', JSON.stringify(index.find(searchParams.get('q') ?? '')))
  } else {
    send(response, 404, 'text/plain', 'not found')
  }
}

async function sendPackage(context: ServiceContext, folder: string, response: ServerResponse): Promise<void> {
  const entry = context.catalogue.packages.get(folder)
  if (entry === undefined) return
  const readme = entry.files.find((file) => /^readme\.md$/i.test(file.path.slice(folder.length + 1)))
  const [manifest, text] = await Promise.all([
    parsed(context, `${folder}/package.json`),
    readme === undefined ? null : parsed(context, readme.path),
  ])
  send(response, 200, 'text/html', packagePage(entry, manifest, text))
}

async function sendFile(
  context: ServiceContext,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const type = TYPES[path.extname(name)] ?? 'text/plain'
  const encoding = acceptedEncoding(request)
  const isWorthIt = (context.catalogue.files.get(name)?.bytes ?? 0) >= COMPRESSED_BYTES_MIN
  if (encoding === null || !isWorthIt) send(response, 200, type, await content(context, name))
  else send(response, 200, type, await compressed(context, name, encoding), encoding)
}

/** The bytes of a file. */
async function content({ catalogue, caches }: ServiceContext, name: string): Promise<Buffer> {
  const cached = caches.files.get(name)
  if (cached !== undefined) return cached
  return caches.once(`file:${name}`, async () => {
    const bytes = await readFile(path.join(catalogue.root, name))
    caches.files.set(name, bytes)
    return bytes
  })
}

const gzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip)
const brotli = promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliCompress)
/** The default, 11, is meant for files that are compressed once and served for years. */
const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } }

async function compressed(context: ServiceContext, name: string, encoding: Encoding): Promise<Buffer> {
  const { caches } = context
  const key = `${encoding}:${name}`
  const cached = caches.compressed.get(key)
  if (cached !== undefined) return cached
  return caches.once(key, async () => {
    const bytes = await content(context, name)
    const result = await (encoding === 'br' ? brotli(bytes, BROTLI) : gzip(bytes, {}))
    caches.compressed.set(key, context.copiesCompressed ? ownCopy(result) : result)
    return result
  })
}

/** The same bytes in memory of exactly their length: a result of zlib may be a view of a much larger block. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

async function parsed(context: ServiceContext, name: string): Promise<ParsedDocument> {
  const { caches } = context
  const cached = caches.documents.get(name)
  if (cached !== undefined) return cached
  return caches.once(`document:${name}`, async () => {
    const document = parseDocument(name, await content(context, name))
    caches.documents.set(name, document)
    return document
  })
}

function acceptedEncoding({ headers }: IncomingMessage): Encoding | null {
  const accepted = headers['accept-encoding']?.toString() ?? ''
  return /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : null
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  encoding?: Encoding,
): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    vary: 'accept-encoding',
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
  })
  response.end(body)
}

function decodePath(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
