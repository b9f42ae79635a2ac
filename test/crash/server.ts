import { type ChildProcess, spawn } from 'node:child_process'

/** Lines of the log that are kept. */
const lines = 20

/**
 * The real server on a free port, by another command where one is given; what it complains of is seen. `base` is its FHIR
 * address, `log()` the end of its log.
 */
export async function startWriting(
  env: Record<string, string>,
  before: string[] = [],
): Promise<{ server: ChildProcess; base: string; log(): string }> {
  const [command = '', ...args] = [...before, process.execPath, 'server/node.js', 'server/main.ts']
  const server = spawn(command, args, {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said: string[] = []
  const base = await new Promise<string>((resolve, reject) => {
    server.stdout?.on('data', data => {
      said = [...said, ...String(data).split('\n')].filter(Boolean).slice(-lines)
      const address = /listens on (\S+)/.exec(String(data))?.[1]
      if (address) resolve(address)
    })
    server.once('exit', code => reject(new Error(`the server ended with ${code}`)))
  })
  return { server, base, log: () => said.join('\n') }
}

export const ended = (server: ChildProcess) => new Promise(resolve => server.once('exit', resolve))
