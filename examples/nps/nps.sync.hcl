# An answer to the NPS survey: the score onto the contact and the account, and a task for whoever looks after a detractor.

trigger "answer" {
  title       = "NPS answer"
  description = "Each answer, once: its score onto contact and account; a detractor opens a task"
  on          = cs.survey_response__gc
  where       = "new.Respondent_Email__gc != null"
  when        = "new.Score__gc >= 0 && new.Score__gc <= 10" # anything else is no answer

  schedule {
    cron = "*/10 * * * *"
  }

  find "account" {
    in = crm.Account
    by = [{ Id = new.Company__gr.SfdcAccountId }, { Gainsight_GSID__c = new.Company__gc }]
  }

  # The same person may be there twice: the contact that was changed last.
  find "contact" {
    in         = crm.Contact
    by         = { AccountId = account.Id }
    where      = "lower(it.Email) == lower(new.Respondent_Email__gc)" # people write addresses in any case
    order_by   = "it.LastModifiedDate"
    descending = true
    missing    = "empty"
  }

  together {
    update "contact" {
      set {
        NPS_Score__c = "clamp(new.Score__gc, 0, 10)"
      }
    }
    update "account" {
      set {
        NPS__c = "clamp(new.Score__gc, 0, 10)"
      }
    }
    create "follow_up" {
      in  = crm.Task
      key = { Syncline_Key__c = "'nps-' + new.Gsid" }
      if  = "new.Score__gc <= 6"
      set {
        WhatId       = account.Id
        WhoId        = contact.Id
        OwnerId      = account.OwnerId
        Priority     = "new.Score__gc <= 3 ? 'High' : 'Normal'"
        Status       = text("Not Started")
        ActivityDate = "today() + days(2)"
        Subject      = text("NPS {{ new.Score__gc }}: call {{ contact == null ? new.Respondent_Email__gc : contact.Name }}")
        Description  = text("{{ truncate(strip_html(new.Comment__gc), 5000) }}")
      }
    }
  }

  guard {
    max_firings = 200
  }
}
