# Which stage asks what of the CSM.

test "a change of the stage" {
  trigger = trigger.stage
  now     = "2026-01-05T09:00:00Z"

  given "cs.Company" {
    records = [{ Gsid = "1P01", Name = "Acme", SfdcAccountId = "0015g0000000001AAA", Csm = "1P0101", "Csm__gr.Name" = "Jo" }]
  }
  change {
    old = { Id = "006A", AccountId = "0015g0000000001AAA", Name = "Acme 2026", StageName = "Prospecting", Amount = 100, CloseDate = "2026-06-30", "Owner.Name" = "Sam" }
    new = { StageName = "At Risk" }
  }

  case "at risk" {
    expect "cta" {
      set = { CompanyId = "1P01", OwnerId = "1P0101", Name = "At Risk: Acme 2026", Type = "Risk", Reason = "Contract Change", Priority = "High", Status = "New", DueDate = "2026-01-07", Comments = "Sam moved it from Prospecting to At Risk. Amount 100, closes 2026-06-30." }
    }
    expect "csm" {
      set = { channel = "#customer-success", text = "Acme: Acme 2026 is now At Risk, call to action for Jo" }
    }
  }
  case "expected" {
    new = { StageName = "Renewal Expected" }
    expect "cta" {
      set = { Type = "Renewal", Reason = "Upcoming Renewal", Priority = "Medium", DueDate = "2026-01-12" }
    }
  }
  case "won" {
    new = { StageName = "Closed Won" }
    expect "cta" {
      set = { Type = "Lifecycle", Reason = "Onboarding" }
    }
  }
  case "a stage that is Sales' own business" {
    new = { StageName = "Qualification" }
    expect "cta" {
      absent = true
    }
    expect "csm" {
      absent = true
    }
  }
  case "the company knows its account by 15 characters" {
    given "cs.Company" {
      records = [{ Gsid = "1P02", Name = "Acme", SfdcAccountId = "0015g0000000001" }]
    }
    expect "cta" {
      set = { CompanyId = "1P02", OwnerId = null }
    }
    expect "csm" {
      set = { text = "Acme: Acme 2026 is now At Risk, call to action for nobody yet" }
    }
  }
}

test "each change counts, and nothing else" {
  trigger = trigger.stage

  given "cs.Company" {
    records = [{ Gsid = "1P01", Name = "Acme", SfdcAccountId = "0015g0000000001AAA" }]
  }
  change {
    new = { Id = "006A", AccountId = "0015g0000000001AAA", Name = "Acme 2026", StageName = "Renewal Expected" }
    expect "cta" {
      count = 1
    }
  }
  change {
    new = { Amount = 5 }
    expect "cta" {
      absent = true
    }
  }
  change {
    new = { StageName = "At Risk" }
    expect "cta" {
      count = 1
    }
  }
  change {
    new = { StageName = "Closed Lost" }
    expect "cta" {
      absent = true
    }
  }
  change {
    new = { StageName = "At Risk" }
    expect "cta" {
      count = 1
    }
  }
}
