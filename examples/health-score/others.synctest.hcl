# The calls to action and the renewals.

test "an open call to action becomes a task" {
  sync = sync.cta_tasks

  given "cs.call_to_action" {
    records = [{
      Gsid                          = "CTA1"
      Name                          = "Adoption is falling"
      IsClosed                      = false
      DueDate                       = "2026-02-01"
      "CompanyId__gr.SfdcAccountId" = "A1"
      "TypeId__gr.Name"             = "Risk"
    }]
  }
  given "crm.Account" {
    records = [{ Id = "A1", Name = "Acme", OwnerId = "005X" }]
  }

  expect "crm.Task" {
    count = 1
    set = {
      Gainsight_CTA__c = "CTA1"
      WhatId           = "A1"
      OwnerId          = "005X"
      Subject          = "Risk: Adoption is falling"
      ActivityDate     = "2026-02-01"
    }
  }
}

test "whoever takes a task over keeps it" {
  sync = sync.cta_tasks

  given "cs.call_to_action" {
    records = [{ Gsid = "CTA1", Name = "New name", IsClosed = false, "CompanyId__gr.SfdcAccountId" = "A1", "TypeId__gr.Name" = "Risk" }]
  }
  given "crm.Account" {
    records = [{ Id = "A1", Name = "Acme", OwnerId = "005X" }]
  }
  given "crm.Task" {
    records = [{ Id = "T1", Gainsight_CTA__c = "CTA1", WhatId = "A1", OwnerId = "005Y", Subject = "Risk: Old name" }]
  }

  expect "crm.Task" {
    id  = "T1"
    set = { Subject = "Risk: New name" }
  }
  expect "crm.Task" {
    set    = { OwnerId = "005X" }
    absent = true
  }
}

test "a closed call to action makes no task" {
  sync = sync.cta_tasks

  given "cs.call_to_action" {
    records = [{ Gsid = "CTA1", Name = "Done", IsClosed = true, "CompanyId__gr.SfdcAccountId" = "A1" }]
  }

  expect "crm.Task" {
    absent = true
  }
}

test "the renewal that closes first gets the expected value" {
  sync = sync.renewal_forecast

  given "cs.Company" {
    records = [{ Gsid = "C1", SfdcAccountId = "A1", Arr = 100000 }]
  }
  given "crm.Opportunity" {
    records = [
      { Id = "O1", AccountId = "A1", Type = "Renewal", IsClosed = false, CloseDate = "2027-03-31" },
      { Id = "O2", AccountId = "A1", Type = "Renewal", IsClosed = false, CloseDate = "2026-03-31" },
      { Id = "O3", AccountId = "A1", Type = "Expansion", IsClosed = false, CloseDate = "2026-01-31" },
      { Id = "O4", AccountId = "A1", Type = "Renewal", IsClosed = true, CloseDate = "2025-03-31" },
    ]
  }

  case "healthy: in full" {
    new = { Health_Score__gc = 80 }
    expect "crm.Opportunity" {
      id    = "O2"
      count = 1
      set   = { Expected_Renewal_ARR__c = 100000 }
    }
  }
  case "at risk: four fifths" {
    new = { Health_Score__gc = 59.9 }
    expect "crm.Opportunity" {
      id  = "O2"
      set = { Expected_Renewal_ARR__c = 80000 }
    }
  }
}
