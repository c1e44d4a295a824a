# The systems. Addresses and secrets come from the environment; `syncline sandbox` prints them.

connection "gainsight" "cs" {
  url        = env("GAINSIGHT_URL")
  access_key = secret("GAINSIGHT_ACCESS_KEY")
}

connection "salesforce" "crm" {
  url           = env("SALESFORCE_URL")
  client_id     = env("SALESFORCE_CLIENT_ID")
  client_secret = secret("SALESFORCE_CLIENT_SECRET")

  limits {
    calls_per_day = 20000
    concurrent    = 4
  }

  # All that this project may ever write here.
  allow {
    write = ["Account.*__c"]
  }
}
