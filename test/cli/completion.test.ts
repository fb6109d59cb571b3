import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { COMMANDS } from '../helpers/internals/cli.js'
import { command, temporaryFolders } from './fixtures.js'

/** The input of a test of the rules, and the candidates: of a process, that one; null is what the shell itself offers, files. */
const CASES: readonly (readonly [line: string, offered: readonly string[] | null])[] = [
  ['at', ['attach', 'attribute']],
  ['heap', ['heap-snapshot']],
  ['attach --w', ['--watch']],
  ['attach --limit 3 --j', ['--json']],
  ['profile x.heap --format f', ['flamegraph', 'folded']],
  ['profile --kind ', ['js', 'native', 'all']],
  ['heap-snapshot 12 -o ', null],
  ['diff ', null],
  ['run --allocator j', ['jemalloc']],
  ['run app.js --w', null],
  ['run --admin 80 app.js --all', null],
  ['run --admin 80 --all', ['--allocator', '--allow-release']],
  ['run -- --ins', null],
  ['env --format d', ['docker', 'dotenv']],
  ['doctor ', ['--json', '--fetch', '--help']],
  ['completion ', ['bash', 'zsh']],
  ['help dis', ['discover']],
  ['nothing-of-the-kind --', null],
]

const NAMES = COMMANDS.map(({ name }) => name)
const hasZsh = spawnSync('zsh', ['--version']).status === 0

async function script(shell: string): Promise<string> {
  const { code, stdout, stderr } = await command(['completion', shell])
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
  return stdout
}

/** The words that bash's function puts into COMPREPLY, the words cut as bash cuts them. */
function offeredByBash(text: string, line: string): string[] {
  const words = [
    'cache-attribution',
    ...line.split(' ').flatMap((word) => word.split(/(=)/).filter((part) => part !== '')),
  ]
  if (line === '' || line.endsWith(' ')) words.push('')
  const program = `${text}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cache_attribution; printf '%s\\n' "\${COMPREPLY[@]}"`
  return lines(execFileSync('bash', ['--norc', '-c', program, 'bash', ...words], { encoding: 'utf8' }))
}

/** The words that zsh's function hands on, by stubs of what zsh completes with. */
function offeredByZsh(text: string, line: string): string[] {
  const words = ['cache-attribution', ...line.split(' ')]
  const program = `compdef() { : }
compadd() { shift; local each; for each in "$@"; do [[ $each == $PREFIX* ]] && print -r -- $each; done }
compset() { PREFIX="\${PREFIX#*=}" }
_files() { : }
_describe() { local each; for each in "\${(@P)2}"; do [[ $each == $PREFIX* ]] && print -r -- "\${each%%:*}"; done }
${text}
words=("$@"); CURRENT=$#; PREFIX="\${words[CURRENT]}"; _cache_attribution; true`
  return lines(execFileSync('zsh', ['-f', '-c', program, 'zsh', ...words], { encoding: 'utf8' }))
}

function lines(text: string): string[] {
  return text.split('\n').filter((each) => each !== '')
}

describe('completion', () => {
  const folderOf = temporaryFolders()

  it('refuses other shells, and none', async () => {
    for (const args of [[], ['fish'], ['bash', 'zsh'], ['toString']]) {
      const { code, stdout, stderr } = await command(['completion', ...args])
      expect({ code, stdout }, args.join(' ')).to.deep.equal({ code: 2, stdout: '' })
      expect(stderr).to.contain('ERR_COMMAND_USAGE').and.to.contain('bash')
    }
  })

  it('offers in bash every subcommand and option, and what an option may be', async () => {
    const text = await script('bash')
    expect(offeredByBash(text, '')).to.include.members(NAMES)
    for (const [line, offered] of CASES) expect(offeredByBash(text, line), line).to.have.members(offered ?? [])
    expect(offeredByBash(text, 'env --format=d')).to.have.members(['docker', 'dotenv'])
    for (const { name, rules } of COMMANDS) {
      if (name === 'run') continue
      const options = Object.keys(rules).map((option) => `--${option}`)
      expect(offeredByBash(text, `${name} --`), name).to.have.members([...options, '--help'])
    }
  })

  it('offers in bash the processes that can be asked', async function () {
    if (spawnSync('pgrep', ['--version']).status !== 0) this.skip()
    const child = spawn(process.execPath, ['-e', 'process.stdin.on("end", () => {}).resume(); console.log(1)'])
    try {
      await once(child.stdout, 'data')
      const text = await script('bash')
      for (const name of ['attach', 'discover', 'profile']) {
        expect(offeredByBash(text, `${name} `), name).to.include(String(child.pid))
      }
    } finally {
      child.stdin.end()
    }
  })

  it('completes at the prompt of bash', async () => {
    const file = path.join(folderOf(), 'completion.bash')
    writeFileSync(file, await script('bash'))
    // A terminal, in which the line is typed and the key is pressed.
    const typed = `import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0: os.execvpe('bash', ['bash', '--norc', '--noprofile', '-i'], dict(os.environ, PS1='ready> ', TERM='dumb'))
seen = ''
def until(text):
    global seen
    end = time.time() + 20
    while text not in seen and time.time() < end:
        if select.select([fd], [], [], 0.2)[0]: seen += os.read(fd, 65536).decode('utf8', 'replace')
    found = text in seen
    seen = seen.split(text, 1)[1] if found else seen
    return found
ok = until('ready> ')
os.write(fd, b'. ' + sys.argv[1].encode() + b'\\n')
ok = until('ready> ') and ok
os.write(fd, b'cache-attribution heap-s\\t--outp\\t')
print(ok and until('heap-snapshot --output '))
os.write(fd, b'\\x03exit\\n')
os.close(fd)
os.waitpid(pid, 0)
`
    expect(execFileSync('python3', ['-c', typed, file], { encoding: 'utf8' }).trim()).to.equal('True')
  })

  it('offers the same in zsh', async function () {
    if (!hasZsh) this.skip()
    const text = await script('zsh')
    expect(offeredByZsh(text, '')).to.have.members(NAMES)
    for (const [line, offered] of CASES) expect(offeredByZsh(text, line), line).to.have.members(offered ?? [])
    expect(offeredByZsh(text, 'env --format=d')).to.have.members(['docker', 'dotenv'])
  })
})
