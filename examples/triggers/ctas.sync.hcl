# Calls to action: each kind has its own consequence in Salesforce, and its own promise of how soon.

# A risk is called out: a task. It is closed: the task is done.
trigger "risk_cta" {
  title = "Risk call to action"
  on    = cs.call_to_action
  where = "new.Type == 'Risk'"
  when  = "!new.IsClosed"

  schedule {
    cron = "*/5 * * * *"
  }
  slo {
    latency = "15m"
  }

  find "account" {
    in = crm.Account
    by = [{ Id = new.CompanyId__gr.SfdcAccountId }, { Gainsight_GSID__c = new.CompanyId }]
  }

  together {
    upsert "task" {
      in  = crm.Task
      key = { Gainsight_CTA__c = new.Gsid } # a task that an earlier tool has copied is taken over
      set {
        WhatId       = account.Id
        OwnerId      = account.OwnerId
        Subject      = text("{{ truncate(new.Name, 200) }}")
        Status       = text("Not Started")
        ActivityDate = new.DueDate
      }
      write {
        OwnerId = "on_create" # whoever takes the task over keeps it
        Status  = "on_create"
      }
    }
  }
  recovered {
    update "task" {
      set {
        Status = text("Completed")
      }
    }
  }
}

# A renewal that is due in thirty days and still open: its opportunity is at risk. Time alone makes this true, so it is looked
# at each morning, from what is stored; Gainsight is not asked again.
trigger "renewal_due" {
  title    = "Renewal due in 30 days"
  on       = cs.call_to_action
  where    = "new.Type == 'Renewal'"
  when     = "!new.IsClosed && within(new.DueDate, days(30))"
  timezone = "America/New_York"

  schedule {
    cron = "0 6 * * *"
  }

  find "account" {
    in = crm.Account
    by = [{ Id = new.CompanyId__gr.SfdcAccountId }, { Gainsight_GSID__c = new.CompanyId }]
  }
  find "renewal" {
    in       = crm.Opportunity
    where    = "it.AccountId == account.Id && it.Type == 'Renewal' && !it.IsClosed"
    order_by = "it.CloseDate"
    missing  = "empty"
  }

  together {
    update "renewal" {
      set {
        StageName = text("At Risk")
      }
    }
  }
}

# A milestone, a task of a call to action, is past its day and not done: a post on the account.
trigger "milestone_missed" {
  title    = "Milestone missed"
  on       = cs.cs_task
  when     = "!new.IsClosed && new.DueDate < today()"
  timezone = "America/New_York"

  schedule {
    cron = "30 6 * * *"
  }

  find "account" {
    in = crm.Account
    by = [{ Id = new.CompanyId__gr.SfdcAccountId }, { Gainsight_GSID__c = new.CompanyId }]
  }

  then {
    send "post" {
      via  = crm
      on   = account.Id
      text = text("Milestone missed: {{ new.Name }} was due on {{ new.DueDate }}. It is with {{ coalesce(new.OwnerId__gr.Name, 'nobody') }}.")
    }
  }
}

# A chance to grow: an opportunity of the type Expansion.
trigger "expansion_cta" {
  title = "Expansion call to action"
  on    = cs.call_to_action
  where = "new.Type == 'Expansion'"
  when  = "!new.IsClosed"

  schedule {
    cron = "0 * * * *"
  }
  slo {
    latency = "2h"
  }

  find "account" {
    in = crm.Account
    by = [{ Id = new.CompanyId__gr.SfdcAccountId }, { Gainsight_GSID__c = new.CompanyId }]
  }

  together {
    create "opportunity" {
      in  = crm.Opportunity
      key = { Syncline_Key__c = "'expansion-' + new.Gsid" }
      set {
        AccountId   = account.Id
        OwnerId     = account.OwnerId
        Name        = text("{{ truncate(account.Name, 60) }}: {{ truncate(new.Name, 50) }}")
        Type        = text("Expansion")
        CTA_Type__c = text("Expansion")
        StageName   = text("Prospecting")
        CloseDate   = "coalesce(new.DueDate, today()) + days(90)"
        Description = "truncate(strip_html(new.Comments), 32000)"
      }
    }
  }
}
