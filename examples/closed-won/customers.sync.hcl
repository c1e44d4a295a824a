# A deal that is won makes a customer: the company in Gainsight, its CSM by territory and tier, and its first success plan.

table "territory" {
  rows = {
    "USA"     = "Americas"
    "Canada"  = "Americas"
    "Brazil"  = "Americas"
    "Germany" = "EMEA"
    "France"  = "EMEA"
    "Poland"  = "EMEA"
    "UK"      = "EMEA"
  }
  default     = "Elsewhere"
  ignore_case = true
}

# Who looks after whom. An address without a user in Gainsight leaves the company without a CSM.
table "csm" {
  rows = {
    "Americas, strategic"  = "katherine.patel@syncline-demo.example"
    "Americas, standard"   = "shafi.liskov@syncline-demo.example"
    "EMEA, strategic"      = "edsger.berners-lee@syncline-demo.example"
    "EMEA, standard"       = "shafi.liskov@syncline-demo.example"
    "Elsewhere, strategic" = "katherine.patel@syncline-demo.example"
    "Elsewhere, standard"  = "shafi.liskov@syncline-demo.example"
  }
}

variable "strategic_from" {
  type        = "number"
  default     = 100000
  description = "Amount of the first deal from which a customer is strategic"
}

sync "customers" {
  description = "Accounts whose first deal is won become companies"
  from        = crm.Opportunity
  to          = cs.Company
  where       = "source.IsWon && source.Type == 'New Customer' && source.AccountId != null"
  on_leave    = "ignore" # a deal that is opened again, or deleted, does not take the company away
  on_delete   = "ignore"

  schedule {
    cron = "*/15 * * * *"
  }

  find "csm" {
    in      = cs.gsuser
    by      = { Email = "table.csm(table.territory(source.Account.BillingCountry) + (coalesce(source.Amount, 0) >= vars.strategic_from ? ', strategic' : ', standard'))" }
    missing = "empty"
  }

  # Companies know their account by 15 characters or by 18. A customer of Gainsight who was never linked has the account's name.
  match {
    by = [
      { SfdcAccountId = "truncate(source.AccountId, 15)" },
      { Name = source.Account.Name },
      { SfdcAccountId = source.AccountId },
    ]
    missing   = "create"
    ambiguous = "skip" # two companies of one account are for a person to sort out
  }

  map {
    field "Name" {
      value = "coalesce(source.Account.Name, source.Name)"
      write = "on_create"
    }
    field "Stage" {
      value = text("Onboarding")
      write = "on_create"
    }
    field "Status" {
      value = text("Active")
      write = "on_create"
    }
    field "Arr" {
      value = source.Amount
      write = "if_empty"
    }
    field "RenewalDate" {
      value = "add_months(source.CloseDate, 12)"
      write = "if_empty"
    }
    field "Csm" {
      value = csm.Gsid
      write = "if_empty"
    }
    field "SfdcAccountId" {
      value = source.AccountId
      write = "if_empty"
    }
  }

  guard {
    max_creates = 25
  }
}

sync "success_plans" {
  description = "Each new customer has a success plan"
  from        = crm.Opportunity
  to          = cs.cta_group
  where       = "source.IsWon && source.Type == 'New Customer' && source.AccountId != null"
  on_leave    = "ignore"
  on_delete   = "ignore"
  after       = [sync.customers]

  find "company" {
    in        = cs.Company
    by        = [{ SfdcAccountId = source.AccountId }, { SfdcAccountId = "truncate(source.AccountId, 15)" }]
    ambiguous = "skip"
  }

  # Any plan of the company will do; one is made where there is none.
  match {
    by       = { CompanyId = company.Gsid }
    order_by = "it.CreatedDate"
    missing  = "create"
  }

  map {
    Name      = text("{{ truncate(company.Name, 200) }}: first year")
    CompanyId = company.Gsid
    OwnerId   = company.Csm
    Type      = text("Onboarding")
    Status    = text("Draft")
    DueDate   = "add_months(source.CloseDate, 3)"
  }
  write {
    Name      = "on_create"
    CompanyId = "on_create"
    OwnerId   = "on_create"
    Type      = "on_create"
    Status    = "on_create"
    DueDate   = "on_create"
  }

  guard {
    max_creates = 25
  }
}

# When both have run, the team hears of it. Deals that were won before this rule came into being are no news.
trigger "won" {
  title = "New customer"
  on    = crm.Opportunity
  where = "new.Type == 'New Customer'"
  when  = "new.IsWon"
  after = [sync.success_plans]

  find "company" {
    in       = cs.Company
    by       = [{ SfdcAccountId = new.AccountId }, { SfdcAccountId = "truncate(new.AccountId, 15)" }]
    order_by = "it.CreatedDate"
  }

  then {
    send "team" {
      via     = chat
      channel = text("#customer-success")
      text    = text("New customer {{ company.Name }}, {{ money(new.Amount, '$') }}. CSM: {{ coalesce(company.Csm__gr.Name, 'not assigned yet') }}")
    }
  }

  guard {
    max_firings = 20
  }
}
