# What a first deal makes in Gainsight.

test "a company for a first deal" {
  sync = sync.customers

  given "crm.Opportunity" {
    records = [{ Id = "006A", AccountId = "0015g0000000001AAA", "Account.Name" = "Acme", "Account.BillingCountry" = "germany", Name = "First", Type = "New Customer", IsWon = true, Amount = 250000, CloseDate = "2026-01-31" }]
  }
  given "cs.gsuser" {
    records = [{ Gsid = "1P0101", Email = "edsger.berners-lee@syncline-demo.example" }, { Gsid = "1P0102", Email = "shafi.liskov@syncline-demo.example" }]
  }
  given "cs.Company" {
    records = []
  }

  case "strategic, by its amount" {
    expect "cs.Company" {
      set = { Name = "Acme", SfdcAccountId = "0015g0000000001AAA", Stage = "Onboarding", Status = "Active", Arr = 250000, RenewalDate = "2027-01-31", Csm = "1P0101" }
    }
  }
  case "standard, where the amount is missing" {
    new = { Amount = null }
    expect "cs.Company" {
      set = { Csm = "1P0102" }
    }
  }
  case "nobody looks after it yet" {
    given "cs.gsuser" {
      records = []
    }
    expect "cs.Company" {
      set = { Csm = null }
    }
  }
  case "it is there: what people have set stays" {
    given "cs.Company" {
      records = [{ Gsid = "1P01", Name = "Acme Corp", SfdcAccountId = "0015g0000000001", Stage = "Adoption", Arr = 1, RenewalDate = "2026-12-31", Csm = "1P0102" }]
    }
    expect "cs.Company" {
      absent = true
    }
  }
  case "it is there and lacks its CSM and its account" {
    given "cs.Company" {
      records = [{ Gsid = "1P01", Name = "Acme", Stage = "Adoption", Arr = 1, RenewalDate = "2026-12-31" }]
    }
    expect "cs.Company" {
      id  = "1P01"
      set = { Csm = "1P0101", SfdcAccountId = "0015g0000000001AAA" }
    }
  }
  case "not won" {
    new = { IsWon = false }
    expect "cs.Company" {
      absent = true
    }
  }
  case "not the first" {
    new = { Type = "Expansion" }
    expect "cs.Company" {
      absent = true
    }
  }
}

test "one success plan for a company" {
  sync = sync.success_plans

  given "crm.Opportunity" {
    records = [{ Id = "006A", AccountId = "0015g0000000001AAA", Type = "New Customer", IsWon = true, CloseDate = "2026-01-31" }]
  }
  given "cs.Company" {
    records = [{ Gsid = "1P01", Name = "Acme", SfdcAccountId = "0015g0000000001", Csm = "1P0101" }]
  }

  case "none is there" {
    expect "cs.cta_group" {
      count = 1
      set   = { Name = "Acme: first year", CompanyId = "1P01", OwnerId = "1P0101", Type = "Onboarding", Status = "Draft", DueDate = "2026-04-30" }
    }
  }
  case "two are there" {
    given "cs.cta_group" {
      records = [{ Gsid = "1S01", CompanyId = "1P01", Name = "Plan A" }, { Gsid = "1S02", CompanyId = "1P01", Name = "Plan B" }]
    }
    expect "cs.cta_group" {
      absent = true
    }
  }
}

test "the team hears of it, once" {
  trigger = trigger.won

  given "cs.Company" {
    records = [{ Gsid = "1P01", Name = "Acme", SfdcAccountId = "0015g0000000001AAA" }]
  }
  change {
    old = { Id = "006A", AccountId = "0015g0000000001AAA", Type = "New Customer", IsWon = false, Amount = 1234.5 }
    new = { IsWon = true }
    expect "team" {
      set = { channel = "#customer-success", text = "New customer Acme, $1,234.50. CSM: not assigned yet" }
    }
  }
  change {
    new = { Amount = 99 }
  }

  expect "team" {
    count = 1
  }
}
