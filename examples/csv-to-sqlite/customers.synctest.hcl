# What becomes of a customer, offline: `syncline test`.

test "a customer of the export becomes a row" {
  sync  = sync.customers
  exact = true

  given "exports.customers" {
    records = [{
      customer_id = "C-1"
      name        = "Acme Corporation"
      email       = "ops@Acme.example"
      plan        = "ENTERPRISE"
      seats       = 250
      mrr         = 4150.5
      signed_up   = "2023-04-18"
    }]
  }

  expect "warehouse.customer" {
    count = 1
    set = {
      id        = "C-1"
      name      = "Acme Corporation"
      domain    = "acme.example"
      tier      = "strategic"
      seats     = 250
      arr       = 49806
      signed_up = "2023-04-18"
    }
  }
}

test "a line without a name is nobody" {
  sync = sync.customers

  given "exports.customers" {
    records = [{ customer_id = "C-1", name = null }]
  }

  expect "warehouse.customer" {
    absent = true
  }
}

test "a plan decides the tier" {
  sync = sync.customers

  given "exports.customers" {
    records = [{ customer_id = "C-1", name = "Acme", plan = "Free" }]
  }
  given "warehouse.customer" {
    records = [{ id = "C-1", name = "Acme", tier = "none yet" }]
  }

  case "free" {
    expect "warehouse.customer" {
      id  = "C-1"
      set = { tier = "self-serve" }
    }
  }
  case "one that the table does not know" {
    new = { plan = "Legacy" }
    expect "warehouse.customer" {
      set = { tier = "standard" }
    }
  }
}

test "a customer who is missing in one export is not gone" {
  sync  = sync.customers
  exact = true

  change {
    old = { customer_id = "C-1", name = "Acme", seats = 3 }
    new = { seats = 4 }
    expect "warehouse.customer" {
      set = { seats = 4 }
    }
  }
  change {
    at      = "2026-01-06"
    new     = { customer_id = "C-1" }
    deleted = true
  }
}
