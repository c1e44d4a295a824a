# W2: companies whose health score fell below 60 since the snapshot before.

connection "file" "data" {
  object "now" {
    path = "current.jsonl"
    key  = "gsid"

    columns = {
      gsid         = "text"
      name         = "text"
      health_score = "number"
    }
  }

  object "before" {
    path = "previous.jsonl"
    key  = "gsid"

    columns = {
      gsid         = "text"
      health_score = "number"
    }
  }

  object "fallen" {
    path = "fallen.jsonl"

    columns = {
      gsid      = "text"
      name      = "text"
      old_score = "number"
      new_score = "number"
    }
  }
}

sync "fallen" {
  from  = data.now
  to    = data.fallen
  where = "source.health_score < 60"

  schedule {
    cron = "0 3 * * *"
  }

  find "before" {
    in    = data.before
    by    = { gsid = source.gsid }
    where = "it.health_score >= 60"
  }

  map {
    gsid      = source.gsid
    name      = source.name
    old_score = before.health_score
    new_score = source.health_score
  }
}
