-- For the sqlite3 shell, with SOURCE replaced by the path of the CSV: stage everything, write what differs.
PRAGMA temp_store = memory;
CREATE TEMP TABLE stage (
  gsid text, name text, sfdc_account_id text, health_score text, risk text, arr text, renewal_date text, csm_email text,
  dau text, wau text, nps text, lifecycle_stage text, updated_at text, tags text
);
.mode csv
.import --skip 1 --schema temp "SOURCE" stage
INSERT INTO company
SELECT gsid, name, sfdc_account_id, CAST(nullif(health_score, '') AS REAL), risk, CAST(arr AS REAL), renewal_date, csm_email,
  CAST(nullif(dau, '') AS INTEGER), CAST(nullif(wau, '') AS INTEGER), CAST(nullif(nps, '') AS INTEGER), lifecycle_stage, updated_at, tags
FROM temp.stage WHERE true
ON CONFLICT (gsid) DO UPDATE SET
  name = excluded.name, sfdc_account_id = excluded.sfdc_account_id, health_score = excluded.health_score, risk = excluded.risk,
  arr = excluded.arr, renewal_date = excluded.renewal_date, csm_email = excluded.csm_email, dau = excluded.dau, wau = excluded.wau,
  nps = excluded.nps, lifecycle_stage = excluded.lifecycle_stage, updated_at = excluded.updated_at, tags = excluded.tags
WHERE (company.name, company.sfdc_account_id, company.health_score, company.risk, company.arr, company.renewal_date, company.csm_email,
    company.dau, company.wau, company.nps, company.lifecycle_stage, company.updated_at, company.tags)
  IS NOT (excluded.name, excluded.sfdc_account_id, excluded.health_score, excluded.risk, excluded.arr, excluded.renewal_date,
    excluded.csm_email, excluded.dau, excluded.wau, excluded.nps, excluded.lifecycle_stage, excluded.updated_at, excluded.tags);
