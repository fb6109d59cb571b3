/** Types and template arguments of the Itanium ABI, and the expressions that stand in them. */
import { OPERATORS } from './itanium-operators.js'
import { leftPiece, pieceText } from './itanium-reader.js'
import type { NamePiece, ItaniumReader } from './itanium-reader.js'
import { readSubstitution, readTemplateParameter } from './itanium-names.js'

const BUILTIN: Readonly<Record<string, string>> = {
  v: 'void',
  w: 'wchar_t',
  b: 'bool',
  c: 'char',
  a: 'signed char',
  h: 'unsigned char',
  s: 'short',
  t: 'unsigned short',
  i: 'int',
  j: 'unsigned int',
  l: 'long',
  m: 'unsigned long',
  x: 'long long',
  y: 'unsigned long long',
  n: '__int128',
  o: 'unsigned __int128',
  f: 'float',
  d: 'double',
  e: 'long double',
  g: '__float128',
  z: '...',
}

const EXTENDED: Readonly<Record<string, string>> = {
  Da: 'auto',
  Dc: 'decltype(auto)',
  Dd: 'decimal64',
  De: 'decimal128',
  Df: 'decimal32',
  Dh: 'half',
  Di: 'char32_t',
  Ds: 'char16_t',
  Du: 'char8_t',
  Dn: 'decltype(nullptr)',
}

const INDIRECTION: Readonly<Record<string, string>> = { P: '*', R: '&', O: '&&' }

/** Suffixes of literals. */
const LITERAL_SUFFIX: Readonly<Record<string, string>> = {
  int: '',
  'unsigned int': 'u',
  long: 'l',
  'unsigned long': 'ul',
  'long long': 'll',
  'unsigned long long': 'ull',
}

/** A type. */
export function readType(reader: ItaniumReader): NamePiece {
  return reader.pieceWithin(() => {
    const builtin = BUILTIN[reader.next] ?? EXTENDED[reader.nextTwo]
    if (builtin !== undefined) {
      reader.at += BUILTIN[reader.next] === undefined ? 2 : 1
      return leftPiece(builtin)
    }
    if (reader.next === 'S' && reader.nextTwo !== 'St') {
      const piece = readSubstitution(reader)
      return reader.comes('I') ? reader.remember(applied(reader, piece)) : piece
    }
    return reader.remember(compound(reader))
  })
}

/** Whatever goes into the table of substitutions. */
function compound(reader: ItaniumReader): NamePiece {
  const sign = INDIRECTION[reader.next]
  if (sign !== undefined) {
    reader.at++
    return indirect(readType(reader), sign)
  }
  if (/[rVK]/.test(reader.next)) return qualified(reader)
  if (/[0-9NZS]/.test(reader.next)) return reader.grammar.name(reader)
  if (reader.next === 'F' || /^D[oOwx]$/.test(reader.nextTwo)) return functionType(reader)
  if (reader.next === 'D') return extended(reader)
  if (reader.next === 'T') {
    // `Ts`, `Tu`, `Te`: struct, union, enum.
    if (/^T[sue]$/.test(reader.nextTwo)) {
      reader.at += 2
      return reader.grammar.name(reader)
    }
    const piece = readTemplateParameter(reader)
    return reader.comes('I') ? applied(reader, reader.remember(piece)) : piece
  }
  return otherType(reader)
}

