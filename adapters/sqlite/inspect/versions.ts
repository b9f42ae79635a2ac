/** What must hold of versions, and of all that is kept about them beside the rows of searches. */
import type { Finding, Tenant } from '../../../resources/store.ts'
import type { Connection } from '../connection.ts'

/** How many of one kind are told. */
const most = 1000

/** All versions: the superseded ones, and the newest of each resource. */
const all = `(SELECT rid, seq, number FROM version UNION ALL
  SELECT r.rid, b.seq, b.number FROM resource r JOIN body b ON b.seq = r.seq)`
const owner = 'JOIN resource r ON r.rid = x.rid JOIN type t ON t.id = r.type'
const version = `t.tenant AS tenant, t.name || '/' || r.id || ' version ' || x.number AS name`
const resource = `t.tenant AS tenant, t.name || '/' || r.id AS name`
const nameless = `'' AS tenant, 'commit ' || x.seq AS name`

/** What is wrong with those that the query finds. */
const rules: Readonly<Record<string, string>> = {
  'has no newest version': `SELECT ${resource} FROM resource x ${owner}
     WHERE x.seq > 0 AND NOT EXISTS(SELECT 1 FROM body b WHERE b.seq = x.seq AND b.rid = x.rid)`,
  'has versions that are not numbered 1, 2, 3 …': `SELECT ${resource} FROM
     (SELECT rid FROM ${all} GROUP BY rid
        HAVING count(DISTINCT number) <> count(*) OR min(number) <> 1 OR max(number) <> count(*)) x ${owner}`,
  'is before the version it supersedes': `SELECT ${version} FROM
     (SELECT rid, seq, number, lag(seq) OVER (PARTITION BY rid ORDER BY number) AS before FROM ${all}) x ${owner}
     WHERE x.seq < x.before`,
  'is no version of a resource': `SELECT ${nameless} FROM body x
     WHERE NOT EXISTS(SELECT 1 FROM resource r WHERE r.rid = x.rid AND r.seq = x.seq)
       AND NOT EXISTS(SELECT 1 FROM version v WHERE v.rid = x.rid AND v.seq = x.seq)`,
  'has nothing stored': `SELECT ${version} FROM version x ${owner}
     WHERE NOT EXISTS(SELECT 1 FROM body b WHERE b.seq = x.seq AND b.rid = x.rid AND b.number = x.number)`,
  'has a time before that of an earlier commit': `SELECT ${version} FROM
     (SELECT rid, number, at, lag(at) OVER (ORDER BY seq) AS before FROM body) x ${owner} WHERE x.at < x.before`,
  'is stored with another id, type or version than its own': `SELECT ${version} FROM body x ${owner}
     WHERE x.json IS NOT NULL AND (json_valid(x.json) = 0 OR json_extract(x.json, '$.id') IS NOT r.id
       OR json_extract(x.json, '$.resourceType') IS NOT t.name
       OR coalesce(json_extract(x.json, '$.meta.versionId'), x.number) <> CAST(x.number AS TEXT))`,
  'is not in the feed of its type, or ends there at another time': `SELECT ${version} FROM
     (SELECT a.rid, a.seq, a.number, b.json, lead(a.seq) OVER (PARTITION BY a.rid ORDER BY a.number) AS next
        FROM ${all} a JOIN body b ON b.seq = a.seq) x ${owner}
     WHERE NOT EXISTS(SELECT 1 FROM feed f WHERE f.type = r.type AND f.seq = x.seq AND f.rid = x.rid
       AND f.until = CASE WHEN x.json IS NULL THEN x.seq ELSE coalesce(x.next, 0) END)`,
  'is in the feed, and stored nowhere': `SELECT ${nameless} FROM feed x
     WHERE NOT EXISTS(SELECT 1 FROM body b WHERE b.seq = x.seq AND b.rid = x.rid)`,
  'has another number of resources than it is said to have': `SELECT t.tenant AS tenant, t.name AS name FROM type t
     LEFT JOIN total c ON c.type = t.id WHERE coalesce(c.count, 0) <>
       (SELECT count(*) FROM resource r JOIN body b ON b.seq = r.seq WHERE r.type = t.id AND b.json IS NOT NULL)`,
  'tells of a version that is not there': `SELECT '' AS tenant, 'event ' || x.seq AS name FROM outbox x
     WHERE NOT EXISTS(SELECT 1 FROM type t JOIN resource r ON r.type = t.id JOIN body b ON b.rid = r.rid
       WHERE t.name = json_extract(x.event, '$.type') AND r.id = json_extract(x.event, '$.resource')
         AND b.number = json_extract(x.event, '$.version'))`,
  'cannot be found by a part of it': `SELECT '' AS tenant, 'term ' || x.id AS name FROM term x
     WHERE NOT EXISTS(SELECT 1 FROM part p WHERE p.rowid = x.id)`,
}

export function* inspectVersions({ sql }: Connection): Iterable<Finding> {
  for (const { integrity_check } of sql('PRAGMA integrity_check(20)').all())
    if (integrity_check !== 'ok')
      yield { tenant: '' as Tenant, on: 'the file', what: `is damaged: ${integrity_check}` }
  for (const [what, query] of Object.entries(rules))
    for (const { tenant, name } of sql(`${query} LIMIT ${most}`).all())
      yield { tenant: String(tenant) as Tenant, on: String(name), what }
}
