// The code of the package, dist/lib/, made of the modules that the compiler wrote, dist/src/.
//
// A module is a function in one of a few files. It runs when something of it is first used: an import of the package costs little, and
// nothing is opened later, which a twin may not do. `loadLateCode()` (src/support/late-code.ts) runs the rest before a measurement.
//
// Rule: names of functions and classes stay, for stacks and heap snapshots.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { transform } from 'esbuild'
import ts from 'typescript'
import { flatName } from './entry-modules.mjs'
import { withLineBreaks } from './line-breaks.mjs'
import {
  namesOf,
  needsOf,
  refuseReserved,
  usedAtOnce,
  withLinks,
  withPlainCalls,
  withoutDynamicImports,
  withoutHead,
} from './module-code.mjs'
import { SHARED, startText } from './module-loader.mjs'

/** @typedef {{ id: number, code: string, imports: readonly string[], names: readonly string[], needs: readonly (number | string)[], used: readonly string[] }} Module */
/** A file and the modules that it has with all that they import; no other part has need of an end. @typedef {{ file: string, roots: readonly string[], isEnd?: boolean }} Part */

/** It takes Node's own timers before a test can fake them. */
const AT_ONCE = 'support/own-timers.js'

/** In the place of what tells the files of two builds apart. */
const BUILD = 'BUILD-OF-THIS-PACKAGE'
const PIECE_BYTES = 120_000

/** In a bundle there may be no name of a file, or one of another machine: then nothing is beside the code. */
const OWN_URL = 'typeof __filename==="string"&&__filename!==""?$n.url.pathToFileURL(__filename).href:""'

export class Library {
  /** Path below dist/src/ → module. @type {Map<string, Module>} */
  #modules = new Map()
  /** Path below dist/src/ → id. @type {Map<string, number>} */
  #ids = new Map()
  #source
  #version
  #replacement

  /**
   * @param {string} source dist/src/ @param {string} version
   * @param {(file: string) => Promise<string | undefined>} replacement the text in the place of a module's
   */
  constructor(source, version, replacement) {
    this.#source = source
    this.#version = version
    this.#replacement = replacement
  }

  /**
   * One file for each part, with what no part before it has, and one for each root.
   *
   * @param {readonly Part[]} parts @returns {Promise<Map<string, string>>}
   */
  async files(parts) {
    /** @type {Map<string, string>} */
    const files = new Map()
    /** @type {Set<string>} */
    const placed = new Set()
    /** @type {string[]} */
    const before = []
    for (const { file, roots, isEnd = false } of parts) {
      const first = before.length === 0 ? [AT_ONCE.replace(/\.js$/, '')] : []
      // What only an end has is in no other part's reach.
      const modules = await this.#closure([...first, ...roots], isEnd ? new Set(placed) : placed)
      const soon = this.#runAtOnce([...first, ...roots])
      const [atOnce, later] = [
        modules.filter((module) => soon.has(module)),
        modules.filter((module) => !soon.has(module)),
      ]
      const pieces = inPieces(later).map((piece, index) => ({ name: file.replace('.cjs', `-${index + 1}.cjs`), piece }))
      files.set(
        file,
        await this.#partText(
          atOnce,
          before,
          pieces.map(({ name }) => name),
        ),
      )
      for (const { name, piece } of pieces) files.set(name, await this.#partText(piece, [...before, file], []))
      if (!isEnd) before.push(file)
      for (const root of roots) files.set(`${flatName(root)}.cjs`, this.#rootText(root, file))
    }
    const build = createHash('sha256')
      .update([...files.values()].join(''))
      .digest('hex')
      .slice(0, 16)
    return new Map([...files].map(([file, text]) => [file, text.replace(BUILD, build)]))
  }

  /** @param {readonly string[]} roots @param {Set<string>} placed */
  async #closure(roots, placed) {
    const queue = roots.map((root) => `${root}.js`)
    /** @type {Module[]} */
    const found = []
    for (const file of queue) {
      if (placed.has(file)) continue
      placed.add(file)
      const module = await this.#module(file)
      found.push(module)
      queue.push(...module.imports)
    }
    return found
  }

