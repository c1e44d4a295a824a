# What company_health writes, offline: `syncline test`.

test "score, tier and the rest go onto the account" {
  sync  = sync.company_health
  now   = "2026-01-05T09:00:00Z"
  exact = true

  given "cs.Company" {
    records = [{
      Gsid                    = "1P02C503CKNHR9B14K029IFBREYK00000001"
      SfdcAccountId           = "001A00000000001AAA"
      Name                    = "Acme Corporation"
      Stage                   = "Adoption"
      Health_Score__gc        = 52.345
      Risk_Category__gc       = "At Risk"
      Usage_Score__gc         = 40
      Nps__gc                 = 7
      DAU__gc                 = 30
      WAU__gc                 = 120
      Success_Plan_Status__gc = "On Track"
    }]
  }
  given "crm.Account" {
    records = [{ Id = "001A00000000001AAA", Name = "Acme Corp", NPS__c = 7 }]
  }

  expect "crm.Account" {
    id = "001A00000000001AAA"
    set = {
      Health_Score__c        = 52.35
      Risk_Tier__c           = "Red"
      Success_Plan_Status__c = "On Track"
      Product_Engagement__c  = 0.25
      Gainsight_GSID__c      = "1P02C503CKNHR9B14K029IFBREYK00000001"
      Health_Summary__c      = "Acme Corporation: usage 40, NPS 7"
      Health_Updated_At__c   = "2026-01-05T09:00:00Z"
    }
  }
}

test "the risk category decides the tier" {
  sync = sync.company_health

  given "cs.Company" {
    records = [{ Gsid = "C1", SfdcAccountId = "A1", Name = "Acme", Stage = "Adoption", WAU__gc = 0, DAU__gc = 0 }]
  }
  given "crm.Account" {
    records = [{ Id = "A1", Name = "Acme", Risk_Tier__c = "Green" }]
  }

  case "at risk" {
    new = { Risk_Category__gc = "At Risk" }
    expect "crm.Account" {
      set = { Risk_Tier__c = "Red" }
    }
  }
  case "watched" {
    new = { Risk_Category__gc = "Watch" }
    expect "crm.Account" {
      set = { Risk_Tier__c = "Yellow" }
    }
  }
  case "healthy, which the account says already" {
    new = { Risk_Category__gc = "Healthy" }
    expect "crm.Account" {
      set    = { Risk_Tier__c = "Green" }
      absent = true
    }
  }
  case "not known" {
    expect "crm.Account" {
      set = { Risk_Tier__c = null }
    }
  }
}

test "churned customers keep what their account says" {
  sync = sync.company_health

  given "cs.Company" {
    records = [{ Gsid = "C1", SfdcAccountId = "A1", Name = "Acme", Stage = "Churned", Health_Score__gc = 10 }]
  }
  given "crm.Account" {
    records = [{ Id = "A1", Name = "Acme", Health_Score__c = 80 }]
  }

  expect "crm.Account" {
    absent = true
  }
}

test "two accounts of one name are left to a person" {
  sync = sync.company_health

  given "cs.Company" {
    records = [{ Gsid = "C1", Name = "Acme", Stage = "Adoption", Health_Score__gc = 50 }]
  }
  given "crm.Account" {
    records = [{ Id = "A1", Name = "Acme" }, { Id = "A2", Name = "Acme" }]
  }

  expect "crm.Account" {
    absent = true
  }
}

test "only what changed is written, and the stamp with it" {
  sync  = sync.company_health
  now   = "2026-01-05T09:00:00Z"
  exact = true

  given "crm.Account" {
    records = [{ Id = "A1", Name = "Acme" }]
  }
  change {
    old = { Gsid = "C1", SfdcAccountId = "A1", Name = "Acme", Stage = "Adoption", Health_Score__gc = 71, Usage_Score__gc = 40, Nps__gc = 7 }
    new = { Health_Score__gc = 52 }
    expect "crm.Account" {
      set = { Health_Score__c = 52, Health_Updated_At__c = "2026-01-05T09:00:00Z" }
    }
  }
  change {
    at  = "2026-01-05T09:05:00Z"
    new = { Gsid = "C1", Employees = 500 }
    expect "crm.Account" {
      absent = true
    }
  }
  change {
    at  = "2026-01-06T09:00:00Z"
    new = { Gsid = "C1", Nps__gc = 9 }
    expect "crm.Account" {
      set = { NPS__c = 9, Health_Summary__c = "Acme: usage 40, NPS 9", Health_Updated_At__c = "2026-01-06T09:00:00Z" }
    }
  }
}
