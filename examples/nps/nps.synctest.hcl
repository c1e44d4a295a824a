# Scores go onto contact and account; a detractor opens a task.

test "an answer" {
  trigger = trigger.answer
  now     = "2026-01-05T09:00:00Z"

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  given "crm.Contact" {
    records = [
      { Id = "003A", AccountId = "001A", Name = "Sam Old", Email = "sam@acme.example", LastModifiedDate = "2024-01-01T00:00:00Z" },
      { Id = "003B", AccountId = "001A", Name = "Sam New", Email = "sam@acme.example", LastModifiedDate = "2025-01-01T00:00:00Z" },
      { Id = "003C", AccountId = "001B", Name = "Sam Other", Email = "sam@acme.example", LastModifiedDate = "2025-06-01T00:00:00Z" },
    ]
  }
  change {
    new = { Gsid = "1Z01", Company__gc = "1P01", "Company__gr.SfdcAccountId" = "001A", Respondent_Email__gc = "sam@acme.example", Score__gc = 9 }
  }

  case "of a promoter" {
    expect "contact" {
      id  = "003B"
      set = { NPS_Score__c = 9 }
    }
    expect "account" {
      id  = "001A"
      set = { NPS__c = 9 }
    }
    expect "follow_up" {
      absent = true
    }
  }
  case "of a detractor" {
    new = { Score__gc = 6, Comment__gc = "<b>Too slow</b>" }
    expect "follow_up" {
      set = { Syncline_Key__c = "nps-1Z01", WhatId = "001A", WhoId = "003B", OwnerId = "005X", Priority = "Normal", ActivityDate = "2026-01-07", Subject = "NPS 6: call Sam New", Description = "Too slow" }
    }
  }
  case "of somebody very unhappy" {
    new = { Score__gc = 0 }
    expect "follow_up" {
      set = { Priority = "High" }
    }
  }
  case "of somebody whom Salesforce does not know" {
    new = { Score__gc = 3, Respondent_Email__gc = "new@acme.example" }
    expect "contact" {
      absent = true
    }
    expect "account" {
      set = { NPS__c = 3 }
    }
    expect "follow_up" {
      set = { WhoId = null, Subject = "NPS 3: call new@acme.example" }
    }
  }
  case "outside of the scale" {
    new = { Score__gc = 11 }
    expect "account" {
      absent = true
    }
  }
}

test "a score that comes later counts once" {
  trigger = trigger.answer

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme", OwnerId = "005X" }]
  }
  given "crm.Contact" {
    records = []
  }
  change {
    new = { Gsid = "1Z01", "Company__gr.SfdcAccountId" = "001A", Respondent_Email__gc = "sam@acme.example" }
    expect "account" {
      absent = true
    }
  }
  change {
    new = { Score__gc = 2 }
    expect "account" {
      set = { NPS__c = 2 }
    }
  }
  change {
    new = { Score__gc = 3 }
    expect "account" {
      absent = true
    }
  }

  expect "follow_up" {
    count = 1
  }
}
