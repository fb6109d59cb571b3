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

/** @typedef {{ id: number, code: string, imports: readonly string[], names: readonly string[], needs: readonly (number | string)[], used: readonly string[] }} Module */
/** A file and the modules that it has with all that they import. @typedef {{ file: string, roots: readonly string[] }} Part */

/** Modules of Node that cost a quarter of a megabyte or more: each waits for its first use, also where a measurement begins. */
const LARGE = ['child_process', 'cluster', 'crypto', 'http', 'https', 'inspector', 'net', 'readline', 'zlib']
/** It takes Node's own timers before a test can fake them. */
const AT_ONCE = 'support/own-timers.js'

/** In the place of what tells the files of two builds apart. */
const BUILD = 'BUILD-OF-THIS-PACKAGE'
const PIECE_BYTES = 120_000

/** In a bundle there may be no name of a file, or one of another machine: then nothing is beside the code. */
const OWN_URL = 'typeof __filename==="string"&&__filename!==""?$n.url.pathToFileURL(__filename).href:""'

/**
 * `$` gives a module of the package, `$n` one of Node: taken of Node itself, so that a bundler has no `require()` to replace. `add` takes
 * what a module may need, by ids and names; `late` has the files that are read when a module is asked for that is not there.
 */
const START = `
const builtin = process.getBuiltinModule.bind(process), code = {}, needs = {}, made = {}, $n = {}, late = []
const $ = (id) => made[id] ?? run(id)
function run(id) {
  while (code[id] === undefined) readLate()
  const exports = (made[id] = {})
  code[id](exports)
  return exports
}
function replaced(cause) {
  const text = 'ERR_PACKAGE_REPLACED: files of cache-attribution were replaced or removed while this process runs: restart it'
  return Object.assign(new Error(text, { cause }), { code: 'ERR_PACKAGE_REPLACED' })
}
function readLate() {
  try { late[0]() } catch (cause) { throw replaced(cause) }
  late.shift()
}
function of(other) { if (other !== build) throw replaced(); return module.exports }
function add(id, needed, module) { code[id] = module; needs[id] = needed }
function addBuiltin(name, property) {
  Object.defineProperty($n, property, { configurable: true, get() {
    const value = builtin('node:' + name)
    Object.defineProperty($n, property, { value })
    return value
  } })
}
const $get = (exports, name, get) => Object.defineProperty(exports, name, { enumerable: true, get })
const $entry = (id) => Object.defineProperty($(id), '__esModule', { value: true })
const $namespace = (one) => (one?.default ? one : { ...one, default: one })
const seen = new Set()
function* LOAD_LATE_CODE() {
  for (const id in made) seen.add(Number(id))
  for (const id of seen) {
    if (done.has(id)) continue
    $(id)
    for (const need of needs[id]) typeof need === 'number' ? seen.add(need) : void $n[need]
    done.add(id)
    yield
  }
}
const done = new Set()
`
const SHARED = ['$', '$n', '$get', '$entry', '$namespace', 'add', 'addBuiltin', 'late', 'of', 'LOAD_LATE_CODE']

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
    for (const { file, roots } of parts) {
      const first = before.length === 0 ? [AT_ONCE.replace(/\.js$/, '')] : []
      const modules = await this.#closure([...first, ...roots], placed)
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
      before.push(file)
      for (const root of roots) files.set(`${root}.cjs`, this.#rootText(root, file))
    }
    const build = createHash('sha256')
      .update([...files.values()].join(''))
      .digest('hex')
      .slice(0, 16)
    return new Map([...files].map(([file, text]) => [file, text.replace(BUILD, build)]))
  }

  /** What a module exports. @param {string} root without its ending @returns {readonly string[]} */
  exportsOf(root) {
    return this.#modules.get(`${root}.js`)?.names ?? []
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
    const linked = withoutDynamicImports(withLinks(withoutHead(outputText), own), own)
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
    const added = modules.map(({ id, needs, code }) => `add(${id},${JSON.stringify(needs)},exports=>{${code}});`)
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
    const text = `"use strict";${own}${names.join('')}${address}\n${code}\n`
    return `${text}module.exports={${shared}};${rest.join('')}\n`
  }

  /** The names stand in a form that loaders of ES modules read. @param {string} root @param {string} file */
  #rootText(root, file) {
    const part = path.posix.relative(path.posix.dirname(root), file)
    const specifier = part.startsWith('.') ? part : `./${part}`
    const { id, names } = /** @type {Module} */ (this.#modules.get(`${root}.js`))
    const found = names.length === 0 ? '' : `0&&(module.exports={${names.join(',')}});`
    return `"use strict";module.exports=require("${specifier}").$entry(${id});${found}\n`
  }
}

/** Names that the code around a module has for it: a variable of the same name would be taken in their place. */
const RESERVED = new Set(['exports', '$', '$n', '$get', '$entry', '$namespace', 'LOAD_LATE_CODE', 'OWN_URL'])

