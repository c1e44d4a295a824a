//go:build unix

package crash

// connections are those of all projects.
const connections = `
connection "gainsight" "cs" {
  url                 = env("GAINSIGHT_URL")
  access_key          = secret("GAINSIGHT_ACCESS_KEY")
  requests_per_minute = 100000

  events {
    signature     = "hmac-sha256"
    secret        = secret("EVENTS_SECRET")
    timestamp     = "X-Timestamp"
    object_path   = "object"
    record_path   = "record_id"
    delivery_path = "id"

    object "Company" {
      names = ["company"]
    }
  }
}

connection "salesforce" "crm" {
  url           = env("SALESFORCE_URL")
  client_id     = env("SALESFORCE_CLIENT_ID")
  client_secret = secret("SALESFORCE_CLIENT_SECRET")
}

connection "slack" "ops" {
  url                      = env("SLACK_URL")
  token                    = secret("SLACK_TOKEN")
  seconds_between_messages = 0
}

connection "http" "desk" {
  url        = env("SINK_URL")
  idempotent = true
}

connection "smtp" "mail" {
  host       = env("SMTP_HOST")
  port       = env("SMTP_PORT")
  tls        = "none"
  username   = env("SMTP_USERNAME")
  password   = secret("SMTP_PASSWORD")
  from       = env("SMTP_FROM")
  send_again = true
}
`
