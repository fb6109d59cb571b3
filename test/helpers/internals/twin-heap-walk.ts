/** The parts of `src/twin/heap-walk/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { doubtOfPlanted, walkClasses } from '../../../src/twin/heap-walk/walk-classes.js'
export { doubtOfSize } from '../../../src/twin/heap-walk/walk.js'
