# Usage 20 % below its own baseline of 90 days, onto the account; cleared when it is back.

# One sample a day of each company. Gainsight keeps no history of this field, so it is kept here.
track "dau" {
  on       = cs.Company
  value    = source.DAU__gc
  keep     = "90d"
  timezone = "America/New_York"
}

trigger "usage_drop" {
  title    = "Usage drop"
  on       = cs.Company
  where    = "new.Stage != 'Churned'"
  when     = "new.DAU__gc < 0.8 * history.dau.avg(days(90))"
  rearm    = "new.DAU__gc >= 0.9 * history.dau.avg(days(90))"
  for      = "2d" # a quiet weekend is not a drop
  timezone = "America/New_York"

  schedule {
    cron = "0 7 * * *"
  }

  find "account" {
    in = crm.Account
    by = [{ Id = new.SfdcAccountId }, { Gainsight_GSID__c = new.Gsid }]
  }

  together {
    update "account" {
      set {
        Health_Summary__c = text("{{ new.DAU__gc }} users a day, {{ round(history.dau.avg(days(90)), 0) }} on average")
      }
    }
  }
  recovered {
    update "account" {
      set {
        Health_Summary__c = null
      }
    }
  }
}
