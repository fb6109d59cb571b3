/**
 * The admin endpoint in NestJS, on Express. It uses no decorators, which would need a compiler option. A provider with `@Injectable()` registers its
 * cache in the same way, and closes the coordinator in `onModuleDestroy()`.
 *
 *   npx cache-attribution run dist/examples/16-admin-nestjs.js
 */
import 'reflect-metadata'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import { checkAdmin, coordinatorWithCache, portOf } from './admin-checks.js'

const { coordinator, pages } = coordinatorWithCache()
const admin = createAdminHandler(coordinator) // this machine only; see authorize

class HelloController {
  hello(): string {
    return 'hello'
  }
}
const route = Object.getOwnPropertyDescriptor(HelloController.prototype, 'hello') ?? {}
Get('hello')(HelloController.prototype, 'hello', route)
Controller()(HelloController)

// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- a module of NestJS is a class with metadata
class AppModule {}
Module({ controllers: [HelloController] })(AppModule)

// Its body parser would consume the request before the endpoint has read it.
// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- NestJS takes plain options
const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: false, bodyParser: false })
app.use(toNodeListener(admin))
app.useBodyParser('json') // for the routes of the service

await app.listen(0, '127.0.0.1')
await checkAdmin(await portOf(app.getHttpServer()), pages)
await admin.close()
await coordinator.close()
await app.close()
