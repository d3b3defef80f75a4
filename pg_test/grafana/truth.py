"""What the tables say, panel by panel: each statement computes from tables alone, by its own way, what a panel must show.

Asked by the owner, in the same columns. `ANY` stands for values of which only the presence is claimed.
"""
from decimal import Decimal

from answers import RANGES, states
from rules import panels

# (dashboard, panel, statement); the answer must be the panel's, row by row
TRUTH = [
    ("owf-overview", "Open recommendations",
     "SELECT count(*) FROM optimizer.optimization_recommendations WHERE status = 'open'"),
    ("owf-overview", "Open ROI potential",
     "SELECT sum(roi_score) * 1000000 FROM optimizer.optimization_recommendations WHERE status = 'open'"),
    ("owf-overview", "Expected saving per hour",
     "SELECT sum(expected_saving_ms_per_hour) FROM optimizer.optimization_recommendations WHERE status = 'open'"),
    ("owf-overview", "Saved per day",
     """SELECT sum(((pre_optimization_stats ->> 'mean_exec_time_ms')::float8 - (post_optimization_stats ->> 'mean_exec_time_ms')::float8)
                   / 1000 * 24 * (post_optimization_stats ->> 'calls_per_hour')::float8)
        FROM optimizer.optimization_implementations WHERE status = 'implemented' AND verdict <> 'inconclusive'"""),
    ("owf-overview", "Verdicts",
     """SELECT sum((verdict = 'improved')::int), sum((verdict = 'not_improved')::int), sum((verdict = 'regressed')::int),
               sum((verdict = 'inconclusive')::int), sum((status = 'pending')::int) FROM optimizer.optimization_implementations"""),
    ("owf-overview", "Top recommendations by ROI",
     # the list may shorten its texts
     """SELECT id, 'ANY', source_type, roi_score * 1e6, expected_saving_ms_per_hour, forecast_improvement_percent,
               confidence_score, 'ANY', query_hash::text
        FROM optimizer.optimization_recommendations r WHERE status = 'open'
        ORDER BY roi_score DESC, confidence_score DESC, id LIMIT 15"""),
    ("owf-overview", "Saved on each day",
     # the rewrite counts by the calls of its new text, the one that was taken back up to then
     """SELECT extract(epoch FROM day), replace(verdict, '_', ' '), sum(ms) / 1000
        FROM (SELECT date_trunc('day', m.bucket_start, 'UTC') AS day, i.verdict,
                     m.calls * ((i.pre_optimization_stats -> 'mean_exec_time_ms')::float8 - (i.post_optimization_stats -> 'mean_exec_time_ms')::float8) AS ms
              FROM optimizer.optimization_implementations i
              JOIN optimizer.query_metrics m ON m.query_hash = coalesce(i.new_query_hash, i.query_hash)
              WHERE i.verdict IN ('improved', 'not_improved', 'regressed') AND m.bucket_start > i.implementation_timestamp
                AND (i.reverted_at IS NULL OR m.bucket_start < i.reverted_at)) AS bucket
        WHERE day >= now() - interval '14 days'
        GROUP BY day, verdict ORDER BY 1, 2"""),
    ("owf-results", "Improved", "SELECT count(*) FROM optimizer.optimization_implementations WHERE verdict = 'improved'"),
    ("owf-results", "Predicted and measured",
     """SELECT concat('#', id), predicted_improvement_percent, adjusted_improvement_percent, improvement_low_percent, improvement_high_percent
        FROM optimizer.optimization_implementations WHERE adjusted_improvement_percent IS NOT NULL ORDER BY measured_at, id"""),
    ("owf-results", "Side effects",
     """SELECT i.id, 'ANY', 'INSERT INTO shop.items (id, customer_id) VALUES ($1, $2)', (side_effect -> 'slower_percent')::float8,
               (side_effect -> 'low_percent')::float8, (side_effect -> 'high_percent')::float8, q.query_hash::text
        FROM optimizer.optimization_implementations i JOIN story.query q ON q.n = 5 WHERE i.query_hash = (SELECT query_hash FROM story.query WHERE n = 4)"""),
    ("owf-results", "Why inconclusive",
     "SELECT 'not_applied', count(*), min(verdict_reason) FROM optimizer.optimization_implementations WHERE verdict = 'inconclusive'"),
    ("owf-learning", "Verdicts",
     "SELECT count(*) FROM optimizer.optimization_implementations WHERE verdict IN ('improved', 'not_improved', 'regressed')"),
    ("owf-learning", "Worked",
     "SELECT count(*) FILTER (WHERE verdict = 'improved')::float8 / count(*) FROM optimizer.optimization_implementations WHERE verdict IN ('improved', 'not_improved', 'regressed')"),
    ("owf-learning", "Mean accuracy",
     """SELECT avg(GREATEST(0, 1 - abs(actual_improvement_percent - predicted_improvement_percent) / predicted_improvement_percent))
        FROM optimizer.optimization_implementations WHERE verdict IN ('improved', 'not_improved', 'regressed')"""),
    ("owf-learning", "Accuracy",
     """SELECT extract(epoch FROM i.measured_at), i.accuracy_score,
               (SELECT avg(e.accuracy_score) FROM optimizer.optimization_implementations e WHERE e.measured_at <= i.measured_at AND e.verdict IS NOT NULL)
        FROM optimizer.optimization_implementations i WHERE i.verdict IS NOT NULL ORDER BY i.measured_at, i.id"""),
    ("owf-workload", "Busy sessions by the hour",
     """SELECT extract(epoch FROM m.bucket_start), sum(m.total_exec_time_ms) / 1000 / max(c.sampled_seconds)
        FROM optimizer.query_metrics m JOIN optimizer.sampling_coverage c USING (bucket_start)
        WHERE m.bucket_start > now() - interval '14 days' GROUP BY m.bucket_start ORDER BY 1"""),
    ("owf-workload", "Mean time of a call",
     """SELECT extract(epoch FROM bucket_start), total_exec_time_ms / calls FROM optimizer.query_metrics
        WHERE query_hash = (SELECT query_hash FROM optimizer.query_stats ORDER BY total_exec_time_ms DESC LIMIT 1)
          AND bucket_start > now() - interval '14 days' ORDER BY 1"""),
]


