# jq -c -f w1.jq IN.jsonl
{adoption: "ADOPTION & ENABLEMENT", growth: "GROWTH & EXPANSION", renewal: "RENEWAL WINDOW"} as $labels
| select($labels[.lifecycle_stage] and .arr > 10000)
| .health_score as $score
| {
    account_id: .sfdc_account_id,
    score: (if $score then ($score * 10 | round) / 10 else null end),
    tier: (if $score == null then {R: "Red", Y: "Yellow", G: "Green"}[.risk] elif $score < 50 then "Red" elif $score < 75 then "Yellow" else "Green" end),
    engagement: (if .dau != null and .wau != null and .wau != 0 then (.dau / .wau * 10000 | round) / 10000 else null end),
    days_to_renewal: (((.renewal_date + "T00:00:00Z" | fromdateiso8601) - 1768435200) / 86400),
    stage_label: $labels[.lifecycle_stage],
    subject: "Health review: \(.name) (\(if $score then "\($score | round)/100" else "no score" end))",
    csm_domain: (.csm_email | split("@") | last | ascii_downcase),
    at_risk: (.risk == "R" or ($score != null and $score < 60)),
    primary_tag: (.tags | split(";") | first),
    nps_bucket: (if .nps == null then "unknown" elif .nps >= 9 then "promoter" elif .nps >= 7 then "passive" else "detractor" end),
    arr: ((.arr * 100 | round) / 100)
  }
