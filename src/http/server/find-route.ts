/**
 * From the path of a request to its route.
 *
 * Rule: a path is compared as it was sent: what is encoded where it need not be, or has empty segments, is no other way to
 * write a route. Only the parts that stand for names are decoded, once.
 */
import { HttpProblem } from './problem.js'

/** A route's pattern, such as `/caches/{name}`. */
export type RoutePattern = `/${string}`

/** A route that a path leads to, and the parts that stand for names. */
export interface RouteMatch<Route> {
  readonly route: Route
  readonly names: Readonly<Record<string, string>>
}

/** The part of a path below the base, beginning with `/` or empty; undefined where it does not lie below. */
export function pathBelow(basePath: string, pathname: string): string | undefined {
  if (!pathname.startsWith(basePath)) return undefined
  const relativePath = pathname.slice(basePath.length)
  return relativePath === '' || relativePath.startsWith('/') ? relativePath : undefined
}

/** The route of a path; where several fit, the first. @throws HttpProblem `ERR_HTTP_PATH`, `ERR_HTTP_NOT_FOUND` */
export function findRoute<Route extends { readonly path: RoutePattern }>(
  routes: readonly Route[],
  below: string,
): RouteMatch<Route> {
  const segments = segmentsOf(below === '' ? '/' : below)
  if (segments.slice(0, -1).includes('')) throw new HttpProblem('ERR_HTTP_PATH', 'a part of the path is empty')
  for (const route of routes) {
    const names = namesOf(segmentsOf(route.path), segments)
    if (names !== undefined) return { route, names }
  }
  throw new HttpProblem('ERR_HTTP_NOT_FOUND', 'there is no such address here')
}

function segmentsOf(path: string): string[] {
  return path.slice(1).split('/')
}

function namesOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const names: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? ''
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    if (name === undefined ? part !== segment : segment === '') return undefined
    if (name !== undefined) names[name] = decode(segment)
  }
  return names
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new HttpProblem('ERR_HTTP_PATH', 'a name in the path is not percent-encoded UTF-8')
  }
}
