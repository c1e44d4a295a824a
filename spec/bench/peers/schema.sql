CREATE TABLE company (
  gsid text PRIMARY KEY NOT NULL,
  name text NOT NULL,
  sfdc_account_id text NOT NULL,
  health_score double precision,
  risk text NOT NULL,
  arr double precision NOT NULL,
  renewal_date text NOT NULL,
  csm_email text NOT NULL,
  dau integer,
  wau integer,
  nps integer,
  lifecycle_stage text NOT NULL,
  updated_at text NOT NULL,
  tags text NOT NULL
);
