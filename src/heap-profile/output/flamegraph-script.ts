/**
 * The script of the flame graph's page. It draws on a canvas, so that ten thousand boxes are as quick as ten, and puts names
 * into the document as text only. Its hash is in the page's policy: text between the backticks is the text in the page.
 */
export const FLAMEGRAPH_SCRIPT = String.raw`
'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const { names, name, parent, width, self, value } = data
const count = name.length
const depth = new Uint16Array(count), children = Array.from({ length: count }, () => [])
for (let i = 1; i < count; i++) { depth[i] = depth[parent[i]] + 1; children[parent[i]].push(i) }
for (const list of children) list.sort((a, b) => width[b] - width[a])
const byId = (id) => document.getElementById(id)
const graph = byId('graph'), canvas = byId('canvas'), detail = byId('detail'), query = byId('query')
const context = canvas.getContext('2d')
const ROW = 20, whole = Math.max(1, width[0])
const dark = matchMedia('(prefers-color-scheme: dark)')
let root = 0, current = 0, hovered = -1, upwards = false, matches = null
let boxes = [], boxOf = new Map()

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
function amount(n) {
  if (data.unit === 'objects') return n.toLocaleString('en-US').replace('-', '−') + (Math.abs(n) === 1 ? ' object' : ' objects')
  let size = Math.abs(n), unit = 0
  while (size >= 1023.95 && unit < 4) { size /= 1024; unit++ }
  return (n < 0 ? '−' : '') + (unit === 0 ? String(size) : size.toFixed(size < 99.95 ? 2 : 1)) + ' ' + UNITS[unit]
}
// Of a difference the whole is all that changed, more or less.
function share(n) { return (100 * n / whole).toFixed(1).replace('-', '−') + (data.difference ? ' % of all change' : ' %') }
function signed(n) { return data.difference && n > 0 ? '+' + amount(n) : amount(n) }

function hash(text) {
  let h = 2166136261
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619)
  return (h >>> 0) / 4294967296
}
// Names of one namespace, library or class share a hue; what is JavaScript, C++ or the system differs by more.
const families = names.map((text) => text.split(/::|\.|\+|_/)[0])
function colour(i) {
  const night = dark.matches
  if (i === 0) return night ? 'hsl(220 8% 32%)' : 'hsl(220 10% 82%)'
  if (matches !== null && !matches.has(i)) return night ? 'hsl(220 5% 24%)' : 'hsl(220 8% 90%)'
  if (data.difference) {
    const change = width[i] === 0 ? 0 : Math.max(-1, Math.min(1, value[i] / width[i])), strength = Math.abs(change)
    const light = night ? 30 + 12 * strength : 88 - 22 * strength
    return 'hsl(' + (change < 0 ? 212 : 8) + ' ' + (15 + 60 * strength) + '% ' + light + '%)'
  }
  const text = names[name[i]], hue = 8 + 44 * hash(families[name[i]]), shade = hash(text)
  return 'hsl(' + hue + ' ' + (night ? 48 : 78) + '% ' + (night ? 34 + 9 * shade : 66 + 10 * shade) + '%)'
}

/** Boxes of what is shown: ancestors of the root over the whole width, then what is below it. */
function layOut() {
  boxes = []
  boxOf = new Map()
  const across = graph.clientWidth
  const put = (i, x, w) => { boxOf.set(i, boxes.length); boxes.push({ i, x, w, row: depth[i] }) }
  const above = []
  for (let i = parent[root]; i >= 0; i = parent[i]) above.unshift(i)
  for (const i of above) put(i, 0, across)
  const rest = [[root, 0, across]]
  while (rest.length > 0) {
    const [i, x, w] = rest.pop()
    put(i, x, w)
    let at = x
    for (const child of children[i]) {
      const wide = width[i] === 0 ? 0 : w * width[child] / width[i]
      if (wide >= 0.4) rest.push([child, at, wide])
      at += wide
    }
  }
}

function draw() {
  const rows = boxes.reduce((most, box) => Math.max(most, box.row + 1), 1)
  const ratio = devicePixelRatio || 1, across = graph.clientWidth, tall = rows * ROW
  canvas.style.height = tall + 'px'
  canvas.width = Math.round(across * ratio)
  canvas.height = Math.round(tall * ratio)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.font = '12px system-ui, sans-serif'
  context.textBaseline = 'middle'
  for (const box of boxes) {
    const y = (upwards ? rows - 1 - box.row : box.row) * ROW
    box.y = y
    context.fillStyle = colour(box.i)
    context.globalAlpha = box.row < depth[root] ? 0.55 : 1
    context.fillRect(box.x, y, Math.max(0.4, box.w - (box.w > 3 ? 1 : 0)), ROW - 1)
    context.globalAlpha = 1
    if (box.w > 24) label(box, y)
    if (box.i === current || box.i === hovered) {
      context.strokeStyle = getComputedStyle(graph).color
      context.lineWidth = box.i === current ? 2 : 1
      context.strokeRect(box.x + 1, y + 1, Math.max(1, box.w - 3), ROW - 3)
    }
  }
}

function label(box, y) {
  const text = fitting(names[name[box.i]], box.w - 8)
  if (text === '') return
  const faded = matches !== null && !matches.has(box.i)
  context.fillStyle = dark.matches ? (faded ? '#8a8f98' : '#f5f2ee') : (faded ? '#6b7280' : '#1f1a14')
  context.save()
  context.beginPath()
  context.rect(box.x, y, box.w - 3, ROW)
  context.clip()
  context.fillText(text, box.x + 4, y + ROW / 2)
  context.restore()
}

/** What of a name fits: of C++ and Rust its end, which tells more than its beginning. */
function fitting(text, room) {
  const wide = context.measureText(text).width
  if (wide <= room) return text
  for (let length = Math.floor(text.length * room / wide); length >= 2; length--) {
    const cut = text.includes('::') ? '…' + text.slice(-length) : text.slice(0, length) + '…'
    if (context.measureText(cut).width <= room) return cut
  }
  return ''
}

function show(i) {
  detail.replaceChildren()
  if (i < 0) return
  const title = document.createElement('b'), facts = document.createElement('span')
  title.textContent = names[name[i]]
  facts.textContent = signed(value[i]) + ' (' + share(value[i]) + ')' + ' with what it called, ' + signed(self[i]) + ' by itself'
  detail.append(title, facts)
}

function refresh() {
  layOut()
  if (!boxOf.has(current)) current = root
  draw()
  show(hovered >= 0 ? hovered : current)
  const path = byId('path')
  path.replaceChildren()
  const above = []
  for (let i = parent[root]; i >= 0; i = parent[i]) above.unshift(i)
  for (const i of above) {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = names[name[i]]
    button.title = names[name[i]]
    button.addEventListener('click', () => zoom(i))
    path.append(button)
  }
}

function zoom(i) {
  root = i
  current = i
  hovered = -1
  refresh()
}

function search() {
  const text = query.value.trim(), found = byId('found')
  matches = null
  found.textContent = ''
  if (text !== '') {
    let test
    const pattern = /^\/(.+)\/i?$/.exec(text)
    try {
      const expression = pattern === null ? null : new RegExp(pattern[1], 'i'), part = text.toLowerCase()
      test = (own) => expression === null ? own.toLowerCase().includes(part) : expression.test(own)
    } catch {
      found.textContent = 'not a pattern'
      draw()
      return
    }
    const hit = names.map((own, index) => index > 0 && test(own))
    matches = new Set()
    let sum = 0
    const inside = new Uint8Array(count)
    for (let i = 1; i < count; i++) {
      inside[i] = inside[parent[i]]
      if (!hit[name[i]]) continue
      matches.add(i)
      // What stands in a matching caller is counted with it.
      if (inside[i] === 0) sum += value[i]
      inside[i] = 1
    }
    found.textContent = matches.size === 0 ? 'nothing found' : signed(sum) + ' (' + share(sum) + ') in ' + matches.size.toLocaleString('en-US') + (matches.size === 1 ? ' box' : ' boxes')
  }
  draw()
}

function boxAt(event) {
  const area = canvas.getBoundingClientRect(), x = event.clientX - area.left, y = event.clientY - area.top
  const box = boxes.find((own) => y >= own.y && y < own.y + ROW && x >= own.x && x < own.x + own.w)
  return box === undefined ? -1 : box.i
}

function sibling(i, step) {
  if (i === root || i === 0) return i
  const list = children[parent[i]].filter((own) => boxOf.has(own)), at = list.indexOf(i) + step
  return list[Math.max(0, Math.min(list.length - 1, at))] ?? i
}

canvas.addEventListener('mousemove', (event) => {
  const i = boxAt(event)
  if (i === hovered) return
  hovered = i
  canvas.style.cursor = i < 0 ? 'default' : 'pointer'
  draw()
  show(i >= 0 ? i : current)
})
canvas.addEventListener('mouseleave', () => { hovered = -1; draw(); show(current) })
canvas.addEventListener('click', (event) => { const i = boxAt(event); if (i >= 0) zoom(i) })
graph.addEventListener('keydown', (event) => {
  const [toCallee, toCaller] = upwards ? ['ArrowUp', 'ArrowDown'] : ['ArrowDown', 'ArrowUp']
  if (event.key === toCallee) current = children[current].find((own) => boxOf.has(own)) ?? current
  else if (event.key === toCaller) current = Math.max(0, parent[current])
  else if (event.key === 'ArrowLeft') current = sibling(current, -1)
  else if (event.key === 'ArrowRight') current = sibling(current, 1)
  else if (event.key === 'Enter' || event.key === ' ') zoom(current)
  else if (event.key === 'Escape') zoom(0)
  else if (event.key === 'Home') current = root
  else return
  event.preventDefault()
  hovered = -1
  draw()
  show(current)
  const box = boxes[boxOf.get(current)]
  const top = canvas.getBoundingClientRect().top + box.y
  if (top < 0 || top > innerHeight - 100) scrollBy(0, top - innerHeight / 2)
})
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== query) { event.preventDefault(); query.focus() }
})
query.addEventListener('input', search)
byId('search').addEventListener('submit', (event) => event.preventDefault())
byId('reset').addEventListener('click', () => { query.value = ''; search(); zoom(0) })
byId('invert').addEventListener('click', (event) => {
  upwards = !upwards
  event.currentTarget.setAttribute('aria-pressed', String(upwards))
  draw()
})
new ResizeObserver(refresh).observe(graph)
dark.addEventListener('change', draw)

const TYPES = { inuse_space: 'live bytes', inuse_objects: 'live objects', alloc_space: 'bytes ever allocated', alloc_objects: 'objects ever allocated' }
const facts = [(data.difference ? 'change of ' : '') + TYPES[data.type] + ': ' + signed(value[0]) + ' in all']
if (data.sampleIntervalBytes !== null) facts.push('estimated from one sample in ' + amountOfBytes(data.sampleIntervalBytes))
if (data.takenAt !== null) facts.push('taken ' + data.takenAt)
byId('facts').textContent = facts.join(' · ')
if (data.difference) {
  const sums = { grew: 0, shrank: 0 }, legend = document.createElement('span')
  for (const own of self) sums[own < 0 ? 'shrank' : 'grew'] += own
  for (const [what, sum] of Object.entries(sums)) {
    const part = document.createElement('span')
    part.className = what
    part.textContent = what + ' ' + signed(sum)
    legend.append(part)
  }
  legend.id = 'legend'
  legend.append('a box is as wide as what changed in it')
  byId('facts').append(legend)
}
function amountOfBytes(n) { const unit = data.unit; data.unit = 'bytes'; const text = amount(n); data.unit = unit; return text }
for (const comment of data.comments) {
  const item = document.createElement('li')
  item.textContent = comment
  byId('comments').append(item)
}
refresh()
`
