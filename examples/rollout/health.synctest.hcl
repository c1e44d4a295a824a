# What the pilot does, and what it leaves alone.

test "score, tier and stamp go onto the account" {
  sync  = sync.company_health
  now   = "2026-01-05T09:00:00Z"
  exact = true

  given "cs.Company" {
    records = [{ Gsid = "1P01", SfdcAccountId = "001A", Stage = "Adoption", Health_Score__gc = 81.5, Risk_Category__gc = "Healthy" }]
  }
  given "crm.Account" {
    records = [{ Id = "001A", Health_Score__c = 40, Risk_Tier__c = "Red" }]
  }

  expect "crm.Account" {
    id  = "001A"
    set = { Health_Score__c = 81.5, Risk_Tier__c = "Green", Health_Updated_At__c = "2026-01-05T09:00:00Z" }
  }
}

test "what is right already is not written, not even the stamp" {
  sync  = sync.company_health
  exact = true

  given "cs.Company" {
    records = [{ Gsid = "1P01", SfdcAccountId = "001A", Stage = "Adoption", Health_Score__gc = 40, Risk_Category__gc = "At Risk" }]
  }
  given "crm.Account" {
    records = [{ Id = "001A", Health_Score__c = 40, Risk_Tier__c = "Red" }]
  }
}

test "only the CSM of the pilot" {
  sync = sync.company_health
  vars = { pilot_csm = "jo@example.com" }

  given "cs.Company" {
    records = [{ Gsid = "1P01", SfdcAccountId = "001A", Stage = "Adoption", Health_Score__gc = 81, "Csm__gr.Email" = "jo@example.com" }]
  }
  given "crm.Account" {
    records = [{ Id = "001A" }]
  }

  case "in the pilot" {
    expect "crm.Account" {
      set = { Health_Score__c = 81 }
    }
  }
  case "with another CSM" {
    new = { "Csm__gr.Email" = "sam@example.com" }
    expect "crm.Account" {
      absent = true
    }
  }
  case "a churned customer" {
    new = { Stage = "Churned" }
    expect "crm.Account" {
      absent = true
    }
  }
}
