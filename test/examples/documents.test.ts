import { expect } from 'chai'
import { parseDeclarations, parseDocument, parseMarkdown } from '../../examples/service/documents.js'

describe('the documents of the example service', () => {
  it('are Markdown as blocks: headings, paragraphs, lists, code', () => {
    const text = '# Title\nOne\ntwo\n\n- a\n- b\n\n```js\nlet x\n\n# no heading\n```\n## End ##'
    expect(parseMarkdown(text)).to.deep.equal([
      { kind: 'heading', level: 1, text: 'Title' },
      { kind: 'paragraph', text: 'One two' },
      { kind: 'list', items: ['a', 'b'] },
      { kind: 'code', language: 'js', lines: ['let x', '', '# no heading'] },
      { kind: 'heading', level: 2, text: 'End' },
    ])
  })

  it('keep a code block that is never closed', () => {
    expect(parseMarkdown('~~~\nlet x')).to.deep.equal([{ kind: 'code', language: '', lines: ['let x'] }])
  })

  it('are declarations nested by their braces', () => {
    const [first, second] = parseDeclarations('/** why */\nexport interface A {\n  b: number\n}\ndeclare const c: 1')
    expect(first).to.deep.include({ name: 'A', line: 2, isExported: true })
    expect(first?.members.map(({ name }) => name)).to.deep.equal(['b'])
    expect(second).to.deep.include({ name: 'c', isExported: false, members: [] })
  })

  it('say what is wrong with JSON that is none', () => {
    const document = parseDocument('a/package.json', Buffer.from('{'))
    expect(document).to.include({ kind: 'unparsable', sourceBytes: 1 })
  })
})