function otherType(reader: ItaniumReader): NamePiece {
  if (reader.take('A')) {
    const size = reader.take('_') ? '' : arraySize(reader)
    const { left, right } = readType(reader)
    return { left: `${left} `, right: `[${size}]${right}`, open: true }
  }
  if (reader.take('M')) {
    const owner = pieceText(readType(reader))
    const member = readType(reader)
    if (member.open === true) return { left: `${member.left}(${owner}::*`, right: `)${member.right}` }
    return { left: `${member.left} ${owner}::*`, right: member.right }
  }
  if (reader.take('C')) return leftPiece(`${pieceText(readType(reader))} _Complex`)
  if (reader.take('G')) return leftPiece(`${pieceText(readType(reader))} _Imaginary`)
  if (reader.take('U')) {
    const vendor = reader.sourceName()
    const list = reader.comes('I') ? reader.grammar.templateArguments(reader) : ''
    return leftPiece(`${pieceText(readType(reader))} ${vendor}${list}`)
  }
  if (reader.take('u')) {
    const vendor = reader.sourceName()
    return leftPiece(reader.comes('I') ? vendor + reader.grammar.templateArguments(reader) : vendor)
  }
  return reader.fail()
}

function arraySize(reader: ItaniumReader): string {
  const size = reader.number()
  const text = size === undefined ? reader.grammar.expression(reader) : String(size)
  reader.expect('_')
  return text
}

function indirect({ left, right, open }: NamePiece, sign: string): NamePiece {
  if (open !== true) return { left: left + sign, right }
  return { left: `${left}(${sign}`, right: right.startsWith('[') ? `) ${right}` : `)${right}` }
}

function qualified(reader: ItaniumReader): NamePiece {
  let words = ''
  if (reader.take('r')) words += ' restrict'
  if (reader.take('V')) words = ` volatile${words}`
  if (reader.take('K')) words = ` const${words}`
  const piece = readType(reader)
  if (piece.open === true) return { ...piece, right: piece.right + words }
  return { ...piece, left: piece.left + words }
}

function functionType(reader: ItaniumReader): NamePiece {
  let exception = ''
  if (reader.take('Do')) exception = ' noexcept'
  else if (reader.take('DO')) {
    exception = ` noexcept(${reader.grammar.expression(reader)})`
    reader.expect('E')
  } else if (reader.take('Dw')) exception = ` throw(${reader.untilEnd(() => pieceText(readType(reader))).join(', ')})`
  reader.take('Dx')
  reader.expect('F')
  reader.take('Y')
  const result = pieceText(readType(reader))
  const parameters: string[] = []
  let reference = ''
  for (;;) {
    if (reader.take('RE')) reference = ' &'
    else if (reader.take('OE')) reference = ' &&'
    else if (!reader.take('E')) {
      parameters.push(pieceText(readType(reader)))
      continue
    }
    break
  }
  const list = parameters.join(', ')
  return { left: `${result} `, right: `(${list === 'void' ? '' : list})${reference}${exception}`, open: true }
}

function extended(reader: ItaniumReader): NamePiece {
  if (reader.take('Dp')) return readType(reader)
  if (reader.take('Dt') || reader.take('DT')) {
    const expressionText = reader.grammar.expression(reader)
    reader.expect('E')
    return leftPiece(`decltype (${expressionText})`)
  }
  if (reader.take('DF')) {
    const bits = reader.number() ?? reader.fail()
    if (reader.take('b')) return leftPiece(`std::bfloat${bits}_t`)
    reader.expect('_')
    return leftPiece(`_Float${bits}`)
  }
  if (reader.take('Dv')) {
    const size = reader.take('_') ? reader.grammar.expression(reader) : String(reader.number() ?? reader.fail())
    reader.expect('_')
    return leftPiece(`${pieceText(readType(reader))} __vector(${size})`)
  }
  return reader.fail()
}

function applied(reader: ItaniumReader, piece: NamePiece): NamePiece {
  return leftPiece(pieceText(piece) + reader.grammar.templateArguments(reader))
}

/** `I` arguments `E`, as text in angle brackets. */
export function readTemplateArguments(reader: ItaniumReader): string {
  return reader.textWithin(() => {
    reader.expect('I')
    const list = reader.untilEnd(() => templateArgument(reader))
    reader.templateParameters = list
    const text = list.filter((argument) => argument !== '').join(', ')
    return `<${text}${text.endsWith('>') ? ' ' : ''}>`
  })
}

