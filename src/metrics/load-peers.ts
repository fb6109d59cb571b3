/** The optional peers, loaded when somebody wants their metrics, and without waiting: `collectMetrics()` is no promise. */
import { createRequire } from 'node:module'
import type * as OpenTelemetry from '@opentelemetry/api'
import type * as PromClient from 'prom-client'
import { CoordinatorError, messageOf } from '../support/errors.js'

const require = createRequire(import.meta.url)

/** The package. @throws CoordinatorError `ERR_PROM_CLIENT_MISSING` */
export function loadPromClient(): typeof PromClient {
  try {
    return require('prom-client') as typeof PromClient
  } catch (error) {
    const message = `these metrics need the package prom-client (npm install prom-client): ${messageOf(error)}`
    throw new CoordinatorError('ERR_PROM_CLIENT_MISSING', message, { cause: error })
  }
}

/** The package. @throws CoordinatorError `ERR_OPENTELEMETRY_MISSING` */
export function loadOpenTelemetry(): typeof OpenTelemetry {
  try {
    return require('@opentelemetry/api') as typeof OpenTelemetry
  } catch (error) {
    const message = `these metrics need the package @opentelemetry/api (npm install @opentelemetry/api): ${messageOf(error)}`
    throw new CoordinatorError('ERR_OPENTELEMETRY_MISSING', message, { cause: error })
  }
}
