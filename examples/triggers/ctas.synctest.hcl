# Calls to action.

test "a risk is a task until it is closed" {
  trigger = trigger.risk_cta

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  change {
    new = { Gsid = "1S01", CompanyId = "1P01", "CompanyId__gr.SfdcAccountId" = "001A", Name = "Sponsor left", Type = "Risk", IsClosed = false, DueDate = "2026-02-01" }
    expect "task" {
      set = { Gainsight_CTA__c = "1S01", WhatId = "001A", OwnerId = "005X", Subject = "Sponsor left", ActivityDate = "2026-02-01" }
    }
  }
  change {
    new = { IsClosed = true }
    expect "crm.Task" {
      set = { Status = "Completed" }
    }
  }
}

test "a renewal comes within thirty days, by time alone" {
  trigger = trigger.renewal_due
  now     = "2026-01-05T11:00:00Z"

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  given "crm.Opportunity" {
    records = [{ Id = "006A", AccountId = "001A", Type = "Renewal", IsClosed = false, CloseDate = "2026-03-01", StageName = "Prospecting" }]
  }
  change {
    new = { Gsid = "1S01", CompanyId = "1P01", "CompanyId__gr.SfdcAccountId" = "001A", Name = "Renewal", Type = "Renewal", IsClosed = false, DueDate = "2026-02-10" }
    expect "renewal" {
      absent = true
    }
  }
  change {
    at  = "2026-01-12T11:00:00Z"
    new = { Comments = "still open" }
    expect "renewal" {
      id  = "006A"
      set = { StageName = "At Risk" }
    }
  }
}

test "a milestone that is missed is posted once" {
  trigger = trigger.milestone_missed
  now     = "2026-01-05T12:00:00Z"

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  change {
    new = { Gsid = "1S02", CtaId = "1S01", CompanyId = "1P01", "CompanyId__gr.SfdcAccountId" = "001A", "OwnerId__gr.Name" = "Jo", Name = "Kick-off", IsClosed = false, DueDate = "2026-01-05" }
    expect "post" {
      absent = true
    }
  }
  change {
    at  = "2026-01-06T12:00:00Z"
    new = { Description = "soon" }
    expect "post" {
      set = { on = "001A", text = "Milestone missed: Kick-off was due on 2026-01-05. It is with Jo." }
    }
  }
  change {
    at  = "2026-01-07T12:00:00Z"
    new = { Description = "sooner" }
    expect "post" {
      absent = true
    }
  }
}

test "an expansion opens an opportunity" {
  trigger = trigger.expansion_cta
  now     = "2026-01-05T09:00:00Z"

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  change {
    new = { Gsid = "1S01", CompanyId = "1P01", "CompanyId__gr.SfdcAccountId" = "001A", Name = "More seats", Type = "Expansion", IsClosed = false, Comments = "<p>Fifty.</p>" }
  }
  expect "opportunity" {
    count = 1
    set   = { Syncline_Key__c = "expansion-1S01", AccountId = "001A", OwnerId = "005X", Name = "Acme: More seats", Type = "Expansion", StageName = "Prospecting", CloseDate = "2026-04-05" }
  }
}
