/** The hooks as `module.register()` takes them: they run in a thread of the loader, on Node versions without hooks in the same thread. */
import type { LoadHook, ResolveHook } from 'node:module'
import { originalContext, redirected, shimOf, shimmedUrl } from './esm-hooks.js'

export const resolve: ResolveHook = async (specifier, context, nextResolve) =>
  redirected(await nextResolve(specifier, context), context)

export const load: LoadHook = async (url, context, nextLoad) => {
  const original = shimmedUrl(url)
  return original === null
    ? nextLoad(url, context)
    : shimOf(original, await nextLoad(original, originalContext(context)))
}
