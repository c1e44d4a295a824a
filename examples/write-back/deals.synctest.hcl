# The latest won deal decides.

test "the latest won deal goes onto the company" {
  sync  = sync.won_deals
  exact = true

  given "crm.Account" {
    records = [{ Id = "001A", Type = "Customer - Direct" }]
  }
  given "crm.Opportunity" {
    records = [
      { Id = "006A", AccountId = "001A", IsWon = true, CloseDate = "2025-03-01", Amount = 100, Description = "First year" },
      { Id = "006B", AccountId = "001A", IsWon = true, CloseDate = "2026-03-01", Amount = 200, Description = "Second year" },
      { Id = "006C", AccountId = "001A", IsWon = false, CloseDate = "2026-09-01", Amount = 900 },
      { Id = "006D", AccountId = "001B", IsWon = true, CloseDate = "2026-10-01", Amount = 800 },
    ]
  }
  given "cs.Company" {
    records = [{ Gsid = "1P01", SfdcAccountId = "001A", Arr = 100 }]
  }

  expect "cs.Company" {
    id  = "1P01"
    set = { Arr = 200, RenewalDate = "2027-03-01", Summary = "Second year" }
  }
}

test "a deal without an amount, and an account without a deal, take nothing away" {
  sync = sync.won_deals

  given "crm.Account" {
    records = [{ Id = "001A", Type = "Customer - Direct" }]
  }
  given "crm.Opportunity" {
    records = [{ Id = "006A", AccountId = "001A", IsWon = true, CloseDate = "2026-03-01" }]
  }
  given "cs.Company" {
    records = [{ Gsid = "1P01", SfdcAccountId = "001A", Arr = 100, Summary = "Notes" }]
  }

  case "no amount, no notes" {
    expect "cs.Company" {
      set = { RenewalDate = "2027-03-01" }
    }
  }
  case "no deal" {
    given "crm.Opportunity" {
      records = []
    }
    expect "cs.Company" {
      absent = true
    }
  }
  case "a prospect" {
    new = { Type = "Prospect" }
    expect "cs.Company" {
      absent = true
    }
  }
}
