/** Leaks of whole scopes: modules that are loaded again, contexts of node:vm. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import { type Leak, payload, times } from './leak.js'

const contexts: vm.Context[] = []
const tenants = new Map<string, vm.Context>()

async function inFolder(file: string, text: string, use: (file: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'scopes-'))
  try {
    const whole = path.join(folder, file)
    writeFileSync(whole, text)
    await use(whole)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const ROWS = 'Array.from({ length: 4000 }, (_, id) => ({ id, weight: id + 0.5 }))'

export const leaks: readonly Leak[] = [
  {
    name: 'copies of an ES module',
    says: /^60 modules rules\.mjs\?v=\*$/,
    plant: () =>
      inFolder('rules.mjs', `export const rules = ${ROWS}\n`, async (file) => {
        for (let copy = 0; copy < 60; copy++) await import(`${pathToFileURL(file).href}?v=${String(copy)}`)
      }),
  },
  {
    name: 'copies of a CommonJS module',
    says: /^60 modules plugin\.cjs$/,
    plant: () =>
      inFolder('plugin.cjs', `exports.rules = ${ROWS}\n`, (file) => {
        // A module that loads others lists them, whatever becomes of require.cache.
        const loader = path.join(path.dirname(file), 'loader.cjs')
        writeFileSync(loader, 'exports.load = (file) => { delete require.cache[file]; return require(file) }\n')
        const { load } = createRequire(import.meta.url)(loader) as { readonly load: (file: string) => unknown }
        for (let copy = 0; copy < 60; copy++) load(file)
      }),
  },
  {
    name: 'what one module exports',
    says: /^prices\.mjs › table: Array\(80,000\)$/,
    plant: () =>
      inFolder(
        'prices.mjs',
        'export const table = []\nfor (let id = 0; id < 80000; id++) table.push({ id, price: id + 0.5 })\n',
        async (file) => {
          await import(pathToFileURL(file).href)
        },
      ),
  },
  {
    name: 'what a CommonJS module keeps',
    says: /^cities\.cjs › (?:exports\.)?cities: Array\(80,000\)$/,
    plant: () =>
      inFolder(
        'cities.cjs',
        'const cities = []\nfor (let id = 0; id < 80000; id++) cities.push({ id, size: id + 0.5 })\nexports.of = (id) => cities[id]\n',
        (file) => {
          createRequire(import.meta.url)(file)
        },
      ),
  },
  {
    name: 'contexts',
    says: /^scopes\.js › contexts\b/,
    plant: () => {
      times(12, (index) => {
        const context = vm.createContext({ rows: Array.from({ length: 600 }, (_, row) => payload(row + index)) })
        vm.runInContext(
          'const local = []; for (let i = 0; i < 3000; i++) local.push([i + 0.5, i]); globalThis.size = () => local.length',
          context,
        )
        contexts.push(context)
      })
    },
  },
  {
    name: 'a Map in one context',
    says: /^scopes\.js › tenants\b/,
    plant: () => {
      const context = vm.createContext({})
      vm.runInContext(
        'var cache = new Map(); for (let i = 0; i < 80000; i++) cache.set(i, { id: i, at: i + 0.5 })',
        context,
      )
      tenants.set('first', context)
    },
  },
]
