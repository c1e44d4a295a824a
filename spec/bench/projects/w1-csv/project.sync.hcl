# W1: companies that are worth a health review, mapped to twelve fields, from CSV to CSV.

connection "file" "data" {
  object "companies" {
    path = "companies.csv"

    columns = {
      gsid            = "text"
      name            = "text"
      sfdc_account_id = "text"
      health_score    = "number"
      risk            = "text"
      arr             = "number"
      renewal_date    = "date"
      csm_email       = "text"
      dau             = "integer"
      wau             = "integer"
      nps             = "integer"
      lifecycle_stage = "text"
      updated_at      = "datetime"
      tags            = "text"
    }
  }

  object "reviews" {
    path = "reviews.csv"

    columns = {
      account_id      = "text"
      score           = "number"
      tier            = "text"
      engagement      = "number"
      days_to_renewal = "integer"
      stage_label     = "text"
      subject         = "text"
      csm_domain      = "text"
      at_risk         = "boolean"
      primary_tag     = "text"
      nps_bucket      = "text"
      arr             = "number"
    }
  }
}

table "tier_of_risk" {
  rows = {
    "R" = "Red"
    "Y" = "Yellow"
    "G" = "Green"
  }
}

# A row that no company in `where` can reach would be a warning: three stages are enough.
table "stage_label" {
  rows = {
    "adoption" = "Adoption & Enablement"
    "growth"   = "Growth & Expansion"
    "renewal"  = "Renewal Window"
  }
}

sync "reviews" {
  from  = data.companies
  to    = data.reviews
  where = "source.lifecycle_stage in ['adoption', 'growth', 'renewal'] && source.arr > 10000"

  schedule {
    cron = "0 3 * * *"
  }

  map {
    account_id      = source.sfdc_account_id
    score           = "round(source.health_score, 1)"
    tier            = <<-EOT
      source.health_score == null ? table.tier_of_risk(source.risk)
        : source.health_score < 50 ? 'Red'
        : source.health_score < 75 ? 'Yellow' : 'Green'
    EOT
    engagement      = "source.wau != 0 ? round(source.dau / source.wau, 4) : null"
    days_to_renewal = "source.renewal_date - date('2026-01-15')"
    stage_label     = "upper(table.stage_label(source.lifecycle_stage))"
    subject         = text("Health review: {{ source.name }} ({{ source.health_score == null ? 'no score' : string(round(source.health_score, 0)) + '/100' }})")
    csm_domain      = "email_domain(source.csm_email)"
    at_risk         = "source.risk == 'R' || (source.health_score != null && source.health_score < 60)"
    primary_tag     = "source.tags.split(';')[0]"
    nps_bucket      = <<-EOT
      source.nps == null ? 'unknown'
        : source.nps >= 9 ? 'promoter'
        : source.nps >= 7 ? 'passive' : 'detractor'
    EOT
    arr             = "round(source.arr, 2)"
  }
}
