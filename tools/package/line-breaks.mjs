// Breaks the long lines of minified code: Node prints the whole line beside an error that nobody catches.
//
// Rule: a line begins where the compiler's own parser sees a statement, an operand or the element of a list: never within a text or a
// template, and never behind a word whose operand has to stand on its line (`return`, `throw`, `yield`).
import ts from 'typescript'

/** @param {string} code @param {number} [most] characters of a line that no text makes longer */
export function withLineBreaks(code, most = 160) {
  /** @type {string[]} */
  const lines = []
  let [begin, last, lineStart] = [0, 0, 0]
  for (const start of [...lineStarts(code), code.length]) {
    const newline = code.slice(last, start).lastIndexOf('\n')
    if (newline === -1 && start - lineStart > most && last > lineStart) {
      lines.push(code.slice(begin, last))
      begin = lineStart = last
    }
    // A template of several lines breaks the line by itself.
    if (newline !== -1) lineStart = last + newline + 1
    last = start
  }
  return [...lines, code.slice(begin)].join('\n')
}

/** Where a line may begin, in the order of the text. @param {string} code */
function lineStarts(code) {
  const file = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2022, true)
  /** @type {Set<number>} */
  const starts = new Set()
  const visit = (/** @type {ts.Node} */ node) => {
    for (const one of beginningLines(node)) starts.add(one.getStart(file))
    ts.forEachChild(node, visit)
  }
  visit(file)
  return [...starts].sort((a, b) => a - b)
}

/** The parts of a node that may begin a line. @param {ts.Node} node @returns {readonly ts.Node[]} */
function beginningLines(node) {
  if (ts.isSourceFile(node) || ts.isBlock(node) || ts.isCaseOrDefaultClause(node)) return node.statements
  if (ts.isClassLike(node)) return node.members
  if (ts.isObjectLiteralExpression(node)) return node.properties
  if (ts.isArrayLiteralExpression(node)) return node.elements
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return node.arguments ?? []
  if (ts.isVariableDeclarationList(node)) return node.declarations.slice(1)
  if (ts.isBinaryExpression(node)) return [node.right]
  return ts.isConditionalExpression(node) ? [node.whenTrue, node.whenFalse] : []
}
