/** Names of the Itanium ABI: encodings, nested and local names, operators, constructors, substitutions. */
import { OPERATORS } from './itanium-operators.js'
import { leftPiece, pieceText } from './itanium-reader.js'
import type { NamePiece, ItaniumReader } from './itanium-reader.js'

const SPECIAL: Readonly<Record<string, string>> = {
  TV: 'vtable for ',
  TT: 'VTT for ',
  TI: 'typeinfo for ',
  TS: 'typeinfo name for ',
}

const SPECIAL_NAME: Readonly<Record<string, string>> = {
  GV: 'guard variable for ',
  TH: 'TLS init function for ',
  TW: 'TLS wrapper function for ',
}

/** `std` is a name of its own, the others are classes with the last name of their constructors. */
const STANDARD: Readonly<Record<string, readonly [name: string, last: string]>> = {
  a: ['std::allocator', 'allocator'],
  b: ['std::basic_string', 'basic_string'],
  s: ['std::string', 'basic_string'],
  i: ['std::istream', 'basic_istream'],
  o: ['std::ostream', 'basic_ostream'],
  d: ['std::iostream', 'basic_iostream'],
}

/**
 * A function, a variable or something that the compiler made. Parameters are read over and not shown: what is wanted is
 * the name of a function. `toEnd` says that nothing is needed of what comes behind the name.
 */
export function readEncoding(reader: ItaniumReader, toEnd = false): NamePiece {
  return reader.pieceWithin(() => {
    const two = reader.nextTwo
    const special = SPECIAL[two]
    if (special !== undefined) {
      reader.at += 2
      return leftPiece(special + pieceText(reader.grammar.type(reader)))
    }
    if (/^T[hvc]$/.test(two)) return thunk(reader)
    const specialName = SPECIAL_NAME[two]
    if (specialName !== undefined) {
      reader.at += 2
      return leftPiece(specialName + pieceText(readName(reader)))
    }
    if (reader.take('GTt')) return leftPiece(`transaction clone for ${pieceText(readEncoding(reader, true))}`)
    if (reader.take('GR')) {
      const of = pieceText(readName(reader))
      reader.sequence()
      return leftPiece(`reference temporary for ${of}`)
    }
    const piece = readName(reader)
    if (!toEnd) {
      while (!reader.done && reader.next !== 'E' && reader.next !== '.') reader.grammar.type(reader)
    }
    return piece
  })
}

function thunk(reader: ItaniumReader): NamePiece {
  reader.at++
  const covariant = reader.take('c')
  if (covariant) callOffset(reader)
  const virtual = callOffset(reader)
  const kind = covariant ? 'covariant return' : virtual ? 'virtual' : 'non-virtual'
  return leftPiece(`${kind} thunk to ${pieceText(readEncoding(reader, true))}`)
}

/** Whether the offset is a virtual one. */
function callOffset(reader: ItaniumReader): boolean {
  const virtual = reader.take('v')
  if (!virtual) reader.expect('h')
  if (reader.number() === undefined) reader.fail()
  reader.expect('_')
  if (!virtual) return false
  if (reader.number() === undefined) reader.fail()
  reader.expect('_')
  return true
}

/** A name in any scope. */
export function readName(reader: ItaniumReader): NamePiece {
  return reader.pieceWithin(() => {
    if (reader.next === 'N') return nestedName(reader)
    if (reader.next === 'Z') return localName(reader)
    if (reader.next === 'S' && reader.nextTwo !== 'St') {
      const piece = readSubstitution(reader)
      return reader.comes('I') ? withArguments(reader, piece) : piece
    }
    const scope = reader.take('St') ? leftPiece('std') : null
    const piece = readUnqualifiedName(reader, scope)
    return reader.comes('I') ? withArguments(reader, reader.remember(piece)) : piece
  })
}

function nestedName(reader: ItaniumReader): NamePiece {
  reader.expect('N')
  while (/[rVK]/.test(reader.next)) reader.at++
  if (reader.next === 'R' || (reader.next === 'O' && !/^O[0-9]/.test(reader.nextTwo))) reader.at++
  let scope: NamePiece | null = null
  let remembered = false
  while (!reader.take('E')) {
    const [part, isNew]: readonly [NamePiece, boolean] = reader.within(() => nestedPart(reader, scope))
    scope = part
    remembered = isNew
    if (isNew) reader.remember(part)
    reader.take('M')
  }
  if (scope === null || !remembered) return reader.fail()
  // The whole is remembered as a type where it is one.
  reader.substitutions.pop()
  return scope
}

