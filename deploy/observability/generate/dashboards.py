"""The dashboards. A panel is a few lines here; run deploy/observability/generate after a change.

`>= 0` behind a quantile or a ratio drops the NaN of a series that had no calls in the interval.
"""

from __future__ import annotations

from panels import Dashboard, Panel, Row, query

WORK = '$S,method!~"grpc[.].*"'
CALLS = f"ai_inference_requests_total{{{WORK}}}$R"
ERRORS = f"ai_inference_requests_error_total{{{WORK}}}$R"
LATENCY = "ai_inference_latency_seconds_bucket{$S%s}$R"
ANSWERED = ',method!~"grpc[.].*",outcome="success"'
IMAGES = ',method="ai.inference.ImageRecognition/Recognize",outcome="success"'


def quantile(share: float, buckets: str, by: str = "") -> str:
    return f"histogram_quantile({share}, sum by (le{by and ', ' + by}) (rate({buckets}))) >= 0"


def percentiles(buckets: str) -> tuple:
    return tuple(query(quantile(p / 100, buckets), f"P{p}") for p in (50, 95, 99))


OBJECTIVES = Row(
    "Objectives",
    (
        Panel(
            "Availability",
            "Share of the calls that neither failed nor were refused by overload. The objective is 99.9 %.",
            "percentunit",
            (
                query(
                    f'1 - (sum(rate(ai_inference_requests_error_total{{{WORK},error_type=~"model|overload"}}$R))'
                    " or vector(0))"
                    f" / sum(rate({CALLS}))",
                    "available",
                ),
            ),
            kind="stat",
            width=5,
            height=5,
            limit=0.999,
            good_above=True,
            most=1,
        ),
        Panel(
            "Images within 100 ms",
            "Share of the recognised images whose answer took at most 100 ms. The objective is 99 %.",
            "percentunit",
            (
                query(
                    f'sum(rate(ai_inference_latency_seconds_bucket{{$S{IMAGES},le="0.1"}}$R))'
                    f" / sum(rate(ai_inference_latency_seconds_count{{$S{IMAGES}}}$R))",
                    "in time",
                ),
            ),
            kind="stat",
            width=5,
            height=5,
            limit=0.99,
            good_above=True,
            most=1,
        ),
        Panel("Calls", "Calls that ended, a second.", "reqps", (query(f"sum(rate({CALLS}))", "calls"),), "stat", 5, 5),
        Panel(
            "Replicas",
            "Replicas that answer scrapes, and those that do not.",
            "short",
            (
                query('sum(up{job=~"$job"})', "up"),
                query('count(up{job=~"$job"}) - sum(up{job=~"$job"})', "down"),
            ),
            "stat",
            4,
            5,
        ),
        Panel(
            "Burn rate",
            "How many times faster than allowed the last hour used up the month's budget of errors; 14.4 is a page. "
            "Of the recording rules.",
            "short",
            (
                query('max by (job) (sluice:availability_error:ratio_rate1h{job=~"$job"}) / 0.001', "availability"),
                query('max by (job) (sluice:latency_error:ratio_rate1h{job=~"$job"}) / 0.01', "latency"),
            ),
            "stat",
            5,
            5,
            limit=14.4,
        ),
    ),
)

