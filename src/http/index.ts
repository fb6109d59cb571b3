/**
 * The admin endpoint: one fetch-style handler that any web framework of Node can mount.
 *
 * @packageDocumentation
 */
export { createAdminHandler } from './admin-handler.js'
export type { AdminHandler } from './frame.js'
export { createProfileHandler } from './profiles.js'
export type { ProfileHandlerOptions } from './profiles.js'
export type { AdminHandlerOptions, AdminLink } from './options.js'
export type { HistorySource } from './past-reports.js'
export type { AdminConnection, Authorize, Role, Verdict } from './authorization.js'
export { bearerToken } from './bearer-token.js'
export type { BearerTokenOptions } from './bearer-token.js'
export { toNodeListener } from './node-listener.js'
export type { NodeListener } from './node-listener.js'
