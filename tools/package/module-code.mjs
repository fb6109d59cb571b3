// A compiled module as the package has it: its imports are links of the loader (module-loader.mjs), its exports and needs are known.
import ts from 'typescript'

/** Modules of Node that cost a quarter of a megabyte or more: each waits for its first use, also where a measurement begins. */
const LARGE = ['child_process', 'cluster', 'crypto', 'http', 'https', 'inspector', 'net', 'readline', 'zlib']

/** Names that the code around a module has for it: a variable of the same name would be taken in their place. */
const RESERVED = new Set(['exports', '$', '$n', '$get', '$entry', '$namespace', 'LOAD_LATE_CODE', 'OWN_URL'])

/** @param {string} file @param {string} text @throws Error where a variable, a parameter or a function has a reserved name */
export function refuseReserved(file, text) {
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

/** @param {string} text of the compiler */
export function withoutHead(text) {
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
export function withLinks(text, own) {
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
export function withoutDynamicImports(text, own) {
  return text.replace(/Promise\.resolve\(\)\.then\(\(\) => __importStar\(require\('([^']+)'\)\)\)/g, (_, specifier) =>
    specifier.startsWith('node:')
      ? `Promise.resolve().then(() => $namespace(process.getBuiltinModule("${specifier}")))`
      : `Promise.resolve().then(() => $entry(${own(specifier)}))`,
  )
}

/** `(0, $(1).name)(…)` without its brackets: no function of a module reads its `this`. @param {string} text with links */
export function withPlainCalls(text) {
  return text.replace(/\(0, (\$(?:\(\d+\)|n\.\w+)(?:\.\w+)+)\)(?=[(`])/g, '$1')
}

/** @param {string} text of the compiler */
export function namesOf(text) {
  const assigned = [...text.matchAll(/^exports\.(\w+) = /gm)]
  const linked = [...text.matchAll(/^Object\.defineProperty\(exports, "(\w+)", \{ enumerable/gm)]
  return [...new Set([...assigned, ...linked].map(([, name = '']) => name))].sort()
}

/** The modules that a module may need when something of it runs. @param {string} code */
export function needsOf(code) {
  const modules = [...code.matchAll(/\$\((\d+)\)/g)].map(([, id]) => Number(id))
  const builtins = [...code.matchAll(/\$n\.(\w+)/g)].map(([, name = '']) => name)
  return [...new Set([...modules, ...builtins.filter((name) => !LARGE.includes(name))])]
}

/** Modules that are asked for something when this one begins, and not in a function of it; those whose exports it passes on. @param {string} code */
export function usedAtOnce(code) {
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