TRAFFIC = Row(
    "Latency and errors",
    (
        Panel(
            "Latency",
            "From the request fully received to the result ready; the line is the objective of images. Answered calls.",
            "s",
            percentiles(LATENCY % ANSWERED),
            width=12,
            limit=0.1,
        ),
        Panel(
            "Errors by type",
            "Over the time shown. model: it failed or took too long; overload: refused to protect the others; "
            "client: a wrong request; network: the client went away.",
            "short",
            (query("sum by (error_type) (increase(" + ERRORS.replace("$R", "[$__range]") + "))", "{{error_type}}"),),
            "piechart",
            6,
        ),
        Panel(
            "Error share by type",
            "Errors as a share of all calls.",
            "percentunit",
            (
                query(
                    f"sum by (error_type) (rate({ERRORS})) / on () group_left () (sum(rate({CALLS})) > 0)",
                    "{{error_type}}",
                ),
            ),
            width=6,
        ),
        Panel(
            "Calls by status",
            "By gRPC status code.",
            "reqps",
            (query(f"sum by (code) (rate({CALLS}))", "{{code}}"),),
            stacked=True,
        ),
        Panel(
            "Calls per instance",
            "Even lines mean an even balance.",
            "reqps",
            (query(f"sum by (instance) (rate({CALLS}))", "{{instance}}"),),
        ),
        Panel(
            "Load per instance",
            "Mean share of the last 10 s in which the instance's workers were busy; above 90 % calls wait.",
            "percentunit",
            (query("avg by (instance) (ai_inference_worker_utilization{$S})", "{{instance}}"),),
            limit=0.9,
            most=1,
        ),
    ),
)

OVERVIEW = Dashboard(
    "sluice-overview",
    "Sluice / Overview",
    "Is it well? Objectives, latency, errors and load of all replicas.",
    (OBJECTIVES, TRAFFIC),
)

QUEUE = "ai_inference_queue_%s{$S}"
MODEL = "{{model_id}}@{{version}}"


def per_model(title: str, what: str, unit: str, expr: str, **more) -> Panel:
    return Panel(title, what, unit, (query(expr, MODEL),), **more)


