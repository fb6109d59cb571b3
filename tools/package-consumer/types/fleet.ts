import { attributeFleet, formatFleet } from 'cache-attribution/fleet'
import type { AttributeFleetOptions, FleetReport } from 'cache-attribution/fleet'

const options: AttributeFleetOptions = { concurrency: 4, memoryShare: 0.8 }
const report: FleetReport = await attributeFleet({ dns: 'shop.example', port: 8080 }, options)
console.log(formatFleet(report, { width: 80 }))
