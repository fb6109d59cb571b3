/**
 * Hooks of Node's module loader: an import of a cache library, from outside of it, gets the shim of that module.
 *
 * Rule: whatever is not a file of a cache library goes through unseen, and so does what cannot be read.
 */
import type { LoadFnOutput, LoadHookContext, ResolveFnOutput, ResolveHookContext } from 'node:module'
import { fileURLToPath } from 'node:url'
import { exportsOf, libraryOf, packageFolder } from './libraries.js'
import { SHIM_MARK, shimSource } from './shim.js'

/** The target of an import, given its target without these hooks. */
export function redirected(result: ResolveFnOutput, { parentURL = '' }: ResolveHookContext): ResolveFnOutput {
  if (result.format !== 'module' || parentURL.endsWith(SHIM_MARK) || !result.url.startsWith('file:')) return result
  const file = pathOfUrl(result.url)
  if (file === null || libraryOf(file) === null) return result
  // A library's own modules see each other as they are.
  if (parentURL.startsWith('file:') && packageFolder(pathOfUrl(parentURL) ?? '') === packageFolder(file)) return result
  return { ...result, url: `${result.url}${SHIM_MARK}` }
}

/** The URL of the module that a shim stands for; null of any other URL. */
export function shimmedUrl(url: string): string | null {
  return url.endsWith(SHIM_MARK) ? url.slice(0, -SHIM_MARK.length) : null
}

/** The context in which the loader gives the source of that module. */
export function originalContext(context: LoadHookContext): LoadHookContext {
  return { ...context, format: 'module' }
}

/** The shim, given what the loader says of the module itself. */
export function shimOf(url: string, { source }: LoadFnOutput): LoadFnOutput {
  const file = pathOfUrl(url) ?? ''
  const library = libraryOf(file) ?? ''
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source)
  return {
    format: 'module',
    source: shimSource(url, library, text, exportsOf(library, file)),
    shortCircuit: true,
  }
}

function pathOfUrl(url: string): string | null {
  try {
    return fileURLToPath(new URL(url))
  } catch {
    return null
  }
}
