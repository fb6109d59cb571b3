// Ordinary calls of popular packages, as an application makes them for one request: none of them leaves anything behind.
import { EventEmitter } from 'node:events'
import http from 'node:http'
import { once } from 'node:events'

/** @typedef {(name: string, isWhole?: boolean) => Promise<any>} Load the default export, else the module; or the module as a whole */
/** @typedef {{ packages: string[], make: (load: Load) => Promise<() => unknown> }} OrdinaryCall */

const USER = {
  id: 7,
  name: 'Ada',
  mail: 'ada@example.org',
  tags: ['a', 'b'],
  address: { city: 'London', lines: [1, 2, 3] },
}
let count = 0

/** @param {string} name @param {(module: any) => (() => unknown) | Promise<() => unknown>} make @returns {OrdinaryCall} */
const of = (name, make) => ({ packages: [name], make: async (load) => make(await load(name)) })

/**
 * A server on the loopback interface, and one request to it.
 *
 * @param {(request: http.IncomingMessage, response: http.ServerResponse) => void} listener
 */
async function served(listener) {
  const server = http.createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return `http://127.0.0.1:${port}`
}

/** @type {Record<string, OrdinaryCall>} */
export const ordinaryCalls = {
  lodash: of('lodash', (_) => () => _.groupBy(_.sortBy(_.cloneDeep([USER, USER]), 'name'), 'id')),
  'lodash template': of('lodash', (_) => {
    const template = _.template('hello <%= name %>')
    return () => template({ name: `user ${count++}` })
  }),
  uuid: of(
    'uuid',
    ({ v4, v5 }) =>
      () =>
        v5(v4(), '6ba7b810-9dad-11d1-80b4-00c04fd430c8'),
  ),
  nanoid: of(
    'nanoid',
    ({ nanoid }) =>
      () =>
        nanoid(),
  ),
  zod: of('zod', (zod) => {
    const z = zod.z ?? zod
    const schema = z.object({ id: z.number(), name: z.string().min(1), tags: z.array(z.string()) })
    return () => [schema.safeParse({ ...USER }), schema.safeParse({ id: 'x' })]
  }),
  ajv: of('ajv', (module) => {
    const Ajv = module.default ?? module
    const validate = new Ajv().compile({
      type: 'object',
      properties: { id: { type: 'integer' } },
      required: ['id', 'none'],
    })
    return () => validate({ id: count++ })
  }),
  joi: of('joi', (joi) => {
    const schema = joi.object({ id: joi.number(), name: joi.string() }).unknown()
    return () => schema.validate({ ...USER, id: 'x' })
  }),
  yup: of('yup', (yup) => {
    const schema = yup.object({ id: yup.number().required(), name: yup.string().required() })
    return () => schema.validate({ ...USER })
  }),
  validator: of('validator', (validator) => () => validator.isEmail(`u${count++}@example.org`)),
  moment: of(
    'moment',
    (moment) => () =>
      moment
        .utc(1e12 + count++)
        .add(1, 'day')
        .format('YYYY-MM-DD HH:mm'),
  ),
  dayjs: of(
    'dayjs',
    (dayjs) => () =>
      dayjs(1e12 + count++)
        .add(1, 'month')
        .format('YYYY-MM-DD'),
  ),
  'date-fns': of(
    'date-fns',
    ({ format, addDays }) =>
      () =>
        format(addDays(new Date(1e12 + count++), 3), 'yyyy-MM-dd HH:mm'),
  ),
  luxon: of(
    'luxon',
    ({ DateTime }) =>
      () =>
        DateTime.fromMillis(1e12 + count++, { zone: 'utc' })
          .plus({ days: 1 })
          .toISO(),
  ),
  ramda: of('ramda', (R) => () => R.pipe(R.map(R.assoc('x', 1)), R.groupBy(R.prop('name')))([USER, USER])),
  immutable: of(
    'immutable',
    ({ Map: IMap, List }) =>
      () =>
        IMap({ a: 1 })
          .set('b', List([1, 2, count++]))
          .toJS(),
  ),
  rxjs: of(
    'rxjs',
    ({ from, map, filter, lastValueFrom, toArray }) =>
      () =>
        lastValueFrom(
          from([1, 2, 3]).pipe(
            map((/** @type {number} */ n) => n + count++),
            filter(Boolean),
            toArray(),
          ),
        ),
  ),
  handlebars: of('handlebars', (module) => {
    const template = (module.default ?? module).compile('<p>{{name}} {{#each tags}}{{this}}{{/each}}</p>')
    return () => template({ ...USER, name: `user ${count++}` })
  }),
  mustache: of('mustache', (mustache) => () => mustache.render('<p>{{name}}</p>', { name: `user ${count++}` })),
  ejs: of('ejs', (ejs) => {
    const template = ejs.compile('<p><%= name %></p>')
    return () => template({ name: `user ${count++}` })
  }),
  nunjucks: of('nunjucks', (nunjucks) => {
    const template = nunjucks.compile('<p>{{ name }}</p>')
    return () => template.render({ name: `user ${count++}` })
  }),
  marked: of('marked', (module) => () => (module.marked ?? module).parse(`# Title ${count++}\n\n- *a*\n- [b](c)`)),
  'markdown-it': of('markdown-it', (markdown) => {
    const renderer = markdown()
    return () => renderer.render(`# Title ${count++}\n\n- *a*\n- [b](c)`)
  }),
  cheerio: of(
    'cheerio',
    ({ load }) =>
      () =>
        load(`<ul><li>${count++}</li><li>b</li></ul>`)('li').first().text(),
  ),
  'js-yaml': of('js-yaml', (yaml) => () => yaml.dump(yaml.load(`id: ${count++}\nlist:\n  - a\n  - b: c`))),
  xml2js: of('xml2js', (xml) => () => xml.parseStringPromise(`<a id="${count++}"><b>c</b></a>`)),
  'fast-xml-parser': of('fast-xml-parser', ({ XMLParser }) => {
    const parser = new XMLParser()
    return () => parser.parse(`<a><id>${count++}</id><b>c</b></a>`)
  }),
  'csv-parse': {
    packages: ['csv-parse'],
    make: async (load) => {
      const { parse } = await load('csv-parse/sync')
      return () => parse(`id,name\n${count++},Ada\n8,Bob`, { columns: true })
    },
  },
  qs: of('qs', (qs) => () => qs.stringify(qs.parse(`a[b]=${count++}&c[]=1&c[]=2`))),
  semver: of('semver', (semver) => () => semver.satisfies(`1.${count++}.3`, '^1.2.0')),
  minimatch: of(
    'minimatch',
    ({ minimatch }) =>
      () =>
        minimatch(`src/${count++}/a.ts`, 'src/**/*.{ts,js}'),
  ),
  glob: of(
    'glob',
    ({ glob }) =>
      () =>
        glob('package.json', { cwd: process.cwd() }),
  ),
  chalk: of('chalk', (chalk) => () => chalk.red.bold(`line ${count++}`)),
  commander: of(
    'commander',
    ({ Command }) =>
      () =>
        new Command()
          .exitOverride()
          .option('-p, --port <number>')
          .argument('[file]')
          .parse(['node', 'x', '-p', `${count++}`, 'f']),
  ),
  yargs: of(
    'yargs',
    (yargs) => () =>
      yargs(['--port', `${count++}`])
        .exitProcess(false)
        .help(false)
        .version(false)
        .parseSync(),
  ),
  winston: of('winston', (winston) => {
    const silent = new winston.transports.Console({ silent: true })
    const logger = winston.createLogger({ transports: [silent] })
    return () => logger.info('request', { id: count++ })
  }),
  pino: of('pino', (pino) => {
    const logger = pino({ base: null }, { write: () => undefined })
    return () => logger.child({ id: count++ }).info(USER, 'request')
  }),
  bluebird: of(
    'bluebird',
    (Bluebird) => () => Bluebird.map([1, 2, 3], async (/** @type {number} */ n) => n + count++, { concurrency: 2 }),
  ),
  async: of('async', (async) => () => async.mapLimit([1, 2, 3], 2, async (/** @type {number} */ n) => n + count++)),
  'p-limit': of('p-limit', (pLimit) => {
    const limit = pLimit(2)
    return () => Promise.all([1, 2, 3].map((n) => limit(async () => n + count++)))
  }),
  'p-queue': of('p-queue', (PQueue) => {
    const queue = new PQueue({ concurrency: 2 })
    return () => queue.addAll([1, 2, 3].map((n) => async () => n + count++))
  }),
  'lru-cache, bounded': of('lru-cache', ({ LRUCache }) => {
    const cache = new LRUCache({ max: 50 })
    return () => cache.set(count++, { text: `value ${count}` })
  }),
  bcryptjs: of('bcryptjs', (bcrypt) => () => bcrypt.hashSync(`password ${count++}`, 4)),
  jsonwebtoken: of('jsonwebtoken', (jwt) => () => jwt.verify(jwt.sign({ id: count++ }, 'secret'), 'secret')),
  cookie: of('cookie', (module) => {
    const parse = module.parse ?? module.parseCookie
    return () => parse(`a=${count++}; b=2`)
  }),
  'mime-types': of('mime-types', (mime) => () => mime.contentType(`file${count++}.json`)),
  debug: of('debug', (debug) => {
    const log = debug('app')
    return () => log('request %d', count++)
  }),
  ms: of('ms', (ms) => () => ms(ms(`${(count++ % 1000) + 1}h`))),
  eventemitter3: of('eventemitter3', (EE) => {
    const emitter = new EE()
    return () => {
      emitter.once('x', () => count++)
      emitter.emit('x')
    }
  }),
  deepmerge: of('deepmerge', (merge) => () => merge(USER, { address: { city: `c${count++}` } })),
  'fast-deep-equal': of('fast-deep-equal', (equal) => () => equal(USER, { ...USER, id: count++ })),
  'iconv-lite': of('iconv-lite', (iconv) => () => iconv.decode(iconv.encode(`größe ${count++}`, 'win1252'), 'win1252')),
  superjson: of(
    'superjson',
    (module) => () => (module.default ?? module).parse((module.default ?? module).stringify({ at: new Date(count++) })),
  ),
  mathjs: of(
    'mathjs',
    ({ evaluate }) =>
      () =>
        evaluate(`sqrt(${count++} + 4) * 2`),
  ),
  axios: {
    packages: ['axios'],
    make: async (load) => {
      const axios = await load('axios')
      const url = await served((_, response) => response.end('{"a":1}'))
      return () => axios.get(`${url}/${count++}`)
    },
  },
  undici: {
    packages: ['undici'],
    make: async (load) => {
      const { request, Agent } = await load('undici')
      const url = await served((_, response) => response.end('{"a":1}'))
      const dispatcher = new Agent({ connections: 1 })
      return async () => (await request(`${url}/${count++}`, { dispatcher })).body.json()
    },
  },
  express: {
    packages: ['express'],
    make: async (load) => {
      const express = await load('express')
      const app = express()
      app.use(express.json())
      app.get('/users/:id', (/** @type {any} */ request, /** @type {any} */ response) =>
        response.json({ id: request.params.id }),
      )
      const url = await served(app)
      return async () => (await fetch(`${url}/users/${count++}`)).json()
    },
  },
  koa: {
    packages: ['koa'],
    make: async (load) => {
      const Koa = await load('koa')
      const app = new Koa()
      app.use((/** @type {any} */ context) => (context.body = { path: context.path }))
      const url = await served(app.callback())
      return async () => (await fetch(`${url}/${count++}`)).json()
    },
  },
  fastify: {
    packages: ['fastify'],
    make: async (load) => {
      const app = (await load('fastify'))()
      app.get('/users/:id', async (/** @type {any} */ request) => ({ id: request.params.id }))
      await app.ready()
      return async () => (await app.inject(`/users/${count++}`)).json()
    },
  },
  ws: {
    packages: ['ws'],
    make: async (load) => {
      const { WebSocket, WebSocketServer } = await load('ws', true)
      const server = http.createServer().listen(0, '127.0.0.1')
      new WebSocketServer({ server }).on('connection', (/** @type {any} */ socket) =>
        socket.on('message', (/** @type {Buffer} */ data) => socket.send(data)),
      )
      await once(server, 'listening')
      server.unref()
      const socket = new WebSocket(`ws://127.0.0.1:${/** @type {any} */ (server.address()).port}`)
      await once(socket, 'open')
      return async () => {
        socket.send(`message ${count++}`)
        await once(socket, 'message')
      }
    },
  },
  'node: events': {
    packages: [],
    make: async () => {
      const emitter = new EventEmitter()
      return async () => {
        setImmediate(() => emitter.emit('done', count++))
        await once(emitter, 'done')
      }
    },
  },
  'node: fetch': {
    packages: [],
    make: async () => {
      const url = await served((_, response) => response.end('{"a":1}'))
      return async () => (await fetch(`${url}/${count++}`)).json()
    },
  },
}
