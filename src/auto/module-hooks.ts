/**
 * Puts the wrapped exports in the place of a library's own, for `import` and for `require()`, also of what was loaded before.
 *
 * Rule: a module that cannot be wrapped is loaded as it is.
 */
import module from 'node:module'
import { pathToFileURL } from 'node:url'
import type { LoadFnOutput, LoadHookContext, ResolveFnOutput, ResolveHookContext } from 'node:module'
import { besideCode } from '../support/own-package.js'
import { pathOf } from './creation-place.js'
import { originalContext, redirected, shimOf, shimmedUrl } from './esm-hooks.js'
import type { ExportWrapper } from './export-wrapper.js'
import { LIBRARIES, libraryOf } from './libraries.js'
import { SHIM_KEY } from './shim.js'

/** `module.registerHooks()`, where Node has it. */
type RegisterHooks = (hooks: {
  readonly resolve: (
    specifier: string,
    context: ResolveHookContext,
    next: (specifier: string, context: ResolveHookContext) => ResolveFnOutput,
  ) => ResolveFnOutput
  readonly load: (
    url: string,
    context: LoadHookContext,
    next: (url: string, context: LoadHookContext) => LoadFnOutput,
  ) => LoadFnOutput
}) => unknown

type Compile = (this: NodeJS.Module, ...args: unknown[]) => unknown

/** Hooks both module systems. */
export function hookModules(instrument: ExportWrapper): void {
  hookRequire(instrument)
  hookImport(instrument)
}

function hookRequire(instrument: ExportWrapper): void {
  const { Module } = module as unknown as { Module: { prototype: { _compile: Compile } } }
  const compile = Module.prototype._compile
  // The file has run when this returns, and nobody but those that it requires itself has seen its exports.
  Module.prototype._compile = function (this: NodeJS.Module, ...args) {
    noteLoaded(args[1], instrument)
    const result = Reflect.apply(compile, this, args)
    wrapExports(this, args[1], instrument)
    return result
  }
  const { cache } = module.createRequire(process.execPath)
  for (const [file, loaded] of Object.entries(cache)) {
    // Those who hold the exports already keep what they have.
    if (loaded?.loaded !== true) continue
    noteLoaded(file, instrument)
    wrapExports(loaded, file, instrument)
  }
}

/** Before it runs: it may make caches at once. */
function noteLoaded(file: unknown, instrument: ExportWrapper): void {
  try {
    if (typeof file === 'string' && libraryOf(file) !== null) instrument.noteLoaded(file)
  } catch {
    // Places of its parts are told by its own lines then.
  }
}

function wrapExports(loaded: NodeJS.Module, file: unknown, instrument: ExportWrapper): void {
  try {
    const library = typeof file === 'string' ? libraryOf(file) : null
    if (library !== null) loaded.exports = instrument.exports(loaded.exports, library, file as string)
  } catch {
    // As it is.
  }
}

function hookImport(instrument: ExportWrapper): void {
  const wrap = (value: unknown, library: string, name: string, namespace: unknown): unknown => {
    const kind = LIBRARIES[library]?.[name]
    try {
      if (name === '' && typeof namespace === 'string') instrument.noteLoaded(pathOf(namespace))
      return kind === undefined ? value : instrument.value(value, library, kind, namespace)
    } catch {
      return value
    }
  }
  Object.defineProperty(globalThis, Symbol.for(SHIM_KEY), { value: wrap, configurable: true, enumerable: false })
  const { registerHooks } = module as unknown as { registerHooks?: RegisterHooks }
  if (registerHooks === undefined) {
    module.register(pathToFileURL(besideCode('auto/loader-thread.js')))
    return
  }
  registerHooks({
    resolve: (specifier, context, next) => redirected(next(specifier, context), context),
    load: (url, context, next) => {
      const original = shimmedUrl(url)
      return original === null ? next(url, context) : shimOf(original, next(original, originalContext(context)))
    },
  })
}
