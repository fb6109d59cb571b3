/**
 * Whether stacks come back by name and line, tried on a call of our own.
 *
 * Rule: a stack that is wrong is worse than none: what is not as expected is the reason why there are none.
 */
import type { JavaScriptStacksBinding } from '../../allocator/port.js'

/** Null where the stack of a known call came back as it is. */
export function selfTest(stacks: JavaScriptStacksBinding): string | null {
  // The first call has the addon learn what it needs of a call by V8.
  callAddon(stacks)
  const token = callAddon(stacks)
  if (token === 0) return 'no stack was found in the self-test'
  stacks.resolve()
  const lines = (stacks.nameOf(token) ?? '').split('\n')
  const names = new Map(lines.filter((line) => line.startsWith('# js frame ')).map((line) => nameOf(line.split(' '))))
  const stack =
    lines
      .find((line) => line.startsWith('# js stack '))
      ?.split(' ')
      .slice(4) ?? []
  const [inner, outer] = stack.map((frame) => names.get(frame))
  if (inner?.name === callAddon.name && inner.line > 0 && outer?.name === selfTest.name && outer.line > 0) return null
  return `the self-test called ${selfTest.name}, and V8 named ${stack.length === 0 ? 'nothing' : (inner?.name ?? 'another call')}`
}

function callAddon(stacks: JavaScriptStacksBinding): number {
  return stacks.probe()
}

function nameOf(words: readonly string[]): [string, { readonly name: string; readonly line: number }] {
  return [words[3] ?? '', { name: words.at(-1) ?? '', line: Number(words[4]) }]
}
