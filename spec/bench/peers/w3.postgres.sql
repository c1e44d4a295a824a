-- For psql, with SOURCE replaced by the path of the CSV: stage everything, write what differs.
CREATE TEMP TABLE stage (LIKE company);
\copy stage FROM 'SOURCE' WITH (FORMAT csv, HEADER, FORCE_NOT_NULL (tags))
ANALYZE stage;
INSERT INTO company AS t
SELECT s.* FROM stage s LEFT JOIN company c USING (gsid) WHERE (c.*) IS DISTINCT FROM (s.*)
ON CONFLICT (gsid) DO UPDATE SET
  name = excluded.name, sfdc_account_id = excluded.sfdc_account_id, health_score = excluded.health_score, risk = excluded.risk,
  arr = excluded.arr, renewal_date = excluded.renewal_date, csm_email = excluded.csm_email, dau = excluded.dau, wau = excluded.wau,
  nps = excluded.nps, lifecycle_stage = excluded.lifecycle_stage, updated_at = excluded.updated_at, tags = excluded.tags;
