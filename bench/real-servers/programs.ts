/** Programs of the real servers that are no package by themselves: put together as their documents put them together. */

/** A broker with its queues, and shared documents of an editor. */
export const BROKER_AND_DOCUMENTS = `
import net from 'node:net'
import { Aedes } from 'aedes'
import { Server } from '@hocuspocus/server'

const [brokerPort, documentsPort] = process.argv.slice(2).map(Number)
const broker = await Aedes.createBroker({ queueLimit: 100 })
const documents = new Server({ port: documentsPort, address: '127.0.0.1', quiet: true, unloadImmediately: false, debounce: 600_000 })
await documents.listen()
net.createServer(broker.handle).listen(brokerPort, '127.0.0.1')
`

/** Publishers with retained messages, and editors of shared documents; tells its parent what came back. */
export const BROKER_CLIENTS = `
import mqtt from 'mqtt'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import * as Y from 'yjs'
import WebSocket from 'ws'

const [brokerPort, documentsPort] = process.argv.slice(2).map(Number)
const count = { answered: 0, failed: 0 }
setInterval(() => process.send(count), 200)
process.on('disconnect', () => process.exit())
process.on('unhandledRejection', () => count.failed++)

for (let number = 0; number < 20; number++) {
  const client = mqtt.connect({ host: '127.0.0.1', port: brokerPort, clientId: 'client-' + number, clean: false, reconnectPeriod: 0 })
  client.on('error', () => count.failed++)
  client.on('close', () => count.failed++)
  client.once('connect', () => {
    client.subscribe('room/' + (number % 5) + '/#', { qos: 1 })
    let turn = 0
    const publish = () => {
      const topic = 'room/' + (number % 5) + '/sensor-' + (turn++ % 2000)
      const payload = JSON.stringify({ number, turn, text: 'x'.repeat(200) })
      client.publish(topic, payload, { qos: 1, retain: turn % 3 === 0 }, (error) => {
        if (error) count.failed++
        else count.answered++
        setTimeout(publish, 20)
      })
    }
    publish()
  })
}

const socket = new HocuspocusProviderWebsocket({ url: 'ws://127.0.0.1:' + documentsPort, WebSocketPolyfill: WebSocket })
for (let number = 0; number < 10; number++) {
  const document = new Y.Doc()
  const provider = new HocuspocusProvider({ websocketProvider: socket, name: 'document-' + number, document })
  provider.attach()
  const text = document.getText('text')
  const map = document.getMap('rows')
  let turn = 0
  setInterval(() => {
    text.insert(text.length, 'line ' + turn + '\\n')
    if (turn % 5 === 0 && text.length > 20) text.delete(3, 5)
    map.set('row-' + (turn++ % 500), { number, turn, cells: ['a', 'b', String(turn)] })
    count.answered++
  }, 40)
}
`

/** Products from a database through caches, pictures that are made and kept, and sessions that grow without a limit. */
export const GRAPHQL_SHOP = `
import http from 'node:http'
import express from 'express'
import cors from 'cors'
import { ApolloServer } from '@apollo/server'
import { expressMiddleware } from '@as-integrations/express5'
import DataLoader from 'dataloader'
import { LRUCache } from 'lru-cache'
import Database from 'better-sqlite3'
import sharp from 'sharp'

const database = new Database('shop.db')
database.pragma('journal_mode = WAL')
database.pragma('cache_size = -65536')
database.exec('CREATE TABLE IF NOT EXISTS product (id INTEGER PRIMARY KEY, name TEXT, body TEXT, brand INTEGER)')
if (!database.prepare('SELECT 1 FROM product LIMIT 1').get()) {
  const insert = database.prepare('INSERT INTO product VALUES (?, ?, ?, ?)')
  database.transaction(() => {
    for (let id = 0; id < 40_000; id++) insert.run(id, 'product ' + id, ('text of ' + id + ' ').repeat(80), id % 500)
  })()
}
const select = database.prepare('SELECT * FROM product WHERE id = ?')
const brands = new DataLoader(async (ids) => ids.map((id) => ({ id, name: 'brand ' + id })))
const products = new LRUCache({ max: 20_000 })
const pictures = new LRUCache({ maxSize: 60e6, sizeCalculation: (picture) => picture.length })
const sessions = {}

function productOf(id) {
  const known = products.get(id)
  if (known) return known
  const found = select.get(id)
  products.set(id, found)
  return found
}

const server = new ApolloServer({
  typeDefs: \`
    type Brand { id: Int name: String }
    type Product { id: Int name: String body: String brand: Brand }
    type Query { product(id: Int!): Product list(from: Int!, n: Int!): [Product] }
  \`,
  resolvers: {
    Query: {
      product: (_, { id }) => productOf(id),
      list: (_, { from, n }) => Array.from({ length: n }, (_, index) => productOf((from + index) % 40_000)),
    },
    Product: { brand: ({ brand }) => brands.load(brand) },
  },
})
await server.start()
const app = express()
const context = async ({ req }) => {
  const id = req.headers['x-session'] ?? 'none'
  sessions[id] ??= { since: Date.now(), history: [] }
  sessions[id].history.push({ at: Date.now(), operation: req.body.operationName })
  return { id }
}
app.use('/graphql', cors(), express.json(), expressMiddleware(server, { context }))
app.get('/picture/:id', async (request, response) => {
  const { id } = request.params
  let picture = pictures.get(id)
  if (picture === undefined) {
    const background = { r: id % 255, g: 80, b: 120 }
    const text = Buffer.from('<svg width="600" height="400"><text x="50" y="200" font-size="60">item ' + Number(id) + '</text></svg>')
    picture = await sharp({ create: { width: 600, height: 400, channels: 3, background } }).composite([{ input: text }]).png().toBuffer()
    pictures.set(id, picture)
  }
  response.type('png').send(picture)
})
http.createServer(app).listen(Number(process.argv[2]), '127.0.0.1')
`

/** A page of Next.js that fetches nothing and is kept for each of many addresses. */
export const NEXT_PAGE = `
export const revalidate = 3600
export const dynamicParams = true
export async function generateStaticParams() { return [] }
export default async function Page({ params }) {
  const { id } = await params
  return <main><h1>Product {id}</h1>{Array.from({ length: 60 }, (_, line) => <p key={line}>line {line} of product {id}</p>)}</main>
}
`

export const NEXT_LAYOUT = `
export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html> }
`
