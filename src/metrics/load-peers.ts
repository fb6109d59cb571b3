/** The optional peers, loaded when somebody wants their metrics, and without waiting: `collectMetrics()` is no promise. */
import type * as OpenTelemetry from '@opentelemetry/api'
import type * as PromClient from 'prom-client'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import type { ErrorCode } from '../support/errors.js'
import { requireOptional } from '../support/own-package.js'

/** The package. @throws CacheAttributionError `ERR_PROM_CLIENT_MISSING` */
export function loadPromClient(): typeof PromClient {
  return load('prom-client', 'ERR_PROM_CLIENT_MISSING') as typeof PromClient
}

/** The package. @throws CacheAttributionError `ERR_OPENTELEMETRY_MISSING` */
export function loadOpenTelemetry(): typeof OpenTelemetry {
  return load('@opentelemetry/api', 'ERR_OPENTELEMETRY_MISSING') as typeof OpenTelemetry
}

function load(name: string, code: ErrorCode): unknown {
  try {
    return requireOptional(name)
  } catch (error) {
    const message = `these metrics need the package ${name} (npm install ${name}): ${messageOf(error)}`
    throw new CacheAttributionError(code, message, { cause: error })
  }
}
