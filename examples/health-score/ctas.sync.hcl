# Calls to action: due date and type onto a task of the account's owner, and the type onto the open renewal.

sync "cta_tasks" {
  description = "An open call to action becomes a task of the account's owner"
  from        = cs.call_to_action
  to          = crm.Task
  where       = "!source.IsClosed && source.CompanyId__gr.SfdcAccountId != null"
  on_leave    = "ignore" # a task outlives its call to action: whoever works on it closes it

  schedule {
    cron = "*/15 * * * *"
  }

  find "account" {
    in      = crm.Account
    by      = { Id = source.CompanyId__gr.SfdcAccountId }
    missing = "empty"
  }

  match {
    by      = [{ Gainsight_CTA__c = source.Gsid }]
    missing = "create"
  }

  map {
    WhatId       = account.Id
    OwnerId      = account.OwnerId
    Subject      = text("{{ truncate(source.TypeId__gr.Name, 40) }}: {{ truncate(source.Name, 100) }}")
    ActivityDate = source.DueDate
  }
  write {
    OwnerId = "on_create" # whoever takes the task over keeps it
  }
}
