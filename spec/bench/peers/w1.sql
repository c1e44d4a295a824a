COPY (
  SELECT
    sfdc_account_id AS account_id,
    round(health_score, 1) AS score,
    CASE
      WHEN health_score < 50 THEN 'Red'
      WHEN health_score < 75 THEN 'Yellow'
      WHEN health_score IS NOT NULL THEN 'Green'
      WHEN risk = 'R' THEN 'Red'
      WHEN risk = 'Y' THEN 'Yellow'
      ELSE 'Green'
    END AS tier,
    CASE WHEN wau <> 0 THEN round(dau / wau, 4) END AS engagement,
    renewal_date - DATE '2026-01-15' AS days_to_renewal,
    upper(CASE lifecycle_stage
      WHEN 'adoption' THEN 'Adoption & Enablement'
      WHEN 'growth' THEN 'Growth & Expansion'
      WHEN 'renewal' THEN 'Renewal Window'
    END) AS stage_label,
    'Health review: ' || name || coalesce(' (' || CAST(round(health_score) AS INTEGER) || '/100)', ' (no score)') AS subject,
    lower(split_part(csm_email, '@', -1)) AS csm_domain,
    risk = 'R' OR coalesce(health_score < 60, false) AS at_risk,
    nullif(split_part(tags, ';', 1), '') AS primary_tag,
    CASE
      WHEN nps >= 9 THEN 'promoter'
      WHEN nps >= 7 THEN 'passive'
      WHEN nps IS NOT NULL THEN 'detractor'
      ELSE 'unknown'
    END AS nps_bucket,
    round(arr, 2) AS arr
  FROM $(in)
  WHERE lifecycle_stage IN ('adoption', 'growth', 'renewal') AND arr > 10000
) TO '$$(out)' $(out:copy);
