/** The seven servers, plainly configured. */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { BROKER_AND_DOCUMENTS, BROKER_CLIENTS, GRAPHQL_SHOP, NEXT_LAYOUT, NEXT_PAGE } from './programs.js'
import type { RealServer } from './server.js'

const json = (value: unknown): string => JSON.stringify(value)

/** A registry of packages. */
const verdaccio: RealServer = {
  name: 'verdaccio',
  packages: ['verdaccio@6'],
  overrides: { 'node-fetch': '2.7.0' },
  configure: (folder) => {
    const storage = path.join(folder, 'storage')
    writeFileSync(
      path.join(folder, 'config.yaml'),
      `storage: ${storage}\nauth: {}\nuplinks: {}\npackages:\n  '**':\n    access: $all\n    publish: $all\nlog: { type: stdout, format: json, level: error }\n`,
    )
    const names = Array.from({ length: 150 }, (_, index) => `package-${String(index)}`)
    mkdirSync(storage, { recursive: true })
    writeFileSync(path.join(storage, '.verdaccio-db.json'), json({ list: names, secret: 'x'.repeat(32) }))
    for (const name of names) {
      mkdirSync(path.join(storage, name), { recursive: true })
      writeFileSync(path.join(storage, name, 'package.json'), json(manifestOf(name)))
    }
  },
  args: ({ port }) => ['node_modules/verdaccio/bin/verdaccio', '-c', 'config.yaml', '-l', `127.0.0.1:${String(port)}`],
  readyPath: '/-/ping',
  load: (turn) => ({
    path:
      turn % 20 === 0
        ? '/-/v1/search?text=package&size=20'
        : `/package-${String(turn % 150)}${turn % 3 === 0 ? '/1.0.7' : ''}`,
  }),
}

function manifestOf(name: string): object {
  const versions = Array.from({ length: 40 }, (_, index) => `1.0.${String(index)}`)
  const versionOf = (version: string): object => ({
    name,
    version,
    description: `a package with ${'words '.repeat(30)}`,
    dependencies: Object.fromEntries(
      Array.from({ length: 15 }, (_, index) => [`dependency-${String(index)}`, '^1.0.0']),
    ),
    dist: { shasum: 'a'.repeat(40), tarball: `http://localhost/${name}/-/${name}-${version}.tgz` },
  })
  return {
    name,
    versions: Object.fromEntries(versions.map((version) => [version, versionOf(version)])),
    time: Object.fromEntries(versions.map((version) => [version, '2024-01-01T00:00:00.000Z'])),
    'dist-tags': { latest: '1.0.39' },
    _distfiles: {},
    _attachments: {},
    _uplinks: {},
    _rev: '1-0',
    readme: '# readme\n'.repeat(50),
  }
}

/** GraphQL with a database, pictures and sessions. */
const apollo: RealServer = {
  name: 'apollo',
  packages: [
    '@apollo/server@5',
    'graphql@16',
    'dataloader@2',
    'lru-cache@11',
    '@as-integrations/express5',
    'express@5',
    'cors',
    'better-sqlite3@12',
    'sharp',
  ],
  builds: ['better-sqlite3'],
  configure: (folder) => {
    writeFileSync(path.join(folder, 'server.mjs'), GRAPHQL_SHOP)
  },
  args: ({ port }) => ['server.mjs', String(port)],
  readyPath: '/picture/0',
  load: (turn) =>
    turn % 40 === 0
      ? { path: `/picture/${String((turn / 40) % 300)}` }
      : {
          path: '/graphql',
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-session': `session-${String(turn % 20_000)}` },
          body: json({
            operationName: 'Shop',
            query:
              'query Shop($id: Int!, $n: Int!) { product(id: $id) { id name body brand { name } } list(from: $id, n: $n) { id name } }',
            variables: { id: (turn * 17) % 40_000, n: turn % 4 },
          }),
        },
}

/** A flow of a function with a context of its own, a delay and a template. */
const nodeRed: RealServer = {
  name: 'node-red',
  packages: ['node-red'],
  configure: (folder, { port }) => {
    const data = path.join(folder, 'data')
    mkdirSync(data, { recursive: true })
    writeFileSync(
      path.join(data, 'settings.js'),
      `module.exports = { uiPort: ${String(port)}, uiHost: '127.0.0.1', flowFile: 'flows.json', logging: { console: { level: 'error' } } }\n`,
    )
    writeFileSync(path.join(data, 'flows.json'), json(FLOWS))
  },
  args: () => ['node_modules/node-red/red.js', '--userDir', 'data'],
  readyPath: '/readings/0',
  load: (turn) => ({ path: `/readings/${String(turn % 4000)}?value=${String(turn)}` }),
}

const FLOWS = [
  { id: 'node-tab', type: 'tab', label: 'flow' },
  {
    id: 'node-in',
    type: 'http in',
    z: 'node-tab',
    url: '/readings/:sensor',
    method: 'get',
    wires: [['node-function']],
  },
  {
    id: 'node-function',
    type: 'function',
    z: 'node-tab',
    outputs: 2,
    func: `
      const sensors = flow.get('sensors') || {}
      const { sensor } = msg.req.params
      const list = sensors[sensor] ??= []
      list.push({ at: Date.now(), value: Number(msg.req.query.value) })
      if (list.length > 200) list.shift()
      flow.set('sensors', sensors)
      msg.payload = { sensor, count: list.length }
      return [msg, { topic: sensor, payload: { ...msg.payload, text: 'x'.repeat(100) } }]
    `,
    wires: [['node-template'], ['node-delay']],
  },
  {
    id: 'node-template',
    type: 'template',
    z: 'node-tab',
    field: 'payload',
    format: 'handlebars',
    syntax: 'mustache',
    template: '{"sensor":"{{payload.sensor}}","count":{{payload.count}}}',
    wires: [['node-out']],
  },
  { id: 'node-out', type: 'http response', z: 'node-tab', wires: [] },
  {
    id: 'node-delay',
    type: 'delay',
    z: 'node-tab',
    pauseType: 'delay',
    timeout: '30',
    timeoutUnits: 'seconds',
    wires: [[]],
  },
]

