# For production: syncline … --env production
pilot_csm = "shafi.liskov@syncline-demo.example"
