# For a sandbox: syncline … --env sandbox
pilot_csm = "anyone"
