/** Which package a script is of; pure. */

/**
 * The innermost package of a script: `@scope/name` below `node_modules/`, `node` of Node's own scripts; null of the
 * application's.
 *
 * @example
 * packageOf('/app/node_modules/@b/c/index.js') // '@b/c'
 */
export function packageOf(script: string): string | null {
  if (script.startsWith('node:')) return 'node'
  const inside = script.split(/[/\\]node_modules[/\\]/).at(-1)
  if (inside === undefined || inside === script) return null
  const [scope = '', name = ''] = inside.split(/[/\\]/)
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}
