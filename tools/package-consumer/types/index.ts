// A user's module; must compile under strict options against the installed package.
import { Coordinator, CacheAttributionError, formatReport } from 'cache-attribution'
import type { AttributionReport } from 'cache-attribution'

const thumbnails = new Map<string, Uint8Array>()
const coordinator = new Coordinator()
const registration = coordinator.register('thumbnails', {
  release() {
    thumbnails.clear()
  },
  entries: () => thumbnails.size,
})
try {
  const report: AttributionReport = await coordinator.attribute({ only: ['thumbnails'] })
  const row = report.caches[0]
  const bytes: number | null | undefined = row?.released.allocatedBytes
  console.log(formatReport(report), bytes)
} catch (error) {
  if (!(error instanceof CacheAttributionError)) throw error
  console.error(error.code)
}
registration.unregister()
