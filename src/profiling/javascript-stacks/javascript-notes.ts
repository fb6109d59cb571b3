/**
 * The names of JavaScript for a dump, as lines behind it: a dump that is read elsewhere, or after the code has moved or gone,
 * says the same.
 *
 * Rule: in the same turn as the dump, after it, so that every stack in it has its name; lines and files are those of the
 * sources, where a source map has them.
 */
import { decoded, frameLine } from '../../heap-profile/profile/javascript-names.js'
import { scopeLines } from './scopes.js'
import { originalPlace, pathOfScript } from './source-maps.js'
import { reasonUnsupported, stacksBinding } from './support.js'

/** Lines for the dump in this file; empty where it has nothing of JavaScript. */
export function javaScriptNotes(descriptor: number): string {
  const stacks = stacksBinding()
  if (stacks?.isOn() === true) stacks.resolve()
  const names = stacks?.names(descriptor) ?? ''
  if (names !== '')
    return names.split('\n').map(written).join('') + scopeLines() + because('pool', stacks?.poolReason())
  return because('none', reasonUnsupported())
}

function because(of: 'pool' | 'none', reason: string | null = null): string {
  return reason === null ? '' : `# js ${of} ${reason.replaceAll(/\s+/g, ' ')}\n`
}

function written(line: string): string {
  if (!line.startsWith('# js frame ')) return line === '' ? '' : `${line}\n`
  const [, , , number = '', ownLine = '', column = '', callColumn = '', file = '', name = ''] = line.split(' ')
  const place = { file: file === '-' ? null : pathOfScript(decoded(file)), line: Number(ownLine) || null }
  const mapped = originalPlace(place, { own: Number(column), call: Number(callColumn) })
  return frameLine(Number(number), { name: decoded(name), ...mapped })
}
