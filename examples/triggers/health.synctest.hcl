# A drop of the health score: who fires, how often, and with what.

test "a drop below 60" {
  trigger = trigger.health_drop
  now     = "2026-01-05T09:00:00Z"

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  given "crm.Opportunity" {
    records = [
      { Id = "006A", AccountId = "001A", Type = "Renewal", IsClosed = false, CloseDate = "2026-09-30", StageName = "Prospecting" },
      { Id = "006B", AccountId = "001A", Type = "Renewal", IsClosed = false, CloseDate = "2026-06-30", StageName = "Prospecting" },
    ]
  }
  change {
    old = { Gsid = "1P01", SfdcAccountId = "001A", Stage = "Adoption", Health_Score__gc = 71, Risk_Category__gc = "Watch" }
    new = { Health_Score__gc = 52, Risk_Category__gc = "At Risk" }
  }

  case "with a renewal open" {
    expect "account" {
      id  = "001A"
      set = { Health_Score__c = 52, Risk_Tier__c = "Red" }
    }
    expect "review" {
      set = { WhatId = "001A", OwnerId = "005X", Subject = "Review Acme: health score dropped to 52", ActivityDate = "2026-01-06" }
    }
    expect "renewal" {
      id  = "006B"
      set = { StageName = "At Risk" }
    }
    expect "chatter" {
      set = { ParentId = "001A", Body = "Health score fell from 71 to 52." }
    }
    expect "team" {
      set = { channel = "#renewals" }
    }
  }
  case "without a renewal" {
    given "crm.Opportunity" {
      records = []
    }
    expect "review" {
      count = 1
    }
    expect "renewal" {
      absent = true
    }
  }
  case "to sixty: not below" {
    new = { Health_Score__gc = 60 }
    expect "review" {
      absent = true
    }
  }
  case "to nothing: no data is no drop" {
    new = { Health_Score__gc = null }
    expect "review" {
      absent = true
    }
  }
  case "of a churned customer" {
    old = { Stage = "Churned" }
    expect "review" {
      absent = true
    }
  }
}

test "a score that flickers fires once, and again after it was at 65 and a day has passed" {
  trigger = trigger.health_drop
  now     = "2026-01-05T09:00:00Z"

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  given "crm.Opportunity" {
    records = []
  }
  change {
    old = { Gsid = "1P01", SfdcAccountId = "001A", Stage = "Adoption", Health_Score__gc = 71 }
    new = { Health_Score__gc = 59 }
    expect "review" {
      count = 1
    }
  }
  change {
    new = { Health_Score__gc = 61 }
  }
  change {
    new = { Health_Score__gc = 58 }
    expect "review" {
      absent = true
    }
  }
  change {
    at  = "2026-01-05T12:00:00Z"
    new = { Health_Score__gc = 66 }
    expect "crm.Task" {
      set = { Status = "Completed" }
    }
  }
  change {
    at  = "2026-01-07T12:00:00Z"
    new = { Health_Score__gc = 40 }
    expect "review" {
      count = 1
    }
  }
}

test "score and tier, onto the account" {
  sync = sync.company_health

  given "cs.Company" {
    records = [{ Gsid = "1P01", SfdcAccountId = "001A", Stage = "Adoption", Health_Score__gc = 81.5, Risk_Category__gc = "Healthy" }]
  }
  given "crm.Account" {
    records = [{ Id = "001A" }, { Id = "001B", Gainsight_GSID__c = "1P01" }]
  }

  case "by the account's id" {
    expect "crm.Account" {
      id  = "001A"
      set = { Health_Score__c = 81.5, Risk_Tier__c = "Green" }
    }
  }
  case "by the company's id, where the account's is missing" {
    new = { SfdcAccountId = null, Risk_Category__gc = null }
    expect "crm.Account" {
      id  = "001B"
      set = { Health_Score__c = 81.5 }
    }
  }
  case "not of a churned customer" {
    new = { Stage = "Churned" }
    expect "crm.Account" {
      absent = true
    }
  }
}
