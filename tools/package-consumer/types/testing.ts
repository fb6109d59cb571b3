import { expectRetained, retainedBytes } from 'cache-attribution/testing'
import type { RetainedBytes, RetainedOptions } from 'cache-attribution/testing'

const options: RetainedOptions = { times: 200, callTimeoutMs: 1000 }
const { bytesPerCall, uncertaintyBytes }: RetainedBytes = await retainedBytes(() => JSON.parse('{}'), options)
const { isConclusive } = await expectRetained(async () => Promise.resolve(), options).toBeBelow('1 KiB')
console.log(bytesPerCall + uncertaintyBytes, isConclusive)
