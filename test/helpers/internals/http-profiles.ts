/** The parts of `src/http/profiles/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { PROFILE_ROUTES } from '../../../src/http/profiles/profile-handler.js'
