COPY (
  SELECT now.gsid, now.name, before.health_score AS old_score, now.health_score AS new_score
  FROM $(in) now JOIN $(previous) before USING (gsid)
  WHERE before.health_score >= 60 AND now.health_score < 60
) TO '$$(out)' $(out:copy);
