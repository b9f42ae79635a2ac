import { writeFileSync } from 'node:fs'

export interface Report {
  tell(what: string, problems: string[]): void
  isGood(): boolean
  leaveOut(what: string, why: string): void
  /** Ends the process. */
  end(): never
}

/** What a runner says; and, where `json` names a file, its counts as Jest writes them. */
export function createReport(json: string | undefined): Report {
  let [passed, failed, skipped] = [0, 0, 0]
  return {
    tell(what, problems) {
      if (problems.length > 0) failed++
      else passed++
      console.log(`${what}: ${problems.length} problems`)
      for (const problem of problems.slice(0, 10)) console.error(`  ${problem}`)
    },
    isGood: () => failed === 0,
    leaveOut(what, why) {
      skipped++
      console.log(`${what}: left out, because ${why}`)
    },
    end() {
      const counts = {
        numPassedTests: passed,
        numFailedTests: failed,
        numPendingTests: skipped,
      }
      if (json) writeFileSync(json, JSON.stringify(counts))
      console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
      process.exit(failed ? 1 : 0)
    },
  }
}
