/** Operators of the Itanium ABI: as functions are called after them, and as they stand in expressions. */

/** An operator. `operands` is how many an expression with it has; 0 where it has a form of its own. */
export interface Operator {
  readonly sign: string
  readonly operands: 0 | 1 | 2 | 3
}

const UNARY = 'ng - ps + ad & de * co ~ nt ! pp ++ mm -- nx noexcept sz sizeof az alignof aw co_await'
const BINARY =
  'pl + mi - ml * dv / rm % an & or | eo ^ aS = pL += mI -= mL *= dV /= rM %= aN &= oR |= eO ^= ls << rs >> lS <<= rS >>= ' +
  'eq == ne != lt < gt > le <= ge >= ss <=> aa && oo || cm , pm ->* pt -> dt . ds .*'
const OTHER = 'nw new na new[] dl delete da delete[] cl () ix [] st sizeof te typeid ti typeid sZ sizeof...'

/** Code → operator. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  ...table(UNARY, 1),
  ...table(BINARY, 2),
  ...table('qu ?', 3),
  ...table(OTHER, 0),
}

function table(text: string, operands: Operator['operands']): Record<string, Operator> {
  const words = text.split(' ')
  const entries: Record<string, Operator> = {}
  for (let index = 0; index + 1 < words.length; index += 2) {
    entries[words[index] ?? ''] = { sign: words[index + 1] ?? '', operands }
  }
  return entries
}
