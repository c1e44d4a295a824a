# Usage against its own baseline: a week makes one, two days below it are a drop.

test "usage falls by half and stays there" {
  trigger = trigger.usage_drop

  given "crm.Account" {
    records = [{ Id = "001A", Name = "Acme" }]
  }
  change {
    at  = "2026-01-05T12:00:00Z"
    new = { Gsid = "1P01", SfdcAccountId = "001A", Stage = "Adoption", DAU__gc = 100 }
  }
  change {
    at  = "2026-01-06T12:00:00Z"
    new = { DAU__gc = 20 } # no baseline yet: nothing is known to be low
  }
  change {
    at  = "2026-01-07T12:00:00Z"
    new = { DAU__gc = 100 }
  }
  change {
    at  = "2026-01-08T12:00:00Z"
    new = { DAU__gc = 100 }
  }
  change {
    at  = "2026-01-09T12:00:00Z"
    new = { DAU__gc = 100 }
  }
  change {
    at  = "2026-01-10T12:00:00Z"
    new = { DAU__gc = 120 }
  }
  change {
    at  = "2026-01-11T12:00:00Z"
    new = { DAU__gc = 160 }
  }
  change {
    at  = "2026-01-12T12:00:00Z"
    new = { DAU__gc = 50 }
  }
  change {
    at  = "2026-01-13T12:00:00Z"
    new = { DAU__gc = 50 }
    expect "account" {
      absent = true
    }
  }
  change {
    at  = "2026-01-14T12:00:00Z"
    new = { DAU__gc = 50 }
    expect "account" {
      id  = "001A"
      set = { Health_Summary__c = "50 users a day, 89 on average" }
    }
  }
  change {
    at  = "2026-01-15T12:00:00Z"
    new = { DAU__gc = 90 }
    expect "account" {
      set = { Health_Summary__c = null }
    }
  }

  expect "crm.Account" {
    count = 2
  }
}
