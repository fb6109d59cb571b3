// Caches of frameworks and libraries of several majors, which are no development dependencies: `fromCache()` knows the real ones, and each
// is measured in a twin, by a trim and by release; what holds state and no cache is refused; under `auto` they register themselves.
import { copyFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Project, answerOf, must } from './project.mjs'

/** @typedef {{ parent: string, tarball: string }} Context */

const LIBRARIES = [
  'lru-cache-4@npm:lru-cache@4',
  'lru-cache-5@npm:lru-cache@5',
  'lru-cache-6@npm:lru-cache@6',
  'keyv-4@npm:keyv@4',
  '@keyvhq/core@2',
  'cache-manager-4@npm:cache-manager@4',
  'cache-manager-5@npm:cache-manager@5',
  'cache-manager-6@npm:cache-manager@6',
  'memoizee@0.4',
  'moize@6',
  'micro-memoize-4@npm:micro-memoize@4',
  'micro-memoize@5',
  'memoize@10',
  'mem@10',
  'memory-cache@0.2',
  'abstract-cache@1',
  '@fastify/caching@9',
  'fastify@5',
  'unstorage@1',
  'lru-cache@11',
  'ocache@0.3',
  '@hapi/catbox-memory@6',
]
/** Of those that register themselves under `auto`. */
const REGISTERING = LIBRARIES.filter((name) =>
  /^(?:memoizee|moize|micro-memoize|mem|memoize|memory-cache|abstract-cache|unstorage|lru-cache@|@keyvhq)/.test(name),
)
const NEST = [
  '@nestjs/cache-manager',
  '@nestjs/common',
  '@nestjs/core',
  'cache-manager@7',
  'keyv@5',
  'reflect-metadata',
  'rxjs@7',
]
const STATE = [
  'express-session@1',
  'memorystore@1',
  'p-queue@9',
  'yjs@13',
  'async-mutex@0.5',
  'prom-client@15',
  'immutable@5',
]

const REFUSED = `import { createRequire } from 'node:module'
import { fromCache } from 'cache-attribution/adapters'
import PQueue from 'p-queue'
const require = createRequire(import.meta.url)
const session = require('express-session')
const Y = require('yjs')
const { Mutex } = require('async-mutex')
const document = new Y.Doc()
const known = {
  'express-session': new session.MemoryStore(),
  memorystore: new (require('memorystore')(session))({}),
  'p-queue': new PQueue(),
  'Y.Doc': document,
  'Y.Map': document.getMap('users'),
  mutex: new Mutex(),
  'prom-client': new (require('prom-client').Registry)(),
  immutable: require('immutable').Map({ a: 1 }),
  console,
}
const answer = {}
for (const [name, value] of Object.entries(known)) {
  try {
    fromCache(value)
    answer[name] = 'taken'
  } catch (error) {
    answer[name] = error.code
  }
}
const maps = { documents: new Map([['a', document]]), locks: new Map([['a', new Mutex()]]) }
for (const [name, map] of Object.entries(maps)) answer[name] = fromCache(map).traits.lossless
console.log('RESULT ' + JSON.stringify({ answer }))
process.exit()
`

/** @param {Context} context @returns {Promise<[string, () => Promise<string>][]>} */
export async function cacheSetups(context) {
  return [
    [
      'caches of libraries, several majors',
      () => measured(context, 'libraries', LIBRARIES, { except: ['NestJS', 'Apollo', 'Next.js'] }),
    ],
    ['caches of libraries, under auto', () => registered(context)],
    ['NestJS CacheModule', () => measured(context, 'nest', NEST, { only: ['NestJS'] })],
    [
      'Apollo Server, documents',
      () => measured(context, 'apollo', ['@apollo/server@5', 'graphql@16'], { only: ['Apollo'] }),
    ],
    [
      'Next.js, caches',
      () => measured(context, 'next-caches', ['next@16', 'react@19', 'react-dom@19'], { only: ['Next.js'] }),
    ],
    ['sessions, queues, documents, locks: refused', () => refused(context)],
  ]
}

/** Majors before those of `cacheSetups`. @param {Context} context @returns {Promise<[string, () => Promise<string>][]>} */
export async function olderCacheSetups(context) {
  return [
    [
      'Apollo Server 4, documents',
      () => measured(context, 'apollo-4', ['@apollo/server@4', 'graphql@16'], { only: ['Apollo'] }),
    ],
    [
      'Next.js 15, caches',
      () => measured(context, 'next-15-caches', ['next@15', 'react@19', 'react-dom@19'], { only: ['Next.js'] }),
    ],
  ]
}

/**
 * @param {Context} context @param {string} name @param {readonly string[]} packages
 * @param {{ only?: string[], except?: string[] }} chosen
 */
async function measured({ parent, tarball }, name, packages, { only = [], except = [] }) {
  const project = await Project.make(parent, name, { tarball, packages })
  const app = path.join(path.dirname(fileURLToPath(import.meta.url)), 'caches-app.mjs')
  await copyFile(app, path.join(project.folder, 'caches-app.mjs'))
  const args = ['caches-app.mjs', ...only, ...except.map((word) => `--except=${word}`)]
  const { results } = answerOf(await project.run(process.execPath, args, { timeoutMs: 300_000 }))
  const failed = results.filter((/** @type {any} */ { problems }) => problems.length > 0)
  must(results.length > 0 && failed.length === 0, JSON.stringify(failed, null, 1))
  return `${results.length} known, measured in a twin and by release`
}

/** Each has one row, with its bytes, by either module system. @param {Context} context */
async function registered({ parent, tarball }) {
  const project = await Project.make(parent, 'auto', { tarball, packages: REGISTERING })
  const app = path.join(path.dirname(fileURLToPath(import.meta.url)), 'caches-auto-app.mjs')
  await copyFile(app, path.join(project.folder, 'caches-auto-app.mjs'))
  for (const system of ['import', 'require']) {
    const args = ['--import', 'cache-attribution/auto', 'caches-auto-app.mjs', system]
    const { subjects, rows } = answerOf(await project.run(process.execPath, args, { timeoutMs: 120_000 }))
    const label = (/** @type {string} */ name) => name.replace(/ \(.*/, '').replace(/^.*:\d+ |^memory-cache /, '')
    const expected = subjects.filter((/** @type {string} */ name) => !name.includes('refused')).map(label)
    // 500 arrays of 10,000 bytes each, with their keys.
    const isRight = rows.every(
      (/** @type {any} */ { status, bytes }) => status === 'released' && bytes > 5_000_000 && bytes < 5_400_000,
    )
    const found = rows.map((/** @type {any} */ { name }) => label(name))
    must(isRight && found.join() === expected.join(), JSON.stringify({ system, expected, rows }, null, 1))
  }
  return 'each has a row of its own by import and by require()'
}

/** @param {Context} context */
async function refused({ parent, tarball }) {
  const project = await Project.make(parent, 'state', { tarball, packages: STATE })
  await project.write('refused.mjs', REFUSED)
  const { documents, locks, ...codes } = answerOf(await project.run(process.execPath, ['refused.mjs'])).answer
  const taken = Object.entries(codes).filter(([, code]) => code !== 'ERR_ADAPTER_REFUSED')
  must(taken.length === 0 && !documents && !locks, JSON.stringify({ taken, documents, locks }))
  return `${Object.keys(codes).length} refused; Maps of them are not lossless`
}