MODELS = Dashboard(
    "sluice-models",
    "Sluice / Models",
    "Which model is busy, slow or ill: utilisation, queues, batches, breakers and fallbacks.",
    (
        Row(
            "Use",
            (
                per_model(
                    "Utilisation",
                    "Share of the last 10 s of all workers that the model computed.",
                    "percentunit",
                    "avg by (model_id, version) (ai_model_utilization{$S})",
                    most=1,
                ),
                per_model(
                    "Calls",
                    "Calls that ended, by the model that answered.",
                    "reqps",
                    f'sum by (model_id, version) (rate(ai_inference_requests_total{{{WORK},model_id!=""}}$R))',
                ),
                per_model(
                    "Memory",
                    "What the loaded version holds, as measured when its file was tried; of one instance.",
                    "bytes",
                    "max by (model_id, version, device) (ai_model_memory_bytes{$S})",
                ),
                per_model(
                    "Runs now",
                    "Items that workers compute, of all instances.",
                    "short",
                    f"sum by (model_id, version) ({QUEUE % 'running'})",
                ),
                Panel(
                    "Stages, P95",
                    "Where the latency comes from: body (until the request is complete), queue, decode, pre, infer, "
                    "post, write.",
                    "s",
                    (query(quantile(0.95, "ai_inference_stage_seconds_bucket{$S}$R", "stage"), "{{stage}}"),),
                ),
                Panel(
                    "Stages, mean share",
                    "Of the time that the stages took together.",
                    "percentunit",
                    (
                        query(
                            "sum by (stage) (rate(ai_inference_stage_seconds_sum{$S}$R))"
                            " / on () group_left () (sum(rate(ai_inference_stage_seconds_sum{$S}$R)) > 0)",
                            "{{stage}}",
                        ),
                    ),
                    stacked=True,
                    most=1,
                ),
                per_model(
                    "Slow answers",
                    "Share of the answers that took longer than 100 ms.",
                    "percentunit",
                    "1 - sum by (model_id, version)"
                    f' (rate(ai_inference_latency_seconds_bucket{{$S{ANSWERED},model_id!="",le="0.1"}}$R))'
                    " / sum by (model_id, version)"
                    f' (rate(ai_inference_latency_seconds_count{{$S{ANSWERED},model_id!=""}}$R)) >= 0',
                ),
                per_model(
                    "Latency, P95",
                    "Of the answered calls.",
                    "s",
                    quantile(0.95, LATENCY % (ANSWERED + ',model_id!=""'), "model_id, version"),
                    limit=0.1,
                ),
                Panel(
                    "Latency",
                    "How the answered calls' latencies are spread.",
                    "s",
                    (query("sum by (le) (increase(" + LATENCY % ANSWERED + "))", "{{le}}"),),
                    "heatmap",
                    12,
                ),
                Panel(
                    "Busiest models",
                    "By items computed a second.",
                    "short",
                    (query(f"topk(10, sum by (model_id, version) (rate({QUEUE % 'items_total'}$R)))", MODEL),),
                    "bargauge",
                    12,
                ),
            ),
        ),
        Row(
            "Queues and batches",
            (
                per_model(
                    "Waiting",
                    "Items in the queue, of all instances.",
                    "short",
                    f"sum by (model_id, version) ({QUEUE % 'depth'})",
                ),
                per_model(
                    "Predicted wait",
                    "Of an item that arrives now, on the instance where it is longest.",
                    "s",
                    f"max by (model_id, version) ({QUEUE % 'wait_seconds'})",
                    limit=0.1,
                ),
                per_model(
                    "Items per batch",
                    "Mean of the runs; 1 on an idle server, more as queues fill.",
                    "short",
                    f"sum by (model_id, version) (rate({QUEUE % 'items_total'}$R)) "
                    f"/ sum by (model_id, version) (rate({QUEUE % 'batches_total'}$R)) >= 0",
                ),
                per_model(
                    "Batch size, P95",
                    "Items of one run.",
                    "short",
                    quantile(0.95, "ai_inference_batch_size_bucket{$S}$R", "model_id, version"),
                ),
                Panel(
                    "Shed",
                    "Work refused, by class and rule: deadline and slo (it would have been late), early (before its "
                    "body was read), queue_full, share (its client's part of the queue).",
                    "reqps",
                    (query("sum by (class, rule) (rate(ai_inference_shed_total{$S}$R))", "{{class}} {{rule}}"),),
                ),
                Panel(
                    "Shed in error",
                    "Share of the work refused for its time that would have been in time after all, "
                    "of that whose turn has come since.",
                    "percentunit",
                    (
                        query(
                            "sum(rate(ai_inference_shed_wrong_total{$S}$R))"
                            " / (sum(rate(ai_inference_shed_followed_total{$S}$R)) > 0)"
                            " or 0 * sum(rate(ai_inference_shed_followed_total{$S}$R))",
                            "wrong",
                        ),
                    ),
                    limit=0.1,
                    most=1,
                ),
                per_model(
                    "Refused",
                    "Items that the queue did not take.",
                    "reqps",
                    f"sum by (model_id, version) (rate({QUEUE % 'refused_total'}$R))",
                ),
                per_model(
                    "Expired",
                    "Items whose deadline passed in the queue: nobody computed them.",
                    "reqps",
                    f"sum by (model_id, version) (rate({QUEUE % 'expired_total'}$R))",
                ),
                per_model(
                    "Cancelled",
                    "Items whose client went away while they waited.",
                    "reqps",
                    f"sum by (model_id, version) (rate({QUEUE % 'cancelled_total'}$R))",
                ),
            ),
        ),
        Row(
            "Breakers and fallbacks",
            (
                Panel(
                    "Breakers",
                    "0 closed, 1 half-open, 2 open; of the worst instance.",
                    "short",
                    (
                        query(
                            "max by (model_id, version, method) (ai_inference_breaker_state{$S})", MODEL + " {{method}}"
                        ),
                    ),
                    limit=2,
                    most=2,
                ),
                Panel(
                    "Opened and refused",
                    "Times that breakers opened, and uses that open ones (or shadow rules) refused, a second.",
                    "reqps",
                    (
                        query(
                            "sum by (model_id) (rate(ai_inference_breaker_opened_total{$S}$R))", "opened {{model_id}}"
                        ),
                        query(
                            "sum by (model_id) (rate(ai_inference_breaker_refused_total{$S}$R))", "refused {{model_id}}"
                        ),
                        query(
                            "sum by (model_id) (rate(ai_inference_breaker_shadow_refused_total{$S}$R))",
                            "shadow {{model_id}}",
                        ),
                    ),
                ),
                Panel(
                    "Answered by another model",
                    "Uses that a fallback took on.",
                    "reqps",
                    (
                        query(
                            "sum by (model_id, fallback) (rate(ai_inference_degraded_total{$S}$R))",
                            "{{model_id}} by {{fallback}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)

SERVER = Dashboard(
    "sluice-server",
    "Sluice / Server",
    "One process from inside: calls by method and protocol, streams, connections, loops, workers, logs.",
    (
        Row(
            "Calls",
            (
                Panel(
                    "By protocol",
                    "Calls that ended.",
                    "reqps",
                    (query(f"sum by (protocol) (rate({CALLS}))", "{{protocol}}"),),
                    stacked=True,
                ),
                Panel(
                    "Streams",
                    "Streams that ended, by method.",
                    "reqps",
                    (
                        query(
                            "sum by (method) (rate(ai_inference_requests_total"
                            '{$S,method=~".*/(Stream|Collect|Watch|ModelStream).*"}$R))',
                            "{{method}}",
                        ),
                    ),
                ),
                Panel(
                    "Streams open",
                    "Streams that have begun and not ended.",
                    "short",
                    (query('sum by (instance) (ai_inference_calls_in_progress{$S,kind="stream"})', "{{instance}}"),),
                ),
                Panel(
                    "Calls in progress",
                    "Without streams. /debug/requests lists them.",
                    "short",
                    (query('sum by (instance) (ai_inference_calls_in_progress{$S,kind="unary"})', "{{instance}}"),),
                ),
                Panel(
                    "Top principals",
                    "Share of the workers' time of the last 10 s that the busiest clients used, by rank, and all "
                    "others together. The ranks have no names here: /debug/requests and the access log have them.",
                    "percentunit",
                    (query("avg by (rank) (ai_inference_principal_share{$S})", "{{rank}}"),),
                    stacked=True,
                    most=1,
                ),
                Panel(
                    "Principals",
                    "Clients for whom work was done in the last 10 s.",
                    "short",
                    (query("sum by (instance) (ai_inference_principals{$S})", "{{instance}}"),),
                ),
                Panel(
                    "By method",
                    "Calls of each method and their errors, over the time shown.",
                    "short",
                    (
                        query(
                            "sum by (method, code) (increase(" + CALLS.replace("$R", "[$__range]") + "))",
                            "{{method}} {{code}}",
                        ),
                    ),
                    "table",
                ),
                Panel(
                    "Request bytes",
                    "Of messages, by method.",
                    "Bps",
                    (query("sum by (method) (rate(ai_inference_request_bytes_total{$S}$R))", "{{method}}"),),
                ),
                Panel(
                    "Response bytes",
                    "Of messages, by method.",
                    "Bps",
                    (query("sum by (method) (rate(ai_inference_response_bytes_total{$S}$R))", "{{method}}"),),
                ),
                Panel(
                    "Repeated requests",
                    "Calls that were answered from the record of an earlier one, or waited for the same computation.",
                    "reqps",
                    (
                        query("sum(rate(ai_inference_replays_total{$S}$R))", "replayed"),
                        query("sum(rate(ai_inference_replay_waits_total{$S}$R))", "waited"),
                        query("sum(rate(ai_inference_replay_store_errors_total{$S}$R))", "store failed"),
                    ),
                ),
            ),
        ),
        Row(
            "Process",
            (
                Panel(
                    "CPU",
                    "Cores that the process uses.",
                    "short",
                    (query("sum by (instance) (rate(process_cpu_seconds_total{$S}$R))", "{{instance}}"),),
                ),
                Panel(
                    "Memory",
                    "Resident.",
                    "bytes",
                    (query("sum by (instance) (process_resident_memory_bytes{$S})", "{{instance}}"),),
                ),
                Panel(
                    "Open files",
                    "Share of what the process may open.",
                    "percentunit",
                    (
                        query(
                            "sum by (instance) (process_open_fds{$S}) / sum by (instance) (process_max_fds{$S})",
                            "{{instance}}",
                        ),
                    ),
                    limit=0.8,
                    most=1,
                ),
                Panel(
                    "Up for",
                    "Since the start of the process; a saw tooth is a crash loop.",
                    "s",
                    (query("time() - max by (instance) (process_start_time_seconds{$S})", "{{instance}}"),),
                ),
                Panel(
                    "Versions",
                    "How many instances run each one.",
                    "short",
                    (query("count by (version) (ai_inference_build_info{$S})", "{{version}}"),),
                    "bargauge",
                ),
                Panel(
                    "Configuration",
                    "0: the file's last change was refused, and the old content is in force.",
                    "short",
                    (query("min by (file) (ai_inference_config_reload_success{$S})", "{{file}}"),),
                    limit=1,
                    good_above=True,
                    most=1,
                ),
                Panel(
                    "Connections",
                    "Open ones.",
                    "short",
                    (query("sum by (instance) (ai_inference_connections{$S})", "{{instance}}"),),
                ),
                Panel(
                    "Network",
                    "Bytes of sockets.",
                    "Bps",
                    (
                        query(
                            "sum by (instance, direction) (rate(ai_inference_network_bytes_total{$S}$R))",
                            "{{instance}} {{direction}}",
                        ),
                    ),
                ),
                Panel(
                    "Bytes in flight",
                    "Held by calls: headers, bodies, responses that were not read yet. "
                    "At http.inflight_bytes_max calls are refused.",
                    "bytes",
                    (
                        query("sum by (instance) (ai_inference_inflight_bytes{$S})", "{{instance}}"),
                        query("max(ai_inference_inflight_limit_bytes{$S})", "limit"),
                    ),
                ),
                Panel(
                    "Turns of the loops, P99.9",
                    "A turn should stay below 1 ms; the line is where it is logged.",
                    "s",
                    (
                        query(
                            quantile(0.999, "ai_inference_loop_turn_seconds_bucket{$S}$R", "instance"), "{{instance}}"
                        ),
                    ),
                    limit=0.05,
                ),
                Panel(
                    "Workers",
                    "Share of the last 10 s in which the worker was busy.",
                    "percentunit",
                    (query("ai_inference_worker_utilization{$S}", "{{instance}} {{worker}}"),),
                    most=1,
                ),
                Panel(
                    "Chores",
                    "Decoding and encoding jobs that wait for a worker.",
                    "short",
                    (query("sum by (instance) (ai_inference_chores_waiting{$S})", "{{instance}}"),),
                ),
                Panel(
                    "Redis",
                    "Commands by outcome: answered, failed, late or refused (left alone for a moment); "
                    "nothing without Redis in the configuration.",
                    "ops",
                    (query("sum by (outcome) (rate(ai_inference_redis_commands_total{$S}$R))", "{{outcome}}"),),
                ),
                Panel(
                    "Traces",
                    "Calls whose spans the collector took, and those that were lost; "
                    "nothing without an exporter in the configuration.",
                    "reqps",
                    (
                        query("sum by (instance) (rate(ai_inference_traces_exported_total{$S}$R))", "{{instance}}"),
                        query("sum by (reason) (rate(ai_inference_traces_dropped_total{$S}$R))", "lost: {{reason}}"),
                    ),
                ),
                Panel(
                    "Log lines lost",
                    "Because whatever reads the log was too slow.",
                    "short",
                    (
                        query(
                            "sum by (instance, log) (increase(ai_inference_log_lines_dropped_total{$S}$R))",
                            "{{instance}} {{log}}",
                        ),
                    ),
                    limit=1,
                ),
            ),
        ),
    ),
)

ALL = (OVERVIEW, MODELS, SERVER)
