import http from 'node:http'
import { Coordinator } from 'cache-attribution'
import { bearerToken, createAdminHandler, createProfileHandler, toNodeListener } from 'cache-attribution/http'
import type { AdminHandler, AdminHandlerOptions, Authorize, NodeListener } from 'cache-attribution/http'
import { DumpCatalogue, HeapProfiler } from 'cache-attribution/profiling'

await using coordinator = new Coordinator()
const authorize: Authorize = bearerToken({ operator: process.env['ADMIN_TOKEN'] ?? '' })
const options: AdminHandlerOptions = { authorize, links: [{ title: 'Top', href: '/debug/pprof/heap/top?seconds=10' }] }
const admin: AdminHandler = createAdminHandler(coordinator, options)
const dumps = new DumpCatalogue({ folders: ['/var/tmp/dumps'] })
const profiles = toNodeListener(createProfileHandler(new HeapProfiler(), { authorize, dumps }))
const listener: NodeListener = toNodeListener(admin)
http.createServer((request, response) => void profiles(request, response, () => listener(request, response)))
const answer: Response | undefined = await admin(new Request('http://127.0.0.1/debug/memory'))
console.log(answer?.status)
