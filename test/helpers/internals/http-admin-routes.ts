/** The parts of `src/http/admin/routes/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { ROUTES } from '../../../src/http/admin/routes/table.js'
