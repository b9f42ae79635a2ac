import supertest from 'supertest'
import { type Composed, compose } from '../../server/compose.ts'
import { readConfig } from '../../server/config.ts'
import { passing } from './stores.ts'

export interface App {
  /** `http://127.0.0.1:PORT` */
  url: string
  request: ReturnType<typeof supertest>
  server: Composed
  close(): Promise<void>
}

/** The whole server on a free port, with a store that is gone with it unless the settings name one. */
export async function startApp(
  settings: Record<string, string> = {},
  now?: () => number,
): Promise<App> {
  const { settings: store, drop } =
    settings.STORE_URL === undefined ? passing() : { settings: {}, drop: async () => {} }
  const server = await compose(
    readConfig({ PORT: '0', LOG_LEVEL: 'silent', ...store, ...settings }),
    now,
  )
  const url = new URL(await server.listen()).origin
  return {
    url,
    request: supertest(url),
    server,
    async close() {
      await server.close()
      await drop()
    },
  }
}
