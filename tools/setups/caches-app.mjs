// Caches of frameworks and libraries that are no development dependencies: each is filled through its own methods, known by fromCache(),
// counted, measured in a twin (nothing is lost) and by release (it is empty and works again). It prints one line of JSON.
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { Coordinator } from 'cache-attribution'
import { fromCache, fromOcache, fromPMemoize } from 'cache-attribution/adapters'

const require = createRequire(import.meta.url)
const ENTRIES = 500
const BYTES = 10_000

/** @type {Record<string, () => Promise<any> | any>} Each: { cache, set(index, value), get(index), releasable?, count? } */
const SUBJECTS = {
  'lru-cache 4': () => lru5('lru-cache-4'),
  'lru-cache 5': () => lru5('lru-cache-5'),
  'lru-cache 6': () => lru5('lru-cache-6'),
  'keyv 4': () => keyv(new (require('keyv-4'))()),
  '@keyvhq/core': () => keyv(new (require('@keyvhq/core'))({ serialize: same, deserialize: same })),
  'keyv 4 over lru-cache 6': () => keyv(new (require('keyv-4'))({ store: overLru6() })),
  'cache-manager 4': () =>
    manager(require('cache-manager-4').caching({ store: 'memory', max: 1000, shouldCloneBeforeSet: false })),
  'cache-manager 5': async () =>
    manager(await require('cache-manager-5').caching('memory', { max: 1000, shouldCloneBeforeSet: false })),
  'cache-manager 6': () => manager(require('cache-manager-6').createCache()),
  memoizee: () => memoized(require('memoizee')(made, { length: 1 })),
  'memoizee, normalized': () => memoized(require('memoizee')(made, { length: 2 })),
  moize: () => memoized(require('moize')(made, { maxSize: Infinity }), true),
  'moize, maxAge': () => memoized(require('moize')(made, { maxSize: Infinity, maxAge: 3_600_000 }), true),
  'micro-memoize 4': () => memoized(require('micro-memoize-4')(made, { maxSize: Infinity }), true),
  'micro-memoize 5': () => memoized(require('micro-memoize').memoize(made, { maxSize: 100_000 }), true),
  memoize: async () => {
    const { default: memoize, memoizeClear } = await import('memoize')
    const subject = memoized(memoize(made))
    return { ...subject, cache: undefined, releasable: fromPMemoize(subject.cache, memoizeClear) }
  },
  mem: async () => {
    const { default: mem, memClear } = await import('mem')
    const subject = memoized(mem(made))
    return { ...subject, cache: undefined, releasable: fromPMemoize(subject.cache, memClear) }
  },
  'memory-cache': () => {
    const cache = new (require('memory-cache').Cache)()
    return { cache, set: (key, value) => cache.put(key, value), get: (key) => cache.get(key), count: true }
  },
  'abstract-cache': () => abstract(require('abstract-cache')()),
  'abstract-cache, awaited': () => abstract(require('abstract-cache')({ useAwait: true })),
  '@fastify/caching': async () => {
    const app = require('fastify')()
    await app.register(require('@fastify/caching'))
    await app.ready()
    return { ...abstract(app.cache), end: () => app.close() }
  },
  'unstorage, memory': async () => {
    const { createStorage } = await import('unstorage')
    return unstorage(createStorage())
  },
  'unstorage, lru-cache below cache:': async () => {
    const { createStorage } = await import('unstorage')
    const { default: lru } = await import('unstorage/drivers/lru-cache')
    return unstorage(createStorage().mount('cache', lru({ max: 10_000 })), 'cache:')
  },
  'unstorage, a driver': async () => {
    const { default: memory } = await import('unstorage/drivers/memory')
    const cache = memory()
    return { cache, set: (key, value) => cache.setItem(key, value), get: (key) => cache.getItem(key), count: true }
  },
  ocache: async () => {
    const { defineCachedFunction } = await import('ocache')
    const releasable = fromOcache(new Map())
    let next
    const load = defineCachedFunction(() => next, {
      storage: releasable.storage,
      maxAge: 3600,
      name: 'load',
      getKey: String,
    })
    return {
      releasable,
      count: true,
      set: async (key, value) => {
        next = value
        await load(key)
        await delay(0)
        next = undefined
      },
      get: async (key) => (await load(key)) ?? undefined,
    }
  },
  '@hapi/catbox-memory': () => {
    const { Engine } = require('@hapi/catbox-memory')
    const cache = new Engine()
    cache.start()
    const key = (id) => ({ segment: 'pages', id })
    const set = (id, value) => cache.set(key(id), value, 3_600_000)
    return { cache, set, get: (id) => cache.get(key(id))?.item, count: true, end: () => cache.stop() }
  },
  'NestJS CacheModule': async () => {
    await import('reflect-metadata')
    const { Module } = await import('@nestjs/common')
    const { NestFactory } = await import('@nestjs/core')
    const { CACHE_MANAGER, CacheModule } = await import('@nestjs/cache-manager')
    class AppModule {}
    Module({ imports: [CacheModule.register()] })(AppModule)
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false })
    return { ...manager(app.get(CACHE_MANAGER, { strict: false })), end: () => app.close() }
  },
  'Apollo Server, documents': async () => {
    const { ApolloServer } = await import('@apollo/server')
    const cache = new ApolloServer({
      typeDefs: 'type Query { here: String }',
      resolvers: { Query: { here: () => 'here' } },
    })
    await cache.start()
    const store = () => cache.internals.state.schemaManager.schemaDerivedData.documentStore
    const query = (key) => `query { ${key}: here }`
    return {
      cache,
      count: true,
      // The store counts the JSON of what it is given: a real document first, and then Buffers of known size in its place.
      set: async (key, value) => {
        if (store().cache.size === 0) await cache.executeOperation({ query: query(key) })
        store().cache.set(key, value, { size: 1 })
      },
      get: (key) => store().cache.get(key),
      extra: 1,
      end: () => cache.stop(),
    }
  },
  'Next.js, LRUCache': () => {
    const { LRUCache } = require('next/dist/server/lib/lru-cache')
    return nextLru(new LRUCache(1e9, (value) => value.length))
  },
  'Next.js, incremental cache': async () => {
    const { default: FileSystemCache } = require('next/dist/server/lib/incremental-cache/file-system-cache')
    const cache = new FileSystemCache({ fs: {}, serverDistDir: '.', revalidatedTags: [], maxMemoryCacheSize: 1e9 })
    return { ...nextLru(FileSystemCache.memoryCache), cache }
  },
}

