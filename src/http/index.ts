/**
 * The admin endpoint: one fetch-style handler that any web framework of Node can mount.
 *
 * @packageDocumentation
 */
export { createAdminHandler } from './admin/admin-handler.js'
export type { AdminHandler } from './server/request-pipeline.js'
export { createProfileHandler } from './profiles/profile-handler.js'
export type { ProfileHandlerOptions } from './profiles/profile-handler.js'
export type { AdminHandlerOptions } from './admin/options.js'
export type { Authorize, Role } from './server/authorization.js'
export { bearerToken } from './server/bearer-token.js'
export { toNodeListener } from './server/node-listener.js'
export type { NodeListener } from './server/node-listener.js'
