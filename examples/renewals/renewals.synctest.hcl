# One opportunity, at the moment when the stage becomes Renewal, unless there is one.

test "the stage becomes Renewal" {
  trigger = trigger.renewal_stage
  now     = "2026-01-05T09:00:00Z"

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  given "crm.User" {
    records = [{ Id = "005X", Email = "jo@example.com" }]
  }
  given "crm.Opportunity" {
    records = []
  }
  change {
    old = { Gsid = "1P01", SfdcAccountId = "001A", Stage = "Adoption", Arr = 5000, RenewalDate = "2026-06-30" }
    new = { Stage = "Renewal" }
  }

  case "none is open" {
    expect "renewal" {
      set = { AccountId = "001A", OwnerId = "005X", Name = "Acme: renewal 2026", Type = "Renewal", StageName = "Renewal Expected", CloseDate = "2026-06-30", Amount = 5000, Expected_Renewal_ARR__c = 5000 }
    }
    expect "word" {
      set = { to = "jo@example.com", text = "Acme is up for renewal on 2026-06-30: a renewal opportunity has been opened." }
    }
  }
  case "one is open" {
    given "crm.Opportunity" {
      records = [{ Id = "006A", AccountId = "001A", Name = "Acme 2026", Type = "Renewal", IsClosed = false }]
    }
    expect "renewal" {
      absent = true
    }
    expect "word" {
      set = { text = "Acme is up for renewal on 2026-06-30: the opportunity Acme 2026 is open already." }
    }
  }
  case "last year's is closed" {
    given "crm.Opportunity" {
      records = [{ Id = "006A", AccountId = "001A", Name = "Acme 2025", Type = "Renewal", IsClosed = true }]
    }
    expect "renewal" {
      count = 1
    }
  }
  case "nobody knows when" {
    old = { RenewalDate = null }
    expect "renewal" {
      set = { CloseDate = "2026-04-05", Name = "Acme: renewal 2026" }
    }
    expect "word" {
      set = { text = "Acme is up for renewal: a renewal opportunity has been opened." }
    }
  }
  case "it becomes something else" {
    new = { Stage = "Expansion" }
    expect "renewal" {
      absent = true
    }
    expect "word" {
      absent = true
    }
  }
}

test "a company that stays in the stage is told of once" {
  trigger = trigger.renewal_stage

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  given "crm.User" {
    records = [{ Id = "005X", Email = "jo@example.com" }]
  }
  change {
    old = { Gsid = "1P01", SfdcAccountId = "001A", Stage = "Adoption" }
    new = { Stage = "Renewal" }
  }
  change {
    new = { Arr = 1 }
  }
  change {
    at  = "2026-02-05"
    new = { Arr = 2 }
  }

  expect "word" {
    count = 1
  }
}

test "the expected ARR goes onto the renewal that closes first" {
  sync = sync.renewal_forecast

  given "cs.Company" {
    records = [{ Gsid = "1P01", SfdcAccountId = "001A", Stage = "Renewal", Arr = 5000 }]
  }
  given "crm.Opportunity" {
    records = [
      { Id = "006A", AccountId = "001A", Type = "Renewal", IsClosed = false, CloseDate = "2026-09-30" },
      { Id = "006B", AccountId = "001A", Type = "Renewal", IsClosed = false, CloseDate = "2026-06-30" },
      { Id = "006C", AccountId = "001A", Type = "Renewal", IsClosed = true, CloseDate = "2025-06-30" },
      { Id = "006D", AccountId = "001A", Type = "Expansion", IsClosed = false, CloseDate = "2025-06-30" },
    ]
  }

  case "in the stage Renewal" {
    expect "crm.Opportunity" {
      count = 1
      id    = "006B"
      set   = { Expected_Renewal_ARR__c = 5000 }
    }
  }
  case "in another stage" {
    new = { Stage = "Adoption" }
    expect "crm.Opportunity" {
      absent = true
    }
  }
}
