/** The pages of a profile handler as links of the admin page. Pure. */
import type { AdminLink } from './types.js'

/** Profiling may be off: a capture of some seconds switches it on for so long. */
const PAGES = [
  ['Flame graph', '/flamegraph?seconds=10'],
  ['Top allocations', '/top?seconds=10'],
] as const

/** Relative, so that they hold behind a proxy that puts other paths before both. */
export function profileLinks(adminPath: string, profilePath: string): AdminLink[] {
  const depth = adminPath.split('/').length - 1
  return PAGES.map(([title, page]) => ({ title, href: `${'../'.repeat(depth)}${profilePath.slice(1)}${page}` }))
}
