/**
 * `cache-attribution/auto`: a service whose code knows nothing of this package.
 *
 * `node --import cache-attribution/auto app.js` gives it an admin endpoint that `cache-attribution attribute PID` finds, and
 * registers the caches of known libraries with `Coordinator.default()`. docs/guide/auto.md lists the variables of the
 * environment.
 *
 * Rule: whatever fails here is a warning, and the program runs on.
 *
 * @module auto
 */
import { startAuto } from './start-auto.js'

startAuto()
