/** The same handler in every framework: mounted in a few lines, reached below its path, and in nobody's way elsewhere. */
import 'reflect-metadata'
import http from 'node:http'
import http2 from 'node:http2'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { getRequestListener } from '@hono/node-server'
import { Logger, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { expect } from 'chai'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createAdminHandler, toNodeListener } from '../../../src/http/index.js'
import type { AdminHandler, AdminHandlerOptions } from '../../../src/http/index.js'
import { World } from '../../coordinator/world.js'
import type { FakeCache } from '../../coordinator/world.js'
import { closeServer, listen, messageOf, sendRaw } from '../site.js'

/** A framework's server with the handler in it, and a route `/hello` of its own. */
type Mount = (admin: AdminHandler) => Promise<{ readonly port: number; close(): Promise<unknown> }>

interface Mounted {
  readonly name: string
  readonly basePath?: string
  readonly mount: Mount
}

const MOUNTS: readonly Mounted[] = [
  { name: 'node:http', mount: (admin) => serve(withHello(admin)) },
  { name: 'Express', mount: (admin) => ofExpress((app) => app.use(toNodeListener(admin))) },
  { name: 'Express, before the app', mount: (admin) => serve(ahead(admin, expressApp())) },
  {
    name: 'Express, below a path',
    mount: (admin) => ofExpress((app) => app.use('/debug/memory', toNodeListener(admin))),
  },
  {
    name: 'Express, behind its parsers of bodies',
    mount: (admin) =>
      ofExpress((app) => app.use(express.json(), express.urlencoded({ extended: true }), toNodeListener(admin))),
  },
  {
    name: 'Express, in a router below a prefix',
    basePath: '/internal/debug/memory',
    mount: (admin) => {
      const router = express.Router()
      router.use('/debug/memory', toNodeListener(admin))
      return ofExpress((app) => app.use('/internal', router))
    },
  },
  { name: 'Fastify', mount: (admin) => ofFastify(admin) },
  { name: 'Koa', mount: (admin) => ofKoa(admin) },
  {
    name: 'Hono',
    mount: (admin) =>
      ofHono(admin, '/debug/memory/*', (app) => {
        app.get('/hello', (context) => context.text('hello'))
        return app
      }),
  },
  {
    name: 'Hono, in an app below a prefix',
    basePath: '/internal/debug/memory',
    mount: (admin) =>
      ofHono(admin, '/debug/memory/*', (inner) => {
        const app = new Hono<Bindings>().route('/internal', inner)
        app.get('/hello', (context) => context.text('hello'))
        return app
      }),
  },
  { name: 'NestJS', mount: (admin) => ofNest(admin) },
]

for (const { name, basePath = '/debug/memory', mount } of MOUNTS) {
  describe(`mounted in ${name}`, () => {
    let close: () => Promise<unknown>
    let port = 0
    let cache: FakeCache
    const url = (path: string): string => `http://localhost:${port}${basePath}${path}`

    before(async () => {
      const made = makeAdmin({ basePath })
      cache = made.cache
      const mounted = await mount(made.admin)
      port = mounted.port
      close = async () => {
        await made.admin.close()
        await mounted.close()
      }
    })
    after(() => (close as typeof close | undefined)?.())

    it('lists the caches', async () => {
      const answer = await fetch(url('/caches'))
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('cache-control')).to.equal('no-store')
      expect(((await answer.json()) as { caches: { name: string }[] }).caches.map((one) => one.name)).to.deep.equal([
        'a/b <i>',
      ])
    })

    it('answers at the base path itself, with a slash and without', async () => {
      for (const path of ['', '/']) {
        const answer = await fetch(url(path), { headers: { accept: 'application/json' } })
        expect(await answer.json()).to.have.property('lastReport')
      }
      const page = await fetch(url(''), { headers: { accept: 'text/html' } })
      expect([page.url, page.headers.get('content-type')]).to.deep.equal([url('/'), 'text/html; charset=utf-8'])
    })

    it('reads a body of JSON, and a name with a slash in it', async () => {
      const { releases } = cache
      const answer = await fetch(url(`/caches/${encodeURIComponent(cache.name)}/release`), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ controls: 2 }),
      })
      expect(await answer.json()).to.deep.include({ mode: 'release', trigger: 'http' })
      expect(answer.status).to.equal(200)
      expect(cache.releases).to.equal(releases + 1)
    })

    it('refuses a body with a mistake in it', async () => {
      const answer = await fetch(url('/attribution'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"mode":"release","force":true}',
      })
      expect(answer.status).to.equal(400)
      expect(await answer.json()).to.include({ code: 'ERR_OPTION_UNKNOWN' })
    })

    it('tells of a run as it goes', async () => {
      const answer = await fetch(url('/attribution?mode=release'), {
        method: 'POST',
        headers: { accept: 'text/event-stream' },
      })
      const events = [...(await answer.text()).matchAll(/^event: (.*)$/gm)].map(([, event]) => event)
      expect(events[0]).to.equal('run-started')
      expect(events.at(-1)).to.equal('report')
    })

    it('answers HEAD, OPTIONS and what it does not take', async () => {
      const head = await fetch(url('/caches'), { method: 'HEAD' })
      expect([head.status, await head.text()]).to.deep.equal([200, ''])
      const options = await fetch(url('/caches'), { method: 'OPTIONS' })
      expect([options.status, options.headers.get('allow')]).to.deep.equal([204, 'GET, HEAD, OPTIONS'])
      expect((await fetch(url('/caches'), { method: 'PUT' })).status).to.equal(405)
    })

    it('does not take a header’s word for where a request comes from', async () => {
      const target = `${basePath}/caches`
      const forged = await sendRaw(port, messageOf({ target, headers: ['X-Forwarded-For: 127.0.0.1'] }))
      const rebound = await sendRaw(port, messageOf({ target, host: 'evil.example' }))
      expect([forged.status, rebound.status]).to.deep.equal([403, 403])
    })

    it('leaves every other path to the framework', async () => {
      expect(await (await fetch(`http://localhost:${port}/hello`)).text()).to.equal('hello')
      expect((await fetch(`http://localhost:${port}${basePath}2`)).status).to.equal(404)
    })
  })
}