const same = (value) => value
let next
const made = () => next

/** A function that gives what is to be kept. */
function memoized(cache, count = false) {
  return {
    cache,
    count,
    set: (key, value) => {
      next = value
      cache(key, 1)
      next = undefined
    },
    get: (key) => cache(key, 1),
  }
}

function lru5(name) {
  const LRU = require(name)
  const cache = new LRU({ max: 10_000 })
  return { cache, set: (key, value) => cache.set(key, value), get: (key) => cache.get(key), count: true }
}

/** With the names that Keyv asks for. */
function overLru6() {
  const LRU = require('lru-cache-6')
  const store = new LRU({ max: 10_000 })
  return Object.assign(store, { delete: (key) => (store.del(key), true), clear: () => store.reset() })
}

function keyv(cache) {
  if (cache.opts !== undefined) Object.assign(cache.opts, { serialize: same, deserialize: same })
  return { cache, set: (key, value) => cache.set(key, value), get: (key) => cache.get(key), count: true }
}

function manager(cache) {
  for (const store of cache.stores ?? []) Object.assign(store, { serialize: undefined, deserialize: undefined })
  return { cache, set: (key, value) => cache.set(key, value), get: (key) => cache.get(key), count: true }
}

function abstract(cache) {
  const asked = (method, ...args) =>
    new Promise((resolve, reject) => {
      const answer = cache[method](...args, (error, value) => (error ? reject(error) : resolve(value)))
      if (answer instanceof Promise) answer.then(resolve, reject)
    })
  const set = (key, value) => asked('set', key, value, 3_600_000)
  return { cache, set, get: async (key) => (await asked('get', key))?.item, count: true }
}

function unstorage(cache, base = '') {
  const set = (key, value) => cache.setItemRaw(`${base}${key}`, value)
  return { cache, set, get: (key) => cache.getItemRaw(`${base}${key}`), count: true }
}

function nextLru(cache) {
  return { cache, set: (key, value) => cache.set(key, value), get: (key) => cache.get(key), count: true }
}

async function fill(subject) {
  for (let index = 0; index < ENTRIES; index++) {
    await subject.set(`entry${index}`, Buffer.allocUnsafeSlow(BYTES).fill(index % 256))
  }
}

async function judged(name, make) {
  const subject = await make()
  const problems = []
  const expect = (condition, words) => {
    if (!condition) problems.push(words)
  }
  const releasable = subject.releasable ?? fromCache(subject.cache)
  await fill(subject)
  await delay(5)
  const full = releasable.entries?.() ?? null
  const entries = ENTRIES + (subject.extra ?? 0)
  expect(subject.count ? full === entries : full === null, `it counts ${full}`)
  const coordinator = new Coordinator()
  coordinator.register(name, releasable)
  const bytesOf = async (options) => {
    const [row] = (await coordinator.attribute(options)).caches
    expect(row.status !== 'failed' && row.status !== 'skipped', `${options.mode}: ${row.status} ${row.error?.message}`)
    return (options.mode === 'trim' ? row.estimated : row.released)?.totalBytes ?? NaN
  }
  const known = ENTRIES * BYTES
  const isRight = (bytes) => bytes > 0.98 * known && bytes < 1.25 * known
  const twin = await bytesOf({ mode: 'twin' })
  expect(isRight(twin), `twin ${twin}`)
  expect((releasable.entries?.() ?? null) === full, 'a twin cost entries')
  if (releasable.trim !== undefined) {
    const whole = await bytesOf({ mode: 'trim', fraction: 0.2, choice: 'random' })
    expect(whole > 0.8 * known && whole < 1.4 * known, `by a trim ${whole}`)
    await fill(subject)
  }
  const released = await bytesOf({ mode: 'release' })
  expect(isRight(released), `released ${released}`)
  if (subject.count) expect(releasable.entries() === 0, `then it counts ${releasable.entries()}`)
  expect(((await subject.get('entry0')) ?? null) === null, 'an entry is still there')
  await subject.set('again', Buffer.alloc(10, 7))
  expect((await subject.get('again'))?.length === 10, 'it does not work afterwards')
  await coordinator.close()
  await subject.end?.()
  return { name, twin, released, problems }
}

const words = process.argv.slice(2)
const left = words.filter((word) => word.startsWith('--except=')).map((word) => word.slice('--except='.length))
const wanted = words.filter((word) => !word.startsWith('--'))
const results = []
for (const [name, make] of Object.entries(SUBJECTS)) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue
  if (left.some((word) => name.includes(word))) continue
  try {
    results.push(await judged(name, make))
  } catch (error) {
    results.push({ name, problems: [String(error.stack)] })
  }
}
console.log(`RESULT ${JSON.stringify({ results })}`)
process.exit()
