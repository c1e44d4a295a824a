# What Sales does with an opportunity tells the CSM what to do: a change of the stage becomes a call to action.

table "cta_type" {
  rows = {
    "At Risk"          = "Risk"
    "Renewal Expected" = "Renewal"
    "Closed Won"       = "Lifecycle"
  }
  default = null # other stages ask nothing of the CSM
}

table "cta_reason" {
  rows = {
    "At Risk"          = "Contract Change"
    "Renewal Expected" = "Upcoming Renewal"
    "Closed Won"       = "Onboarding"
  }
  default = null
}

trigger "stage" {
  title       = "Opportunity stage"
  description = "An opportunity enters a stage that is the CSM's business: a call to action on its company"
  on          = crm.Opportunity

  # `old` makes this a condition on the change itself: it fires at each change into such a stage.
  when = "new.StageName != old.StageName && table.cta_type(new.StageName) != null"

  schedule {
    cron = "*/5 * * * *"
  }

  # An opportunity knows its account by 18 characters; a company may know it by 15.
  find "company" {
    in = cs.Company
    by = [
      { SfdcAccountId = new.AccountId },
      { SfdcAccountId = "truncate(new.AccountId, 15)" },
      { Gsid = new.Account.Gainsight_GSID__c },
    ]
    order_by = "it.CreatedDate" # of two entries of one customer the older one
  }

  together {
    create "cta" {
      in  = cs.call_to_action
      key = "Syncline_Key__gc" # makes the create safe to repeat
      set {
        Name      = text("{{ new.StageName }}: {{ new.Name }}")
        CompanyId = company.Gsid
        OwnerId   = company.Csm
        Type      = "table.cta_type(new.StageName)"
        Reason    = "table.cta_reason(new.StageName)"
        Status    = text("New")
        Priority  = "new.StageName == 'At Risk' ? 'High' : 'Medium'"
        DueDate   = "today() + days(new.StageName == 'At Risk' ? 2 : 7)"
        Comments  = text("{{ new.Owner.Name }} moved it from {{ coalesce(old.StageName, 'nothing') }} to {{ new.StageName }}. Amount {{ new.Amount }}, closes {{ new.CloseDate }}.")
      }
    }
  }

  then {
    send "csm" {
      via     = chat
      channel = text("#customer-success")
      text    = text("{{ company.Name }}: {{ new.Name }} is now {{ new.StageName }}, call to action for {{ coalesce(company.Csm__gr.Name, 'nobody yet') }}")
    }
  }

  guard {
    max_firings = 50
  }
  slo {
    latency = "15m"
  }
}