describe('mounted in a framework that gives a Request alone', () => {
  it('is refused unless the mount passes the address of the socket', async () => {
    const { admin } = makeAdmin()
    const request = (): Request =>
      new Request('http://localhost/debug/memory/caches', { headers: { host: 'localhost' } })
    const refused = await admin(request())
    expect(refused?.status).to.equal(403)
    expect(await refused?.text()).to.include('remoteAddress')
    expect((await admin(request(), { remoteAddress: '10.0.0.1' }))?.status).to.equal(403)
    expect((await admin(request(), { remoteAddress: '::1' }))?.status).to.equal(200)
    await admin.close()
  })
})

describe('mounted in node:http2', () => {
  it('serves over HTTP/2 as well', async () => {
    const { admin } = makeAdmin()
    const listener = toNodeListener(admin) as unknown as (
      request: http2.Http2ServerRequest,
      response: http2.Http2ServerResponse,
    ) => void
    const server = http2.createServer(listener)
    const port = await listen(server)
    const client = http2.connect(`http://localhost:${port}`)
    const stream = client.request({ ':path': '/debug/memory/caches' })
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    expect([headers[':status'], JSON.parse(await text(stream))]).to.have.nested.property(
      '[1].caches[0].name',
      'a/b <i>',
    )
    expect(headers[':status']).to.equal(200)
    client.close()
    await admin.close()
    server.close()
    await once(server, 'close')
  })
})

function makeAdmin(options: AdminHandlerOptions = {}): { readonly admin: AdminHandler; readonly cache: FakeCache } {
  const world = new World()
  const coordinator = world.coordinator()
  const cache = world.cache('a/b <i>', { allocated: 1000, heap: 1000 })
  coordinator.register(cache.name, cache)
  return { admin: createAdminHandler(coordinator, { coolDownMs: 0, ...options }), cache }
}

async function serve(listener: http.RequestListener): ReturnType<Mount> {
  const server = http.createServer(listener)
  const port = await listen(server)
  return { port, close: () => closeServer(server) }
}

function withHello(admin: AdminHandler): http.RequestListener {
  const listener = toNodeListener(admin)
  return (request, response) => {
    if (request.url === '/hello') response.end('hello')
    else void listener(request, response)
  }
}

function ofExpress(mount: (app: express.Express) => unknown): ReturnType<Mount> {
  return serve(expressApp(mount))
}

function expressApp(mount?: (app: express.Express) => unknown): express.Express {
  const app = express()
  mount?.(app)
  app.get('/hello', (_request, response) => void response.send('hello'))
  return app
}

function ahead(admin: AdminHandler, app: http.RequestListener): http.RequestListener {
  const listener = toNodeListener(admin)
  return (request, response) => void listener(request, response, () => app(request, response))
}

async function ofFastify(admin: AdminHandler): ReturnType<Mount> {
  const app = fastify({ forceCloseConnections: true })
  const listener = toNodeListener(admin)
  // Before bodies are parsed. What is answered here goes no further.
  app.addHook('onRequest', (request, reply, next) => {
    void listener(request.raw, reply.raw, () => {
      next()
    })
  })
  app.get('/hello', () => 'hello')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return { port, close: () => app.close() }
}

function ofKoa(admin: AdminHandler): ReturnType<Mount> {
  const app = new Koa()
  const listener = toNodeListener(admin)
  app.use((context, next) => {
    context.respond = false
    return listener(context.req, context.res, () => {
      context.respond = true
      return next()
    })
  })
  app.use((context, next) => {
    if (context.path !== '/hello') return next()
    context.body = 'hello'
    return undefined
  })
  const callback = app.callback()
  return serve((request, response) => void callback(request, response))
}

interface Bindings {
  Bindings: { incoming: http.IncomingMessage }
}

function ofHono(
  admin: AdminHandler,
  path: string,
  rest: (app: Hono<Bindings>) => Pick<Hono<Bindings>, 'fetch'>,
): ReturnType<Mount> {
  const app = new Hono<Bindings>()
  app.all(path, async (context) => {
    const { remoteAddress } = context.env.incoming.socket
    return (await admin(context.req.raw, { remoteAddress })) ?? context.notFound()
  })
  const listener = getRequestListener(rest(app).fetch, {
    overrideGlobalObjects: false,
  })
  return serve((request, response) => void listener(request, response))
}

async function ofNest(admin: AdminHandler): ReturnType<Mount> {
  Logger.overrideLogger(false)
  const app = await NestFactory.create(moduleOfNest())
  app.use(toNodeListener(admin))
  app.use('/hello', (_request: unknown, response: http.ServerResponse) => response.end('hello'))
  await app.listen(0, '127.0.0.1')
  const server = app.getHttpServer() as http.Server
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: async () => {
      server.closeAllConnections()
      await app.close()
    },
  }
}

/** Without decorators, which the compiler would have to be told of. */
function moduleOfNest(): new () => object {
  const AppModule = class AppModule {
    readonly name = 'app'
  }
  Module({})(AppModule)
  return AppModule
}
