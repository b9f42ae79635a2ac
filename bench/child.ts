/** A server as a process of its own, with what it uses. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Child {
  /** `http://127.0.0.1:PORT` */
  origin: string
  pid: number
  /** From start to the line that says it listens, ms. */
  startTime: number
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export async function startChild(args: string[], env: Record<string, string> = {}): Promise<Child> {
  const started = performance.now()
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  const origin = await listening(child)
  return {
    origin,
    pid: child.pid ?? 0,
    startTime: performance.now() - started,
    stop: () =>
      new Promise(resolve => {
        child.once('close', () => resolve())
        child.kill('SIGTERM')
      }),
  }
}

/** As npm start does. */
export function startNidaan(env: Record<string, string>): Promise<Child> {
  const [, ...args] = JSON.parse(readFileSync('package.json', 'utf8')).scripts.start.split(' ')
  return startChild(args, { PORT: '0', ...env })
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('close', code => reject(new Error(`the server ended with ${code}`)))
    child.stdout?.on('data', chunk => {
      const origin = /listens on (http:\/\/[^/\s]+)/.exec(String(chunk))?.[1]
      if (origin) resolve(origin)
    })
  })
}

/** CPU of a process so far, ms; Linux only, else undefined. */
export function cpuOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return undefined
  }
}

/** Memory of a process, MB; Linux only, else undefined. */
export function memoryOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Math.round(Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]) / 1024)
  } catch {
    return undefined
  }
}
