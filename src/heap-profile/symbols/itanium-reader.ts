/**
 * The state of reading a mangled C++ name (Itanium ABI, as gcc and clang write it on every Unix): the place in the text,
 * the table of substitutions.
 */
import { Cursor } from './cursor.js'

/**
 * A piece of the result. What is declared stands between `left` and `right`: `int (*` and `)[4]`.
 */
export interface NamePiece {
  readonly left: string
  readonly right: string
  /** A function or an array: a pointer to it needs brackets. */
  readonly open?: boolean
  /** The last name in it without template arguments, which is what its constructors are called. */
  readonly last?: string
  /** Whether it ends in template arguments: a function with them writes its result's type too. */
  readonly template?: boolean
}

/** The parts of the grammar that call each other across files. */
export interface Grammar {
  encoding(reader: ItaniumReader): NamePiece
  name(reader: ItaniumReader): NamePiece
  type(reader: ItaniumReader): NamePiece
  expression(reader: ItaniumReader): string
  templateArguments(reader: ItaniumReader): string
  unqualified(reader: ItaniumReader, scope: NamePiece | null): NamePiece
}

/** One name that is being read. */
export class ItaniumReader extends Cursor {
  readonly grammar: Grammar
  readonly substitutions: NamePiece[] = []
  /** Arguments of the innermost template around, for `T_`. */
  templateParameters: readonly string[] = []

  constructor(text: string, grammar: Grammar) {
    super(text)
    this.grammar = grammar
  }

  get nextTwo(): string {
    return this.text.slice(this.at, this.at + 2)
  }

  /** A decimal number, `n` before it for minus; undefined where there is none. */
  number(): number | undefined {
    const [digits = ''] = /^n?[0-9]{1,9}/.exec(this.text.slice(this.at, this.at + 11)) ?? []
    if (digits === '') return undefined
    this.at += digits.length
    return Number(digits.replace('n', '-'))
  }

  /** A number to base 36 that ends in `_`, where `_` alone is 0 and `0_` is 1. */
  sequence(): number {
    const [digits = ''] = /^[0-9A-Z]{0,6}(?=_)/.exec(this.text.slice(this.at, this.at + 8)) ?? []
    this.at += digits.length
    this.expect('_')
    return digits === '' ? 0 : Number.parseInt(digits, 36) + 1
  }

  /** A number and as many characters. */
  sourceName(): string {
    const length = this.number() ?? this.fail()
    const name = this.text.slice(this.at, this.at + length)
    if (length <= 0 || name.length !== length) this.fail()
    this.at += length
    return name.startsWith('_GLOBAL__N') ? '(anonymous namespace)' : name
  }

  /** Puts a piece into the table of substitutions. */
  remember(piece: NamePiece): NamePiece {
    this.substitutions.push(piece)
    return piece
  }

  /** A piece that `body` reads one level deeper. */
  pieceWithin(body: () => NamePiece): NamePiece {
    return this.bounded(this.within(body))
  }

  /** A text that `body` reads one level deeper. */
  textWithin(body: () => string): string {
    const text = this.within(body)
    this.spend(text.length)
    return text
  }

  /** Counts a piece that was made. */
  bounded(piece: NamePiece): NamePiece {
    this.spend(piece.left.length + piece.right.length)
    return piece
  }
}

/** The whole text of a piece. */
export function pieceText({ left, right }: NamePiece): string {
  return left + right
}

/** A piece that is all left. */
export function leftPiece(left: string): NamePiece {
  return { left, right: '' }
}
