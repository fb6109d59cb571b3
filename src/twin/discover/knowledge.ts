/** What is known of objects by name: variables, module exports, classes, the global object. Feeds route.ts. */
import { createRequire } from 'node:module'
import { types } from 'node:util'
import type { HeapInspector } from './inspector.js'
import type { ObjectReader } from './object-reader.js'
import { PENALTY } from './route.js'
import type { Knowledge, Root } from './route.js'
import type { VariableHome, VariableHomes } from './variables.js'
import { isObject } from './walk.js'

/** The places where names come from, as the inspector tells them. */
export interface NameSources {
  readonly inspector: Pick<HeapInspector, 'functionFacts' | 'scriptSource'>
  /** Script id → URL. */
  readonly scripts: ReadonlyMap<string, string>
  readonly homes: VariableHomes
  readonly reader: ObjectReader
}

/** The knowledge of one examination; classes are asked for once. */
export function knowledgeOf(sources: NameSources): Knowledge {
  const exported = moduleExports(sources.reader)
  const classRoots = new Map<object, Root | null>()
  return {
    rootsOf: (value) => {
      const homes = sources.homes.get(value) ?? []
      const isContested = homes.filter(({ isModule }) => isModule).length > 1
      const roots = homes.map((home) => variableRoot(home, sources, isContested)).filter((root) => !isOwn(root))
      const file = exported.get(value)
      if (file !== undefined) roots.push({ script: file, words: 'exports', penalty: PENALTY.exports, isLasting: true })
      if (value === globalThis)
        roots.push({ script: null, words: 'globalThis', penalty: PENALTY.global, isLasting: true })
      if (typeof value === 'function') roots.push(...functionRoots(value, sources))
      return roots
    },
    classRootOf: (value) => {
      if (typeof value === 'function') return null
      const type = sources.reader.classOf(value)
      if (type === undefined) return null
      let root = classRoots.get(type)
      if (root === undefined) classRoots.set(type, (root = notOwn(classRoot(type, sources))))
      return root
    },
  }
}

/** Where several modules show a variable, the one whose text declares it comes first: the others import it. */
function variableRoot(home: VariableHome, sources: NameSources, isContested: boolean): Root {
  const { scriptId, variable, functionName, isModule } = home
  const script = sources.scripts.get(scriptId) ?? null
  if (!isModule) {
    const call = functionName.startsWith('closure') ? functionName : `${functionName}()`
    return { script, words: `${call} › ${variable}`, penalty: PENALTY.closureVariable, isLasting: false }
  }
  const isDeclared = !isContested || declares(sources.inspector.scriptSource(scriptId), variable)
  return { script, words: variable, penalty: PENALTY.moduleVariable + (isDeclared ? 0 : 2), isLasting: true }
}

function declares(source: string, variable: string): boolean {
  const name = variable.replaceAll('$', String.raw`\$`)
  const words = String.raw`\b(?:const|let|var|class|function)\b|[;=]|(?<![\w$])${name}(?![\w$])`
  let isInDeclaration = false
  for (const [word] of source.matchAll(new RegExp(words, 'g'))) {
    if (word === variable && isInDeclaration) return true
    isInDeclaration = word !== ';' && word !== '=' && (isInDeclaration || word !== variable)
  }
  return false
}

/** A static property, or one on a function: `memoized.cache`. */
function functionRoots(value: object, sources: NameSources): Root[] {
  const root = notOwn(classRoot(value, sources))
  return root === null ? [] : [root]
}

function classRoot(type: object, { inspector, scripts, reader }: NameSources): Root | null {
  const name = reader.functionName(type)
  if (name === '') return null
  let scriptId: string | null
  try {
    scriptId = inspector.functionFacts(type, () => false).scriptId
  } catch {
    return null
  }
  const script = scriptId === null ? undefined : scripts.get(scriptId)
  if (script === undefined || script === '') return null
  const penalty = script.startsWith('node:')
    ? PENALTY.nodeClass
    : script.includes('/node_modules/')
      ? PENALTY.packageClass
      : PENALTY.ownClass
  return { script, words: name, penalty, isLasting: false }
}

/** Exports of every CommonJS module → its file. */
function moduleExports(reader: ObjectReader): Map<object, string> {
  const exported = new Map<object, string>()
  const cache = loadedModules()
  if (types.isProxy(cache)) return exported
  for (const file of Reflect.ownKeys(cache)) {
    const loaded = reader.property(cache, file)
    if (!isObject(loaded) || types.isProxy(loaded)) continue
    const exports = reader.property(loaded, 'exports')
    if (isObject(exports)) exported.set(exports, String(file))
  }
  return exported
}

/** Node's table of CommonJS modules: a dictionary that holds much, and no hoard. */
export function loadedModules(): object {
  return createRequire(import.meta.url).cache
}

/** The scripts of this package; null where it is bundled with others. */
const OWN_SCRIPTS = import.meta.url.endsWith('/dist/src/twin/discover/knowledge.js')
  ? new URL('../../', import.meta.url).href
  : null

/** Whether a name begins in this package: it says nothing about a collection of the service. */
function isOwn({ script }: Root): boolean {
  return OWN_SCRIPTS !== null && script?.startsWith(OWN_SCRIPTS) === true
}

function notOwn(root: Root | null): Root | null {
  return root === null || isOwn(root) ? null : root
}
