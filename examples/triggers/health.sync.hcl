# A health score that falls below 60: account, task, stage and Chatter together, and word to the team.

table "tier" {
  rows = {
    "Healthy" = "Green"
    "Watch"   = "Yellow"
    "At Risk" = "Red"
  }
  default = null
}

sync "company_health" {
  description = "Health score and tier, onto the account"
  from        = cs.Company
  to          = crm.Account
  where       = "source.Stage != 'Churned'"
  on_leave    = "ignore"

  schedule {
    cron = "0 3 * * *"
  }

  match {
    by        = [{ Id = source.SfdcAccountId }, { Gainsight_GSID__c = source.Gsid }]
    missing   = "skip"
    ambiguous = "skip"
  }

  map {
    Health_Score__c      = source.Health_Score__gc
    Risk_Tier__c         = "table.tier(source.Risk_Category__gc)"
    Health_Updated_At__c = "now()"
  }
  write {
    Health_Updated_At__c = "with_changes"
  }
}

trigger "health_drop" {
  title    = "Health drop"
  on       = cs.Company
  where    = "new.Stage != 'Churned'"
  when     = "new.Health_Score__gc < 60"  # fires when this becomes true for a company
  rearm    = "new.Health_Score__gc >= 65" # and again only after this was true: a score that flickers around 60 fires once
  cooldown = "24h"

  schedule {
    cron = "* * * * *"
  }
  slo {
    latency = "5m"
  }

  find "account" {
    in = crm.Account
    by = [{ Id = new.SfdcAccountId }, { Gainsight_GSID__c = new.Gsid }]
  }
  find "renewal" {
    in       = crm.Opportunity
    where    = "it.AccountId == account.Id && it.Type == 'Renewal' && !it.IsClosed"
    order_by = "it.CloseDate"
    missing  = "empty"
  }

  # One request in Salesforce: all of it is written, or nothing.
  together {
    update "account" {
      apply = sync.company_health # that rule's map, now, and no second copy of it here
    }
    create "review" {
      in  = crm.Task
      key = "Syncline_Key__c" # makes the create safe to repeat
      set {
        WhatId       = account.Id
        OwnerId      = account.OwnerId
        Subject      = text("Review {{ truncate(account.Name, 150) }}: health score dropped to {{ new.Health_Score__gc }}")
        Priority     = text("High")
        Status       = text("Not Started")
        ActivityDate = "today() + days(1)"
      }
    }
    update "renewal" {
      set {
        StageName = text("At Risk")
      }
    }
    create "chatter" {
      in = crm.FeedItem
      set {
        ParentId = account.Id
        Body     = text("Health score fell{{ old.Health_Score__gc == null ? '' : ' from ' + string(old.Health_Score__gc) }} to {{ new.Health_Score__gc }}.")
      }
    }
  }

  # Only after the group has been written.
  then {
    send "team" {
      via     = chat
      channel = text("#renewals")
      text    = text("{{ account.Name }} is at risk, task {{ review.Id }}")
    }
  }

  # The score is back: the task is done.
  recovered {
    update "review" {
      set {
        Status = text("Completed")
      }
    }
  }

  # A tenant-wide recalculation that drops hundreds of scores waits for a person.
  guard {
    max_firings = 50
  }
}
