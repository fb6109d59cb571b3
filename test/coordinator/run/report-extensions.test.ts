import { expect } from 'chai'
import { ReportExtensions } from '../../helpers/internals/coordinator-run.js'
import type { AttributionReport } from '../../../src/index.js'

const REPORT = { id: 'a run', warnings: [] } as unknown as AttributionReport

describe('ReportExtensions', () => {
  it('add one after the other, each to what the ones before it made', async () => {
    const extensions = new ReportExtensions()
    extensions.add((report) => ({ ...report, id: `${report.id}, seen` }))
    extensions.add((report) => Promise.resolve({ ...report, id: `${report.id} twice` }))
    expect((await extensions.apply(REPORT)).id).to.equal('a run, seen twice')
    expect(REPORT.id).to.equal('a run')
  })

  it('cost the report nothing but a warning where one throws, rejects or hangs', async () => {
    const extensions = new ReportExtensions(20)
    extensions.add(() => {
      throw new Error('thrown')
    })
    extensions.add(() => Promise.reject(new Error('rejected')))
    extensions.add(() => new Promise(() => undefined))
    extensions.add((report) => ({ ...report, id: 'the last' }))
    const { id, warnings } = await extensions.apply(REPORT)
    expect(id).to.equal('the last')
    expect(warnings.map(({ code }) => code)).to.deep.equal(new Array(3).fill('WARN_REPORT_EXTENSION'))
    expect(warnings.map(({ message }) => /: (?<reason>.*)$/.exec(message)?.groups?.['reason'])).to.deep.equal([
      'thrown',
      'rejected',
      'it did not end within 20 ms',
    ])
  })

  it('are taken away one by one, also of a function that was given twice', async () => {
    const extensions = new ReportExtensions()
    const extend = (report: AttributionReport): AttributionReport => ({ ...report, id: `${report.id}+` })
    const undo = extensions.add(extend)
    extensions.add(extend)
    undo()
    undo()
    expect((await extensions.apply(REPORT)).id).to.equal('a run+')
    extensions.clear()
    expect((await extensions.apply(REPORT)).id).to.equal('a run')
  })
})