/** Pages that are made on demand and kept. */
const next: RealServer = {
  name: 'next',
  packages: ['next@15', 'react@19', 'react-dom@19'],
  prepare: async ({ folder, run }) => {
    const page = path.join(folder, 'app', 'product', '[id]')
    mkdirSync(page, { recursive: true })
    writeFileSync(path.join(page, 'page.jsx'), NEXT_PAGE)
    writeFileSync(path.join(folder, 'app', 'layout.jsx'), NEXT_LAYOUT)
    await run('node', ['node_modules/next/dist/bin/next', 'build'], { NEXT_TELEMETRY_DISABLED: '1' })
  },
  args: ({ port }) => ['node_modules/next/dist/bin/next', 'start', '-p', String(port), '-H', '127.0.0.1'],
  env: () => ({ NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' }),
  readyPath: '/product/0',
  load: (turn) => ({ path: `/product/${String(turn % 3000)}` }),
}

/** A broker of messages, and shared documents. */
const aedes: RealServer = {
  name: 'aedes',
  packages: ['aedes', 'mqtt@5', '@hocuspocus/server', '@hocuspocus/provider', 'yjs', 'ws'],
  configure: (folder) => {
    writeFileSync(path.join(folder, 'server.mjs'), BROKER_AND_DOCUMENTS)
    writeFileSync(path.join(folder, 'clients.mjs'), BROKER_CLIENTS)
  },
  args: ({ port, secondPort }) => ['server.mjs', String(port), String(secondPort)],
  readyPath: null,
  load: { program: 'clients.mjs' },
}

const DIRECTUS_TOKEN = 'bench-token-of-the-administrator'

/** A headless CMS over SQLite, with its cache in memory. */
const directus: RealServer = {
  name: 'directus',
  packages: ['directus@11', 'sqlite3@5'],
  builds: ['sqlite3', 'isolated-vm', 'argon2', 'sharp'],
  prepare: async ({ run }) => {
    await run('node', ['node_modules/directus/cli.js', 'bootstrap'], directusEnv(0))
  },
  args: () => ['node_modules/directus/cli.js', 'start'],
  env: ({ port }) => directusEnv(port),
  readyPath: '/server/ping',
  fill: async (origin) => {
    const ask = async (where: string, body: unknown): Promise<void> => {
      await fetch(`${origin}${where}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${DIRECTUS_TOKEN}` },
        body: json(body),
      })
    }
    await ask('/collections', {
      collection: 'article',
      schema: {},
      meta: {},
      fields: ['title', 'body'].map((field) => ({ field, type: 'text', schema: {}, meta: {} })),
    })
    const articles = Array.from({ length: 500 }, (_, number) => ({
      title: `article ${String(number)}`,
      body: 'text '.repeat(200),
    }))
    await ask('/items/article', articles)
  },
  load: (turn) => ({
    path: `/items/article?limit=${String(5 + (turn % 20))}&offset=${String((turn * 7) % 480)}`,
    headers: { authorization: `Bearer ${DIRECTUS_TOKEN}` },
  }),
  clients: 4,
}

function directusEnv(port: number): NodeJS.ProcessEnv {
  return {
    HOST: '127.0.0.1',
    PORT: String(port),
    SECRET: 'a secret of the benchmark, which guards nothing',
    DB_CLIENT: 'sqlite3',
    DB_FILENAME: './data.db',
    ADMIN_EMAIL: 'admin@example.com',
    ADMIN_PASSWORD: 'no-password-of-anybody',
    ADMIN_TOKEN: DIRECTUS_TOKEN,
    CACHE_ENABLED: 'true',
    CACHE_STORE: 'memory',
    CACHE_TTL: '30m',
    TELEMETRY: 'false',
    LOG_LEVEL: 'error',
  }
}

/** A blog over SQLite. */
const ghost: RealServer = {
  name: 'ghost',
  packages: ['ghost@6'],
  builds: ['sqlite3', 'sharp', 're2'],
  configure: (folder, { port }) => {
    const home = path.join(folder, 'node_modules', 'ghost')
    const content = path.join(folder, 'content')
    if (!existsSync(content)) cpSync(path.join(home, 'content'), content, { recursive: true })
    writeFileSync(
      path.join(home, 'config.development.json'),
      json({
        url: `http://127.0.0.1:${String(port)}`,
        server: { host: '127.0.0.1', port },
        database: {
          client: 'sqlite3',
          connection: { filename: path.join(folder, 'ghost.db') },
          useNullAsDefault: true,
        },
        paths: { contentPath: content },
        mail: { transport: 'Direct' },
        logging: { level: 'error', transports: ['stderr'] },
        privacy: { useUpdateCheck: false, useGravatar: false },
      }),
    )
  },
  args: () => ['index.js'],
  env: () => ({ NODE_ENV: 'development' }),
  folder: 'node_modules/ghost',
  readyPath: '/',
  load: (turn) => ({
    path: ['/', '/about/', '/coming-soon/', '/author/ghost/', '/tag/news/', '/rss/'][turn % 6] ?? '/',
  }),
  clients: 2,
}

/** The quickest to install come first. */
export const SERVERS: readonly RealServer[] = [verdaccio, apollo, nodeRed, aedes, next, directus, ghost]
