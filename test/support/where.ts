/** Tests that need more than there is on every machine. */
import { test } from '@jest/globals'

/** Left out where it is not there, with the reason in their names; in CI nothing is left out, so there they fail. */
export const testsWhere = (isThere: boolean, why: string) => ({
  where: isThere || process.env.CI ? test : test.skip,
  name: (title: string) => (isThere ? title : `${title} (left out: ${why})`),
})
