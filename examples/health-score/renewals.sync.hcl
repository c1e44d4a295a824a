# What we expect of the next renewal, onto the open renewal opportunity that closes first.

sync "renewal_forecast" {
  description = "Expected renewal ARR, onto the next open renewal"
  from        = cs.Company
  to          = crm.Opportunity
  where       = "source.Arr != null && source.SfdcAccountId != null"

  schedule {
    cron = "0 4 * * *"
  }

  match {
    by        = [{ AccountId = source.SfdcAccountId }]
    where     = "it.Type == 'Renewal' && !it.IsClosed"
    order_by  = "it.CloseDate"
    missing   = "skip"
    ambiguous = "skip"
  }

  map {
    Expected_Renewal_ARR__c = "round(source.Arr * (coalesce(source.Health_Score__gc, 100) < 60 ? 0.8 : 1.0), 2)"
  }
}
