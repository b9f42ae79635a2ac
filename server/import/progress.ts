/** How far an import is: a bar on a terminal, a line now and then elsewhere. */

export interface Progress {
  /** Resources done, and the part of the bytes read, 0 to 1 (absent: unknown). */
  show(done: number, part: number | undefined): void
  /** A line that stays. */
  say(line: string): void
  end(): void
}

const width = 24
/** ms between two drawings. */
const onTerminal = 100
const inFile = 5000

export function createProgress(out: NodeJS.WriteStream): Progress {
  const started = performance.now()
  const pause = out.isTTY ? onTerminal : inFile
  let next = started + pause
  let begun: number | undefined
  const clear = () => {
    if (out.isTTY) out.write('\r\x1b[K')
  }
  return {
    show(done, part) {
      begun ??= done
      const now = performance.now()
      if (now < next) return
      next = now + pause
      const seconds = (now - started) / 1000
      const text = describe(done, { rate: (done - begun) / seconds, part, seconds })
      out.write(out.isTTY ? `\r${text}\x1b[K` : `${text}\n`)
    },
    say(line) {
      clear()
      out.write(`${line}\n`)
    },
    end: clear,
  }
}

export function describe(
  done: number,
  how: { rate: number; part: number | undefined; seconds: number },
): string {
  const { rate, part, seconds } = how
  const speed = `${done} resources, ${Math.round(rate)}/s`
  if (part === undefined) return speed
  const full = Math.round(part * width)
  const left = part > 0 ? Math.round((seconds / part) * (1 - part)) : undefined
  const bar = `${'█'.repeat(full)}${'░'.repeat(width - full)} ${Math.floor(part * 100)} %`
  return `${bar}  ${speed}${left === undefined ? '' : `, ${duration(left)} left`}`
}

const duration = (seconds: number): string =>
  seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