function templateArgument(reader: ItaniumReader): string {
  return reader.textWithin(() => {
    if (reader.take('J'))
      return reader
        .untilEnd(() => templateArgument(reader))
        .filter((text) => text !== '')
        .join(', ')
    if (reader.take('X')) {
      const text = reader.grammar.expression(reader)
      reader.expect('E')
      return text
    }
    return reader.next === 'L' ? literal(reader) : pieceText(readType(reader))
  })
}

/** An expression, as it might stand in the source. */
export function readExpression(reader: ItaniumReader): string {
  return reader.textWithin(() => {
    if (reader.next === 'L') return literal(reader)
    if (reader.next === 'T') return pieceText(readTemplateParameter(reader))
    if (reader.take('fp')) {
      while (/[rVK]/.test(reader.next)) reader.at++
      return `{parm#${reader.sequence() + 1}}`
    }
    if (reader.take('sr')) return scopedExpression(reader)
    if (reader.take('cl')) {
      const [callee = '', ...parameters] = reader.untilEnd(() => readExpression(reader))
      return `${callee}(${parameters.join(', ')})`
    }
    if (reader.take('cv')) return conversion(reader)
    if (reader.take('sp')) return `${readExpression(reader)}...`
    if (reader.take('tl'))
      return `${pieceText(readType(reader))}{${reader.untilEnd(() => readExpression(reader)).join(', ')}}`
    if (reader.take('il')) return `{${reader.untilEnd(() => readExpression(reader)).join(', ')}}`
    if (reader.take('st')) return `sizeof (${pieceText(readType(reader))})`
    if (reader.take('sZ')) return `sizeof...(${pieceText(readTemplateParameter(reader))})`
    if (/[0-9]/.test(reader.next)) return nameWithArguments(reader)
    if (reader.take('on')) return nameWithArguments(reader)
    return operation(reader)
  })
}

function nameWithArguments(reader: ItaniumReader): string {
  const text = pieceText(reader.grammar.unqualified(reader, null))
  return reader.comes('I') ? text + readTemplateArguments(reader) : text
}

function scopedExpression(reader: ItaniumReader): string {
  if (reader.take('N')) return reader.fail()
  return `${pieceText(readType(reader))}::${nameWithArguments(reader)}`
}

function conversion(reader: ItaniumReader): string {
  const target = pieceText(readType(reader))
  if (reader.take('_')) return `${target}(${reader.untilEnd(() => readExpression(reader)).join(', ')})`
  return `(${target})${readExpression(reader)}`
}

function operation(reader: ItaniumReader): string {
  const operator = OPERATORS[reader.nextTwo]
  if (operator === undefined || operator.operands === 0) return reader.fail()
  reader.at += 2
  if (operator.operands === 1) {
    // The address of a function reads best without brackets.
    const isName = reader.comes('L_Z')
    const operand = readExpression(reader)
    return isName ? operator.sign + operand : `${operator.sign}(${operand})`
  }
  const left = readExpression(reader)
  if (operator.operands === 2) return `(${left})${operator.sign}(${readExpression(reader)})`
  return `(${left}) ? (${readExpression(reader)}) : (${readExpression(reader)})`
}

/** `L` type value `E`, or `L_Z` encoding `E`. */
function literal(reader: ItaniumReader): string {
  reader.expect('L')
  if (reader.take('_Z')) {
    const text = pieceText(reader.grammar.encoding(reader))
    reader.expect('E')
    return text
  }
  const of = pieceText(readType(reader))
  const value = /^[^E]*/.exec(reader.text.slice(reader.at, reader.at + 64))?.[0] ?? ''
  reader.at += value.length
  reader.expect('E')
  if (of === 'bool') return value === '1' ? 'true' : 'false'
  if (of === 'decltype(nullptr)') return 'nullptr'
  const number = value.replace('n', '-')
  const suffix = LITERAL_SUFFIX[of]
  return suffix === undefined ? `(${of})${number}` : number + suffix
}