def equal(shown, true):
    if true == "ANY":
        return shown is not None
    if isinstance(shown, (int, float, Decimal)) and isinstance(true, (int, float, Decimal)):
        return abs(float(shown) - float(true)) <= 1e-9 * max(1.0, abs(float(true)))
    return shown == true


def findings(dashboards, asker, owner):
    """Each as (claim, what differs or None)."""
    for uid, title, statement in TRUTH:
        dashboard = next(each for each in dashboards if each["uid"] == uid)
        found = [panel for panel in panels(dashboard) if panel["title"] == title]
        claim = f"{uid}, {title}: what the tables say"
        if not found:
            yield claim, "there is no such panel"
            continue
        variables = next(states(dashboard, asker))
        target = found[0]["targets"][0]
        columns, shown = asker.ask(target["rawSql"], variables, *RANGES[1])
        true = owner.rows(statement)
        if "time" in columns:
            place = columns.index("time")
            shown = [[value.timestamp() if at == place and hasattr(value, "timestamp") else value for at, value in enumerate(row)] for row in shown]
        if not true:
            yield claim, "the tables say nothing: the statement is wrong"
        elif len(shown) != len(true):
            yield claim, f"{len(shown)} rows, {len(true)} expected"
        else:
            wrong = next(((tuple(one), other) for one, other in zip(shown, true)
                          if len(one) != len(other) or not all(map(equal, one, other))), None)
            yield claim, wrong and f"{wrong[0]} instead of {wrong[1]}"