/** @param {string} file @param {string} text @throws Error where a variable, a parameter or a function has a reserved name */
function refuseReserved(file, text) {
  const visit = (/** @type {ts.Node} */ node) => {
    const isDeclared =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isFunctionExpression(node) ||
      ts.isClassDeclaration(node) ||
      ts.isClassExpression(node) ||
      ts.isImportSpecifier(node) ||
      ts.isImportClause(node) ||
      ts.isNamespaceImport(node)
    if (isDeclared && node.name !== undefined && ts.isIdentifier(node.name) && RESERVED.has(node.name.text)) {
      throw new Error(`${file}: \`${node.name.text}\` is a name of the code around a module: give it another one`)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true))
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

async function startText() {
  const { code } = await transform(START, { target: 'node20.19', minifySyntax: true, minifyWhitespace: true })
  return code
}

/** @param {string} text of the compiler */
function withoutHead(text) {
  return text
    .replace(/^#!.*\n/, '')
    .replace('"use strict";\n', '')
    .replace('Object.defineProperty(exports, "__esModule", { value: true });\n', '')
    .replace(/^(?:exports\.\w+ = )+void 0;\n/m, '')
    .replace(
      /^Object\.defineProperty\(exports, "(\w+)", \{ enumerable: true, get: function \(\) \{ return (.+); \} \}\);$/gm,
      '$get(exports, "$1", () => $2);',
    )
}

/** Names of imported modules, by the way to them. @param {string} text @param {(specifier: string) => string} own */
function withLinks(text, own) {
  const declared = /^(?:const|var) (\w+_\d+) = (?:__import(?:Default|Star)\()?require\("(\.[^"]+|node:[^"]+)"\)\)?;\n/gm
  /** @type {Map<string, string>} */
  const links = new Map()
  const rest = text.replace(declared, (_, name, specifier) => {
    const builtin = specifier.startsWith('node:')
    links.set(name, builtin ? `$n.${specifier.slice('node:'.length).replace('/', '__')}` : `$(${own(specifier)})`)
    return ''
  })
  // `new $(1).Name()` would make one of `$`.
  const whole = rest.replace(/\bnew (\w+_\d+(?:\.\w+)+)/g, 'new ($1)')
  const linked = whole.replace(/\b\w+_\d+\b(?:\.default\b)?/g, (use) => {
    const link = links.get(use.replace('.default', ''))
    if (link === undefined) return use
    return link.startsWith('$n') ? link : use.replace(/^\w+/, link)
  })
  return linked.replace(/^require\("(\.[^"]+)"\);$/gm, (_, specifier) => `$(${own(specifier)});`)
}

/** Loaded at their own time, so their links have another form than `loadLateCode()` reads. @param {string} text @param {(specifier: string) => string} own */
function withoutDynamicImports(text, own) {
  return text.replace(/Promise\.resolve\(\)\.then\(\(\) => __importStar\(require\('([^']+)'\)\)\)/g, (_, specifier) =>
    specifier.startsWith('node:')
      ? `Promise.resolve().then(() => $namespace(process.getBuiltinModule("${specifier}")))`
      : `Promise.resolve().then(() => $entry(${own(specifier)}))`,
  )
}

/** @param {string} text of the compiler */
function namesOf(text) {
  const assigned = [...text.matchAll(/^exports\.(\w+) = /gm)]
  const linked = [...text.matchAll(/^Object\.defineProperty\(exports, "(\w+)", \{ enumerable/gm)]
  return [...new Set([...assigned, ...linked].map(([, name = '']) => name))].sort()
}

/** What a module may need when something of it runs. @param {string} code */
function needsOf(code) {
  const modules = [...code.matchAll(/\$\((\d+)\)/g)].map(([, id]) => Number(id))
  const builtins = [...code.matchAll(/\$n\.(\w+)/g)].map(([, name = '']) => name)
  return [...new Set([...modules, ...builtins.filter((name) => !LARGE.includes(name))])]
}

/** Modules that are asked for something when this one begins, and not in a function of it; those whose exports it passes on. @param {string} code */
function usedAtOnce(code) {
  /** @type {number[]} */
  const ids = []
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isCallExpression(node) && node.expression.getText() === '$get')
      ids.push(...needsOf(node.getText()).map(Number))
    if (ts.isFunctionLike(node) || (ts.isPropertyDeclaration(node) && !ts.getModifiers(node)?.some(isStatic))) return
    if (ts.isCallExpression(node) && node.expression.getText() === '$') ids.push(Number(node.arguments[0]?.getText()))
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2022, true))
  return [...new Set(ids)]
}

/** @param {ts.ModifierLike} modifier */
function isStatic({ kind }) {
  return kind === ts.SyntaxKind.StaticKeyword
}
