/**
 * Advice about an owner, by what it is. Pure.
 *
 * Rule: only a collection of the application is told to be bounded. One observation does not tell a cache of a package from a table
 * that the package loads once, and a module is neither.
 */
import { printable } from '../../support/units.js'
import { isGrowing } from '../trends/format-trends.js'
import type { Owner, OwnerKind } from './types.js'

const PACKAGE_LENGTH_MAX = 60
const SEVERAL = 'several observations (a history, or watch) show whether'
/** V8's and Node's words for modules of either system, and for the exports of one. */
const MODULE_CLASS = /^(?:system \/ )?(?:Module|SourceTextModule|JSModuleNamespace)$/
const MODULE_PATH = /^exports(?:\.default)?$/

/** The way to end these does not depend on whose they are. */
const BY_KIND: Readonly<Partial<Record<OwnerKind, string>>> = {
  listeners: 'is freed when the listeners are removed: by off(), { once } or a signal.',
  timers: 'is freed with the timers: clear those that are not needed.',
  immediates: 'is freed when the immediates have run.',
  calls: 'is freed when the promises settle that the calls await: timeouts bound it.',
  generators: 'is freed when the generators end: return() ends one that nobody reads.',
  sockets: 'is freed when the connections end: timeouts and back-pressure bound it.',
  requests: 'is freed when the requests are answered: timeouts and back-pressure bound it.',
  modules: 'is one file, imported with many queries: modules are never unloaded, so import it once.',
}

/**
 * One sentence; null where nothing is known that would help.
 *
 * @param it - what the sentence calls the owner: `it`, or words that are unmistakable behind the sentence before
 */
export function adviceForOwner(owner: Owner, it = 'it'): string | null {
  const { cache, kind, className, package: from } = owner
  const It = `${it.charAt(0).toUpperCase()}${it.slice(1)}`
  if (cache !== null) return `Bound ${it} by size or by age.`
  const byKind = BY_KIND[kind]
  if (byKind !== undefined) return `${It} ${byKind}`
  if (from === 'node') return null
  if (from !== null) return ofPackage(owner, from, It)
  if (kind !== 'collection') return null
  const how = className === 'Map' || className === 'Set' ? ' (fromCache())' : ''
  return `Bound ${it}, or register it${how}, and every run measures it.`
}

function ofPackage({ className, path, growth }: Owner, from: string, It: string): string | null {
  const name = printable(from, PACKAGE_LENGTH_MAX)
  if (isGrowing(growth))
    return `${It} grows in the package ${name}: check whether the package has an option that limits it.`
  // A history that shows no growth has answered the question below.
  if (growth !== undefined && growth.verdict !== 'unknown') return null
  return MODULE_CLASS.test(className) || MODULE_PATH.test(path ?? '')
    ? `${It} is a module of the package ${name}: ${SEVERAL} its memory grows.`
    : `${It} belongs to the package ${name}: ${SEVERAL} it is a cache, or is loaded once.`
}
