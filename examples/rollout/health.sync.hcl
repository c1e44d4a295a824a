# A rule that goes live in steps: first a pilot of 25 accounts, then everyone; first the sandboxes, then production.
#
#   syncline plan --env sandbox      all accounts of all CSMs are candidates for the pilot
#   syncline plan --env production   only those of the CSM who tries it out
#
# When the pilot has convinced, take the `rollout` block out. Whoever was in stays in; nothing is written twice.

variable "pilot_csm" {
  type        = "text"
  default     = "anyone"
  description = "E-mail address of the CSM whose accounts are in the pilot, or anyone"
}

table "tier" {
  rows = {
    "Healthy" = "Green"
    "Watch"   = "Yellow"
    "At Risk" = "Red"
  }
  default = null # a category that nobody has mapped yet leaves the tier empty
}

sync "company_health" {
  description = "Health score and tier, onto the accounts of the pilot"
  from        = cs.Company
  to          = crm.Account
  where       = "source.Stage != 'Churned' && source.SfdcAccountId != null"
  on_leave    = "ignore"

  # Two cohorts at two frequencies: whoever renews within 60 days every five minutes, all once a night.
  schedule "near_renewal" {
    cron  = "*/5 * * * *"
    where = "within(source.RenewalDate, days(60))"
  }
  schedule "everyone" {
    cron = "0 3 * * *"
  }

  rollout {
    where = "vars.pilot_csm == 'anyone' || source.Csm__gr.Email == vars.pilot_csm"
    limit = 25 # who is in stays in; a larger number only adds some
  }

  match {
    by        = { Id = source.SfdcAccountId }
    missing   = "skip"
    ambiguous = "skip"
  }

  map {
    Health_Score__c      = source.Health_Score__gc
    Risk_Tier__c         = "table.tier(source.Risk_Category__gc)"
    Health_Updated_At__c = "now()"
  }
  write {
    Health_Updated_At__c = "with_changes" # only together with another field
  }

  # Should a run ever go beyond the pilot, it writes nothing and waits for `syncline approve`.
  guard {
    max_creates = 0
    max_updates = 25
  }
}
