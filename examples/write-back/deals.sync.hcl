# The way back: what Sales has won, onto the company in Gainsight.

sync "won_deals" {
  description = "ARR, renewal date and notes of the latest won deal, onto the company"
  from        = crm.Account
  to          = cs.Company
  where       = "source.Type != 'Prospect'"
  on_leave    = "ignore"
  on_null     = "keep" # what a deal does not say leaves the company as it is

  # A deal that is won does not touch its account, so all accounts are looked at, not only the changed ones.
  schedule {
    cron = "15 * * * *"
    full = true
  }

  find "deal" {
    in         = crm.Opportunity
    by         = { AccountId = source.Id }
    where      = "it.IsWon"
    order_by   = "it.CloseDate"
    descending = true
    missing    = "empty" # an account without a won deal says nothing, and on_null keeps what is there
  }

  # Companies know their account by its id, of 18 characters or of 15.
  match {
    by = [
      { Gsid = source.Gainsight_GSID__c },
      { SfdcAccountId = source.Id },
      { SfdcAccountId = "truncate(source.Id, 15)" },
    ]
    missing   = "skip"
    ambiguous = "skip" # an account of two companies is for a person to sort out
  }

  map {
    Arr         = deal.Amount
    RenewalDate = "add_months(deal.CloseDate, 12)"
    Summary     = deal.Description
  }

  guard {
    max_creates = 0
  }
}
