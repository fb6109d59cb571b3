import { attributeThreads } from 'cache-attribution/threads'
import type { AttributeThreadsOptions, ThreadsReport } from 'cache-attribution/threads'

const options: AttributeThreadsOptions = { mode: 'twin', answerTimeoutMs: 500 }
const report: ThreadsReport = await attributeThreads(options)
console.log(report.caches.map(({ name, totalBytes }) => `${name} ${String(totalBytes)}`))
