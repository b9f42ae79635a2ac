/** The program as its own process, started as a user starts it. */
import { type ChildProcess, spawn } from 'node:child_process'

interface Running {
  child: ChildProcess
  /** All it has printed so far, on both outputs. */
  output(): string
  /** Resolves with its exit code, or the signal's name that ended it. */
  ended: Promise<number | string>
  /** Resolves when a pattern is printed; rejects when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>
}

export function runScript(
  script: string,
  args: string[],
  env: Record<string, string> = {},
): Running {
  const child = spawn(process.execPath, ['server/node.js', `server/${script}.ts`, ...args], {
    env: { ...process.env, LOG_LEVEL: 'silent', ...env },
  })
  let text = ''
  const look = new Set<() => void>()
  const take = (chunk: Buffer) => {
    text += chunk
    for (const each of look) each()
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const ended = new Promise<number | string>(resolve =>
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  )
  return {
    child,
    output: () => text,
    ended,
    says(pattern) {
      return new Promise((resolve, reject) => {
        const check = () => {
          const found = pattern.exec(text)
          if (!found) return
          look.delete(check)
          resolve(found)
        }
        look.add(check)
        check()
        void ended.then(code => reject(new Error(`it ended with ${code}:\n${text}`)))
      })
    },
  }
}

/** A server on a free port; `url` is its FHIR address. */
export async function startServer(
  env: Record<string, string>,
): Promise<Running & { url: string; stop(): Promise<number | string> }> {
  const running = runScript('main', [], { PORT: '0', ...env })
  const [, url = ''] = await running.says(/listens on (\S+)/)
  return {
    ...running,
    url,
    stop() {
      running.child.kill('SIGTERM')
      return running.ended
    },
  }
}

/** One request to a running server. */
export async function call(url: string, method: string, body?: object) {
  const answer = await fetch(url, {
    method,
    headers: { 'Content-Type': 'application/fhir+json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status: answer.status, body: (await answer.json().catch(() => ({}))) as object }
}
