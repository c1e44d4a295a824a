# Lifecycle stage Renewal: the account gets a renewal opportunity unless one is open, and its owner hears of it.

trigger "renewal_stage" {
  title       = "Renewal begins"
  description = "A company enters the stage Renewal: a renewal opportunity, and word to the account's owner"
  on          = cs.Company
  when        = "new.Stage == 'Renewal'"

  # Companies that are in the stage already when this rule comes into being count as done. baseline = "fire" takes them too.
  baseline = "hold"

  schedule {
    cron = "*/10 * * * *"
  }

  find "account" {
    in = crm.Account
    by = [{ Id = new.SfdcAccountId }, { Gainsight_GSID__c = new.Gsid }]
  }
  find "owner" {
    in = crm.User
    by = { Id = account.OwnerId }
  }
  find "open" {
    in       = crm.Opportunity
    where    = "it.AccountId == account.Id && it.Type == 'Renewal' && !it.IsClosed"
    order_by = "it.CloseDate"
    missing  = "empty"
  }

  together {
    create "renewal" {
      in  = crm.Opportunity
      key = "Syncline_Key__c" # makes the create safe to repeat
      if  = "open == null"
      set {
        AccountId               = account.Id
        OwnerId                 = account.OwnerId
        Name                    = text("{{ truncate(account.Name, 80) }}: renewal {{ year(coalesce(new.RenewalDate, today() + days(90))) }}")
        Type                    = text("Renewal")
        StageName               = text("Renewal Expected")
        CloseDate               = "coalesce(new.RenewalDate, today() + days(90))"
        Amount                  = new.Arr
        Expected_Renewal_ARR__c = new.Arr
      }
    }
  }

  then {
    send "word" {
      via  = chat
      to   = owner.Email
      text = text("{{ account.Name }} is up for renewal{{ new.RenewalDate == null ? '' : ' on ' + string(new.RenewalDate) }}: {{ open == null ? 'a renewal opportunity has been opened.' : 'the opportunity ' + open.Name + ' is open already.' }}")
    }
  }

  # An import that moves half of the companies at once does nothing until a person approves it.
  guard {
    max_firings = 50
  }
  slo {
    latency = "30m"
  }
}

sync "renewal_forecast" {
  description = "Expected ARR, onto the open renewal that closes first"
  from        = cs.Company
  to          = crm.Opportunity
  where       = "source.Stage == 'Renewal' && source.Arr != null && source.SfdcAccountId != null"
  on_leave    = "ignore"
  after       = [trigger.renewal_stage]

  match {
    by        = { AccountId = source.SfdcAccountId }
    where     = "it.Type == 'Renewal' && !it.IsClosed"
    order_by  = "it.CloseDate"
    missing   = "skip"
    ambiguous = "skip"
  }

  map {
    Expected_Renewal_ARR__c = source.Arr
  }
}
