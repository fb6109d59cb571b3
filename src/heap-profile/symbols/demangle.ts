/**
 * Names of functions as people read them: of C++, without parameters, and of Rust.
 *
 * Rule: never throws and never guesses; a name that is not understood is shown as the linker knows it. Parameters are
 * left out, as profiles of every tool leave them out: what is counted is the function.
 */
import { NotDemangled } from './cursor.js'
import { readEncoding, readName, readUnqualifiedName } from './itanium-names.js'
import { ItaniumReader, pieceText } from './itanium-reader.js'
import type { Grammar } from './itanium-reader.js'
import { readExpression, readTemplateArguments, readType } from './itanium-types.js'
import { rustSymbol } from './rust-names.js'

const GRAMMAR: Grammar = {
  encoding: readEncoding,
  name: readName,
  type: readType,
  expression: readExpression,
  templateArguments: readTemplateArguments,
  unqualified: readUnqualifiedName,
}

/** Longest name that is looked into. */
const MAX_NAME_LENGTH = 16_384

/** The name as people read it; `symbol` itself where it is not mangled, or not understood. */
export function demangle(symbol: string): string {
  // The version that the dynamic linker adds: `malloc@@GLIBC_2.2.5`.
  const [bare = symbol] = /^[^@]+/.exec(symbol) ?? []
  const mangled = /^_?_[ZR]/.exec(bare)?.[0]
  if (mangled === undefined || bare.length > MAX_NAME_LENGTH) return bare
  const suffix = bare.slice(mangled.length)
  try {
    if (mangled.endsWith('R')) return rustOf(suffix)
    const text = pieceText(readEncoding(new ItaniumReader(suffix, GRAMMAR), true))
    return rustName(text) ?? text + cloneOf(bare)
  } catch (error) {
    if (error instanceof NotDemangled) return bare
    throw error
  }
}

/** LLVM makes names of Rust unique by a number that says nothing. */
function rustOf(rest: string): string {
  const bare = rest.replace(/\.llvm\.[0-9A-F@]+$/i, '')
  const end = bare.search(/\W/)
  return rustSymbol(end === -1 ? bare : bare.slice(0, end)) + (end === -1 ? '' : cloneOf(bare.slice(end)))
}

/**
 * The endings by which compilers tell a part or a copy of a function from the whole: ` [clone .cold.0]`. Words and numbers
 * between dots, of which each word takes the numbers behind it.
 */
function cloneOf(symbol: string): string {
  const pieces = symbol.split('.')
  let from = pieces.length
  while (from > 1 && /^(?:[a-z_]+|\d+)$/i.test(pieces[from - 1] ?? '')) from--
  let text = ''
  let isInWord = false
  for (const piece of pieces.slice(from)) {
    const isNumber = /^\d/.test(piece)
    if (isNumber && isInWord) text += `.${piece}`
    else text += `${text === '' ? '' : ']'} [clone .${piece}`
    isInWord ||= !isNumber
  }
  return text === '' ? '' : `${text}]`
}

const RUST_ESCAPES: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
}

/** Rust's older names are C++'s with a hash as the last part, and escapes between dollars. */
function rustName(text: string): string | undefined {
  const [, path] = /^(.+)::h[0-9a-f]{16}$/.exec(text) ?? []
  return path
    ?.replaceAll('..', '::')
    .replace(
      /\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g,
      (escape, code: string | undefined, letters: string | undefined) => {
        if (code === undefined) return RUST_ESCAPES[letters ?? ''] ?? escape
        const point = Number.parseInt(code, 16)
        return point <= 0x10ffff ? String.fromCodePoint(point) : escape
      },
    )
    .replace(/(^|::)_(?=[<&*[])/g, '$1')
}
