# W3: the table equals the CSV by its key, and only rows that differ are written.

connection "file" "data" {
  object "companies" {
    path = "companies.csv"
    key  = "gsid"

    columns = {
      gsid            = "text"
      name            = "text"
      sfdc_account_id = "text"
      health_score    = "number"
      risk            = "text"
      arr             = "number"
      renewal_date    = "text"
      csm_email       = "text"
      dau             = "integer"
      wau             = "integer"
      nps             = "integer"
      lifecycle_stage = "text"
      updated_at      = "text"
      tags            = "text"
    }
  }
}

connection "sqlite" "warehouse" {
  path = env("WAREHOUSE")
}

sync "companies" {
  from = data.companies
  to   = warehouse.company

  schedule {
    cron = "0 3 * * *"
  }

  match {
    by      = [{ gsid = source.gsid }]
    missing = "create"
  }

  map_same {}

  on_delete = "ignore"
}
