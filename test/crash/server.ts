import { type ChildProcess, spawn } from 'node:child_process'

/** The real server on a free port; what it complains of is seen. `base` is its FHIR address. */
export async function startWriting(
  env: Record<string, string>,
): Promise<{ server: ChildProcess; base: string }> {
  const server = spawn(process.execPath, ['server/node.js', 'server/main.ts'], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const base = await new Promise<string>((resolve, reject) => {
    server.stdout?.on('data', data => {
      const address = /listens on (\S+)/.exec(String(data))?.[1]
      if (address) resolve(address)
    })
    server.once('exit', code => reject(new Error(`the server ended with ${code}`)))
  })
  return { server, base }
}

export const ended = (server: ChildProcess) => new Promise(resolve => server.once('exit', resolve))
