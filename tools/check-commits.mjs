// Holds the form of commits: `area: imperative` in at most 72 characters, an empty line, and a body that says why.
//
//   node tools/check-commits.mjs [--root <folder>] [--since <commit>] [<revision range>]
//
// Without a range the commits since the last tag are checked, or, where there is no tag yet, those since FIRST, before
// which there were other forms. A clone that does not reach so far back (a shallow one) has nothing to check, nor has a
// folder without Git history, such as an unpacked archive.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const MAX_SUBJECT = 72
/** The last commit before the form was held. */
const FIRST = '51d13fef3f19d0b19e3efaefbb140238c1e36480'
/** One or two words in lower case, several areas joined by a comma: `twin`, `heap-profile`, `docs, tools`. */
const SUBJECT = /^[a-z][a-z0-9-]*(?:[ ,/]+[a-z][a-z0-9-]*)*: \S/
/** First words that look like another form of a verb and are its imperative. */
const IMPERATIVES = new Set([
  'address',
  'bring',
  'canvas',
  'embed',
  'exceed',
  'feed',
  'focus',
  'need',
  'process',
  'speed',
])
const GENERATED = /^(?:Merge|Revert|fixup!|squash!|amend!) /

const { values, positionals } = parseArgs({
  options: { root: { type: 'string' }, since: { type: 'string', default: FIRST } },
  allowPositionals: true,
})
const root = path.resolve(values.root ?? fileURLToPath(new URL('..', import.meta.url)))

const asked = positionals[0] ?? rangeSinceTag()
if (asked === undefined) console.log('commits: no history back to a tag or to this check, nothing to check')
else checkCommits(asked)

/** @param {string} range */
function checkCommits(range) {
  const log = git('log', '-z', '--no-merges', '--format=%h%n%s%n%b', range)
  if (log === undefined) throw new Error(`git cannot list the commits ${range}`)
  const commits = log.split('\0').filter((entry) => entry.trim() !== '')
  let faults = 0
  for (const entry of commits) {
    const [hash = '', subject = '', ...body] = entry.split('\n')
    for (const fault of faultsOf(subject, body.join('\n'))) {
      faults++
      console.error(`${hash} "${subject}": ${fault}`)
    }
  }
  console.log(`commits: ${commits.length} checked (${range}), ${faults === 0 ? 'all hold' : `${faults} faults`}`)
  process.exitCode = faults === 0 ? 0 : 1
}

/** @param {string} subject @param {string} body @returns {string[]} */
function faultsOf(subject, body) {
  if (GENERATED.test(`${subject} `)) return subject.includes('! ') ? ['squash it into the commit that it mends'] : []
  const faults = []
  if (subject.length > MAX_SUBJECT) faults.push(`the subject has ${subject.length} characters, at most ${MAX_SUBJECT}`)
  if (!SUBJECT.test(subject)) faults.push('the subject is "area: imperative", the area in lower case')
  else if (!isImperative(subject.slice(subject.indexOf(': ') + 2))) {
    faults.push('after the area comes an imperative in lower case ("add", not "added", "adds" or "Add")')
  }
  if (subject.endsWith('.')) faults.push('the subject ends without a full stop')
  if (body.trim() === '') faults.push('the body is missing: say why')
  return faults
}

/** By its first word: a rough rule, which no dictionary stands behind. @param {string} words */
function isImperative(words) {
  const [first = ''] = words.split(/[\s,:]/)
  if (IMPERATIVES.has(first)) return true
  return /^[a-z][a-z-]*$/.test(first) && !/(?:ed|ing|[^s]s)$/.test(first)
}

/** The commits since the last tag; without one, since FIRST. Undefined where neither is known. */
function rangeSinceTag() {
  const tag = git('describe', '--tags', '--abbrev=0')
  if (tag !== undefined) return `${tag}..HEAD`
  const isKnown = git('merge-base', '--is-ancestor', values.since, 'HEAD') !== undefined
  return isKnown ? `${values.since}..HEAD` : undefined
}

/** The output of a command of Git, without the last line end; undefined where it fails. @param {...string} args */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return status === 0 ? stdout.trimEnd() : undefined
}
