# A call to action on a risk of high priority lands on the desk of the account's owner, with its context. Strategic
# customers get a case beside it. What was done is logged on the account.

trigger "high_risk" {
  title       = "Risk escalation"
  description = "A high-priority risk becomes a task of the account's owner, for strategic customers a case too"
  on          = cs.call_to_action
  where       = "new.Type == 'Risk'"
  when        = "new.Priority == 'High' && !new.IsClosed"
  rearm       = "new.IsClosed" # a priority that goes up and down escalates once

  schedule {
    cron = "*/5 * * * *"
  }

  find "company" {
    in = cs.Company
    by = { Gsid = new.CompanyId }
  }
  find "account" {
    in = crm.Account
    by = [{ Id = company.SfdcAccountId }, { Gainsight_GSID__c = company.Gsid }]
  }

  # All of it, or none of it. The keys are those of the call to action, so that a second try changes what the first has made.
  together {
    upsert "task" {
      in  = crm.Task
      key = { Gainsight_CTA__c = new.Gsid }
      set {
        WhatId       = account.Id
        OwnerId      = account.OwnerId
        Priority     = text("High")
        Status       = text("Not Started")
        ActivityDate = "coalesce(new.DueDate, today() + days(2))"
        Subject      = text("Risk: {{ truncate(new.Name, 200) }}")
        Description = text(<<-EOT
          {{ new.Reason }} at {{ company.Name }}
          Health {{ company.Health_Score__gc }}, ARR {{ company.Arr }}, renewal {{ company.RenewalDate }}
          CSM: {{ new.OwnerId__gr.Name }}
          {{ truncate(strip_html(new.Comments), 5000) }}
        EOT
        )
      }
      write {
        OwnerId = "on_create" # whoever takes the task over keeps it
        Status  = "on_create"
      }
    }
    upsert "case" {
      in  = crm.Case
      key = { Syncline_Key__c = "'cta-' + new.Gsid" }
      if  = "company.Strategic__gc"
      set {
        AccountId   = account.Id
        Subject     = text("Risk: {{ truncate(new.Name, 200) }}")
        Priority    = text("High")
        Status      = text("Escalated")
        Origin      = text("Web")
        Description = text("{{ new.Reason }} at {{ company.Name }}, due {{ new.DueDate }}")
      }
    }
    create "log" {
      in  = crm.Task
      key = "Syncline_Key__c"
      set {
        WhatId       = account.Id
        OwnerId      = account.OwnerId
        Subject      = text("Escalated by Syncline")
        Status       = text("Completed")
        ActivityDate = "today()"
        Description  = text("Call to action {{ new.Gsid }} ({{ new.Name }}) was high at {{ now() }}.")
      }
    }
  }

  # The risk is over: its task is done.
  recovered {
    update "task" {
      set {
        Status = text("Completed")
      }
    }
  }

  guard {
    max_firings = 25
  }
  slo {
    latency = "15m"
  }
}
