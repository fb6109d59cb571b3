import { Coordinator } from 'cache-attribution'
import { ReportHistory, readHistory } from 'cache-attribution/history'
import type { HistoryOptions, HistoryRecord, Trend } from 'cache-attribution/history'

await using coordinator = new Coordinator()
const options: HistoryOptions = {}
await using history = await ReportHistory.open('/var/tmp/consumer-history', options)
const detach: () => void = history.attach(coordinator)
const verdicts: (Trend['verdict'] | undefined)[] = [(await history.trends()).floor?.verdict]
for await (const record of history.read({ since: new Date(0) })) {
  const { kind }: HistoryRecord = record
  console.log(kind, verdicts, typeof readHistory)
}
detach()
