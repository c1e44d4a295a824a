# A CSV export into a SQLite database, without any account: the same rules, checks and guarantees.

connection "file" "exports" {
  object "customers" {
    path = "customers.csv"
    key  = "customer_id"

    columns = {
      customer_id = "text"
      signed_up   = "date"
      seats       = "integer"
      mrr         = "number"
    }

    column "plan" {
      from = "Plan Name" # an odd header gets a name that rules can write
      type = "text"
    }
  }
}

connection "sqlite" "warehouse" {
  path   = "warehouse.db"
  create = "schema.sql" # runs when the database is not there yet
}

table "tier" {
  rows = {
    "Free"       = "self-serve"
    "Team"       = "standard"
    "Enterprise" = "strategic"
  }
  default     = "standard"
  ignore_case = true
}

sync "customers" {
  description = "Customers with their tier and yearly value, into the warehouse"
  from        = exports.customers
  to          = warehouse.customer
  where       = "source.customer_id != null && source.name != null"

  schedule {
    cron = "*/10 * * * *"
  }

  match {
    by      = [{ id = source.customer_id }]
    missing = "create"
  }

  map {
    name      = "truncate(source.name, 80)"
    domain    = "truncate(email_domain(source.email), 120)"
    tier      = "table.tier(source.plan)"
    seats     = source.seats
    arr       = "round(source.mrr * 12, 2)"
    signed_up = source.signed_up
  }

  on_leave  = "ignore"
  on_delete = "ignore" # a customer who is missing in one export is not gone
}
