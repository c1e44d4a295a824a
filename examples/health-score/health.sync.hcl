# Health score, risk tier, success plan and engagement, from the Gainsight company onto the Salesforce account.

table "tier" {
  rows = {
    "Healthy" = "Green"
    "Watch"   = "Yellow"
    "At Risk" = "Red"
  }
  default = null # a category that nobody has mapped yet leaves the tier empty
}

sync "company_health" {
  description = "Health score and its components, onto the account"
  from        = cs.Company
  to          = crm.Account

  schedule "near_renewal" {
    cron  = "*/5 * * * *"
    where = "within(source.RenewalDate, days(60))"
  }
  schedule "everyone" {
    cron     = "0 3 * * *"
    timezone = "America/New_York"
  }

  # Churned customers keep what their account says.
  where = "source.Stage != 'Churned'"

  # Tried in order; what matched is remembered. Names are not unique, so two of a name are left to a person.
  match {
    by = [
      { Id = source.SfdcAccountId },
      { Gainsight_GSID__c = source.Gsid },
      { Name = source.Name },
    ]
    missing   = "skip"
    ambiguous = "skip"
  }

  map {
    Health_Score__c        = source.Health_Score__gc
    Risk_Tier__c           = "table.tier(source.Risk_Category__gc)"
    Success_Plan_Status__c = source.Success_Plan_Status__gc
    Product_Engagement__c  = "source.WAU__gc > 0 ? source.DAU__gc / source.WAU__gc : null"
    NPS__c                 = source.Nps__gc
    Gainsight_GSID__c      = source.Gsid
    Health_Summary__c      = text("{{ truncate(source.Name, 40) }}: usage {{ source.Usage_Score__gc }}, NPS {{ source.Nps__gc }}")
    Health_Updated_At__c   = "now()"
  }
  write {
    Health_Updated_At__c = "with_changes" # only together with another field
  }

  guard {
    max_clears = 20
  }
}