  /** The modules that an import of these runs: they are exported, or used where a module begins. @param {readonly string[]} roots */
  #runAtOnce(roots) {
    const queue = roots.map((root) => `${root}.js`)
    /** @type {Set<Module>} */
    const found = new Set()
    for (const file of queue) {
      const module = this.#modules.get(file)
      if (module === undefined || found.has(module)) continue
      found.add(module)
      queue.push(...module.used)
    }
    return found
  }

  /** @param {string} file */
  async #module(file) {
    const known = this.#modules.get(file)
    if (known !== undefined) return known
    const text = (await this.#replacement(file)) ?? (await readFile(path.join(this.#source, file), 'utf8'))
    const module = { id: this.#idOf(file), ...(await this.#compile(file, text)) }
    this.#modules.set(file, module)
    return module
  }

  /** @param {string} file */
  #idOf(file) {
    const id = this.#ids.get(file) ?? this.#ids.size
    this.#ids.set(file, id)
    return id
  }

  /** @param {number} id */
  #fileOf(id) {
    return [...this.#ids.keys()][id] ?? ''
  }

  /** @param {string} file @param {string} text */
  async #compile(file, text) {
    refuseReserved(file, text)
    const { outputText } = ts.transpileModule(text, {
      fileName: file,
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        esModuleInterop: true,
        noEmitHelpers: true,
        removeComments: true,
      },
    })
    /** @type {string[]} */
    const imports = []
    const own = (/** @type {string} */ specifier) => {
      const imported = path.posix.join(path.posix.dirname(file), specifier)
      imports.push(imported)
      return String(this.#idOf(imported))
    }
    const linked = withPlainCalls(withoutDynamicImports(withLinks(withoutHead(outputText), own), own))
    const used = usedAtOnce(linked).map((id) => this.#fileOf(id))
    const { code } = await transform(linked, {
      platform: 'node',
      target: 'node20.19',
      minify: true,
      // As ASCII the engine keeps it in half the memory.
      charset: 'ascii',
      legalComments: 'none',
      define: { PACKAGE_VERSION: JSON.stringify(this.#version), 'import.meta.url': 'OWN_URL' },
      logLevel: 'warning',
      sourcefile: file,
    })
    if (/\brequire\("\./.test(code)) throw new Error(`${file}: an import that was not understood`)
    return { code: code.trim(), imports, names: namesOf(outputText), needs: needsOf(code), used }
  }

  /** @param {readonly Module[]} modules @param {readonly string[]} before @param {readonly string[]} later */
  async #partText(modules, before, later) {
    const added = modules.map(
      ({ id, needs, code }) => `add(${id},${JSON.stringify(needs)},exports=>{
${withLineBreaks(code)}});`,
    )
    const code = added.join('\n')
    const builtins = [...new Set([...code.matchAll(/\$n\.(\w+)/g)].map(([, name = '']) => name))].sort()
    const names = builtins.map((name) => `addBuiltin(${JSON.stringify(name.replace('__', '/'))},"${name}");`)
    const shared = SHARED.join(',')
    const [first] = before
    const own =
      first === undefined
        ? `const build="${BUILD}";${await startText()}`
        : `const{${shared}}=require("./${first}").of("${BUILD}");${before
            .slice(1)
            .map((file) => `require("./${file}");`)
            .join('')}`
    const rest = [
      ...later.map((file) => `late.push(()=>require("./${file}"));`),
      first === undefined ? `$(${this.#idOf(AT_ONCE)});` : '',
    ]
    const address = code.includes('OWN_URL') ? `const OWN_URL=${OWN_URL};` : ''
    const head = withLineBreaks(`"use strict";${own}${names.join('')}${address}`)
    return `${head}\n${code}\n${withLineBreaks(`module.exports={${shared}};${rest.join('')}`)}\n`
  }

  /** The names stand in a form that loaders of ES modules read; without them those of the file would be taken. @param {string} root @param {string} file */
  #rootText(root, file) {
    const { id, names } = /** @type {Module} */ (this.#modules.get(`${root}.js`))
    return `"use strict";module.exports=require("./${file}").$entry(${id});0&&(module.exports={${names.join(',')}});\n`
  }
}

/** Files that are read in a few milliseconds each. @param {readonly Module[]} modules */
function inPieces(modules) {
  /** @type {Module[][]} */
  const pieces = []
  let bytes = Infinity
  for (const module of modules) {
    if (bytes > PIECE_BYTES) {
      pieces.push([])
      bytes = 0
    }
    pieces.at(-1)?.push(module)
    bytes += module.code.length
  }
  return pieces
}