/** The next part of a nested name, and whether it is one that was not in the table of substitutions. */
function nestedPart(reader: ItaniumReader, scope: NamePiece | null): readonly [NamePiece, boolean] {
  if (reader.next === 'I') return scope === null ? reader.fail() : [withArguments(reader, scope), true]
  if (scope === null) {
    if (reader.take('St')) return [leftPiece('std'), false]
    if (reader.next === 'S') return [readSubstitution(reader), false]
    if (reader.next === 'T') return [readTemplateParameter(reader), true]
    if (/^D[tT]$/.test(reader.nextTwo)) return [reader.grammar.type(reader), false]
  }
  return [readUnqualifiedName(reader, scope), true]
}

function localName(reader: ItaniumReader): NamePiece {
  reader.expect('Z')
  const outer = pieceText(readEncoding(reader))
  reader.expect('E')
  if (reader.take('s')) {
    discriminator(reader)
    return leftPiece(`${outer}::string literal`)
  }
  if (reader.take('d')) {
    reader.number()
    reader.expect('_')
  }
  const inner = readName(reader)
  discriminator(reader)
  return { ...inner, left: `${outer}::${inner.left}` }
}

function discriminator(reader: ItaniumReader): void {
  if (reader.take('__')) {
    reader.number()
    reader.expect('_')
  } else if (/^_[0-9]/.test(reader.nextTwo)) reader.at += 2
}

/** A name without its scope, with the scope put in front. */
export function readUnqualifiedName(reader: ItaniumReader, scope: NamePiece | null): NamePiece {
  reader.take('L')
  const last = lastName(reader, scope)
  let tags = ''
  while (reader.take('B')) tags += `[abi:${reader.sourceName()}]`
  const prefix = scope === null ? '' : `${pieceText(scope)}::`
  return reader.bounded({ left: prefix + last + tags, right: '', last })
}

function lastName(reader: ItaniumReader, scope: NamePiece | null): string {
  if (/[0-9]/.test(reader.next)) return reader.sourceName()
  if (/^C[I0-9]$/.test(reader.nextTwo)) return constructorName(reader, scope)
  if (/^D[0-9]$/.test(reader.nextTwo)) {
    reader.at += 2
    return `~${scope?.last ?? reader.fail()}`
  }
  if (reader.take('DC')) return `[${reader.untilEnd(() => reader.sourceName()).join(', ')}]`
  if (reader.take('Ut')) return `{unnamed type#${count(reader)}}`
  if (reader.take('Ul')) {
    const parameters = reader.untilEnd(() => pieceText(reader.grammar.type(reader)))
    return `{lambda(${parameters.join(', ') === 'void' ? '' : parameters.join(', ')})#${count(reader)}}`
  }
  return operatorName(reader)
}

function constructorName(reader: ItaniumReader, scope: NamePiece | null): string {
  reader.at++
  // An inherited constructor names its base.
  const inherited = reader.take('I')
  reader.at++
  if (inherited) reader.grammar.type(reader)
  return scope?.last ?? reader.fail()
}

/** `_` is the first, `0_` the second. */
function count(reader: ItaniumReader): number {
  const number = reader.number()
  reader.expect('_')
  return number === undefined ? 1 : number + 2
}

function operatorName(reader: ItaniumReader): string {
  if (reader.take('cv')) return `operator ${pieceText(reader.grammar.type(reader))}`
  if (reader.take('li')) return `operator"" ${reader.sourceName()}`
  const operator = OPERATORS[reader.nextTwo]
  if (operator === undefined) return reader.fail()
  reader.at += 2
  return `operator${/^[a-z]/.test(operator.sign) ? ' ' : ''}${operator.sign}`
}

/** Template arguments behind a name; what stands in them is what `T_` means from then on. */
function withArguments(reader: ItaniumReader, piece: NamePiece): NamePiece {
  const list = reader.grammar.templateArguments(reader)
  // `operator<` and an argument list must not read as `operator<<`.
  const gap = piece.left.endsWith('<') ? ' ' : ''
  const last = piece.last === undefined ? {} : { last: piece.last }
  return reader.bounded({ left: `${pieceText(piece)}${gap}${list}`, right: '', ...last, template: true })
}

/** `S_`, `S0_` … from the table, or one of the standard names. */
export function readSubstitution(reader: ItaniumReader): NamePiece {
  reader.expect('S')
  const standard = STANDARD[reader.next]
  if (standard !== undefined) {
    reader.at++
    const piece = { left: standard[0], right: '', last: standard[1] }
    if (reader.next !== 'B') return piece
    reader.at++
    return reader.remember({ ...piece, left: `${piece.left}[abi:${reader.sourceName()}]` })
  }
  return reader.substitutions[reader.sequence()] ?? reader.fail()
}

/** `T_`, `T0_` … */
export function readTemplateParameter(reader: ItaniumReader): NamePiece {
  reader.expect('T')
  if (reader.take('L')) {
    reader.number()
    reader.expect('_')
  }
  // A parameter of a generic lambda has no argument.
  return leftPiece(reader.templateParameters[reader.sequence()] ?? 'auto')
}
