/**
 * A network of our own that can be cut between two programs: each runs as a user of its own, and rules say what does not
 * arrive. https://man7.org/linux/man-pages/man8/ip-rule.8.html
 */
import { execFileSync } from 'node:child_process'

const ip = (line: string): void => void execFileSync('ip', line.split(' '), { stdio: 'pipe' })

/** Within a namespace. The rule that all of one machine is reached comes after ours from now on. */
export function begin(): void {
  ip('link set lo up')
  ip('rule add pref 100 lookup local')
  ip('rule del pref 0')
}

/** A command that runs another as this user, to whom files are no obstacle. */
export const asUser = (user: number): string[] =>
  `setpriv --reuid ${user} --clear-groups --inh-caps +dac_override --ambient-caps +dac_override`.split(
    ' ',
  )

/** What a user sends to a port does not arrive any more. */
export const cut = (user: number, port: number): void =>
  ip(`rule add pref 10 uidrange ${user}-${user} ipproto tcp dport ${port} blackhole`)

export function mend(): void {
  for (;;)
    try {
      ip('rule del pref 10')
    } catch {
      return
    }
}
