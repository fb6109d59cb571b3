// Under `auto`: one cache of each library that is no development dependency, loaded by `import` or by `require()`, filled, and measured in a
// twin. It prints the rows in one line of JSON: `import` or `require` is the argument.
import { createRequire } from 'node:module'
import { Coordinator } from 'cache-attribution'

const require = createRequire(import.meta.url)
const [system] = process.argv.slice(2)
const ENTRIES = 500

/** @param {string} name @returns {Promise<any>} what a program gets by `import … from` and by `const … = require()` */
async function load(name) {
  return system === 'require' ? require(name) : import(name)
}

/** @param {string} name @returns {Promise<any>} */
async function itself(name) {
  const loaded = await load(name)
  return loaded.default ?? loaded
}

/** @param {number} index */
function made(index) {
  return new Array(1250).fill(index + 0.5)
}

/** @type {Record<string, () => Promise<{ set: (index: number) => unknown }>>} Name: what its row ends with. */
const SUBJECTS = {
  memoizee: async () => called((await itself('memoizee'))(made)),
  'memoize (moize)': async () => called((await itself('moize')).maxSize(1000)(made)),
  'memoize (micro-memoize)': async () => called((await load('micro-memoize')).memoize(made, { maxSize: 1000 })),
  'memoize (micro-memoize 4)': async () => called((await itself('micro-memoize-4'))(made, { maxSize: 1000 })),
  mem: async () => called((await itself('mem'))(made)),
  'memoize (memoize)': async () => called((await itself('memoize'))(made)),
  'shared cache': async () => put(await itself('memory-cache')),
  Cache: async () => put(new (await itself('memory-cache')).Cache()),
  'createStorage (memory)': async () => stored((await load('unstorage')).createStorage()),
  'createStorage (lru-cache)': async () => {
    const driver = (await itself('unstorage/drivers/lru-cache'))({ max: 1000 })
    return stored((await load('unstorage')).createStorage({ driver }))
  },
  'createStorage (files, refused)': async () => {
    const driver = (await itself('unstorage/drivers/fs'))({ base: 'no-such-folder' })
    const storage = (await load('unstorage')).createStorage({ driver })
    return { set: () => storage }
  },
  Keyv: async () => {
    const cache = new (await itself('@keyvhq/core'))({ serialize: same, deserialize: same })
    return { set: (index) => cache.set(String(index), made(index)) }
  },
  abstractCache: async () => {
    const cache = (await itself('abstract-cache'))({ useAwait: true })
    return { set: (index) => cache.set(String(index), made(index), 3_600_000) }
  },
}

/** @param {unknown} value */
function same(value) {
  return value
}

/** @param {(index: number) => unknown} memoized */
function called(memoized) {
  return { set: memoized }
}

/** @param {any} cache */
function put(cache) {
  return { set: (/** @type {number} */ index) => cache.put(String(index), made(index)) }
}

/** @param {any} storage */
function stored(storage) {
  return { set: (/** @type {number} */ index) => storage.setItemRaw(String(index), made(index)) }
}

const kept = []
for (const make of Object.values(SUBJECTS)) {
  const subject = await make()
  for (let index = 0; index < ENTRIES; index++) await subject.set(index)
  kept.push(subject)
}
const { caches } = await Coordinator.default().attribute({ mode: 'twin' })
const rows = caches.map(({ name, status, released }) => ({ name, status, bytes: released.totalBytes }))
console.log('RESULT ' + JSON.stringify({ subjects: Object.keys(SUBJECTS), rows }))
process.exit(kept.length > 0 ? 0 : 1)
