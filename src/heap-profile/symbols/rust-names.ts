/**
 * Rust's own scheme of mangling ("v0", `_R…`), as RFC 2603 and the book of rustc describe it.
 *
 * Rule: shown without the hashes of crates and without the types of constants, as tools show it that are not asked for more.
 */
import { Cursor } from './cursor.js'
import { readCharacter, readHexadecimal, readInteger, readString } from './rust-literals.js'
import { RustReader } from './rust-reader.js'

/** The name behind `_R`. @throws NotDemangled */
export function rustSymbol(mangled: string): string {
  // A digit is a later version of the scheme; a small letter some other name.
  if (!/^[A-Z]/.test(mangled)) new Cursor(mangled).fail()
  const reader = new RustReader(mangled)
  const name = path(reader, true)
  // Which crate has made this copy of it.
  if (!reader.done) path(reader, false)
  if (!reader.done) reader.fail()
  return name
}

/** In front of values stands `::<T>`, in types `<T>`. */
function path(reader: RustReader, isValue: boolean): string {
  return reader.within(() => reader.bounded(pathOf(reader, isValue)))
}

function pathOf(reader: RustReader, isValue: boolean): string {
  const tag = reader.next
  reader.at++
  switch (tag) {
    case 'C':
      reader.tagged('s')
      return reader.identifier()
    case 'N':
      return nested(reader, isValue)
    case 'M':
      implementation(reader)
      return `<${type(reader)}>`
    case 'X':
      implementation(reader)
      return `<${type(reader)} as ${path(reader, false)}>`
    case 'Y':
      return `<${type(reader)} as ${path(reader, false)}>`
    case 'I': {
      const generic = path(reader, isValue)
      return `${generic}${isValue ? '::' : ''}<${genericArguments(reader)}>`
    }
    case 'B':
      return reader.back(() => path(reader, isValue))
    default:
      return reader.fail()
  }
}

/** The place of an `impl` adds nothing to its type. */
function implementation(reader: RustReader): void {
  reader.tagged('s')
  path(reader, false)
}

const NAMESPACES: Readonly<Record<string, string>> = { C: 'closure', S: 'shim' }

function nested(reader: RustReader, isValue: boolean): string {
  const namespace = reader.next
  if (!/^[a-zA-Z]$/.test(namespace)) reader.fail()
  reader.at++
  const outer = path(reader, isValue)
  const index = reader.tagged('s')
  const name = reader.identifier()
  // Small letters are the compiler's own affair.
  if (namespace >= 'a') return name === '' ? outer : `${outer}::${name}`
  return `${outer}::{${NAMESPACES[namespace] ?? namespace}${name === '' ? '' : `:${name}`}#${String(index)}}`
}

/** Up to the `E` behind them. */
function genericArguments(reader: RustReader): string {
  const list = reader.untilEnd(() => {
    if (reader.take('L')) return lifetime(reader, reader.base62())
    return reader.take('K') ? constant(reader, false) : type(reader)
  })
  return list.join(', ')
}

const BASIC: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
}

/** A type. */
function type(reader: RustReader): string {
  return reader.within(() => reader.bounded(typeOf(reader)))
}

function typeOf(reader: RustReader): string {
  const tag = reader.next
  const basic = BASIC[tag]
  reader.at++
  if (basic !== undefined) return basic
  switch (tag) {
    case 'R':
    case 'Q':
      return `&${reader.take('L') ? before(lifetime(reader, reader.base62())) : ''}${tag === 'Q' ? 'mut ' : ''}${type(reader)}`
    case 'P':
      return `*const ${type(reader)}`
    case 'O':
      return `*mut ${type(reader)}`
    case 'A':
      return `[${type(reader)}; ${constant(reader, true)}]`
    case 'S':
      return `[${type(reader)}]`
    case 'T':
      return tuple(reader.untilEnd(() => type(reader)))
    case 'F':
      return bound(reader, () => functionType(reader))
    case 'D': {
      const traits = bound(reader, () => reader.untilEnd(() => trait(reader)).join(' + '))
      reader.expect('L')
      const lived = lifetime(reader, reader.base62())
      return `dyn ${traits}${lived === ERASED ? '' : ` + ${lived}`}`
    }
    case 'B':
      return reader.back(() => type(reader))
    default:
      reader.at--
      return path(reader, false)
  }
}

