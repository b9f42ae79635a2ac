/** What is said of a store that takes over all of another one, and has not taken all. */

export const notWhole =
  'npm run migrate has not filled it to its end: run the same command again, or begin with an empty one'

export const sourceChanged =
  'what is copied has changed since the copy was begun: begin anew, with an empty target'
