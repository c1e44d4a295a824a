# Who is told of which risk, and how often.

test "a risk becomes high" {
  trigger = trigger.high_risk
  now     = "2026-01-05T09:00:00Z"

  given "cs.Company" {
    records = [{ Gsid = "1P01", Name = "Acme", SfdcAccountId = "001A", Health_Score__gc = 41, Arr = 90000, RenewalDate = "2026-06-30" }]
  }
  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme Corporation", OwnerId = "005X" }]
  }
  change {
    old = { Gsid = "1S01", CompanyId = "1P01", Name = "Sponsor left", Type = "Risk", Reason = "Sponsor Change", Priority = "Medium", IsClosed = false, Comments = "<p>Call.</p>", "OwnerId__gr.Name" = "Jo" }
    new = { Priority = "High" }
  }

  case "of a customer like others" {
    expect "task" {
      set = { Gainsight_CTA__c = "1S01", WhatId = "001A", OwnerId = "005X", Subject = "Risk: Sponsor left", ActivityDate = "2026-01-07", Priority = "High", Status = "Not Started" }
    }
    expect "case" {
      absent = true
    }
    expect "log" {
      set = { WhatId = "001A", Status = "Completed", ActivityDate = "2026-01-05" }
    }
  }
  case "of a strategic customer" {
    given "cs.Company" {
      records = [{ Gsid = "1P01", Name = "Acme", SfdcAccountId = "001A", Strategic__gc = true }]
    }
    expect "case" {
      set = { AccountId = "001A", Syncline_Key__c = "cta-1S01", Status = "Escalated", Subject = "Risk: Sponsor left" }
    }
  }
  case "with a due date" {
    old = { DueDate = "2026-02-01" }
    expect "task" {
      set = { ActivityDate = "2026-02-01" }
    }
  }
  case "that is no risk" {
    old = { Type = "Renewal" }
    expect "task" {
      absent = true
    }
  }
  case "that is closed" {
    old = { IsClosed = true }
    expect "task" {
      absent = true
    }
  }
}

test "priority goes up and down: one escalation; it is closed: the task is done" {
  trigger = trigger.high_risk

  given "cs.Company" {
    records = [{ Gsid = "1P01", Name = "Acme", SfdcAccountId = "001A" }]
  }
  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme Corporation", OwnerId = "005X" }]
  }
  change {
    new = { Gsid = "1S01", CompanyId = "1P01", Name = "Sponsor left", Type = "Risk", Priority = "High", IsClosed = false }
    expect "task" {
      count = 1
    }
  }
  change {
    new = { Priority = "Low" }
    expect "task" {
      absent = true
    }
  }
  change {
    new = { Priority = "High" }
    expect "task" {
      absent = true
    }
  }
  change {
    new = { IsClosed = true }
    expect "crm.Task" {
      set = { Status = "Completed" }
    }
  }

  expect "log" {
    count = 1
  }
}