function tuple(parts: readonly string[]): string {
  return `(${parts.join(', ')}${parts.length === 1 ? ',' : ''})`
}

function functionType(reader: RustReader): string {
  const unsafe = reader.take('U') ? 'unsafe ' : ''
  const abi = reader.take('K') ? (reader.take('C') ? 'C' : reader.identifier().replaceAll('_', '-')) : null
  const parameters = reader.untilEnd(() => type(reader)).join(', ')
  const result = reader.take('u') ? '' : ` -> ${type(reader)}`
  return `${unsafe}${abi === null ? '' : `extern "${abi}" `}fn(${parameters})${result}`
}

/** A trait of a `dyn`, with the types that it is bound to in its brackets: `Iterator<Item = u8>`. */
function trait(reader: RustReader): string {
  const { name, inBrackets } = traitPath(reader)
  const all = inBrackets === '' ? [] : [inBrackets]
  while (reader.take('p')) {
    const associated = reader.identifier()
    all.push(`${associated} = ${type(reader)}`)
  }
  return all.length === 0 ? name : `${name}<${all.join(', ')}>`
}

function traitPath(reader: RustReader): { readonly name: string; readonly inBrackets: string } {
  if (reader.take('B')) return reader.back(() => traitPath(reader))
  if (!reader.take('I')) return { name: path(reader, false), inBrackets: '' }
  const name = path(reader, false)
  return { name, inBrackets: genericArguments(reader) }
}

/** A lifetime that is of no matter, or not told. */
const ERASED = "'_"

/** Lifetimes are counted from the innermost binder out; their names from the outermost in: `'a`, `'b`. */
function lifetime(reader: RustReader, index: number): string {
  if (index === 0) return ERASED
  const place = reader.lifetimes - index
  if (place < 0) reader.fail()
  return place < 26 ? `'${String.fromCodePoint(97 + place)}` : `'_${String(place)}`
}

function before(name: string): string {
  return name === ERASED ? '' : `${name} `
}

/** `for<'a> ` and what it stands before. */
function bound(reader: RustReader, body: () => string): string {
  const count = reader.tagged('G')
  if (count === 0) return body()
  const outer = reader.lifetimes
  if (count > reader.text.length) reader.fail()
  reader.lifetimes += count
  const names = Array.from({ length: count }, (_, index) => lifetime(reader, count - index))
  const text = body()
  reader.lifetimes = outer
  return `for<${names.join(', ')}> ${text}`
}

/** A constant; those that are written with words need braces where they stand among types. */
function constant(reader: RustReader, isValue: boolean): string {
  return reader.within(() => reader.bounded(constantOf(reader, isValue)))
}

function constantOf(reader: RustReader, isValue: boolean): string {
  const tag = reader.next
  reader.at++
  const braced = (text: string): string => (isValue ? text : `{${text}}`)
  switch (tag) {
    case 'p':
      return '_'
    case 'h':
    case 't':
    case 'm':
    case 'y':
    case 'o':
    case 'j':
      return readInteger(reader)
    case 'a':
    case 's':
    case 'l':
    case 'x':
    case 'n':
    case 'i':
      return `${reader.take('n') ? '-' : ''}${readInteger(reader)}`
    case 'b':
      return ['false', 'true'][Number(`0x${readHexadecimal(reader)}`)] ?? reader.fail()
    case 'c':
      return readCharacter(reader)
    case 'e':
      return braced(`*${readString(reader)}`)
    case 'R':
      return reader.take('e') ? readString(reader) : braced(`&${constant(reader, true)}`)
    case 'Q':
      return braced(`&mut ${constant(reader, true)}`)
    case 'A':
      return braced(`[${reader.untilEnd(() => constant(reader, true)).join(', ')}]`)
    case 'T':
      return braced(tuple(reader.untilEnd(() => constant(reader, true))))
    case 'V':
      return braced(`${path(reader, true)}${fields(reader)}`)
    case 'B':
      return reader.back(() => constant(reader, isValue))
    default:
      return reader.fail()
  }
}

function fields(reader: RustReader): string {
  if (reader.take('U')) return ''
  if (reader.take('T')) return `(${reader.untilEnd(() => constant(reader, true)).join(', ')})`
  reader.expect('S')
  const named = reader.untilEnd(() => {
    reader.tagged('s')
    const name = reader.identifier()
    return `${name}: ${constant(reader, true)}`
  })
  return ` { ${named.join(', ')} }`
}
